//! How a search is run, for operators: the search itself, told in statements instead of resources.

use vpr_projection::ExplainedStatement;

use crate::answer::Warning;
use crate::failure::Failure;
use crate::operation::{Handling, Operation, SearchScope};
use crate::query::pairs;
use crate::work::Work;

/// How a search was run.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Its statements, in their order. No value of a resource or of the search is in them.
    pub statements: Vec<ExplainedStatement>,
    /// Changes that were answered may be missing from what was searched.
    pub warning: Option<Warning>,
}

impl Work<'_> {
    /// Runs the search that `url` names below `[base]`, its first page. What is not understood is
    /// refused, however lenient searches are.
    pub(crate) fn explain(&mut self, url: &str) -> Result<Explanation, Failure> {
        let (scope, parameters) = asked(url)?;
        let search = Operation::Search { scope: scope.clone(), parameters: Vec::new(), handling: None };
        let (type_name, id) = search.named();
        self.trail.name(type_name, id);
        let query = self.query(&scope, &parameters, Handling::Strict)?;
        let warning = self.fresh()?;
        let request = self.first_page(&query);
        let projection = &self.inner.projector()?.projection;
        let told = projection.explain(self.tenant(), &query, None, &request);
        let statements = told.map_err(|error| self.inner.noticed(self.tenant(), error))?;
        Ok(Explanation { statements, warning })
    }
}

/// Scope and parameters of `[type]?…`, `?…`, `[type]/[id]/[type]?…` and `[type]/[id]/*?…`.
fn asked(url: &str) -> Result<(SearchScope, Vec<(String, String)>), Failure> {
    let (path, query) = url.split_once('?').ok_or_else(|| no_search("a search has a '?'"))?;
    let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
    let scope = match segments[..] {
        [.., last] if last.starts_with('$') => return Err(no_search("an operation is no search")),
        [""] => SearchScope::System,
        [type_name] => SearchScope::Type(type_name.to_owned()),
        [owner, id, member] => {
            let type_name = (member != "*").then(|| member.to_owned());
            SearchScope::Compartment { owner: owner.to_owned(), id: id.to_owned(), type_name }
        }
        _ => return Err(no_search("a search is named below the base of the FHIR routes")),
    };
    let mut parameters = pairs(query)?;
    if parameters.iter().any(|(name, _)| name == "_cursor") {
        return Err(no_search("a page link holds its search sealed"));
    }
    // What says how the answer is written is no part of the search.
    parameters.retain(|(name, _)| !matches!(name.as_str(), "_format" | "_pretty"));
    Ok((scope, parameters))
}

fn no_search(why: &str) -> Failure {
    Failure::malformed(format!(
        "{why}; one is Observation?code=8867-4, ?_type=Patient or Patient/1/Observation?"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_named_as_in_its_url() {
        let read = |url| asked(url).map_err(|failure| failure.kind.status());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let compartment = |type_name: Option<&str>| SearchScope::Compartment {
            owner: "Patient".to_owned(),
            id: "p1".to_owned(),
            type_name: type_name.map(str::to_owned),
        };
        let patient = SearchScope::Type("Patient".to_owned());
        for (url, scope, parameters) in [
            ("Patient?name=a%20b&_format=json", patient.clone(), vec![pair("name", "a b")]),
            ("/Patient?", patient, vec![]),
            ("?_type=Patient", SearchScope::System, vec![pair("_type", "Patient")]),
            ("Patient/p1/Observation?", compartment(Some("Observation")), vec![]),
            ("Patient/p1/*?", compartment(None), vec![]),
        ] {
            assert_eq!(read(url), Ok((scope, parameters)), "{url}");
        }
        for url in [
            "Patient",
            "",
            "Patient/p1?",
            "Patient/p1/$everything?",
            "http://a.example/fhir/Patient?name=a",
            "Patient?_cursor=x",
            "Patient?name=%",
        ] {
            assert_eq!(read(url), Err(400), "{url}");
        }
    }
}
