//! The CapabilityStatement, made of the route table and of the search parameters of the standard: what
//! is not declared is not in it.

mod search;

use std::sync::OnceLock;

use bytes::Bytes;
use vpr_codec::{Style, Writer};
use vpr_fhir::ResourceType;
use vpr_service::Interaction;
use vpr_types::Instant;

use crate::door::Authentication;
use crate::routes::ROUTES;
use search::Includes;

/// The statement (FHIR R4 §3.1.0.10), written when it is first asked for; the base URL of the caller is
/// put in.
#[derive(Debug, Clone)]
pub struct CapabilityStatement {
    authentication: Authentication,
    date: Instant,
    written: OnceLock<Written>,
}

#[derive(Debug, Clone)]
struct Written {
    before_url: Bytes,
    after_url: Bytes,
}

/// Stands where the base URL goes; occurs once, because nothing else in the statement can hold it.
const URL: &str = "\u{1}";

/// Interactions of one resource, in the order of the standard's value set.
const OF_RESOURCE: [Interaction; 8] = [
    Interaction::Read,
    Interaction::VRead,
    Interaction::Update,
    Interaction::Delete,
    Interaction::HistoryInstance,
    Interaction::HistoryType,
    Interaction::Create,
    Interaction::SearchType,
];

const OF_SYSTEM: [Interaction; 4] =
    [Interaction::Transaction, Interaction::Batch, Interaction::SearchSystem, Interaction::HistorySystem];

impl CapabilityStatement {
    /// The statement of a server that was started at `date`.
    #[must_use]
    pub fn new(authentication: &Authentication, date: Instant) -> Self {
        Self { authentication: authentication.clone(), date, written: OnceLock::new() }
    }

    /// The statement as JSON for a caller who knows the server under `base`.
    #[must_use]
    pub fn render(&self, base: &str) -> Bytes {
        let Written { before_url, after_url } = self.written.get_or_init(|| self.write());
        let mut text = Vec::with_capacity(before_url.len() + base.len() + after_url.len());
        text.extend_from_slice(before_url);
        text.extend_from_slice(base.as_bytes());
        text.extend_from_slice(after_url);
        text.into()
    }

    fn write(&self) -> Written {
        let mut writer = Writer::with_capacity(Style::Compact, 1024 * 1024);
        statement(&mut writer, &self.authentication, self.date);
        let text = writer.finish();
        // Written by the writer as the escape of that character.
        let mark: &[u8] = b"\\u0001";
        let at = text.windows(mark.len()).position(|window| window == mark).unwrap_or(text.len());
        let text = Bytes::from(text);
        let after_url = text.slice((at + mark.len()).min(text.len())..);
        Written { before_url: text.slice(..at), after_url }
    }
}

/// Whether a route declares the interaction. One route takes both kinds of Bundle.
fn declared(interaction: Interaction) -> bool {
    let route_of =
        |interaction| if interaction == Interaction::Batch { Interaction::Transaction } else { interaction };
    ROUTES.iter().any(|route| route.interaction() == Some(route_of(interaction)))
}

fn statement(writer: &mut Writer, authentication: &Authentication, date: Instant) {
    writer.begin_object();
    member(writer, "resourceType", "CapabilityStatement");
    member(writer, "status", "active");
    member(writer, "date", &date.to_millis_text());
    member(writer, "kind", "instance");
    object(writer, "software", |writer| {
        member(writer, "name", "vpr");
        member(writer, "version", env!("CARGO_PKG_VERSION"));
    });
    object(writer, "implementation", |writer| {
        member(writer, "description", "Versioned Patient Repository");
        member(writer, "url", URL);
    });
    member(writer, "fhirVersion", "4.0.1");
    writer.key("format");
    writer.begin_array();
    for format in ["application/fhir+json", "json"] {
        writer.string(format);
    }
    writer.end_array();
    array(writer, "rest", |writer| {
        writer.begin_object();
        rest(writer, authentication);
        writer.end_object();
    });
    writer.end_object();
}

fn rest(writer: &mut Writer, authentication: &Authentication) {
    member(writer, "mode", "server");
    object(writer, "security", |writer| {
        member(
            writer,
            "description",
            match authentication {
                Authentication::Development { .. } => {
                    "Development mode: every caller is the same principal, and the server listens on loopback only."
                }
                Authentication::Closed => {
                    "No credentials are accepted: only this statement's own route is described."
                }
            },
        );
    });
    let includes = Includes::of_the_standard();
    array(writer, "resource", |writer| {
        for each in ResourceType::all().filter(|each| each.name() != "Parameters") {
            writer.begin_object();
            resource(writer, each, &includes);
            writer.end_object();
        }
    });
    interactions(writer, &OF_SYSTEM);
    if declared(Interaction::SearchSystem) {
        search::of_system(writer);
    }
}

