use vpr_fhir::search::Query;
use vpr_projection::{HistoryPosition, HistoryRequest, Hit, HitMode, Limits, PageRequest, Position};
use vpr_types::Seq;

use crate::asks::ask;
use crate::resources::Resources;
use crate::world::{World, query};

const SEQUENCES: u64 = 8;
const ROUNDS: usize = 5;
const ASKS: usize = 40;
const PAGE: usize = 4;

/// A page that can be compared.
#[derive(Debug, PartialEq)]
struct Seen {
    seq: Seq,
    hits: Vec<Hit>,
    total: Option<u64>,
    next: Option<Position>,
    previous: Option<Position>,
    includes_cut: bool,
}

fn page(world: &World, url: &str, query: &Query, request: &PageRequest) -> Seen {
    world.same(&(url, request), |each| {
        let mut page = each.search(&world.tenant, query, None, request)?;
        // What is included has no order.
        page.hits.sort_by_key(|hit| match hit.mode {
            HitMode::Match => None,
            HitMode::Include => Some((hit.resource.name(), hit.id.clone())),
        });
        let (next, previous) = (page.next, page.previous);
        Ok(Seen {
            seq: page.seq,
            hits: page.hits,
            total: page.total,
            next,
            previous,
            includes_cut: page.includes_cut,
        })
    })
}

/// All matches, page by page from where `request` says.
fn pages(world: &World, url: &str, query: &Query, mut request: PageRequest) -> Vec<String> {
    let mut found = Vec::new();
    loop {
        let mut page = page(world, url, query, &request);
        page.hits.retain(|hit| hit.mode == HitMode::Match);
        let names = page.hits.iter().map(|hit| format!("{}/{}", hit.resource.name(), hit.id));
        let backwards = request.from.as_ref().is_some_and(|from| from.backwards);
        if backwards {
            found.splice(0..0, names);
        } else {
            found.extend(names);
        }
        let next = if backwards { page.previous } else { page.next };
        let Some(next) = next else { return found };
        request = PageRequest { at: Some(page.seq), from: Some(next), total: false, ..request };
    }
}

#[test]
fn both_databases_answer_the_same() {
    for seed in 0..SEQUENCES {
        let world = World::new(Limits::default());
        let mut resources = Resources::new(seed);
        for _ in 0..ROUNDS {
            let count = 1 + resources.dice.below(30) as usize;
            world.apply(&resources.changes(count));
            world.same(&seed, |each| each.content(&world.tenant));
            for _ in 0..ASKS {
                let url = ask(&mut resources.dice);
                let query = query(&url);
                let first = PageRequest { limit: PAGE, total: true, ..PageRequest::default() };
                let total = page(&world, &url, &query, &first).total.unwrap();
                let all = pages(&world, &url, &query, first);
                assert_eq!(all.len() as u64, total, "{url}");
            }
            history(&world);
        }
    }
}

fn history(world: &World) {
    let mut before: Option<HistoryPosition> = None;
    loop {
        let request = HistoryRequest { before, limit: 7, total: true, ..HistoryRequest::default() };
        let next = world.same(&request, |each| {
            let page = each.history(&world.tenant, &request)?;
            Ok((page.seq, page.rows, page.total, page.next))
        });
        let Some(next) = next.3 else { break };
        before = Some(next);
    }
}

#[test]
fn a_result_set_stands_still_while_others_write() {
    for seed in 100..100 + SEQUENCES / 2 {
        let world = World::new(Limits::default());
        let mut resources = Resources::new(seed);
        world.apply(&resources.changes(40));
        let mut open = Vec::new();
        for _ in 0..ASKS {
            let url = ask(&mut resources.dice);
            let query = query(&url);
            let first = PageRequest { limit: PAGE, ..PageRequest::default() };
            let seen = page(&world, &url, &query, &first);
            let expected = pages(&world, &url, &query, first);
            open.push((url, query, seen, expected));
        }
        world.apply(&resources.changes(40));
        for (url, query, seen, expected) in &open {
            let at = PageRequest { at: Some(seen.seq), limit: PAGE, total: true, ..PageRequest::default() };
            assert_eq!(&pages(&world, url, query, at.clone()), expected, "{url}");
            // And back from the last place.
            let Some(next) = &seen.next else { continue };
            let ahead = PageRequest { from: Some(next.clone()), ..at.clone() };
            let second = page(&world, url, query, &ahead);
            let back = PageRequest { from: second.previous, ..at };
            let matches = |seen: &Seen| {
                seen.hits.iter().filter(|hit| hit.mode == HitMode::Match).cloned().collect::<Vec<_>>()
            };
            assert_eq!(matches(&page(&world, url, query, &back)), matches(seen), "{url}");
        }
    }
}
