//! The generated searches tell a right server from one that makes a mistake: for each planted
//! mistake, the judge has complaints about what a server that makes it answers.

use vpr_search_tests::{Coverage, Flaw, Judge, Search, complaints, right, search, settled};

const NOW: &str = "2026-01-02";
/// When so many searches saw it, the rest need not look.
const ENOUGH: usize = 5;
/// So many searches must do to see a mistake; a run against a server asks more.
const SEARCHES: u64 = 2_000;

#[test]
fn each_planted_mistake_is_noticed() {
    let world = settled(1);
    let judge = Judge::new(&world, NOW);
    let (mut coverage, mut open) = (Coverage::default(), std::collections::BTreeMap::new());
    let mut asked = Vec::new();
    for seed in 1..=SEARCHES {
        let (search, matches) = search(&judge, seed, &mut |why| *open.entry(why).or_insert(0_usize) += 1);
        coverage.add(&search, !matches.is_empty());
        let answer = right(&judge, &search, &matches);
        let wrong = complaints(&judge, &search, &matches, &answer);
        assert!(wrong.is_empty(), "the judge disagrees with itself: {} {:?}", search.url(), wrong.words);
        asked.push((search, matches));
    }
    println!("{}", coverage.lines().join("\n"));
    println!("left out because the standard leaves it open: {open:#?}");
    let mut unnoticed = Vec::new();
    for flaw in Flaw::ALL {
        let mistaken = Judge::with_flaw(&world, NOW, flaw);
        let sees = |(search, matches): &&(Search, Vec<usize>)| match mistaken.matches(search) {
            // Where a mistaken one finds what nobody orders, nothing can be said of its order.
            Ok(wrong) if wrong.iter().any(|at| mistaken.order(search, *at, *at).is_none()) => false,
            Ok(wrong) => {
                let answer = right(&mistaken, search, &wrong);
                !complaints(&judge, search, matches, &answer).is_empty()
            }
            Err(_) => false,
        };
        let noticed = asked.iter().filter(sees).take(ENOUGH).count();
        println!("{noticed:5}  {flaw:?}: {}", flaw.words());
        if noticed == 0 {
            unnoticed.push(flaw);
        }
    }
    assert!(unnoticed.is_empty(), "no search notices {unnoticed:?}");
    assert!(coverage.lacking().is_empty(), "{:#?}", coverage.lacking());
    assert!(coverage.found_percent() >= 40, "{}", coverage.found_percent());
}
