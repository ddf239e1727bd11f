//! The least search that still fails.

use crate::query::{Criterion, Search};

/// Leaves out one part after the other as long as `fails` holds.
#[must_use]
pub fn shrink(search: &Search, mut fails: impl FnMut(&Search) -> bool) -> Search {
    let mut least = search.clone();
    while let Some(smaller) = smaller(&least).into_iter().find(|each| fails(each)) {
        least = smaller;
    }
    least
}

fn smaller(search: &Search) -> Vec<Search> {
    let mut smaller = Vec::new();
    let mut with = |change: &dyn Fn(&mut Search)| {
        let mut each = search.clone();
        change(&mut each);
        if each != *search {
            smaller.push(each);
        }
    };
    for at in 0..search.criteria.len() {
        with(&|each| drop(each.criteria.remove(at)));
    }
    for at in 0..search.inclusions.len() {
        with(&|each| drop(each.inclusions.remove(at)));
    }
    for at in 0..search.sort.len() {
        with(&|each| drop(each.sort.remove(at)));
    }
    with(&|each| each.count = None);
    with(&|each| each.total = None);
    with(&|each| each.only_count = false);
    with(&|each| each.by_form = false);
    for (at, criterion) in search.criteria.iter().enumerate() {
        for less in fewer_values(criterion) {
            with(&|each| each.criteria[at] = less.clone());
        }
    }
    smaller
}

fn fewer_values(criterion: &Criterion) -> Vec<Criterion> {
    let without = |length: usize| if length > 1 { 0..length } else { 0..0 };
    match criterion {
        Criterion::Id(ids) => without(ids.len())
            .map(|at| {
                let mut ids = ids.clone();
                ids.remove(at);
                Criterion::Id(ids)
            })
            .collect(),
        Criterion::LastUpdated(dates) => without(dates.len())
            .map(|at| {
                let mut dates = dates.clone();
                dates.remove(at);
                Criterion::LastUpdated(dates)
            })
            .collect(),
        Criterion::Has(code, modifier, asks) => without(asks.len())
            .map(|at| {
                let mut asks = asks.clone();
                asks.remove(at);
                Criterion::Has(code.clone(), modifier.clone(), asks)
            })
            .collect(),
        Criterion::Missing(..) => Vec::new(),
        Criterion::Chain(code, target, rest) => fewer_values(rest)
            .into_iter()
            .map(|rest| Criterion::Chain(code.clone(), target.clone(), Box::new(rest)))
            .collect(),
        Criterion::Reverse(source, by, rest) => fewer_values(rest)
            .into_iter()
            .map(|rest| Criterion::Reverse(source.clone(), by.clone(), Box::new(rest)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Ask, Modifier, Scope};

    #[test]
    fn what_does_not_matter_falls_away() {
        let code = |code: &str| Ask::Code(code.to_owned());
        let has = |name: &str, asks| Criterion::Has(name.to_owned(), Modifier::None, asks);
        let mut search = Search::of(Scope::Type("Patient".to_owned()));
        search.criteria =
            vec![has("gender", vec![code("male")]), has("active", vec![code("x"), code("true")])];
        search.sort = vec![("name".to_owned(), true)];
        search.count = Some(2);
        let least = shrink(&search, |each| each.parameters().contains("true"));
        assert_eq!(least.url(), "/Patient?active=true");
    }
}
