//! What a server answered, and what is wrong with it.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::judge::Judge;
use crate::query::Search;

/// One page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The matches, as `Type/id`, in their order.
    pub matches: Vec<String>,
    /// What came with them.
    pub included: Vec<String>,
    /// `Bundle.total`
    pub total: Option<usize>,
}

/// All pages of a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// From the first to the last, through `next`.
    pub pages: Vec<Page>,
    /// From the last to the first, through `previous`; empty where this was not tried.
    pub backwards: Vec<Page>,
    /// What the client noticed on the way.
    pub noticed: Vec<String>,
}

/// What is wrong with an answer, and with which documents.
#[derive(Debug, Clone, Default)]
pub struct Complaints {
    /// In words.
    pub words: Vec<String>,
    /// The documents that should be there and are not, or the other way round.
    pub documents: BTreeSet<String>,
}

impl Complaints {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    fn say(&mut self, what: &str, names: BTreeSet<&str>) {
        if !names.is_empty() {
            self.words.push(format!("{what}: {}", names.iter().copied().collect::<Vec<_>>().join(", ")));
            self.documents.extend(names.into_iter().map(str::to_owned));
        }
    }
}

/// What a server without faults answers.
#[must_use]
pub fn right(judge: &Judge<'_>, search: &Search, matches: &[usize]) -> Answer {
    let mut order = matches.to_vec();
    order.sort_by(|a, b| judge.order(search, *a, *b).unwrap_or(Ordering::Equal));
    let name = |at: &usize| judge.world().documents()[*at].name();
    if search.only_count {
        let page = Page { total: Some(matches.len()), ..Page::default() };
        return Answer { pages: vec![page], ..Answer::default() };
    }
    let size = search.count.unwrap_or(order.len()).max(1);
    let mut pages: Vec<Page> = order
        .chunks(size)
        .map(|page| Page {
            matches: page.iter().map(name).collect(),
            included: judge.included(search, page).iter().map(name).collect(),
            total: Some(judge.total(matches.len(), page.len())),
        })
        .collect();
    if pages.is_empty() {
        pages.push(Page { total: Some(0), ..Page::default() });
    }
    let backwards = pages.iter().rev().cloned().collect();
    Answer { pages, backwards, noticed: Vec::new() }
}

/// What is wrong with an answer to a search that these documents match.
#[must_use]
pub fn complaints(judge: &Judge<'_>, search: &Search, matches: &[usize], answer: &Answer) -> Complaints {
    let mut complaints = Complaints { words: answer.noticed.clone(), ..Complaints::default() };
    let names: BTreeSet<String> = matches.iter().map(|at| judge.world().documents()[*at].name()).collect();
    totals(judge, search, names.len(), answer, &mut complaints);
    if search.only_count {
        if answer.pages.iter().any(|page| !page.matches.is_empty() || !page.included.is_empty()) {
            complaints.words.push("_summary=count has entries".to_owned());
        }
        return complaints;
    }
    let all: Vec<&str> = answer.pages.iter().flat_map(|page| &page.matches).map(String::as_str).collect();
    let got: BTreeSet<&str> = all.iter().copied().collect();
    let expected: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    complaints.say("not found", expected.difference(&got).copied().collect());
    complaints.say("found wrongly", got.difference(&expected).copied().collect());
    let twice = all.iter().enumerate().filter(|(at, name)| all[..*at].contains(name)).map(|(_, name)| *name);
    complaints.say("found twice", twice.collect());
    for pair in all.windows(2) {
        let [a, b] = [pair[0], pair[1]].map(|name| judge.world().place(name));
        if let (Some(a), Some(b)) = (a, b)
            && judge.order(search, a, b) == Some(Ordering::Greater)
        {
            complaints.words.push(format!("{} comes before {}", pair[0], pair[1]));
            complaints.documents.extend(pair.iter().map(|name| (*name).to_owned()));
        }
    }
    for (at, page) in answer.pages.iter().enumerate() {
        inclusions(judge, search, page, &mut complaints);
        let Some(count) = search.count else { continue };
        if page.matches.len() > count || page.matches.len() < count && at + 1 < answer.pages.len() {
            complaints.words.push(format!("page {at} has {} matches, not {count}", page.matches.len()));
        }
    }
    if !answer.backwards.is_empty() {
        let backwards: Vec<_> = answer.backwards.iter().rev().map(|page| &page.matches).collect();
        if backwards != answer.pages.iter().map(|page| &page.matches).collect::<Vec<_>>() {
            complaints.words.push(format!("the way back through `previous` is another: {backwards:?}"));
        }
    }
    complaints
}

fn totals(judge: &Judge<'_>, search: &Search, expected: usize, answer: &Answer, complaints: &mut Complaints) {
    let is_wanted = search.only_count || search.total == Some("accurate");
    for (at, page) in answer.pages.iter().enumerate() {
        let expected = judge.total(expected, page.matches.len());
        match page.total {
            None if is_wanted && at == 0 => complaints.words.push("no total".to_owned()),
            Some(total) if total != expected && search.total != Some("estimate") => {
                complaints.words.push(format!("the total is {total}, not {expected}"));
            }
            _ => {}
        }
    }
}

fn inclusions(judge: &Judge<'_>, search: &Search, page: &Page, complaints: &mut Complaints) {
    let places: Vec<usize> = page.matches.iter().filter_map(|name| judge.world().place(name)).collect();
    let names: BTreeSet<String> =
        judge.included(search, &places).iter().map(|at| judge.world().documents()[*at].name()).collect();
    let expected: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let got: BTreeSet<&str> = page.included.iter().map(String::as_str).collect();
    complaints.say("not included", expected.difference(&got).copied().collect());
    complaints.say("included wrongly", got.difference(&expected).copied().collect());
    if got.len() != page.included.len() {
        complaints.words.push("something is included twice".to_owned());
    }
}
