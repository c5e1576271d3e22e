//! The same checks as test cases of `cargo test`.

use std::io::Write;
use std::sync::OnceLock;

use crate::check::Settings;
use crate::child::Child;
use crate::runner::{Verdict, hangs, is_apart, run_check};
use crate::target::Target;

/// Makes a test of every check, for a type that implements `Open`: `conformance::contract::a_view_repeats_itself` and so
/// on. A second argument gives the options with which it is opened (an expression of type `Options`).
///
/// A check that does not apply passes, and says "skipped: lacks ..." past the test runner's capture, since Rust's tests
/// cannot be left out while they run. `DREDIS_SEED`, `DREDIS_OPS` and `DREDIS_KILLS` in the environment change how
/// far the checks go, and `DREDIS_CHECK_SECONDS` for how long one may run (600). The level `speed` proves nothing and is left to the command.
#[macro_export]
macro_rules! suite {
    ($backend:ty $(,)?) => {
        $crate::suite!($backend, ::std::default::Default::default());
    };
    ($backend:ty, $options:expr $(,)?) => {
        mod conformance {
            #[allow(unused_imports)]
            use super::*;

            fn target() -> $crate::Target {
                $crate::Target::of_type::<$backend>().with_options($options)
            }

            const HOME: &str = module_path!();

            #[test]
            #[ignore = "the process that recovery checks start and kill"]
            fn child_of_recovery() {
                if !$crate::run_child(&target()) {
                    eprintln!("skipped: lacks a parent; recovery checks start this test themselves");
                }
            }

            $crate::__cases! {
                abi {
                    it_tells_its_name_and_version its_file_is_called_after_it it_speaks_this_abi
                    its_errors_say_something_in_one_line its_log_lines_are_lines its_options_are_well_described
                    every_default_may_be_said null_counts_as_not_given values_of_another_type_are_refused
                    unknown_options_are_refused many_instances_stand_side_by_side
                    an_instance_may_be_opened_and_closed_on_any_thread opening_and_closing_leaks_no_memory
                    reading_leaks_no_memory committing_leaks_no_memory
                }
                contract {
                    capabilities_are_constant_and_sufficient keys_stand_in_the_order_of_their_bytes
                    keys_may_hold_any_byte values_may_be_empty values_come_back_as_they_went_in
                    a_put_sets_whether_or_not_the_key_exists a_delete_removes_the_key_if_there_is_one
                    values_are_read_in_the_order_asked a_range_delete_takes_its_start_and_spares_its_end
                    an_empty_range_delete_takes_nothing a_range_delete_may_take_everything
                    a_batch_may_hold_every_kind_of_change an_empty_batch_is_done a_large_batch_is_applied_whole
                    a_commit_of_an_exclusive_engine_is_done a_scan_goes_both_ways a_scan_keeps_to_its_range
                    a_scan_of_an_empty_range_brings_nothing a_scan_for_keys_brings_no_values
                    an_expected_number_is_a_hint a_cursor_at_its_end_stays_there a_long_scan_brings_every_record_once
                    a_view_shows_what_was_committed_before_it a_view_never_shows_later_commits a_view_repeats_itself
                    a_cursor_sees_what_its_view_sees a_value_lives_as_long_as_its_view
                    many_views_of_many_moments_stay_apart a_view_is_shared_by_threads_and_dropped_on_any
                    a_batch_is_never_seen_half_applied views_on_every_thread_show_what_returned
                    a_sync_may_run_while_commits_go_on keys_of_the_greatest_length_are_kept
                    a_longer_key_is_refused_and_nothing_applied keys_beyond_the_limit_are_merely_absent values_of_the_greatest_length_are_kept
                    a_longer_value_is_refused_and_nothing_applied batches_of_the_greatest_size_are_applied
                    a_larger_batch_is_refused_and_nothing_applied everything_is_there_after_reopening
                    the_last_commit_before_closing_is_there what_was_deleted_stays_so_after_reopening
                    a_second_opening_is_refused an_engine_opens_in_an_empty_directory
                    durability_may_be_asked_for_at_any_time a_checkpoint_opens_as_an_engine
                    a_checkpoint_is_consistent_while_commits_go_on an_engine_without_checkpoints_says_so
                    compaction_changes_nothing_that_is_read sizes_and_figures_change_nothing
                    histories_agree_with_an_ordered_map histories_agree_when_reopened_on_the_way
                }
                recovery {
                    acknowledged_commits_survive_a_killed_process another_process_is_refused
                    a_checkpoint_taken_while_commits_run_is_whole
                }
                commands {
                    commands_answer_as_on_an_ordered_map commands_answer_the_same_when_reopened_on_the_way
                }
                isolation {
                    what_one_opening_commits_the_others_see a_commit_whose_reads_changed_is_a_conflict
                    a_commit_whose_reads_stand_is_done a_commit_that_rests_on_nothing_is_done no_update_is_lost
                    no_write_skew_is_let_through
                }
            }

            /// Every check has its test: a list in a macro could fall behind.
            #[test]
            fn no_check_is_missing() {
                let missing: Vec<_> = $crate::checks()
                    .filter(|check| check.level != $crate::Level::Speed)
                    .map(|check| check.name)
                    .filter(|name| !CASES.contains(name))
                    .collect();
                assert!(missing.is_empty(), "checks without a test: {missing:?}");
            }
        }
    };
}

