//! Searches made from what is there: each has a seed of its own, so that one that failed can be
//! asked again alone.

mod asks;
mod coverage;
mod leads;
mod write;

use vpr_http_tests::Dice;

pub use coverage::Coverage;
use leads::leads;

use crate::data::TYPES;
use crate::definitions::{Kind, Parameter, definitions};
use crate::judge::{Judge, Reference, Value};
use crate::moment::Span;
use crate::query::{Criterion, Inclusion, Modifier, Prefix, Scope, Search};
use crate::world::Document;

/// Parameters that are not asked for: what the standard leaves to servers, and one whose definition
/// in the standard has its two parts exchanged.
const LEFT_OUT: [&str; 4] = ["phonetic", "near", "relationship", "_query"];

/// Parameters that look at canonical URLs.
const CANONICAL: [&str; 5] = ["instantiates-canonical", "questionnaire", "base", "valueset", "derived-from"];

/// The types with the rarer kinds of values.
const RICH: [&str; 11] = [
    "ChargeItem",
    "Condition",
    "DocumentReference",
    "Encounter",
    "MolecularSequence",
    "Observation",
    "Observation",
    "Patient",
    "RiskAssessment",
    "StructureDefinition",
    "ValueSet",
];

/// So deep chains go.
const DEPTH_MAX: usize = 4;

/// Makes searches for a world.
pub(crate) struct Generator<'j, 'w> {
    judge: &'j Judge<'w>,
    dice: Dice,
    /// Whether values are asked for as they are.
    plain: bool,
}

/// The search of a seed; the first that the standard decides, of those that the seed gives. Why the
/// others were left out goes to `left_out`.
pub fn search(judge: &Judge<'_>, seed: u64, left_out: &mut dyn FnMut(&'static str)) -> (Search, Vec<usize>) {
    let dice = Dice::new(seed.wrapping_mul(0x1000_0001).wrapping_add(77));
    let mut generator = Generator { judge, dice, plain: false };
    loop {
        let Some(search) = generator.search() else { continue };
        match judge.matches(&search) {
            Ok(matches) if matches.iter().any(|at| judge.order(&search, *at, *at).is_none()) => {
                left_out("how some value sorts");
            }
            Ok(matches) => return (search, matches),
            Err(why) => left_out(why),
        }
    }
}

impl Generator<'_, '_> {
    fn one_in(&mut self, sides: u64) -> bool {
        self.dice.below(sides) == 0
    }

    /// A search made so that one document, the witness, mostly fulfills it.
    fn search(&mut self) -> Option<Search> {
        let type_name = self.type_name();
        let there = self.documents(type_name);
        if there.is_empty() {
            return None;
        }
        let witness = *self.dice.pick(&there);
        let mut search = Search::of(self.scope(witness)?);
        let types: Vec<String> = match &search.scope {
            Scope::Type(name) | Scope::Compartment(_, _, Some(name)) => vec![name.clone()],
            Scope::System(types) => types.clone(),
            Scope::Compartment(_, _, None) => Vec::new(),
        };
        let count = [1, 1, 1, 1, 2, 2, 3][usize::try_from(self.dice.below(7)).unwrap()];
        let none = matches!(search.scope, Scope::Compartment(..) | Scope::System(_)) && self.one_in(2);
        for _ in 0..if none { 0 } else { count } {
            search.criteria.push(match &types[..] {
                [_] => self.criterion(witness, DEPTH_MAX)?,
                types => self.common(types, witness)?,
            });
        }
        if let [name] = &types[..] {
            if self.one_in(12) && !search.criteria.is_empty() {
                // The same parameter again, with other values.
                let again = self.again(witness, &search.criteria[0].clone())?;
                search.criteria.push(again);
            }
            if self.one_in(2) {
                self.sort(name, &mut search);
            }
            if self.one_in(4) {
                self.inclusions(name, &mut search)?;
            }
        } else if self.one_in(3) {
            let name = if self.one_in(2) { "_id" } else { "_lastUpdated" };
            search.sort.push((name.to_owned(), self.one_in(2)));
        }
        if self.one_in(2) {
            search.count = Some([1, 2, 3, 5, 10, 20][usize::try_from(self.dice.below(6)).unwrap()]);
        }
        search.total = [None, None, Some("accurate"), Some("none"), Some("estimate")]
            [usize::try_from(self.dice.below(5)).unwrap()];
        search.only_count = self.one_in(15);
        search.by_form = self.one_in(8) && !matches!(search.scope, Scope::Compartment(..));
        Some(search)
    }

