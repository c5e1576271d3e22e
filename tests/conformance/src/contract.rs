//! The contract, sentence by sentence.

mod batches;
mod concurrency;
mod extras;
mod generated;
mod lifetime;
mod limits;
mod ranges;
mod records;
mod scans;
mod views;

pub(crate) use extras::compact_beside_views;
pub(crate) use lifetime::expect_in_use;

use crate::check::{Check, Level, Need};

const fn check(
    name: &'static str,
    proves: &'static str,
    run: fn(&crate::Trial<'_>) -> crate::Proof,
) -> Check {
    Check::new(Level::Contract, name, proves, run)
}

/// All checks of the level.
pub(crate) const CHECKS: &[Check] = &[
    check(
        "capabilities_are_constant_and_sufficient",
        "What this engine can do. Constant, and cheap to ask. Keys of at least 255 bytes, values of at least 32,768.",
        extras::capabilities,
    ),
    check(
        "keys_stand_in_the_order_of_their_bytes",
        "Keys are non-empty byte strings in memcmp order.",
        records::order,
    ),
    check("keys_may_hold_any_byte", "Keys are byte strings.", records::any_byte),
    check("values_may_be_empty", "Values are byte strings, possibly empty.", records::empty_values),
    check("values_come_back_as_they_went_in", "Values are byte strings.", records::values),
    check(
        "a_put_sets_whether_or_not_the_key_exists",
        "Sets the key, whether or not it exists.",
        records::put,
    ),
    check(
        "a_delete_removes_the_key_if_there_is_one",
        "Removes the key; it is no error if there is none.",
        records::delete,
    ),
    check(
        "values_are_read_in_the_order_asked",
        "The values of several keys, in the order asked.",
        records::get_many,
    ),
    check(
        "a_range_delete_takes_its_start_and_spares_its_end",
        "Removes every key in start..end (start included, end not).",
        ranges::delete,
    ),
    check("an_empty_range_delete_takes_nothing", "Removes every key in start..end.", ranges::delete_empty),
    check(
        "a_range_delete_may_take_everything",
        "Removes every key in start..end.",
        ranges::delete_everything,
    ),
    check(
        "a_batch_may_hold_every_kind_of_change",
        "Applies all of the batch, in ascending order of keys.",
        batches::mixed,
    ),
    check("an_empty_batch_is_done", "Applies all of the batch.", batches::empty),
    check("a_large_batch_is_applied_whole", "Applies all of the batch or nothing.", batches::large),
    check(
        "a_commit_of_an_exclusive_engine_is_done",
        "An exclusive engine ignores the basis and answers Done. Conflict, Unknown: only from shared engines.",
        batches::done,
    )
    .needing(Need::Exclusiveness),
    check(
        "a_scan_goes_both_ways",
        "Forward: from the first key of the range upwards. Reverse: from the last key downwards.",
        scans::both_ways,
    ),
    check(
        "a_scan_keeps_to_its_range",
        "First key of the range (included); empty: from the very first. End (not included); none: to the very last.",
        scans::bounds,
    ),
    check("a_scan_of_an_empty_range_brings_nothing", "A cursor over the keys in the range.", scans::empty),
    check("a_scan_for_keys_brings_no_values", "Keys only; values come back empty.", scans::keys_only),
    check("an_expected_number_is_a_hint", "A hint for read-ahead, not a limit.", scans::expected),
    check("a_cursor_at_its_end_stays_there", "None at the end, and from then on.", scans::end),
    check("a_long_scan_brings_every_record_once", "A cursor over the keys in the range.", scans::long),
    check(
        "a_view_shows_what_was_committed_before_it",
        "A view shows all commits that returned before it was taken.",
        views::shows_before,
    ),
    check(
        "a_view_never_shows_later_commits",
        "A view shows nothing that is committed later.",
        views::hides_later,
    ),
    check("a_view_repeats_itself", "A consistent, repeatable read.", views::repeats),
    check("a_cursor_sees_what_its_view_sees", "It sees what the view sees.", views::cursor),
    check("a_value_lives_as_long_as_its_view", "The value may borrow from the view.", views::borrowed_values),
    check("many_views_of_many_moments_stay_apart", "Older views never see a commit.", views::many),
    check(
        "a_view_is_shared_by_threads_and_dropped_on_any",
        "They may be used from several threads at once and dropped on another thread than the one that took them.",
        concurrency::shared_views,
    ),
    check(
        "a_batch_is_never_seen_half_applied",
        "A batch is applied whole or not at all; readers during commits see whole batches.",
        concurrency::whole_batches,
    ),
    check(
        "views_on_every_thread_show_what_returned",
        "Views taken after it returned see it.",
        concurrency::visible_everywhere,
    ),
    check("a_sync_may_run_while_commits_go_on", "May run while commits go on.", concurrency::sync),
    check("keys_of_the_greatest_length_are_kept", "Longest key, in bytes.", limits::longest_key),
    check(
        "a_longer_key_is_refused_and_nothing_applied",
        "An error means that nothing was applied.",
        limits::key_too_long,
    ),
    check(
        "keys_beyond_the_limit_are_merely_absent",
        "A key longer than the limit cannot have been put; asking for it is no error. Bounds of scans may be longer.",
        limits::key_beyond,
    ),
    check("values_of_the_greatest_length_are_kept", "Longest value, in bytes.", limits::longest_value),
    check(
        "a_longer_value_is_refused_and_nothing_applied",
        "An error means that nothing was applied.",
        limits::value_too_long,
    ),
    check(
        "batches_of_the_greatest_size_are_applied",
        "Largest batch: the sum of its keys and values, in bytes.",
        limits::largest_batch,
    ),
    check(
        "a_larger_batch_is_refused_and_nothing_applied",
        "An error means that nothing was applied.",
        limits::batch_too_large,
    ),
    check("everything_is_there_after_reopening", "Dropping it closes the engine.", lifetime::reopen)
        .needing(Need::Persistence),
    check(
        "the_last_commit_before_closing_is_there",
        "Dropping it makes everything that was committed durable, if it can be.",
        lifetime::last_commit,
    )
    .needing(Need::Persistence),
    check("what_was_deleted_stays_so_after_reopening", "Dropping it closes the engine.", lifetime::deletions)
        .needing(Need::Persistence),
    check(
        "a_second_opening_is_refused",
        "Opening: InvalidInput if the directory is in use; whoever uses it is not disturbed.",
        lifetime::second_opening,
    )
    .needing(Need::ExclusiveDirectory),
    check("an_engine_opens_in_an_empty_directory", "Creates what is missing.", lifetime::empty_directory),
    check(
        "durability_may_be_asked_for_at_any_time",
        "What the operator asks of commits from now on. Called at opening and when the setting changes.",
        extras::durability_needs,
    ),
    check(
        "a_checkpoint_opens_as_an_engine",
        "Writes a consistent copy into the empty or missing directory; InvalidInput if it is neither.",
        extras::checkpoint,
    )
    .needing(Need::Checkpoint),
    check(
        "a_checkpoint_is_consistent_while_commits_go_on",
        "Writes a consistent copy.",
        extras::checkpoint_beside_commits,
    )
    .needing(Need::Checkpoint),
    check(
        "an_engine_without_checkpoints_says_so",
        "Offered if the capabilities say so.",
        extras::no_checkpoint,
    )
    .needing(Need::NoCheckpoint),
    check(
        "compaction_changes_nothing_that_is_read",
        "Gives space back, as far as the engine can. Nothing that is read changes. Retry only while views are open.",
        extras::compact,
    ),
    check(
        "sizes_and_figures_change_nothing",
        "About how many bytes start..end takes on disk. Figures: names in snake_case, and their values.",
        extras::measures,
    ),
    check(
        "histories_agree_with_an_ordered_map",
        "All of the above, in generated histories.",
        generated::histories,
    ),
    check(
        "histories_agree_when_reopened_on_the_way",
        "All of the above, in generated histories with the engine closed and opened between.",
        generated::histories_with_reopening,
    )
    .needing(Need::Persistence),
];
