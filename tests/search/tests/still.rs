//! A walk through pages sees one moment, whatever is written meanwhile: nothing is lost, nothing
//! doubled, forwards and backwards, and the documents are those of that moment.
//!
//! The writers move amounts between documents, move a mark from one document to another, and replace
//! documents by others, each in one transaction: at every moment the number of documents, the number
//! of marked ones and the sum of all amounts are what they were in the beginning.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use vpr_http_tests::{Client, Dice, Json, is_soak, publish};
use vpr_search_tests::{Tenant, follow, link};
use vpr_testkit::postgres;

const WRITERS: u64 = 4;
/// Documents of each writer, and their amount in the beginning.
const EACH: u64 = 9;
const AMOUNT: u64 = 100;
const WALKERS: u64 = 3;
const MARKED: u64 = 4;

/// A document of a writer.
#[derive(Debug, Clone)]
struct Holding {
    id: String,
    amount: u64,
    marked: bool,
}

impl Holding {
    fn content(&self) -> String {
        let mark = if self.marked { "in" } else { "out" };
        format!(
            r#"{{"resourceType":"RiskAssessment","id":"{}","identifier":[{{"system":"urn:mark","value":"{mark}"}}],"status":"final","subject":{{"reference":"Patient/{mark}"}},"prediction":[{{"probabilityDecimal":{}}}]}}"#,
            self.id, self.amount
        )
    }

    fn put(&self) -> String {
        vpr_http_tests::entry("PUT", &format!("RiskAssessment/{}", self.id), "", Some(&self.content()))
    }
}