fn resource(writer: &mut Writer, each: ResourceType, includes: &Includes) {
    member(writer, "type", each.name());
    interactions(writer, &OF_RESOURCE);
    member(writer, "versioning", "versioned");
    for (name, truth) in [
        ("readHistory", true),
        ("updateCreate", true),
        ("conditionalCreate", true),
        ("conditionalUpdate", declared(Interaction::ConditionalUpdate)),
    ] {
        writer.key(name);
        writer.bool(truth);
    }
    member(writer, "conditionalRead", "full-support");
    let delete = if declared(Interaction::ConditionalDelete) { "single" } else { "not-supported" };
    member(writer, "conditionalDelete", delete);
    writer.key("referencePolicy");
    writer.begin_array();
    for policy in ["literal", "logical"] {
        writer.string(policy);
    }
    writer.end_array();
    if declared(Interaction::SearchType) {
        includes.write(writer, each);
        search::of_resource(writer, each);
    }
    let operations: Vec<_> = OPERATIONS
        .iter()
        .filter(|(interaction, of, ..)| declared(*interaction) && of.is_none_or(|of| of == each.name()))
        .collect();
    if operations.is_empty() {
        return;
    }
    array(writer, "operation", |writer| {
        for (_, _, name, definition) in operations {
            writer.begin_object();
            member(writer, "name", name);
            member(writer, "definition", &format!("http://hl7.org/fhir/OperationDefinition/{definition}"));
            writer.end_object();
        }
    });
}

/// Operations: the type that has them, or all; their names, and their definitions.
const OPERATIONS: [(Interaction, Option<&str>, &str, &str); 2] = [
    (Interaction::Validate, None, "validate", "Resource-validate"),
    (Interaction::Everything, Some("Patient"), "everything", "Patient-everything"),
];

fn interactions(writer: &mut Writer, all: &[Interaction]) {
    array(writer, "interaction", |writer| {
        for interaction in all.iter().filter(|interaction| declared(**interaction)) {
            writer.begin_object();
            member(writer, "code", interaction.code());
            writer.end_object();
        }
    });
}

pub(super) fn member(writer: &mut Writer, name: &str, text: &str) {
    writer.key(name);
    writer.string(text);
}

fn object(writer: &mut Writer, name: &str, fill: impl FnOnce(&mut Writer)) {
    writer.key(name);
    writer.begin_object();
    fill(writer);
    writer.end_object();
}

pub(super) fn array(writer: &mut Writer, name: &str, fill: impl FnOnce(&mut Writer)) {
    writer.key(name);
    writer.begin_array();
    fill(writer);
    writer.end_array();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;
    use vpr_codec::{Json, Limits};
    use vpr_fhir::{Issue, ValidateOptions};
    use vpr_types::PrincipalId;

    use super::*;

    fn statement() -> Bytes {
        let principal = PrincipalId::new("development").unwrap();
        let date = Instant::parse("2026-11-22T00:00:00Z").unwrap();
        CapabilityStatement::new(&Authentication::Development { principal }, date).render("http://a/fhir")
    }

    #[test]
    fn it_is_a_valid_resource_with_the_callers_base() {
        let text = statement();
        let json = Json::parse(text.to_vec(), &Limits::default()).unwrap();
        let issues = vpr_fhir::validate(json.root(), &ValidateOptions::default());
        assert!(!issues.iter().any(Issue::is_error), "{issues:?}");
        let value: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value["implementation"]["url"], "http://a/fhir");
        assert_eq!(value["fhirVersion"], "4.0.1");
        assert!(text.len() < 2 << 20, "{}", text.len());
        let patient = value["rest"][0]["resource"]
            .as_array()
            .unwrap()
            .iter()
            .find(|resource| resource["type"] == "Patient");
        let name = patient.unwrap()["searchParam"].as_array().unwrap().iter().find(|p| p["name"] == "name");
        assert_eq!(name.unwrap()["type"], "string");
    }

    /// Interactions of the statement and of the table are the same set, seen from both sides.
    #[test]
    fn it_says_what_the_routes_do_and_nothing_else() {
        let value: Value = serde_json::from_slice(&statement()).unwrap();
        let codes = |value: &Value| -> BTreeSet<String> {
            let all = value["interaction"].as_array().unwrap().iter();
            all.map(|each| each["code"].as_str().unwrap().to_owned()).collect()
        };
        let rest = &value["rest"][0];
        let resources = rest["resource"].as_array().unwrap();
        assert_eq!(resources.len(), ResourceType::COUNT - 1);
        let mut stated = codes(rest);
        let system = ["batch", "history-system", "search-system", "transaction"];
        assert_eq!(stated, system.map(str::to_owned).into());
        for resource in resources {
            stated.extend(codes(resource));
            assert_eq!(codes(resource).len(), OF_RESOURCE.len());
            for (claim, code) in
                [("conditionalUpdate", "conditional-update"), ("conditionalDelete", "conditional-delete")]
            {
                if resource[claim] == true || resource[claim] == "single" {
                    stated.insert(code.to_owned());
                }
            }
            for operation in resource["operation"].as_array().unwrap() {
                stated.insert(format!("${}", operation["name"].as_str().unwrap()));
            }
        }
        let mut routed: BTreeSet<String> = ROUTES
            .iter()
            .filter_map(|route| route.interaction())
            .map(|each| each.code().to_owned())
            .collect();
        // The statement's own route is not in it, and the route of transactions takes batches.
        assert!(routed.remove("capabilities"));
        assert!(routed.insert("batch".to_owned()));
        assert_eq!(stated, routed);
    }
}
