//! The ways in which an engine can be wrong, and the checks that have to notice.

/// What is wrong with an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    DropsADelete,
    ShowsHalfABatch,
    LeaksLaterWrites,
    ReverseScanOffByOne,
    TruncatesLongKeys,
    ForgetsTheLastCommit,
    LosesARangeDelete,
    ForgetsRangeDeletes,
    RangeDeleteTakesItsEnd,
    Reorders,
    AnswersInItsOwnOrder,
    TakesEmptyValuesForNone,
    BringsValuesWithKeys,
    BeginsAnewAtTheEnd,
    TakesTheHintForALimit,
    TakesWhatIsTooLong,
    KeepsPartOfARefusedBatch,
    OpensTwice,
    CallsAUsedDirectoryCorrupt,
    RefusesLongKeysInReads,
    PutsOffCompaction,
    CheckpointsAnOlderState,
    CheckpointsOverWhatIsThere,
    CheckpointsOfTwoMoments,
    CheckpointsWhatIsSynced,
    CompactsTooMuch,
    RefusesItsDefault,
    LogsTwoLines,
    LeaksMemory,
    LeaksMemoryInReads,
    WritesABatchInPieces,
    AcknowledgesBeforeWriting,
    HangsInACommit,
    HangsInOpening,
}

use Fault::*;

/// Each fault with the checks that catch it.
pub const CAUGHT_BY: &[(Fault, &[&str])] = &[
    (
        DropsADelete,
        &["a_delete_removes_the_key_if_there_is_one", "a_large_batch_is_applied_whole", HISTORIES],
    ),
    (ShowsHalfABatch, &["a_batch_is_never_seen_half_applied"]),
    (LeaksLaterWrites, &["a_view_never_shows_later_commits", "a_view_repeats_itself", HISTORIES]),
    (ReverseScanOffByOne, &["a_scan_goes_both_ways", HISTORIES]),
    (TruncatesLongKeys, &["keys_of_the_greatest_length_are_kept", HISTORIES]),
    (
        ForgetsTheLastCommit,
        &[
            "the_last_commit_before_closing_is_there",
            "everything_is_there_after_reopening",
            "histories_agree_when_reopened_on_the_way",
            "acknowledged_commits_survive_a_killed_process",
            "commands_answer_the_same_when_reopened_on_the_way",
        ],
    ),
    (LosesARangeDelete, &["a_range_delete_takes_its_start_and_spares_its_end", HISTORIES]),
    (
        ForgetsRangeDeletes,
        &["what_was_deleted_stays_so_after_reopening", "histories_agree_when_reopened_on_the_way"],
    ),
    (RangeDeleteTakesItsEnd, &["a_range_delete_takes_its_start_and_spares_its_end", HISTORIES]),
    (Reorders, &["keys_stand_in_the_order_of_their_bytes", "a_scan_goes_both_ways", HISTORIES]),
    (AnswersInItsOwnOrder, &["values_are_read_in_the_order_asked", HISTORIES]),
    (TakesEmptyValuesForNone, &["values_may_be_empty", HISTORIES]),
    (BringsValuesWithKeys, &["a_scan_for_keys_brings_no_values", HISTORIES]),
    (BeginsAnewAtTheEnd, &["a_cursor_at_its_end_stays_there"]),
    (TakesTheHintForALimit, &["an_expected_number_is_a_hint", HISTORIES]),
    (
        TakesWhatIsTooLong,
        &[
            "a_longer_key_is_refused_and_nothing_applied",
            "a_longer_value_is_refused_and_nothing_applied",
            "a_larger_batch_is_refused_and_nothing_applied",
        ],
    ),
    (KeepsPartOfARefusedBatch, &["a_longer_key_is_refused_and_nothing_applied"]),
    (OpensTwice, &["a_second_opening_is_refused", "another_process_is_refused"]),
    (CallsAUsedDirectoryCorrupt, &["a_second_opening_is_refused", "another_process_is_refused"]),
    (RefusesLongKeysInReads, &["keys_beyond_the_limit_are_merely_absent"]),
    (PutsOffCompaction, &["compaction_changes_nothing_that_is_read", HISTORIES]),
    (CheckpointsAnOlderState, &["a_checkpoint_opens_as_an_engine"]),
    (CheckpointsOverWhatIsThere, &["a_checkpoint_opens_as_an_engine"]),
    (CheckpointsOfTwoMoments, &["a_checkpoint_taken_while_commits_run_is_whole"]),
    (
        CheckpointsWhatIsSynced,
        &["a_checkpoint_opens_as_an_engine", "a_checkpoint_taken_while_commits_run_is_whole"],
    ),
    (CompactsTooMuch, &["compaction_changes_nothing_that_is_read", HISTORIES]),
    (RefusesItsDefault, &["every_default_may_be_said"]),
    (LogsTwoLines, &["its_log_lines_are_lines"]),
    (LeaksMemory, &["committing_leaks_no_memory"]),
    (LeaksMemoryInReads, &["reading_leaks_no_memory"]),
    (WritesABatchInPieces, &["acknowledged_commits_survive_a_killed_process"]),
    (AcknowledgesBeforeWriting, &["acknowledged_commits_survive_a_killed_process"]),
    (
        HangsInACommit,
        &[HISTORIES, "committing_leaks_no_memory", "acknowledged_commits_survive_a_killed_process"],
    ),
    (HangsInOpening, &["an_engine_opens_in_an_empty_directory"]),
];

/// The check that plays generated histories.
pub const HISTORIES: &str = "histories_agree_with_an_ordered_map";

impl Fault {
    /// The fault of this name.
    pub fn named(name: &str) -> Option<Fault> {
        CAUGHT_BY.iter().map(|(fault, _)| *fault).chain([None]).find(|fault| format!("{fault:?}") == name)
    }
}
