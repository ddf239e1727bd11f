//! What is asked of a service: searches made from its documents, histories, `$everything`.

use vpr_http_tests::{Dice, Json, parse};
use vpr_search_tests::{Document, Judge, Scope, Search, World, search};
use vpr_service::{HistoryQuery, Operation, SearchScope, Target, pairs};

use crate::life::{BASE, Home, Life};

/// More pages are a walk in circles.
const PAGES_MAX: usize = 500;

/// How the page of a refusal begins.
const REFUSED: &str = "refused";

/// One question, whose answer may have several pages.
#[derive(Debug, Clone)]
pub enum Question {
    Search(SearchScope, String),
    History(Option<String>, usize),
    Everything(String, usize),
}

/// All pages of an answer, without links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages(pub Vec<String>);

/// What to ask: so many searches that find something, and the rest.
pub fn questions(home: &Home, life: &Life, searches: u64) -> Vec<Question> {
    let mut dice = Dice::new(home.seed.wrapping_add(7));
    let world = world(life);
    let mut all = vec![Question::History(None, 1 + usize::try_from(dice.below(30)).unwrap())];
    let documents = world.documents();
    if documents.is_empty() {
        return all;
    }
    let now = documents.iter().map(|each| each.last_updated()).max().unwrap();
    let judge = Judge::new(&world, now).at(BASE);
    let mut seed = home.seed * 1_000;
    while (all.len() as u64) <= searches {
        let (search, matches) = search(&judge, seed, &mut |_| {});
        seed += 1;
        // One in eight may find nothing.
        if !matches.is_empty() || seed.is_multiple_of(8) {
            all.push(asked(search, &mut dice));
        }
    }
    let of_type = dice.pick(documents).type_name.clone();
    all.push(Question::History(Some(of_type), 1 + usize::try_from(dice.below(5)).unwrap()));
    let patients: Vec<&Document> = documents.iter().filter(|each| each.type_name == "Patient").collect();
    if !patients.is_empty() {
        let patient = dice.pick(&patients).id.clone();
        all.push(Question::Everything(patient, 1 + usize::try_from(dice.below(5)).unwrap()));
    }
    all
}

fn asked(mut search: Search, dice: &mut Dice) -> Question {
    search.by_form = false;
    if search.count.is_some_and(|count| count > 5) {
        search.count = Some(1 + usize::try_from(dice.below(5)).unwrap());
    }
    let scope = match &search.scope {
        Scope::System(_) => SearchScope::System,
        Scope::Type(name) => SearchScope::Type(name.clone()),
        Scope::Compartment(owner, id, type_name) => {
            SearchScope::Compartment { owner: owner.clone(), id: id.clone(), type_name: type_name.clone() }
        }
    };
    Question::Search(scope, search.parameters())
}

/// The documents that stand, read one by one.
fn world(life: &Life) -> World {
    let mut names = Vec::new();
    let is_resource = |name: &str| name.starts_with(|first: char| first.is_ascii_uppercase());
    life.engine
        .documents(&life.tenant, None, &mut |name, row| {
            if row.object.is_some() && is_resource(name.collection()) {
                names.push(name);
            }
            true
        })
        .unwrap();
    let read = |name: &vpr_types::DocumentName| {
        let target = Target { type_name: name.collection().to_owned(), id: name.id().to_owned() };
        let answer = life.perform(Operation::Read { target, conditions: Default::default() }).unwrap();
        Document::new(json(&answer))
    };
    World::new(names.iter().map(read).collect())
}

fn json(answer: &vpr_service::Answer) -> Json {
    parse(std::str::from_utf8(answer.body.as_ref().unwrap()).unwrap()).unwrap()
}

impl Question {
    /// Asks and follows the links to the last page. A refusal is an answer too.
    pub fn ask(&self, life: &Life) -> Pages {
        let mut pages = Vec::new();
        let mut next = Some(self.first());
        while let Some(operation) = next.take() {
            let answer = match life.perform(operation) {
                Ok(answer) => answer,
                Err(failure) => {
                    pages.push(format!("{REFUSED}: {failure:?}"));
                    break;
                }
            };
            assert!(answer.warning.is_none(), "{self:?}: {:?}", answer.warning);
            let mut bundle = json(&answer);
            let links = bundle.remove("link").unwrap_or(Json::Array(Vec::new()));
            let link = links.items().iter().find(|link| link["relation"] == "next");
            let query = link.and_then(|link| link["url"].as_str()?.split_once('?')).map(|(_, query)| query);
            next = query.map(|query| self.following(query));
            pages.push(bundle.to_string());
            assert!(pages.len() < PAGES_MAX, "{self:?} has no last page");
        }
        Pages(pages)
    }

    fn first(&self) -> Operation {
        match self {
            Self::Search(scope, query) => {
                Operation::Search { scope: scope.clone(), parameters: pairs(query).unwrap(), handling: None }
            }
            Self::History(type_name, count) => {
                history(type_name.as_ref(), HistoryQuery { count: Some(*count), ..HistoryQuery::default() })
            }
            Self::Everything(id, count) => everything(id, vec![("_count".to_owned(), count.to_string())]),
        }
    }

    fn following(&self, query: &str) -> Operation {
        let parameters = pairs(query).unwrap();
        match self {
            Self::Search(scope, _) => Operation::Search { scope: scope.clone(), parameters, handling: None },
            Self::History(type_name, _) => {
                let cursor =
                    parameters.into_iter().find(|(name, _)| name == "_cursor").map(|(_, value)| value);
                history(type_name.as_ref(), HistoryQuery { cursor, ..HistoryQuery::default() })
            }
            Self::Everything(id, _) => everything(id, parameters),
        }
    }

    pub fn is_search(&self) -> bool {
        matches!(self, Self::Search(..))
    }

    /// What coverage calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Search(..) => "searches",
            Self::History(..) => "histories",
            Self::Everything(..) => "everything of a patient",
        }
    }
}

fn history(type_name: Option<&String>, query: HistoryQuery) -> Operation {
    match type_name {
        Some(type_name) => Operation::HistoryType { type_name: type_name.clone(), query },
        None => Operation::HistorySystem { query },
    }
}

fn everything(id: &str, parameters: Vec<(String, String)>) -> Operation {
    let target = Target { type_name: "Patient".to_owned(), id: id.to_owned() };
    Operation::Everything { target, parameters }
}

impl Pages {
    /// Whether it could not be answered.
    pub fn refused(&self) -> bool {
        self.0.last().is_some_and(|page| page.starts_with(REFUSED))
    }

    /// Whether there is a resource on any page.
    pub fn found(&self) -> bool {
        self.0.iter().any(|page| page.contains("\"fullUrl\""))
    }
}
