//! The naive evaluator: looks at every document for every question.
//!
//! [`value`] says what a resource says to a parameter, [`compare`] whether that is what was asked
//! for, [`Judge::holds`] puts conditions together, [`order`] and [`include`] say what a page looks
//! like. [`Flaw`] are mistakes that it makes on demand.

mod compare;
mod flaw;
mod fold;
mod include;
mod order;
mod reason;
mod value;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

pub use flaw::Flaw;
pub(crate) use value::{Amount, Extent, Found, Reference, System, Value, find, split_reference};

use crate::definitions::{Parameter, definitions};
use crate::moment::Span;
use crate::query::{Ask, Criterion, Modifier, Scope, Search};
use crate::verdict::Verdict;
use crate::world::World;

/// Chains that are cut look at so many targets.
const CUT: usize = 20;

/// Says what a search must find in a world.
pub struct Judge<'w> {
    world: &'w World,
    flaw: Option<Flaw>,
    now: i64,
    base: String,
    found: RefCell<HashMap<(usize, &'static str), Rc<Found>>>,
}

impl<'w> Judge<'w> {
    /// A right judge; `now` as a date of today.
    #[must_use]
    pub fn new(world: &'w World, now: &str) -> Self {
        let base = "http://this.example/fhir".to_owned();
        Self { world, flaw: None, now: Span::of(now).low, base, found: RefCell::default() }
    }

    /// One that makes a mistake.
    #[must_use]
    pub fn with_flaw(world: &'w World, now: &str, flaw: Flaw) -> Self {
        Self { flaw: Some(flaw), ..Self::new(world, now) }
    }

    /// The same for a server at this base URL, which stands for its own resources.
    #[must_use]
    pub fn at(mut self, base: &str) -> Self {
        base.clone_into(&mut self.base);
        self
    }

