//! What the searches asked exercised.

use std::collections::BTreeMap;

use crate::definitions::{Kind, definitions};
use crate::query::{Ask, Criterion, Modifier, Scope, Search};

/// How often each feature was asked for, and how often something was found.
#[derive(Debug, Default)]
pub struct Coverage {
    counts: BTreeMap<String, (usize, usize)>,
    searches: usize,
    found: usize,
}

impl Coverage {
    /// Counts a search.
    pub fn add(&mut self, search: &Search, found: bool) {
        self.searches += 1;
        self.found += usize::from(found);
        let mut features = features(search);
        features.sort();
        features.dedup();
        for feature in features {
            let (asked, with_result) = self.counts.entry(feature).or_default();
            *asked += 1;
            *with_result += usize::from(found);
        }
    }

    /// One line for each feature.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let total = format!("{} searches, {} found something", self.searches, self.found);
        let lines = self.counts.iter().map(|(name, (asked, found))| format!("  {asked:5} {found:5}  {name}"));
        std::iter::once(total).chain(lines).collect()
    }

    /// The features that were asked for fewer times than a run of this size must.
    #[must_use]
    pub fn lacking(&self) -> Vec<String> {
        REQUIRED
            .iter()
            .filter_map(|(name, per_thousand)| {
                let (asked, found) = self.counts.get(*name).copied().unwrap_or_default();
                let least = self.searches * per_thousand / 1000;
                (asked < least || found == 0 && least > 5)
                    .then(|| format!("{name}: {asked} ({found} found), not {least}"))
            })
            .collect()
    }

    /// The share of searches that found something, in percent.
    #[must_use]
    pub fn found_percent(&self) -> usize {
        self.found * 100 / self.searches.max(1)
    }
}

/// What must have been asked, so many times in a thousand searches, and, if it was asked often, have
/// found something.
const REQUIRED: [(&str, usize); 96] = [
    ("token", 200),
    ("token code", 60),
    ("token system|code", 60),
    ("token |code", 20),
    ("token system|", 20),
    ("token:not", 20),
    ("string", 40),
    ("string:exact", 10),
    ("string:contains", 10),
    ("date", 40),
    ("date ", 20),
    ("date eq", 5),
    ("date ne", 5),
    ("date gt", 5),
    ("date lt", 5),
    ("date ge", 5),
    ("date le", 5),
    ("date sa", 5),
    ("date eb", 5),
    ("date ap", 3),
    ("date to the year", 10),
    ("date to the month", 10),
    ("date to the day", 10),
    ("date to the minute", 10),
    ("date to the second", 10),
    ("date to the millisecond", 10),
    ("date with a zone", 10),
    ("number", 15),
    ("number ", 3),
    ("number eq", 1),
    ("number ne", 1),
    ("number gt", 1),
    ("number lt", 1),
    ("number ge", 1),
    ("number le", 1),
    ("number sa", 1),
    ("number eb", 1),
    ("number ap", 1),
    ("quantity", 15),
    ("quantity with system and code", 5),
    ("quantity with code", 5),
    ("quantity without unit", 3),
    ("quantity ", 3),
    ("quantity eq", 1),
    ("quantity ne", 1),
    ("quantity gt", 1),
    ("quantity lt", 1),
    ("quantity ge", 1),
    ("quantity le", 1),
    ("quantity sa", 1),
    ("quantity eb", 1),
    ("quantity ap", 1),
    ("uri", 15),
    ("uri:above", 5),
    ("uri:below", 5),
    ("composite", 15),
    ("reference", 80),
    ("reference Type/id", 20),
    ("reference id", 5),
    ("reference Type/id/_history/version", 3),
    ("reference http", 3),
    ("reference url|version", 3),
    ("reference:identifier", 5),
    ("reference:Type", 5),
    (":missing=true", 5),
    (":missing=false", 5),
    ("_id", 5),
    ("_lastUpdated", 5),
    ("_tag", 2),
    ("_security", 2),
    ("_profile", 2),
    ("_source", 2),
    ("several values", 100),
    ("a parameter repeated", 10),
    ("chain of 1", 50),
    ("chain of 2", 20),
    ("chain of 3", 3),
    ("chain with type", 20),
    ("chain without type", 20),
    ("_has of 1", 30),
    ("_has of 2", 3),
    ("_has in a chain", 3),
    ("a chain in _has", 5),
    ("_include", 50),
    ("_include:iterate", 10),
    ("_include *", 3),
    ("_revinclude", 20),
    ("_revinclude:iterate", 5),
    ("_sort by 1", 50),
    ("_sort by 2", 30),
    ("_sort by 3", 10),
    ("_type", 20),
    ("all types", 5),
    ("compartment", 50),
    ("compartment *", 10),
    ("_summary=count", 20),
];

