//! The library and its boundary: how it presents itself, its options, its instances, its memory.

mod instances;
mod introduction;
mod memory;
mod options;

use crate::check::{Check, Level, Need};

const fn check(
    name: &'static str,
    proves: &'static str,
    run: fn(&crate::Trial<'_>) -> crate::Proof,
) -> Check {
    Check::new(Level::Abi, name, proves, run)
}

/// All checks of the level.
pub(crate) const CHECKS: &[Check] = &[
    check(
        "it_tells_its_name_and_version",
        "The name that operators type. The engine's version, for people.",
        introduction::name,
    ),
    check(
        "its_file_is_called_after_it",
        "The library's file is called after the name, if operators are to find it.",
        introduction::file,
    )
    .needing(Need::Library),
    check(
        "it_speaks_this_abi",
        "A library built with this crate loads in every dredis that speaks the same ABI.",
        introduction::abi,
    )
    .needing(Need::Library),
    check(
        "its_errors_say_something_in_one_line",
        "A message of one line that says what was tried, what was found and what to do.",
        introduction::errors,
    ),
    check("its_log_lines_are_lines", "Speak to the operator through the log alone.", introduction::log),
    check(
        "its_options_are_well_described",
        "Every option: name, type, default, one line of help with the unit.",
        options::described,
    )
    .needing(Need::Options),
    check("every_default_may_be_said", "What holds if it is not given.", options::defaults)
        .needing(Need::Options),
    check("null_counts_as_not_given", "null: as if the option had not been given.", options::null)
        .needing(Need::Options),
    check(
        "values_of_another_type_are_refused",
        "Checked against the engine's own schema.",
        options::wrong_types,
    )
    .needing(Need::Options),
    check("unknown_options_are_refused", "Checked against the engine's own schema.", options::unknown),
    check("many_instances_stand_side_by_side", "It opens as many engines as are asked for.", instances::many),
    check(
        "an_instance_may_be_opened_and_closed_on_any_thread",
        "Send + Sync + 'static.",
        instances::on_threads,
    ),
    check("opening_and_closing_leaks_no_memory", "Dropping it closes the engine.", memory::of_instances)
        .alone(),
    check("reading_leaks_no_memory", "Memory is freed by who made it.", memory::of_reads).alone(),
    check("committing_leaks_no_memory", "Memory is freed by who made it.", memory::of_commits).alone(),
];
