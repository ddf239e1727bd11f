//! Histories of types and of everything.

use proptest::prelude::*;
use vpr_fhir::search::Span;
use vpr_projection::{AppliedOperation, HistoryRequest, HistoryRow, Limits};
use vpr_types::{Instant, ObjectId, Seq};

use crate::world::{Dice, TYPES, World, kind};

fn check(seed: u64) {
    let dice = &mut Dice::new(seed);
    let mut world = World::new(Limits::default());
    let size = 1 + dice.below(40);
    let changes = world.random_changes(dice, size);
    world.apply(&changes);
    let seq = 1 + dice.below(world.seq);
    let begin = 1_700_000_000_000_000;
    let instant = |dice: &mut Dice| begin + i64::try_from(dice.below(45 * 4)).unwrap() * 250_000;
    let scope = dice.one_in(2).then(|| kind(dice.of(&TYPES)));
    let since = dice.one_in(3).then(|| Instant(instant(dice)));
    let period = dice.one_in(3).then(|| {
        let low = instant(dice);
        Span { low, high: low + *dice.of(&[1_000, 1_000_000, 10_000_000]) }
    });
    let limit = 1 + usize::try_from(dice.below(6)).unwrap();
    let mut request =
        HistoryRequest { scope, at: Some(Seq(seq)), since, period, before: None, limit, total: true };
    let mut wanted = 0;
    for ((resource, _), said) in &world.resources {
        for (at, version) in said.iter().enumerate() {
            // The next version counts also where it was made after the moment: what the period asks
            // is whether the version was current then, and the future does not change the past.
            let until = said.get(at + 1).map_or(i64::MAX, |next| next.time);
            let current = |Span { low, high }: Span<i64>| {
                version.operation != AppliedOperation::Delete && version.time < high && until > low
            };
            let counts = version.seq <= seq
                && scope.is_none_or(|scope| scope == *resource)
                && since.is_none_or(|since| version.time >= since.0)
                && period.is_none_or(current);
            wanted += u64::from(counts);
        }
    }
    let mut rows: Vec<HistoryRow> = Vec::new();
    loop {
        let page = world.projection.history(&world.tenant, &request).unwrap();
        assert_eq!((page.seq, page.total), (Seq(seq), Some(wanted)), "seed {seed} {request:?}");
        assert!(page.rows.len() == limit || page.next.is_none());
        rows.extend(page.rows);
        request.before = page.next;
        if request.before.is_none() {
            break;
        }
    }
    assert_eq!(rows.len() as u64, wanted, "seed {seed}");
    assert!(rows.windows(2).all(|pair| pair[0].seq >= pair[1].seq));
    let mut names: Vec<_> = rows.iter().map(|row| (row.resource, &row.id, row.version)).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), rows.len(), "seed {seed}");
    for row in &rows {
        let said = &world.resources[&(row.resource, row.id.clone())];
        let said = &said[row.version.0 as usize - 1];
        assert_eq!((row.seq.0, row.time.0, row.operation), (said.seq, said.time, said.operation));
        let object = said.extracted.as_ref().map(|_| ObjectId([row.version.0.to_be_bytes()[3]; 20]));
        assert_eq!(row.object, object);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn histories_tell_every_version_once(seed in any::<u64>()) {
        check(seed);
    }
}
