//! The route table for people.

use crate::route::Action;
use crate::routes::ROUTES;

/// The routes as two Markdown tables: what is served, and what answers 501. The documentation holds
/// them, and a test holds them equal.
#[must_use]
pub fn route_tables() -> String {
    let mut served =
        String::from("| method | path | interaction | statuses | what it does |\n|---|---|---|---|---|\n");
    let mut not_built = String::from("| method | path | what |\n|---|---|---|\n");
    for route in ROUTES {
        let (method, path) = (route.method.as_str(), route.path);
        if let Action::NotBuilt(what) = route.action {
            not_built.push_str(&format!("| {method} | `{path}` | {what}: {} |\n", route.doc));
            continue;
        }
        let statuses: Vec<String> = route.statuses.iter().map(u16::to_string).collect();
        served.push_str(&format!(
            "| {method} | `{path}` | {} | {} | {} |\n",
            route.action_name(),
            statuses.join(" "),
            route.doc
        ));
    }
    format!("{served}\nNot built; each answers 501 with code `not-supported`:\n\n{not_built}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_holds_the_routes_as_they_are() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/fhir-rest.md");
        let page = std::fs::read_to_string(path).unwrap();
        let tables = route_tables();
        assert!(page.contains(&tables), "docs/fhir-rest.md must hold:\n{tables}");
    }
}
