//! B3: a transaction over several patients' repositories and the registry, killed on its way, is
//! there whole or not at all.

#![allow(clippy::unwrap_used)]

use vpr_http_tests::{Campaign, Dice, Outcome, is_soak, publish, require_failpoints};

const CAMPAIGN: u64 = 100;

#[test]
fn a_transaction_over_several_repositories_is_whole_or_absent() {
    require_failpoints();
    let wanted = if is_soak() { 5_000 } else { CAMPAIGN };
    let seed = Dice::seed() + 77;
    let mut total = Outcome::default();
    while total.kills < wanted {
        let campaign = Campaign::new(8, seed + total.kills, true);
        total.add(campaign.run(CAMPAIGN.min(wanted - total.kills)));
        assert!(total.findings.is_good(), "seed {seed}: {:#?}", total.findings);
    }
    publish(
        "B3",
        &total.lines(&format!("B3 transactions over 4 or more repositories, 8 writers, seed {seed}")),
    );
    assert!(total.findings.transactions_settled >= wanted, "{:?}", total.findings);
    assert!(total.findings.had_taken_effect > 0, "{:?}", total.findings);
}