    fn type_name(&mut self) -> &'static str {
        // The types with the most kinds of values more often.
        if self.one_in(2) {
            return self.dice.pick::<&str>(&RICH);
        }
        self.dice.pick::<&str>(&TYPES)
    }

    fn scope(&mut self, witness: usize) -> Option<Scope> {
        let type_name = self.document(witness).type_name.clone();
        Some(match self.dice.below(12) {
            0 => {
                let count = self.dice.below(4);
                let mut types: Vec<String> = (1..count).map(|_| self.type_name().to_owned()).collect();
                types.extend((count > 0).then_some(type_name));
                types.sort();
                types.dedup();
                Scope::System(types)
            }
            1 | 2 => {
                let mut owners: Vec<(String, String)> = Vec::new();
                for owner in ["Patient", "Encounter", "Practitioner", "RelatedPerson", "Device"] {
                    for code in definitions().compartment(owner, &type_name) {
                        let Some(parameter) = definitions().parameter(&type_name, code) else { continue };
                        owners.extend(
                            self.targets(witness, parameter.code).into_iter().filter(|to| to.0 == owner),
                        );
                    }
                }
                if owners.is_empty() {
                    return None;
                }
                let (owner, id) = self.dice.pick(&owners).clone();
                let member = (!self.one_in(4)).then_some(type_name);
                Scope::Compartment(owner, id, member)
            }
            _ => Scope::Type(type_name),
        })
    }

    fn document(&self, at: usize) -> &Document {
        &self.judge.world().documents()[at]
    }

    fn documents(&self, type_name: &str) -> Vec<usize> {
        let documents = self.judge.world().documents().iter().enumerate();
        documents.filter(|(_, each)| each.type_name == type_name).map(|(at, _)| at).collect()
    }

    /// The resources of this server that a document refers to by a parameter.
    fn targets(&self, at: usize, code: &str) -> Vec<(String, String)> {
        let found = self.judge.values(at, code);
        let target = |value: &Value| match value {
            Value::Reference(Reference::Local(target, id, _)) => Some((target.clone(), id.clone())),
            _ => None,
        };
        found.values.iter().filter_map(target).collect()
    }

    /// A condition that makes sense for all these types.
    fn common(&mut self, types: &[String], witness: usize) -> Option<Criterion> {
        let shared: Vec<&Parameter> = definitions()
            .parameters(&self.document(witness).type_name)
            .filter(|each| types.iter().all(|other| kind(other, each.code) == Some(each.kind)))
            .filter(|each| !types.is_empty() || each.code.starts_with('_'))
            // The parts of composites differ from type to type.
            .filter(|each| is_asked(each) && each.kind != Kind::Composite)
            .collect();
        let parameter = *self.dice.pick(&shared);
        self.about(witness, parameter)
    }

    /// A condition on resources of the witness's type.
    fn criterion(&mut self, witness: usize, depth: usize) -> Option<Criterion> {
        match self.dice.below(16) {
            0..=2 if depth > 0 => return self.chain(witness, depth),
            3 | 4 if depth > 0 => return self.reverse(witness, depth),
            _ => {}
        }
        let type_name = self.document(witness).type_name.clone();
        let parameters: Vec<&Parameter> =
            definitions().parameters(&type_name).filter(|each| is_asked(each)).collect();
        if self.one_in(12) {
            // What all resources have.
            let code = *self.dice.pick(&["_tag", "_security", "_profile", "_source", "_lastUpdated"]);
            return self.about(witness, definitions().parameter(&type_name, code)?);
        }
        // Each kind as often as another, of those that the witness has something to say to: tokens and
        // references would drown the rest.
        let class = |each: &Parameter| (each.kind, CANONICAL.contains(&each.code));
        let mut classes: Vec<(Kind, bool)> = parameters
            .iter()
            .filter(|each| !self.judge.values(witness, each.code).values.is_empty())
            .map(|each| class(each))
            .collect();
        classes.sort();
        classes.dedup();
        let class_wanted = *self.dice.pick(&classes);
        let equal = self.one_in(2);
        let mut pool: Vec<&Parameter> =
            parameters.into_iter().filter(|each| !equal || class(each) == class_wanted).collect();
        if equal && class_wanted.0 == Kind::Composite {
            // Of one value alone no parts can be mixed up.
            let most = pool.iter().map(|each| self.judge.values(witness, each.code).values.len()).max();
            pool.retain(|each| Some(self.judge.values(witness, each.code).values.len()) == most);
        }
        let parameter = *self.dice.pick(&pool);
        self.about(witness, parameter)
    }

    /// A condition by one parameter, mostly about what the witness has there.
    fn about(&mut self, witness: usize, parameter: &Parameter) -> Option<Criterion> {
        let documents = self.documents(&self.document(witness).type_name.clone());
        let one = |its: &mut Self| if its.one_in(5) { *its.dice.pick(&documents) } else { witness };
        match parameter.code {
            "_id" => {
                let ids = (0..1 + self.dice.below(3)).map(|_| {
                    let at = one(self);
                    self.document(at).id.clone()
                });
                return Some(Criterion::Id(ids.collect()));
            }
            "_lastUpdated" => {
                let dates = (0..1 + self.dice.below(2)).map(|_| {
                    let at = one(self);
                    let span = Span::of(self.document(at).last_updated());
                    (*self.dice.pick(&Prefix::ALL), self.moment(span))
                });
                return Some(Criterion::LastUpdated(dates.collect()));
            }
            _ => {}
        }
        if self.one_in(10) && parameter.kind != Kind::Composite {
            return Some(Criterion::Missing(parameter.code.to_owned(), self.one_in(2)));
        }
        let mut modifier = self.modifier(parameter);
        let count = if self.one_in(3) { 2 + self.dice.below(2) } else { 1 };
        let mut asks = Vec::new();
        for _ in 0..count {
            let at = one(self);
            let values = self.judge.values(at, parameter.code).values.clone();
            if values.is_empty() {
                continue;
            }
            let mut value = self.dice.pick(&values).clone();
            let is_logical = matches!(value, Value::Reference(Reference::Logical(..)));
            if asks.is_empty() && is_logical {
                modifier = Modifier::Identifier;
            } else if is_logical != (modifier == Modifier::Identifier) {
                continue;
            }
            if !self.one_in(3) {
                value = self.mixed(value, &values);
            }
            // One type stands for all values.
            let mut its_own = modifier.clone();
            let ask = self.ask(&value, &mut its_own)?;
            if asks.is_empty() {
                modifier = its_own.clone();
            }
            if its_own == modifier {
                asks.push(ask);
            }
        }
        (!asks.is_empty()).then(|| Criterion::Has(parameter.code.to_owned(), modifier, asks))
    }

    /// A composite with parts of several.
    fn mixed(&mut self, value: Value, values: &[Value]) -> Value {
        let Value::Composite(parts) = &value else { return value };
        let parts = (0..parts.len()).map(|at| match self.dice.pick(values) {
            Value::Composite(parts) => parts[at].clone(),
            other => vec![other.clone()],
        });
        Value::Composite(parts.collect())
    }

    fn again(&mut self, witness: usize, criterion: &Criterion) -> Option<Criterion> {
        let type_name = self.document(witness).type_name.clone();
        match criterion {
            Criterion::Has(code, ..) => self.about(witness, definitions().parameter(&type_name, code)?),
            Criterion::Id(_) => self.about(witness, definitions().parameter(&type_name, "_id")?),
            other => Some(other.clone()),
        }
    }

    /// A reference that the witness has, followed by a condition on where it points.
    fn chain(&mut self, witness: usize, depth: usize) -> Option<Criterion> {
        let type_name = self.document(witness).type_name.clone();
        let mut ways: Vec<(&Parameter, usize)> = Vec::new();
        for parameter in definitions().parameters(&type_name).filter(|each| each.kind == Kind::Reference) {
            for (target, id) in self.targets(witness, parameter.code) {
                let place = self.judge.world().place(&format!("{target}/{id}"));
                if parameter.targets.contains(&target.as_str()) {
                    ways.extend(place.map(|place| (parameter, place)));
                }
            }
        }
        if ways.is_empty() {
            return None;
        }
        let (parameter, there) = *self.dice.pick(&ways);
        let rest = self.criterion(there, depth - 1)?;
        let target = self.document(there).type_name.clone();
        let untyped = self.one_in(2) && parameter.targets.iter().all(|each| fits(each, &rest, &target));
        let target = if untyped { None } else { Some(target) };
        Some(Criterion::Chain(parameter.code.to_owned(), target, Box::new(rest)))
    }

    /// A document that refers to the witness, and a condition on it.
    fn reverse(&mut self, witness: usize, depth: usize) -> Option<Criterion> {
        let (type_name, id) = (self.document(witness).type_name.clone(), self.document(witness).id.clone());
        let mut ways: Vec<(&str, &Parameter, usize)> = Vec::new();
        for source in TYPES {
            let references = definitions().parameters(source).filter(|each| each.kind == Kind::Reference);
            for by in references.filter(|each| each.targets.contains(&type_name.as_str())) {
                for at in self.documents(source) {
                    let points = self.targets(at, by.code).iter().any(|to| to.0 == type_name && to.1 == id);
                    ways.extend(points.then_some((source, by, at)));
                }
            }
        }
        if ways.is_empty() {
            return None;
        }
        let (source, by, there) = *self.dice.pick(&ways);
        let rest = self.criterion(there, depth - 1)?;
        Some(Criterion::Reverse(source.to_owned(), by.code.to_owned(), Box::new(rest)))
    }

    fn sort(&mut self, type_name: &str, search: &mut Search) {
        let mut codes: Vec<&str> = definitions()
            .parameters(type_name)
            .filter(|each| {
                is_asked(each) && matches!(each.kind, Kind::Date | Kind::Text | Kind::Number | Kind::Token)
            })
            .map(|each| each.code)
            .collect();
        // Those that order: a document has few of each.
        codes.extend(["_id", "_lastUpdated"]);
        for _ in 0..1 + self.dice.below(3) {
            let code = *self.dice.pick(&codes);
            if search.sort.iter().all(|(other, _)| other != code) {
                search.sort.push((code.to_owned(), self.one_in(2)));
            }
        }
    }

    fn inclusions(&mut self, type_name: &str, search: &mut Search) -> Option<()> {
        let mut at = type_name.to_owned();
        for step in 0..1 + self.dice.below(3) {
            let reverse = self.one_in(3);
            let referrers: Vec<&'static str> = match reverse {
                true => TYPES.to_vec(),
                false => vec![TYPES.into_iter().find(|each| *each == at)?],
            };
            let references: Vec<(&'static str, &Parameter, Vec<&str>)> = referrers
                .into_iter()
                .flat_map(|source| definitions().parameters(source).map(move |each| (source, each)))
                .filter(|(_, each)| each.kind == Kind::Reference && !each.targets.is_empty())
                // What a canonical URL names is not looked for: the standard leaves open by which rule.
                .filter(|(_, each)| !CANONICAL.contains(&each.code))
                .map(|(source, each)| (source, each, leads(source, each)))
                .filter(|(.., leads)| !reverse || leads.contains(&at.as_str()))
                .collect();
            if references.is_empty() {
                return Some(());
            }
            let (source, parameter, targets) = self.dice.pick(&references).clone();
            let targets: Vec<&str> = TYPES.into_iter().filter(|each| targets.contains(each)).collect();
            let target = if targets.is_empty() { None } else { Some(*self.dice.pick(&targets)) };
            let target = if reverse { TYPES.into_iter().find(|each| *each == at) } else { target };
            search.inclusions.push(Inclusion {
                reverse,
                iterate: step > 0 || self.one_in(4),
                source: source.to_owned(),
                parameter: (!self.one_in(6) || reverse).then(|| parameter.code.to_owned()),
                target: target.filter(|_| self.dice.below(2) == 0).map(str::to_owned),
            });
            at = if reverse { source.to_owned() } else { target.unwrap_or(source).to_owned() };
        }
        Some(())
    }
}

