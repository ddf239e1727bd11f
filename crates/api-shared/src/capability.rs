//! The CapabilityStatement, made of the route table: what is not declared is not in it.

use bytes::Bytes;
use vpr_codec::{Style, Writer};
use vpr_fhir::ResourceType;
use vpr_service::Interaction;
use vpr_types::Instant;

use crate::door::Authentication;
use crate::routes::ROUTES;

/// The statement (FHIR R4 §3.1.0.10), written once; the base URL of the caller is put in.
#[derive(Debug, Clone)]
pub struct CapabilityStatement {
    before_url: Bytes,
    after_url: Bytes,
}

/// Stands where the base URL goes; occurs once, because nothing else in the statement can hold it.
const URL: &str = "\u{1}";

/// Interactions of one resource, in the order of the standard's value set.
const OF_RESOURCE: [Interaction; 6] = [
    Interaction::Read,
    Interaction::VRead,
    Interaction::Update,
    Interaction::Delete,
    Interaction::HistoryInstance,
    Interaction::Create,
];

const OF_SYSTEM: [Interaction; 2] = [Interaction::Transaction, Interaction::Batch];

impl CapabilityStatement {
    /// The statement of a server that was started at `date`.
    #[must_use]
    pub fn new(authentication: &Authentication, date: Instant) -> Self {
        let mut writer = Writer::with_capacity(Style::Compact, 64 * 1024);
        statement(&mut writer, authentication, date);
        let text = writer.finish();
        // Written by the writer as the escape of that character.
        let mark: &[u8] = b"\\u0001";
        let at = text.windows(mark.len()).position(|window| window == mark).unwrap_or(text.len());
        let text = Bytes::from(text);
        let after_url = text.slice((at + mark.len()).min(text.len())..);
        Self { before_url: text.slice(..at), after_url }
    }

    /// The statement as JSON for a caller who knows the server under `base`.
    #[must_use]
    pub fn render(&self, base: &str) -> Bytes {
        let mut text = Vec::with_capacity(self.before_url.len() + base.len() + self.after_url.len());
        text.extend_from_slice(&self.before_url);
        text.extend_from_slice(base.as_bytes());
        text.extend_from_slice(&self.after_url);
        text.into()
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
    array(writer, "resource", |writer| {
        for each in ResourceType::all().filter(|each| each.name() != "Parameters") {
            writer.begin_object();
            resource(writer, each);
            writer.end_object();
        }
    });
    interactions(writer, &OF_SYSTEM);
}

fn resource(writer: &mut Writer, each: ResourceType) {
    member(writer, "type", each.name());
    interactions(writer, &OF_RESOURCE);
    member(writer, "versioning", "versioned");
    for (name, truth) in [
        ("readHistory", true),
        ("updateCreate", true),
        ("conditionalCreate", false),
        ("conditionalUpdate", false),
    ] {
        writer.key(name);
        writer.bool(truth);
    }
    member(writer, "conditionalRead", "full-support");
    member(writer, "conditionalDelete", "not-supported");
    writer.key("referencePolicy");
    writer.begin_array();
    for policy in ["literal", "logical"] {
        writer.string(policy);
    }
    writer.end_array();
    if declared(Interaction::Validate) {
        array(writer, "operation", |writer| {
            writer.begin_object();
            member(writer, "name", "validate");
            member(writer, "definition", "http://hl7.org/fhir/OperationDefinition/Resource-validate");
            writer.end_object();
        });
    }
}

fn interactions(writer: &mut Writer, all: &[Interaction]) {
    array(writer, "interaction", |writer| {
        for interaction in all.iter().filter(|interaction| declared(**interaction)) {
            writer.begin_object();
            member(writer, "code", interaction.code());
            writer.end_object();
        }
    });
}

fn member(writer: &mut Writer, name: &str, text: &str) {
    writer.key(name);
    writer.string(text);
}

fn object(writer: &mut Writer, name: &str, fill: impl FnOnce(&mut Writer)) {
    writer.key(name);
    writer.begin_object();
    fill(writer);
    writer.end_object();
}

fn array(writer: &mut Writer, name: &str, fill: impl FnOnce(&mut Writer)) {
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
        assert_eq!(stated, ["batch", "transaction"].map(str::to_owned).into());
        for resource in resources {
            stated.extend(codes(resource));
            assert_eq!(codes(resource).len(), OF_RESOURCE.len());
            assert!(resource.get("searchParam").is_none());
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
