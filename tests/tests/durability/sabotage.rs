//! Every planted bug must be caught by the harness that is there for its kind. The same seeds are
//! clean without one: that is `power_loss`.

use vpr_store::{JournalSabotage, Sabotage, StoreOptions};

use crate::figure;
use crate::power_loss::{CI_RUNS, Harness, STATES_PER_RUN};
use crate::simulator::options;

fn catches(bug: &str, options: StoreOptions) {
    let harness =
        Harness { options, runs: 0..CI_RUNS, states_per_run: STATES_PER_RUN, git_every: 0, stop_early: true };
    let report = harness.run();
    let (_, first) = report
        .violations
        .first()
        .unwrap_or_else(|| panic!("{bug} went unnoticed in {} states", report.states));
    let line = format!("planted bug caught: {bug}, after {} states", report.states);
    figure::publish(&format!("sabotage-{}", bug.replace(' ', "-")), &line);
    println!("{first}");
}

fn in_journal(bug: JournalSabotage) -> StoreOptions {
    let mut options = options();
    options.journal.sabotage = vec![bug];
    options
}

fn in_engine(sabotage: Sabotage) -> StoreOptions {
    StoreOptions { sabotage, ..options() }
}

#[test]
fn acknowledging_before_the_sync_is_caught() {
    catches("acknowledge before sync", in_journal(JournalSabotage::AcknowledgeBeforeSync));
}

#[test]
fn skipping_the_sync_is_caught() {
    catches("skip sync", in_journal(JournalSabotage::SkipSync));
}

#[test]
fn serving_a_replayed_tail_before_it_is_synced_is_caught() {
    catches("serve replayed tail before sync", in_journal(JournalSabotage::ServeReplayedTailBeforeSync));
}

#[test]
fn letting_segments_of_the_journal_go_too_early_is_caught() {
    catches("release too early", in_journal(JournalSabotage::ReleaseTooEarly));
}

#[test]
fn releasing_before_git_and_feed_have_it_is_caught() {
    let sabotage = Sabotage { release_before_checkpoint: true, ..Sabotage::default() };
    catches("release before checkpoint", in_engine(sabotage));
}

#[test]
fn writing_refs_before_packs_is_caught() {
    let sabotage = Sabotage { refs_before_packs: true, ..Sabotage::default() };
    catches("refs before packs", in_engine(sabotage));
}
