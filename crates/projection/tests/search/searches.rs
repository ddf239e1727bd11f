//! Pages of random queries, while others write.

use proptest::prelude::*;
use vpr_fhir::search::{Extracted, Filter, Key, KeyValue, Query, Scope, Test, Token, TokenTest};
use vpr_projection::{Hit, HitMode, Limits, PageRequest};
use vpr_types::Seq;

use crate::judge::{Seen, holds, in_scope, order};
use crate::questions::query;
use crate::world::{Dice, World, kind, parameter};

fn name(hit: &Hit) -> (String, u32) {
    (format!("{}/{}", hit.resource.name(), hit.id), hit.version.0)
}

/// What must be found, by name and version, in any order.
fn expected<'a>(world: &'a World, query: &Query, access: Option<&Filter>, seq: u64) -> Vec<Seen<'a>> {
    let all = world.seen(seq);
    let compartment = query.compartment.clone().map(Filter::InCompartment);
    let fulfills = |seen: &Seen<'_>| {
        in_scope(&query.scope, seen)
            && query.filters.iter().chain(&compartment).all(|filter| holds(filter, seen, &all, access))
            && access.is_none_or(|access| holds(access, seen, &all, None))
    };
    all.iter().filter(|seen| fulfills(seen)).copied().collect()
}

/// Goes through all pages forward, then back, with changes in between.
fn check(seed: u64) {
    let mut dice = Dice::new(seed);
    let dice = &mut dice;
    let mut world = World::new(Limits { rows_driven_max: *dice.of(&[0, 3, 4000]), ..Limits::default() });
    let size = 10 + dice.below(40);
    let changes = world.random_changes(dice, size);
    // In batches, as a projector that is sometimes behind gives them.
    let mut rest = &changes[..];
    while !rest.is_empty() {
        let (batch, more) = rest.split_at(rest.len().min(1 + usize::try_from(dice.below(9)).unwrap()));
        world.apply(batch);
        rest = more;
    }
    for _ in 0..24 {
        let (query, access) = query(dice);
        let seq = world.seq;
        let limit = 1 + usize::try_from(dice.below(5)).unwrap();
        let mut request = PageRequest { at: Some(Seq(seq)), from: None, limit, total: true };
        let mut hits: Vec<Hit> = Vec::new();
        let mut pages: Vec<Vec<Hit>> = Vec::new();
        let page = loop {
            let page = world.projection.search(&world.tenant, &query, access.as_ref(), &request).unwrap();
            assert_eq!(page.seq, Seq(seq));
            assert!(page.hits.iter().all(|hit| hit.mode == HitMode::Match));
            assert_eq!(page.previous.is_some(), !pages.is_empty(), "previous, seed {seed} {query:?}");
            hits.extend(page.hits.iter().cloned());
            pages.push(page.hits.clone());
            if dice.one_in(6) {
                let more = 1 + dice.below(3);
                let changes = world.random_changes(dice, more);
                world.apply(&changes);
            }
            let expected = expected(&world, &query, access.as_ref(), seq);
            assert_eq!(
                page.total,
                Some(expected.len() as u64),
                "total, seed {seed} at {seq} {query:?} {access:?}"
            );
            request.from.clone_from(&page.next);
            if request.from.is_none() || pages.len() > 100 {
                break page;
            }
        };
        let expected = expected(&world, &query, access.as_ref(), seq);
        let mut found: Vec<_> = hits.iter().map(name).collect();
        found.sort();
        let mut wanted: Vec<_> = expected
            .iter()
            .map(|seen| (format!("{}/{}", seen.resource.name(), seen.id), seen.version))
            .collect();
        wanted.sort();
        assert_eq!(found, wanted, "seed {seed} at {seq} {query:?} {access:?}");
        let of = |hit: &Hit| expected.iter().find(|seen| seen.resource == hit.resource && seen.id == hit.id);
        for pair in hits.windows(2) {
            let ordering = order(&query.sort, of(&pair[0]).unwrap(), of(&pair[1]).unwrap());
            assert!(ordering.is_le(), "order, seed {seed} {:?} {pair:?}", query.sort);
        }
        // Back from the last page: the same pages the other way round.
        let mut back = page.previous;
        let mut before = pages.len().saturating_sub(1);
        while let Some(position) = back {
            let request = PageRequest { at: Some(Seq(seq)), from: Some(position), limit, total: false };
            let page = world.projection.search(&world.tenant, &query, access.as_ref(), &request).unwrap();
            before -= 1;
            assert_eq!(page.hits, pages[before], "page {before} backwards, seed {seed} {query:?}");
            assert!(page.next.is_some());
            back = page.previous;
        }
        assert_eq!(before, 0, "seed {seed}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn pages_are_what_looking_at_everything_finds(seed in any::<u64>()) {
        check(seed);
    }
}

#[test]
fn many_filters_and_many_alternatives_are_answered() {
    let mut world = World::new(Limits::default());
    let says = |codes: &mut dyn Iterator<Item = u32>| {
        let keys = codes.map(|code| {
            let token = Token { system: Some("http://a".to_owned()), code: Some(code.to_string()) };
            Key { parameter: parameter("Patient", "identifier"), value: KeyValue::Token(token) }
        });
        Extracted { keys: keys.collect(), ..Extracted::default() }
    };
    let all = world.change(vec![
        (kind("Patient"), "all".to_owned(), Some(says(&mut (0..300)))),
        (kind("Patient"), "but-one".to_owned(), Some(says(&mut (0..300).filter(|code| *code != 7)))),
    ]);
    let later = world.change(vec![(kind("Patient"), "all".to_owned(), Some(says(&mut (5..9))))]);
    world.apply(&[all, later]);
    let one = |code: u32| TokenTest::SystemAndCode("http://a".to_owned(), code.to_string());
    let has =
        |tests| Filter::Parameter { parameter: parameter("Patient", "identifier"), test: Test::Token(tests) };
    let ask = |filters, at| {
        let scope = Scope::Types(vec![kind("Patient")]);
        let query = Query { scope, filters, ..Query::default() };
        let request = PageRequest { at: Some(Seq(at)), from: None, limit: 5, total: true };
        let page = world.projection.search(&world.tenant, &query, None, &request).unwrap();
        page.hits.iter().map(|hit| hit.id.clone()).collect::<Vec<_>>()
    };
    // More than the 64 tables that a join may have.
    let filters: Vec<_> = (0..300).map(|code| has(vec![one(code)])).collect();
    assert_eq!(ask(filters.clone(), 1), ["all"]);
    assert!(ask(filters, 2).is_empty());
    assert_eq!(ask(vec![has((7..3000).map(one).collect())], 2), ["but-one", "all"]);
    assert_eq!(ask(vec![has((300..3000).chain([7]).map(one).collect())], 2), ["all"]);
}