/// The tests of each level, and a list of their names.
#[doc(hidden)]
#[macro_export]
macro_rules! __cases {
    ($($level:ident { $($name:ident)+ })+) => {
        const CASES: &[&str] = &[$($(stringify!($name)),+),+];
        $(
            mod $level {
                $(
                    #[test]
                    fn $name() {
                        $crate::run_as_test(&super::target(), stringify!($name), super::HOME);
                    }
                )+
            }
        )+
    };
}

/// A check that hangs in this process.
static HANGING: OnceLock<&str> = OnceLock::new();

/// Runs a check as a test; `home` is the path of the module that [`suite!`] made.
pub fn run_as_test(target: &Target, name: &str, home: &str) {
    let check = crate::checks().find(|check| check.name == name);
    let check = check.unwrap_or_else(|| panic!("there is no check of the name {name}"));
    // Test programs leave out the crate's name before a test's path.
    let module = home.split_once("::").map_or(home, |(_, module)| module);
    let arguments = [&format!("{module}::child_of_recovery"), "--exact", "--ignored", "--nocapture"];
    let child =
        Child::of_this_program(arguments.map(Into::into).into()).expect("a program knows where it is");
    let defaults = Settings::default();
    let settings = Settings {
        seed: from_environment("DREDIS_SEED").unwrap_or(defaults.seed),
        operations: from_environment("DREDIS_OPS").map_or(defaults.operations, |number| number as usize),
        kills: from_environment("DREDIS_KILLS").map_or(defaults.kills, |number| number as usize),
        check_seconds: from_environment("DREDIS_CHECK_SECONDS").unwrap_or(defaults.check_seconds),
        child: Some(child),
        ..defaults
    };
    if let Some(other) = HANGING.get().filter(|_| !is_apart(&settings, check)) {
        panic!("{name} on {} was not run: {}", target.name(), hangs(other));
    }
    let result = run_check(target, &settings, check);
    if result.goes_on {
        HANGING.get_or_init(|| check.name);
    }
    match result.verdict {
        Verdict::Passed => {}
        Verdict::NotRun(reason) => panic!("{name} on {} was not run: {reason}", target.name()),
        // Written so that the test runner does not capture it.
        Verdict::Skipped(lacking) => {
            let line = format!("skipped: {name} on {}: lacks {lacking}\n", target.name());
            std::io::stderr().write_all(line.as_bytes()).expect("stderr can be written to");
        }
        Verdict::Failed(failure) => {
            let mut text = format!("{name} on {}: {}", target.name(), failure.message);
            for line in &failure.details {
                text.push_str(&format!("\n    {line}"));
            }
            let Settings { seed, operations, kills, .. } = settings;
            panic!(
                "{text}\nit proves: {}\nagain with DREDIS_SEED={seed} DREDIS_OPS={operations} DREDIS_KILLS={kills}",
                check.proves
            );
        }
    }
}

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    match text.parse() {
        Ok(number) => Some(number),
        Err(_) => panic!("{name} is '{text}', which is no number: unset it or set it to one"),
    }
}
