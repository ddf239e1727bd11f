//! What applying promises.

use std::time::Duration;

use vpr_fhir::search::{Extracted, Key, KeyValue, Query, ReferenceKey, Scope, Token};
use vpr_projection::{HistoryRequest, Limits, PageRequest, ProjectionError};
use vpr_types::Seq;

use crate::world::{Dice, KEY, World, kind, parameter};

fn patient(code: &str) -> Extracted {
    let token = Token { system: None, code: Some(code.to_owned()) };
    let key = Key { parameter: parameter("Patient", "gender"), value: KeyValue::Token(token) };
    Extracted { keys: vec![key], ..Extracted::default() }
}

fn all_patients() -> Query {
    Query { scope: Scope::Types(vec![kind("Patient")]), ..Query::default() }
}

#[test]
fn two_projections_of_the_same_changes_say_the_same_however_they_were_batched() {
    for seed in 0..20 {
        let dice = &mut Dice::new(seed);
        let mut one = World::new(Limits::default());
        let changes = one.random_changes(dice, 60);
        one.apply(&changes);
        let other = World::new(Limits::default());
        for batch in changes.chunks(7) {
            other.apply(batch);
        }
        let content = one.projection.content(&one.tenant).unwrap();
        assert!(content.lines.len() > 100);
        assert_eq!(content, other.projection.content(&other.tenant).unwrap(), "seed {seed}");

        // What remains of many versions is what the last ones say by themselves, but for the seqs.
        let other = World::new(Limits::default());
        let seqs_away = |lines: Vec<String>| {
            let lines =
                lines.into_iter().filter(|line| !line.starts_with("hist ") && !line.starts_with("res "));
            let mut lines: Vec<_> =
                lines.map(|line| line.split(" from_seq=").next().unwrap().to_owned()).collect();
            lines.sort();
            lines
        };
        let mut last = changes.clone();
        let mut seen = std::collections::HashSet::new();
        for change in last.iter_mut().rev() {
            change.documents.retain(|document| seen.insert((document.resource, document.id.clone())));
        }
        other.apply(&last);
        let fresh = other.projection.content(&other.tenant).unwrap();
        assert_eq!(seqs_away(content.lines), seqs_away(fresh.lines), "seed {seed}");
    }
}

/// What nothing else orders is ordered by when it was first heard of, by itself or from others.
#[test]
fn the_order_is_the_same_however_changes_were_batched() {
    let everything = Query { scope: Scope::All, ..Query::default() };
    let by_time = |world: &World| {
        let request = HistoryRequest { limit: 10_000, ..HistoryRequest::default() };
        world.projection.history(&world.tenant, &request).unwrap().rows
    };
    let found = |world: &World| {
        let request = PageRequest { limit: 10_000, ..PageRequest::default() };
        world.projection.search(&world.tenant, &everything, None, &request).unwrap().hits
    };
    for seed in 0..5 {
        let mut one = World::new(Limits::default());
        let changes = one.random_changes(&mut Dice::new(seed), 60);
        one.apply(&changes);
        let other = World::new(Limits::default());
        changes.iter().for_each(|change| other.apply(std::slice::from_ref(change)));
        assert_eq!(by_time(&one), by_time(&other), "seed {seed}");
        assert_eq!(found(&one), found(&other), "seed {seed}");
    }
}

#[test]
fn a_gap_and_a_repetition_are_refused_and_change_nothing() {
    let mut world = World::new(Limits::default());
    let first = world.change(vec![(kind("Patient"), "1".to_owned(), Some(patient("x")))]);
    let second = world.change(vec![(kind("Patient"), "2".to_owned(), Some(patient("x")))]);
    let third = world.change(vec![(kind("Patient"), "3".to_owned(), Some(patient("x")))]);
    let apply = |changes: &[_]| world.projection.apply(&world.tenant, changes);
    assert!(matches!(
        apply(std::slice::from_ref(&second)),
        Err(ProjectionError::OutOfOrder { expected: 1, found: 2 })
    ));
    assert_eq!(apply(std::slice::from_ref(&first)).unwrap(), Seq(1));
    assert!(matches!(
        apply(&[second.clone(), first]),
        Err(ProjectionError::OutOfOrder { expected: 3, found: 1 })
    ));
    assert!(matches!(
        apply(std::slice::from_ref(&third)),
        Err(ProjectionError::OutOfOrder { expected: 2, found: 3 })
    ));
    assert_eq!(world.projection.applied(&world.tenant), Seq(1));
    let request = PageRequest { limit: 10, ..PageRequest::default() };
    let page = world.projection.search(&world.tenant, &all_patients(), None, &request).unwrap();
    assert_eq!((page.seq, page.hits.len()), (Seq(1), 1));
    assert_eq!(apply(&[second, third]).unwrap(), Seq(3));
    assert_eq!(apply(&[]).unwrap(), Seq(3));
}