fn is_asked(parameter: &Parameter) -> bool {
    parameter.path.is_some() && parameter.kind != Kind::Special && !LEFT_OUT.contains(&parameter.code)
}

fn kind(type_name: &str, code: &str) -> Option<Kind> {
    definitions().parameter(type_name, code).map(|parameter| parameter.kind)
}

/// Whether a condition that was made for one type means the same for another, if anything.
fn fits(type_name: &str, criterion: &Criterion, made_for: &str) -> bool {
    let same = |code: &str| match (kind(type_name, code), kind(made_for, code)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    match criterion {
        Criterion::Id(_) | Criterion::LastUpdated(_) => true,
        // A server may refuse a type that one of the parameters of that name cannot lead to.
        Criterion::Has(code, Modifier::Type(target), _) => {
            same(code)
                && definitions()
                    .resource_types()
                    .find(|each| *each == type_name)
                    .and_then(|name| Some(leads(name, definitions().parameter(name, code)?)))
                    .is_none_or(|leads| leads.contains(&target.as_str()))
        }
        Criterion::Has(code, ..) | Criterion::Missing(code, _) => {
            // The parts of composites differ from type to type.
            same(code) && kind(made_for, code) != Some(Kind::Composite)
        }
        Criterion::Chain(code, _, _) => {
            let targets = |name: &str| definitions().parameter(name, code).map(|each| each.targets.clone());
            targets(type_name).is_none() || targets(type_name) == targets(made_for)
        }
        Criterion::Reverse(source, by, _) => {
            let by = definitions().parameter(source, by);
            by.is_some_and(|by| by.targets.contains(&type_name))
        }
    }
}
