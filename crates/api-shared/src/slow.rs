//! What of a search may stand in a log: its shape.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use vpr_fhir::ResourceType;
use vpr_fhir::definitions::{Modifier, SearchParameter};
use vpr_service::Interaction;
use vpr_types::RequestId;

use crate::call::PathSegments;
use crate::route::{Action, Route};
use crate::routes::ROUTES;

/// A search that is being done.
pub(crate) struct Watch {
    begun: Instant,
    names: Vec<String>,
}

impl Watch {
    /// Watches what asks the search index; nothing else.
    pub(crate) fn begin(route: &Route, parameters: &[(String, String)]) -> Option<Self> {
        let asks = route.searches
            || matches!(
                route.interaction(),
                Some(Interaction::Everything | Interaction::HistoryType | Interaction::HistorySystem)
            );
        asks.then(|| Self {
            begun: Instant::now(),
            names: parameters.iter().map(|(name, _)| name.clone()).collect(),
        })
    }

    /// Logs it if it took longer than `limit`.
    pub(crate) fn end(
        self,
        limit: Duration,
        request: &RequestId,
        route: &Route,
        segments: Option<&PathSegments>,
    ) {
        let took = self.begun.elapsed();
        if took < limit {
            return;
        }
        let named = segments.and_then(|segments| ResourceType::parse(segments.type_name.as_deref()?));
        tracing::warn!(
            %request,
            action = route.action_name(),
            path = route.path,
            resource = named.map_or("", ResourceType::name),
            parameters = shape(&self.names),
            millis = took.as_millis(),
            "a slow search"
        );
    }
}

/// The names of a search's parameters, in their order, without their values. What is no name of the
/// standard or of this server may be anything, a patient's name in a mistyped URL too: it becomes `?`.
fn shape(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| known(name)).collect();
    names.join("&")
}

/// A name such as `subject:Patient.name` or `_has:Observation:patient:code`, what is not known of it
/// replaced.
fn known(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    let mut rest = name;
    loop {
        let end = rest.find([':', '.']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        shown.push_str(if WORDS.contains(word) { word } else { "?" });
        let Some(mark) = after.chars().next() else { return shown };
        shown.push(mark);
        rest = &after[mark.len_utf8()..];
    }
}

static WORDS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let ours = ROUTES
        .iter()
        .filter(|route| matches!(route.action, Action::Fhir(_)))
        .flat_map(|route| route.parameters.iter().map(|parameter| parameter.name));
    SearchParameter::all()
        .map(SearchParameter::code)
        .chain(ResourceType::all().map(ResourceType::name))
        .chain(Modifier::ALL.iter().map(|modifier| modifier.code()))
        .chain(["iterate", "recurse"])
        .chain(ours)
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_and_what_could_be_anything_is_not() {
        for (name, wanted) in [
            ("name", "name"),
            ("name:exact", "name:exact"),
            ("subject:Patient.name", "subject:Patient.name"),
            ("_has:Observation:patient:code", "_has:Observation:patient:code"),
            ("_include:iterate", "_include:iterate"),
            ("_cursor", "_cursor"),
            ("Findme", "?"),
            ("name:Findme.x", "name:?.?"),
            ("", "?"),
            ("é:", "?:?"),
        ] {
            assert_eq!(shape(&[name.to_owned()]), wanted, "{name}");
        }
        assert_eq!(shape(&["name".to_owned(), "birthdate".to_owned()]), "name&birthdate");
    }
}
