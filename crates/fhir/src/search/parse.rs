//! What a caller writes, turned into a [`Query`] (R4 §3.1.1).

mod control;
mod criterion;
mod escape;
mod fault;
mod include;
mod leads;
mod limits;
mod modifier;
mod reference;
mod scalar;
mod value;

#[cfg(test)]
mod tests;

use vpr_types::Instant;

use super::{Query, Scope, Summary};
use crate::ResourceType;
use criterion::{Depth, On};
use fault::Fault;

pub use fault::{FaultKind, SearchFault};
pub use limits::SearchLimits;

/// How a search is to be read.
#[derive(Debug, Clone, Copy)]
pub struct ParseOptions<'a> {
    /// Whether parameters that are unknown or not supported are left out and told, instead of
    /// refused (`Prefer: handling=lenient`, R4 §3.1.1.3). Wrong modifiers and values are refused
    /// in any case.
    pub lenient: bool,
    /// This server's base URL: absolute references below it are local.
    pub base: &'a str,
    /// Now, for `ap` of dates.
    pub now: Instant,
    /// How much one search may ask for.
    pub limits: SearchLimits,
}

/// Reads the parameters of a search, percent-decoded, in their order. `scope` is what the URL says;
/// `_type` narrows it. `_format` and `_pretty` are passed over: they are the caller's.
///
/// A parameter without a value is left out and told in [`Query::ignored`] (R4 §3.1.1.3: it is not
/// an error).
///
/// # Errors
/// Every fault that was found, in the order of the parameters, each once; never none.
pub fn parse(
    scope: Scope,
    parameters: &[(String, String)],
    options: &ParseOptions<'_>,
) -> Result<Query, Vec<SearchFault>> {
    let limits = &options.limits;
    let bytes: usize = parameters.iter().map(|(name, value)| name.len() + value.len()).sum();
    if parameters.len() > limits.parameters_max {
        let text = format!("a search has at most {} parameters", limits.parameters_max);
        return Err(vec![Fault::new(FaultKind::TooCostly, text).of("")]);
    }
    if bytes > limits.query_bytes_max {
        let text = format!("the parameters of a search have at most {} bytes", limits.query_bytes_max);
        return Err(vec![Fault::new(FaultKind::TooCostly, text).of("")]);
    }
    let mut parser = Parser { options, given: scope.clone(), conditions: 0, seen: Vec::new(), typed: true };
    let mut query = Query { scope, ..Query::default() };
    let mut faults = Vec::new();
    parser.types(&mut query, parameters);
    for (name, value) in parameters {
        match parser.parameter(&mut query, name, value) {
            Ok(Taken::Used) => query.used.push((name.clone(), value.clone())),
            Ok(Taken::Passed) => {}
            // R4 §3.1.1.7: a query that is not known is refused, whatever the handling.
            Err(fault) if name != "_query" && fault.is_passed_over(options.lenient) => {
                let ignored = fault.ignored(name);
                if !query.ignored.contains(&ignored) {
                    query.ignored.push(ignored);
                }
            }
            Err(fault) if fault.kind == FaultKind::Unknown && !parser.typed => {}
            Err(fault) => {
                let fault = fault.of(name);
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }
        }
    }
    let included = !query.includes.is_empty() || !query.reverse_includes.is_empty();
    if query.summary == Summary::Text && included {
        let text = "_include and _revinclude cannot stand with _summary=text (R4 §3.1.1.5.8)";
        faults.push(Fault::new(FaultKind::BadValue, text).of("_summary"));
    }
    if faults.is_empty() { Ok(query) } else { Err(faults) }
}

/// What became of a parameter.
enum Taken {
    /// It is part of the query.
    Used,
    /// It is not for us.
    Passed,
}

struct Parser<'o> {
    options: &'o ParseOptions<'o>,
    /// What the URL says.
    given: Scope,
    /// How many conditions there are so far.
    conditions: usize,
    /// The parameters that may come only once and came.
    seen: Vec<&'static str>,
    /// Whether the types are known; if not, no parameter can be called unknown.
    typed: bool,
}

impl Parser<'_> {
    fn parameter(&mut self, query: &mut Query, name: &str, value: &str) -> Result<Taken, Fault> {
        if matches!(name, "_format" | "_pretty") {
            return Ok(Taken::Passed);
        }
        if let Some(done) = self.control(query, name, value) {
            return done.map(|()| Taken::Used);
        }
        let filter = self.criterion(On::of(&query.scope), name, value, Depth::default())?;
        query.filters.push(filter);
        Ok(Taken::Used)
    }

    /// Counts conditions.
    fn spend(&mut self, conditions: usize) -> Result<(), Fault> {
        self.conditions += conditions;
        if self.conditions <= self.options.limits.conditions_max {
            return Ok(());
        }
        let text = format!(
            "the search has more than {} conditions; naming the type of each reference makes fewer",
            self.options.limits.conditions_max
        );
        Err(Fault::new(FaultKind::TooCostly, text))
    }

    /// The parts of a value that commas separate, each still escaped.
    fn alternatives<'v>(&self, value: &'v str) -> Result<Vec<&'v str>, Fault> {
        let alternatives: Vec<_> =
            escape::split(value, ',').take(self.options.limits.values_max + 1).collect();
        if alternatives.len() > self.options.limits.values_max {
            let text = format!("a value has at most {} alternatives", self.options.limits.values_max);
            return Err(Fault::new(FaultKind::TooCostly, text));
        }
        if alternatives.iter().any(|each| each.is_empty()) {
            let text = "an alternative is empty; a comma that is part of the value is written '\\,'";
            return Err(Fault::new(FaultKind::BadValue, text));
        }
        Ok(alternatives)
    }
}

/// The names of types, for people.
fn names(types: &[ResourceType]) -> String {
    match types {
        [] => "every type".to_owned(),
        [one] => one.name().to_owned(),
        many if many.len() <= 4 => many.iter().map(|each| each.name()).collect::<Vec<_>>().join(", "),
        many => format!("all of the {} types", many.len()),
    }
}