    /// Where the server is.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn is_mistaken(&self) -> bool {
        self.flaw.is_some()
    }

    fn now(&self) -> i64 {
        self.now
    }

    /// The world that it judges.
    #[must_use]
    pub fn world(&self) -> &'w World {
        self.world
    }

    /// What a document says to a parameter that its type has.
    ///
    /// # Panics
    /// When its type does not have it.
    pub fn values(&self, at: usize, code: &str) -> Rc<Found> {
        let document = &self.world.documents()[at];
        let parameter = definitions()
            .parameter(&document.type_name, code)
            .unwrap_or_else(|| panic!("{} has no {code}", document.type_name));
        if let Some(found) = self.found.borrow().get(&(at, parameter.code)) {
            return Rc::clone(found);
        }
        let mut found = find(parameter, &document.content);
        if self.has(Flaw::OnlyFirstValue) {
            found.values.truncate(1);
        }
        if self.has(Flaw::NameIsFamily)
            && found.values.iter().any(|value| matches!(value, Value::FamilyName(_)))
        {
            found.values.retain(|value| matches!(value, Value::FamilyName(_)));
        }
        if self.has(Flaw::CompositeAcrossElements) {
            mix(&mut found.values);
        }
        let found = Rc::new(found);
        self.found.borrow_mut().insert((at, parameter.code), Rc::clone(&found));
        found
    }

    fn parameter(&self, at: usize, code: &str) -> Option<&'static Parameter> {
        definitions().parameter(&self.world.documents()[at].type_name, code)
    }

    /// Which documents match, or the reason why the standard does not say.
    ///
    /// # Errors
    /// When whether one of them matches is open.
    pub fn matches(&self, search: &Search) -> Result<Vec<usize>, &'static str> {
        let mut matches = Vec::new();
        for at in 0..self.world.documents().len() {
            match self.is_match(search, at) {
                Verdict::Yes => matches.push(at),
                Verdict::No => {}
                Verdict::Open(why) => return Err(why),
            }
        }
        Ok(matches)
    }

    /// The total that a page shows.
    #[must_use]
    pub fn total(&self, matches: usize, on_page: usize) -> usize {
        if self.has(Flaw::TotalOfPage) { on_page } else { matches }
    }

    fn is_match(&self, search: &Search, at: usize) -> Verdict {
        let scope = self.is_in_scope(&search.scope, at);
        if scope != Verdict::Yes {
            return scope;
        }
        let mut criteria: Vec<&Criterion> = search.criteria.iter().collect();
        if self.has(Flaw::OnlyLastRepeat) {
            let names: Vec<String> = criteria.iter().map(|each| head(each)).collect();
            let mut at = 0;
            criteria.retain(|_| {
                at += 1;
                !names[at..].contains(&names[at - 1])
            });
        }
        Verdict::all(criteria.iter().map(|criterion| self.holds(at, criterion)))
    }

    fn is_in_scope(&self, scope: &Scope, at: usize) -> Verdict {
        let document = &self.world.documents()[at];
        match scope {
            Scope::Type(name) => (document.type_name == *name).into(),
            Scope::System(_) if self.has(Flaw::SystemTypesIgnored) => Verdict::Yes,
            Scope::System(types) => (types.is_empty() || types.contains(&document.type_name)).into(),
            Scope::Compartment(owner, id, name) => {
                if name.as_ref().is_some_and(|name| *name != document.type_name) {
                    return Verdict::No;
                }
                self.is_in_compartment(owner, id, at)
            }
        }
    }

    /// R4 §2.2: by the parameters that the compartment's definition names. The owner is in its own,
    /// which R4 says (`{def}`) of encounters and devices, and means of the others.
    fn is_in_compartment(&self, owner: &str, id: &str, at: usize) -> Verdict {
        let document = &self.world.documents()[at];
        if document.type_name == owner && document.id == id {
            return Verdict::Yes;
        }
        let mut parameters = definitions().compartment(owner, &document.type_name);
        if self.has(Flaw::CompartmentFirstParameter) {
            parameters = &parameters[..parameters.len().min(1)];
        }
        let refers = |code: &&str| self.refers(at, code, owner, id);
        parameters.iter().any(refers).into()
    }

    /// Whether a document refers to that resource by that parameter.
    fn refers(&self, at: usize, code: &str, type_name: &str, id: &str) -> bool {
        let points = |value: &Value| match value {
            Value::Reference(Reference::Local(_, _, Some(_))) if self.has(Flaw::VersionedReferenceLost) => {
                false
            }
            Value::Reference(Reference::Local(its_type, its_id, _)) => its_type == type_name && its_id == id,
            _ => false,
        };
        self.parameter(at, code).is_some() && self.values(at, code).values.iter().any(points)
    }

    /// Whether a document meets a condition. A parameter that its type does not have is not met.
    pub fn holds(&self, at: usize, criterion: &Criterion) -> Verdict {
        let document = &self.world.documents()[at];
        match criterion {
            Criterion::Id(ids) => ids.contains(&document.id).into(),
            Criterion::LastUpdated(_) if self.has(Flaw::LastUpdatedIgnored) => Verdict::Yes,
            Criterion::LastUpdated(dates) => {
                let value = Value::Date(Span::of(document.last_updated()));
                let ask = |(prefix, text): &(_, String)| Ask::Date(*prefix, text.clone());
                Verdict::any(dates.iter().map(|date| self.passes(&ask(date), &Modifier::None, &value)))
            }
            Criterion::Has(code, modifier, asks) => self.has_value(at, code, modifier, asks),
            Criterion::Missing(code, missing) => {
                if self.parameter(at, code).is_none() {
                    return Verdict::No;
                }
                let found = self.values(at, code);
                let is_clear = |value: &&Value| !matches!(value, Value::Unclear(_));
                match found.values.iter().find(is_clear).is_none() {
                    true if found.bare || !found.values.is_empty() => {
                        Verdict::Open("whether an element without a value is missing")
                    }
                    is_missing => (self.has(Flaw::MissingTurned) != (is_missing == *missing)).into(),
                }
            }
            Criterion::Chain(code, target, rest) => self.chain(at, code, target.as_deref(), rest),
            Criterion::Reverse(source, by, rest) => self.reverse(at, source, by, rest),
        }
    }

    fn has_value(&self, at: usize, code: &str, modifier: &Modifier, asks: &[Ask]) -> Verdict {
        if self.parameter(at, code).is_none() {
            return Verdict::No;
        }
        let asks = if self.has(Flaw::OnlyFirstAlternative) { &asks[..1] } else { asks };
        let found = self.values(at, code);
        let each = |value: &Value| Verdict::any(asks.iter().map(|ask| self.passes(ask, modifier, value)));
        let any = Verdict::any(found.values.iter().map(each));
        match modifier {
            Modifier::Not if found.values.is_empty() && self.has(Flaw::NotNeedsValue) => Verdict::No,
            Modifier::Not => any.opposite(),
            _ => any,
        }
    }

    /// R4 §3.1.1.4.14
    fn chain(&self, at: usize, code: &str, target: Option<&str>, rest: &Criterion) -> Verdict {
        let Some(parameter) = self.parameter(at, code) else { return Verdict::No };
        let target = if self.has(Flaw::ChainTypeIgnored) { None } else { target };
        let mut types: Vec<&str> = parameter.targets.clone();
        if self.has(Flaw::ChainFirstTargetType) {
            types.truncate(1);
        }
        let found = self.values(at, code);
        Verdict::any(found.values.iter().map(|value| {
            let Value::Reference(Reference::Local(type_name, id, version)) = value else {
                return Verdict::No;
            };
            if target.map_or(!types.contains(&type_name.as_str()), |target| target != type_name)
                || version.is_some() && self.has(Flaw::VersionedReferenceLost)
            {
                return Verdict::No;
            }
            let Some(there) = self.world.place(&format!("{type_name}/{id}")) else { return Verdict::No };
            if self.has(Flaw::ChainCut) && self.is_cut(there, rest) {
                return Verdict::No;
            }
            self.holds(there, rest)
        }))
    }

    /// R4 §3.1.1.4.15
    fn reverse(&self, at: usize, source: &str, by: &str, rest: &Criterion) -> Verdict {
        let document = &self.world.documents()[at];
        let refers = |from: usize| match self.has(Flaw::ReverseParameterIgnored) {
            true => {
                let references = definitions()
                    .parameters(source)
                    .filter(|each| !each.targets.is_empty())
                    .map(|each| each.code);
                references.into_iter().any(|code| self.refers(from, code, &document.type_name, &document.id))
            }
            false => self.refers(from, by, &document.type_name, &document.id),
        };
        let sources = self.world.documents().iter().enumerate();
        Verdict::any(sources.filter(|(_, each)| each.type_name == source).map(|(from, _)| {
            if !refers(from) || self.has(Flaw::ChainCut) && self.is_cut(from, rest) {
                return Verdict::No;
            }
            self.holds(from, rest)
        }))
    }

    /// Whether so many documents of its type meet the condition before this one that a list of ids
    /// would be full.
    fn is_cut(&self, at: usize, rest: &Criterion) -> bool {
        let type_name = &self.world.documents()[at].type_name;
        let before = self.world.documents()[..at].iter().enumerate();
        let meets = |(at, each): &(usize, &crate::world::Document)| {
            each.type_name == *type_name && self.holds(*at, rest) == Verdict::Yes
        };
        before.filter(meets).nth(CUT - 1).is_some()
    }
}

