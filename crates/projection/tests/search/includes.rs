//! `_include` and `_revinclude`.

use std::collections::BTreeSet;

use proptest::prelude::*;
use vpr_fhir::search::{CompartmentOf, Filter, Include, Query, Scope};
use vpr_projection::{HitMode, Limits, PageRequest};
use vpr_types::Seq;

use crate::judge::{Seen, holds, refers};
use crate::world::{Dice, World, kind, parameter};

fn include(dice: &mut Dice) -> Include {
    let (source, code) = *dice.of(&[
        ("Observation", "subject"),
        ("Observation", "encounter"),
        ("Encounter", "subject"),
        ("RiskAssessment", "encounter"),
        ("QuestionnaireResponse", "subject"),
    ]);
    let target = dice.one_in(3).then(|| kind(dice.of(&["Patient", "Encounter"])));
    Include {
        source: kind(source),
        parameter: (!dice.one_in(3)).then(|| parameter(source, code)),
        target,
        iterate: dice.one_in(2),
    }
}

fn reaches(include: &Include, from: &Seen<'_>, to: &Seen<'_>) -> bool {
    from.resource == include.source
        && include.target.is_none_or(|target| target == to.resource)
        && from.says.keys.iter().any(|key| {
            include.parameter.is_none_or(|parameter| parameter == key.parameter) && refers(&key.value, to)
        })
}

fn check(seed: u64) {
    let dice = &mut Dice::new(seed);
    let mut world = World::new(Limits::default());
    let size = 40 + dice.below(20);
    let changes = world.random_changes(dice, size);
    world.apply(&changes);
    let seq = world.seq;
    if dice.one_in(2) {
        let changes = world.random_changes(dice, 5);
        world.apply(&changes);
    }
    let query = Query {
        scope: Scope::Types(vec![kind(dice.of(&["Observation", "Patient", "Encounter"]))]),
        includes: (0..dice.below(3)).map(|_| include(dice)).collect(),
        reverse_includes: (0..dice.below(3)).map(|_| include(dice)).collect(),
        ..Query::default()
    };
    let access = dice.one_in(2).then(|| {
        let compartment = CompartmentOf { owner: kind("Patient"), id: dice.below(4).to_string() };
        Filter::Any(vec![Filter::InCompartment(compartment), Filter::Type(kind("Encounter"))])
    });
    let request = PageRequest { at: Some(Seq(seq)), from: None, limit: 3, total: false };
    let page = world.projection.search(&world.tenant, &query, access.as_ref(), &request).unwrap();
    assert!(!page.includes_cut);
    let all = world.seen(seq);
    let of = |resource, id: &str| all.iter().find(|seen| seen.resource == resource && seen.id == id).unwrap();
    let (matches, included): (Vec<_>, Vec<_>) = page.hits.iter().partition(|hit| hit.mode == HitMode::Match);
    let matches: Vec<&Seen<'_>> = matches.iter().map(|hit| of(hit.resource, &hit.id)).collect();
    let mut known: BTreeSet<_> = matches.iter().map(|seen| (seen.resource, seen.id.to_owned())).collect();
    let mut wanted = BTreeSet::new();
    let mut round: Vec<&Seen<'_>> = matches;
    let mut first = true;
    while !round.is_empty() {
        let mut next = Vec::new();
        for other in &all {
            let reached = |from: &&Seen<'_>| {
                query.includes.iter().any(|each| (first || each.iterate) && reaches(each, from, other))
                    || query
                        .reverse_includes
                        .iter()
                        .any(|each| (first || each.iterate) && reaches(each, other, from))
            };
            let may = access.as_ref().is_none_or(|access| holds(access, other, &all, None));
            if round.iter().any(reached) && may && known.insert((other.resource, other.id.to_owned())) {
                wanted.insert((other.resource, other.id.to_owned(), other.version));
                next.push(other);
            }
        }
        round = next;
        first = false;
    }
    let found: BTreeSet<_> =
        included.iter().map(|hit| (hit.resource, hit.id.clone(), hit.version.0)).collect();
    assert_eq!(found.len(), included.len(), "once each, seed {seed}");
    assert_eq!(found, wanted, "seed {seed} {query:?} {access:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn what_is_included_is_what_references_reach(seed in any::<u64>()) {
        check(seed);
    }
}

#[test]
fn no_more_than_allowed_is_included() {
    let dice = &mut Dice::new(5);
    let mut world = World::new(Limits { includes_max: 2, ..Limits::default() });
    let changes = world.random_changes(dice, 60);
    world.apply(&changes);
    let include = Include { source: kind("Observation"), parameter: None, target: None, iterate: false };
    let query =
        Query { scope: Scope::Types(vec![kind("Observation")]), includes: vec![include], ..Query::default() };
    let request = PageRequest { limit: 100, ..PageRequest::default() };
    let page = world.projection.search(&world.tenant, &query, None, &request).unwrap();
    assert!(page.includes_cut);
    assert_eq!(page.hits.iter().filter(|hit| hit.mode == HitMode::Include).count(), 2);
}