/// The features of a search.
#[must_use]
pub(crate) fn features(search: &Search) -> Vec<String> {
    let mut features = Vec::new();
    let type_name = match &search.scope {
        Scope::Type(name) => name.clone(),
        Scope::System(types) => {
            features.push(if types.is_empty() { "all types" } else { "_type" }.to_owned());
            types.first().cloned().unwrap_or_else(|| "Patient".to_owned())
        }
        Scope::Compartment(_, _, name) => {
            features.push("compartment".to_owned());
            if name.is_none() {
                features.push("compartment *".to_owned());
            }
            name.clone().unwrap_or_else(|| "Patient".to_owned())
        }
    };
    for criterion in &search.criteria {
        of_criterion(&type_name, criterion, (0, 0), &mut features);
    }
    let heads: Vec<String> = search.criteria.iter().map(crate::judge::head).collect();
    if (1..heads.len()).any(|at| heads[at..].contains(&heads[at - 1])) {
        features.push("a parameter repeated".to_owned());
    }
    for inclusion in &search.inclusions {
        let name = if inclusion.reverse { "_revinclude" } else { "_include" };
        features.push(name.to_owned());
        if inclusion.iterate {
            features.push(format!("{name}:iterate"));
        }
        if inclusion.parameter.is_none() {
            features.push(format!("{name} *"));
        }
    }
    if !search.sort.is_empty() {
        features.push(format!("_sort by {}", search.sort.len()));
    }
    if search.only_count {
        features.push("_summary=count".to_owned());
    }
    features.extend(search.total.map(|total| format!("_total={total}")));
    features.extend(search.by_form.then(|| "by form".to_owned()));
    features
}

fn of_criterion(type_name: &str, criterion: &Criterion, depth: (usize, usize), features: &mut Vec<String>) {
    let (chained, reversed) = depth;
    match criterion {
        Criterion::Chain(code, target, rest) => {
            features.push(format!("chain of {}", chained + 1));
            features.push(format!("chain with{} type", if target.is_some() { "" } else { "out" }));
            if reversed > 0 {
                features.push("a chain in _has".to_owned());
            }
            let targets = definitions().parameter(type_name, code).map(|each| each.targets.clone());
            let targets = targets.unwrap_or_default();
            let known = targets.into_iter().find(|each| crate::judge::knows(each, rest));
            let target = target.as_deref().or(known).unwrap_or("Patient");
            of_criterion(target, rest, (chained + 1, reversed), features);
        }
        Criterion::Reverse(source, _, rest) => {
            features.push(format!("_has of {}", reversed + 1));
            if chained > 0 {
                features.push("_has in a chain".to_owned());
            }
            of_criterion(source, rest, (chained, reversed + 1), features);
        }
        Criterion::Id(_) => features.push("_id".to_owned()),
        Criterion::LastUpdated(_) => features.push("_lastUpdated".to_owned()),
        Criterion::Missing(_, missing) => features.push(format!(":missing={missing}")),
        Criterion::Has(code, modifier, asks) => {
            let kind = definitions().parameter(type_name, code).map(|parameter| parameter.kind);
            let kind = kind.map_or("unknown", word);
            features.push(kind.to_owned());
            if code.starts_with('_') {
                features.push(code.clone());
            }
            let modifier = match modifier {
                Modifier::None => None,
                Modifier::Exact => Some("exact"),
                Modifier::Contains => Some("contains"),
                Modifier::Not => Some("not"),
                Modifier::Above => Some("above"),
                Modifier::Below => Some("below"),
                Modifier::Identifier => Some("identifier"),
                Modifier::Type(_) => Some("Type"),
            };
            features.extend(modifier.map(|modifier| format!("{kind}:{modifier}")));
            if asks.len() > 1 {
                features.push("several values".to_owned());
            }
            asks.iter().for_each(|ask| of_ask(ask, features));
        }
    }
}

fn of_ask(ask: &Ask, features: &mut Vec<String>) {
    match ask {
        Ask::Code(_) => features.push("token code".to_owned()),
        Ask::SystemCode(..) => features.push("token system|code".to_owned()),
        Ask::NoSystem(_) => features.push("token |code".to_owned()),
        Ask::System(_) => features.push("token system|".to_owned()),
        Ask::Date(prefix, text) => {
            features.push(format!("date {}", prefix.text()));
            let precision = match text.split_once('T') {
                None => ["year", "month", "day"][text.matches('-').count()],
                Some(_) if text.contains('.') => "millisecond",
                Some((_, time)) if time[..time.len().min(8)].matches(':').count() == 2 => "second",
                Some(_) => "minute",
            };
            features.push(format!("date to the {precision}"));
            if text.contains('T') && !text.ends_with('Z') {
                features.push("date with a zone".to_owned());
            }
        }
        Ask::Number(prefix, _) => features.push(format!("number {}", prefix.text())),
        Ask::Quantity(prefix, _, unit) => {
            features.push(format!("quantity {}", prefix.text()));
            features.push(
                match unit {
                    None => "quantity without unit",
                    Some((None, _)) => "quantity with code",
                    Some((Some(_), _)) => "quantity with system and code",
                }
                .to_owned(),
            );
        }
        Ask::Text(_) | Ask::Uri(_) => {}
        Ask::Reference(text) => features.push(
            match text {
                text if text.contains('|') => "reference url|version",
                text if text.contains(':') => "reference http",
                text if text.contains("/_history/") => "reference Type/id/_history/version",
                text if text.contains('/') => "reference Type/id",
                _ => "reference id",
            }
            .to_owned(),
        ),
        Ask::Composite(parts) => parts.iter().for_each(|part| of_ask(part, features)),
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "number",
        Kind::Date => "date",
        Kind::Text => "string",
        Kind::Token => "token",
        Kind::Reference => "reference",
        Kind::Composite => "composite",
        Kind::Quantity => "quantity",
        Kind::Uri => "uri",
        Kind::Special => "special",
    }
}