fn transaction(client: &mut Client, entries: &[String]) {
    let answer = client.post("/fhir", vpr_http_tests::bundle("transaction", entries)).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn write(client: &mut Client, writer: u64, holdings: &mut [Holding], dice: &mut Dice, step: usize) {
    let one = usize::try_from(dice.below(EACH)).unwrap();
    let other = (one + 1 + usize::try_from(dice.below(EACH - 1)).unwrap()) % holdings.len();
    match dice.below(4) {
        0 => {
            // Replaced by another document with the same amount.
            let gone = format!("RiskAssessment/{}", holdings[one].id);
            holdings[one].id = format!("w{writer}-{step}");
            transaction(client, &[vpr_http_tests::entry("DELETE", &gone, "", None), holdings[one].put()]);
            return;
        }
        1 if holdings[one].marked != holdings[other].marked => {
            let (a, b) = (holdings[one].marked, holdings[other].marked);
            (holdings[one].marked, holdings[other].marked) = (b, a);
        }
        _ => {
            let moved = dice.below(holdings[one].amount + 1);
            holdings[one].amount -= moved;
            holdings[other].amount += moved;
        }
    }
    transaction(client, &[holdings[one].put(), holdings[other].put()]);
}

/// What a page shows of a document: its name, version, amount.
type Shown = (String, String, u64);

fn shown(bundle: &Json) -> Vec<Shown> {
    let entries = bundle["entry"].items().iter().map(|entry| &entry["resource"]);
    let text = |json: &Json| json.as_str().unwrap().to_owned();
    let amount = |json: &Json| json["prediction"][0]["probabilityDecimal"].as_count().unwrap();
    entries.map(|each| (text(&each["id"]), text(&each["meta"]["versionId"]), amount(each))).collect()
}

/// Walks to the end and back; panics unless both ways show the same.
fn walk(client: &mut Client, query: &str, expected: usize) -> (Vec<Shown>, usize) {
    let answer = client.get(&format!("/fhir/RiskAssessment?{query}")).send();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut bundle = answer.json();
    let mut pages = vec![shown(&bundle)];
    loop {
        assert_eq!(bundle["total"].as_count(), Some(expected as u64), "{query}: the total changes");
        let Some(next) = link(&bundle, "next") else { break };
        bundle = follow(client, &next).unwrap();
        pages.push(shown(&bundle));
    }
    let mut back = vec![shown(&bundle)];
    while let Some(previous) = link(&bundle, "previous") {
        bundle = follow(client, &previous).unwrap();
        back.push(shown(&bundle));
    }
    back.reverse();
    assert_eq!(pages, back, "{query}: the way back shows something else");
    let count = pages.len();
    (pages.concat(), count)
}

fn check_walk(client: &mut Client, dice: &mut Dice) -> usize {
    let size = 1 + dice.below(7);
    let all = usize::try_from(WRITERS * EACH).unwrap();
    let marked = usize::try_from(WRITERS * MARKED).unwrap();
    let (query, expected) = match dice.below(6) {
        0 => ("_sort=probability".to_owned(), all),
        1 => ("_sort=-probability,_id".to_owned(), all),
        2 => ("_sort=_id".to_owned(), all),
        3 => (String::new(), all),
        4 => ("identifier=urn:mark%7Cin&_sort=-probability".to_owned(), marked),
        _ => ("subject=Patient/in&_sort=_lastUpdated".to_owned(), marked),
    };
    let (found, pages) = walk(client, &format!("{query}&_count={size}&_total=accurate"), expected);
    let ids: BTreeSet<&str> = found.iter().map(|each| each.0.as_str()).collect();
    assert_eq!((found.len(), ids.len()), (expected, expected), "{query}: lost or doubled: {found:?}");
    if expected == all {
        let sum: u64 = found.iter().map(|each| each.2).sum();
        assert_eq!(sum, WRITERS * EACH * AMOUNT, "{query}: documents of several moments: {found:?}");
    }
    let amounts: Vec<u64> = found.iter().map(|each| each.2).collect();
    match query.as_str() {
        "_sort=probability" => assert!(amounts.is_sorted(), "{amounts:?}"),
        query if query.contains("-probability") => {
            assert!(amounts.iter().rev().is_sorted(), "{query}: {amounts:?}");
        }
        _ => {}
    }
    pages
}

fn holdings(writer: u64) -> Vec<Holding> {
    let one = |at| Holding { id: format!("w{writer}-first-{at}"), amount: AMOUNT, marked: at < MARKED };
    (0..EACH).map(one).collect()
}

fn walks_while_others_write(figure: &str, tenant: &Tenant) {
    let all: Vec<String> = (0..WRITERS).flat_map(holdings).map(|each| each.put()).collect();
    transaction(&mut tenant.server.client(), &all);
    let time = Duration::from_secs(if is_soak() { 120 } else { 6 });
    let (end, stop) = (Instant::now() + time, AtomicBool::new(false));
    let (walks, pages, writes) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (mut client, stop, writes) = (tenant.server.client(), &stop, &writes);
            scope.spawn(move || {
                let mut dice = Dice::new(Dice::seed() * 100 + writer);
                let mut holdings = holdings(writer);
                for step in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    write(&mut client, writer, &mut holdings, &mut dice, step);
                    writes.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let walkers: Vec<_> = (0..WALKERS)
            .map(|walker| {
                let (mut client, walks, pages) = (tenant.server.client(), &walks, &pages);
                scope.spawn(move || {
                    let mut dice = Dice::new(Dice::seed() * 100 + 50 + walker);
                    while Instant::now() < end {
                        pages.fetch_add(check_walk(&mut client, &mut dice), Ordering::Relaxed);
                        walks.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        // The writers end also when a walker panics.
        let ended: Vec<_> = walkers.into_iter().map(|walker| walker.join()).collect();
        stop.store(true, Ordering::Relaxed);
        ended.into_iter().for_each(|walker| walker.unwrap());
    });
    let [walks, pages, writes] = [walks, pages, writes].map(AtomicUsize::into_inner);
    assert!(walks >= 10 && writes >= 20, "{walks} walks during {writes} writes prove nothing");
    let line = format!(
        "{figure}: {walks} walks of {pages} pages and back during {writes} transactions, 0 differences"
    );
    publish(figure, &[line]);
}

#[test]
fn pages_hold_still_on_sqlite() {
    walks_while_others_write("paging-sqlite", &Tenant::start(&[]));
}

#[test]
fn pages_hold_still_on_postgres() {
    let database = postgres::database().unwrap();
    let urls = [("DATABASE_URL", &*database.serving_url), ("DATABASE_OWNER_URL", &database.owner_url)];
    walks_while_others_write("paging-postgres", &Tenant::start(&urls));
}