#[test]
fn pages_of_a_moment_that_is_no_longer_kept_are_gone() {
    let limits = Limits { pages_kept: Duration::from_secs(5), ..Limits::default() };
    let mut world = World::new(limits);
    for code in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"] {
        let change = world.change(vec![(kind("Patient"), "1".to_owned(), Some(patient(code)))]);
        world.apply(&[change]);
    }
    let at = |at| {
        let request = PageRequest { at: Some(Seq(at)), limit: 1, ..PageRequest::default() };
        world.projection.search(&world.tenant, &all_patients(), None, &request)
    };
    // A change a second: the one of five seconds ago is still kept.
    assert!(matches!(at(1), Err(ProjectionError::Gone)));
    assert!(matches!(at(6), Err(ProjectionError::Gone)));
    let page = at(8).unwrap();
    assert_eq!((page.seq, page.hits[0].version.0), (Seq(8), 8));
    assert!(matches!(at(13), Err(ProjectionError::BadPosition)));
}

#[test]
fn a_reset_begins_a_new_epoch_and_another_key_empties_the_tables() {
    let mut world = World::new(Limits::default());
    let change = world.change(vec![(kind("Patient"), "1".to_owned(), Some(patient("x")))]);
    world.apply(std::slice::from_ref(&change));
    let projection = world.projection.clone();
    let (epoch, content) =
        (projection.epoch(&world.tenant).unwrap(), projection.content(&world.tenant).unwrap());
    projection.open_tenant(&world.tenant, KEY).unwrap();
    assert_eq!(projection.epoch(&world.tenant).unwrap(), epoch);
    assert_eq!(projection.applied(&world.tenant), Seq(1));

    projection.reset(&world.tenant).unwrap();
    assert_ne!(projection.epoch(&world.tenant).unwrap(), epoch);
    assert_eq!(projection.applied(&world.tenant), Seq(0));
    assert!(projection.content(&world.tenant).unwrap().lines.is_empty());
    world.apply(std::slice::from_ref(&change));
    assert_eq!(projection.content(&world.tenant).unwrap(), content);

    projection.open_tenant(&world.tenant, [8; 32]).unwrap();
    assert_eq!(projection.applied(&world.tenant), Seq(0));
    world.apply(&[change]);
    assert_ne!(projection.content(&world.tenant).unwrap(), content, "hashes are keyed");
}

#[test]
fn no_value_stands_in_the_file() {
    let mut world = World::new(Limits::default());
    let reference = ReferenceKey::Absolute("http://secret.example/Patient/1".to_owned());
    let value = KeyValue::Reference(reference);
    let extracted = Extracted {
        keys: vec![Key { parameter: parameter("Observation", "subject"), value }],
        ..Extracted::default()
    };
    let change = world.change(vec![(kind("Observation"), "1".to_owned(), Some(extracted))]);
    world.apply(&[change]);
    let content = world.projection.content(&world.tenant).unwrap();
    // Only what sorts stands as text.
    assert!(content.lines.iter().all(|line| line.starts_with("sortk ") || !line.contains("secret")));
}

#[test]
fn a_search_that_takes_too_long_is_ended() {
    let limits = Limits { search_time_max: Duration::ZERO, ..Limits::default() };
    let mut world = World::new(limits);
    let many = (0..3000).map(|id| (kind("Patient"), id.to_string(), Some(patient("x")))).collect();
    let change = world.change(many);
    world.apply(&[change]);
    let request = PageRequest { limit: 3000, ..PageRequest::default() };
    let query = Query {
        sort: vec![vpr_fhir::search::SortKey {
            by: vpr_fhir::search::SortBy::Parameter(parameter("Patient", "gender")),
            descending: false,
        }],
        ..all_patients()
    };
    let found = world.projection.search(&world.tenant, &query, None, &request);
    assert!(matches!(found, Err(ProjectionError::TimedOut)), "{found:?}");
}