/// Whether a type has the parameter that a condition begins with.
#[must_use]
pub(crate) fn knows(type_name: &str, criterion: &Criterion) -> bool {
    match criterion {
        Criterion::Id(_) | Criterion::LastUpdated(_) | Criterion::Reverse(..) => true,
        Criterion::Has(code, ..) | Criterion::Missing(code, _) | Criterion::Chain(code, ..) => {
            definitions().parameter(type_name, code).is_some()
        }
    }
}

/// The name of a condition as a caller repeats it.
#[must_use]
pub(crate) fn head(criterion: &Criterion) -> String {
    match criterion {
        Criterion::Id(_) => "_id".to_owned(),
        Criterion::LastUpdated(_) => "_lastUpdated".to_owned(),
        Criterion::Has(code, ..) | Criterion::Missing(code, _) => code.clone(),
        Criterion::Chain(code, _, rest) => format!("{code}.{}", head(rest)),
        Criterion::Reverse(source, by, rest) => format!("_has:{source}:{by}:{}", head(rest)),
    }
}

/// One composite with the parts of all.
fn mix(values: &mut Vec<Value>) {
    let mut all: Vec<Vec<Value>> = Vec::new();
    for value in values.iter() {
        let Value::Composite(parts) = value else { return };
        all.resize(parts.len(), Vec::new());
        for (all, part) in all.iter_mut().zip(parts) {
            all.extend(part.iter().cloned());
        }
    }
    if !all.is_empty() {
        *values = vec![Value::Composite(all)];
    }
}
