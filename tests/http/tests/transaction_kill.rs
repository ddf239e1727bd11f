//! B3: a transaction over several patients' repositories and the registry, killed on its way, is
//! there whole or not at all.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use vpr_http_tests::{Campaign, Database, Dice, Outcome, is_soak, on_both_databases, require_failpoints};

const CAMPAIGN: u64 = 100;

on_both_databases!(a_transaction_over_several_repositories_is_whole_or_absent);

fn a_transaction_over_several_repositories_is_whole_or_absent(database: &Database) {
    require_failpoints();
    let wanted = if is_soak() { 5_000 } else { database.size(CAMPAIGN, CAMPAIGN / 3) };
    let seed = Dice::seed() + 77;
    let time_max = Duration::from_secs(if is_soak() { 3_600 } else { 150 });
    let mut total = Outcome::default();
    loop {
        let campaign = Campaign::new(database, 8, seed + total.kills, true);
        total.add(campaign.run(CAMPAIGN.min(wanted - total.kills), time_max));
        assert!(total.findings.is_good(), "seed {seed}: {:#?}", total.findings);
        if total.kills >= wanted || !is_soak() {
            break;
        }
    }
    database.publish(
        "B3-http",
        &total.lines(&format!("B3 transactions over 4 or more repositories, 8 writers, seed {seed}")),
    );
    assert!(total.findings.transactions_settled > 0, "{:?}", total.findings);
    assert!(total.findings.had_taken_effect > 0, "{:?}", total.findings);
}
