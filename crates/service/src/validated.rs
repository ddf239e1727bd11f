use std::collections::HashMap;
use std::sync::Arc;

use vpr_codec::{Json, JsonError, JsonErrorKind, Limits, Value};
use vpr_core::{Action, Content, EngineError, Home, Index};
use vpr_fhir::definitions::Compartment;
use vpr_fhir::search::{Extracted, extract};
use vpr_fhir::{
    Edits, Issue, IssueType, OperationOutcome, ReferenceKind, ReferenceUse, ResourceType, Severity,
    ValidateOptions,
};
use vpr_store::encode_blob;
use vpr_store::format::DocumentChange;
use vpr_types::{DocumentName, Part, limits};

use crate::failure::{Failure, FailureKind};
use crate::work::named;

/// A resource that validation let through, in the form that is stored, with where it belongs.
/// Only [`Validated::new`] builds it.
#[derive(Debug)]
pub(crate) struct Validated {
    pub(crate) name: DocumentName,
    pub(crate) home: Home,
    pub(crate) content: Content,
    /// The bytes that `content` holds compressed.
    pub(crate) stored: Vec<u8>,
    /// What validation noticed without refusing.
    pub(crate) notices: OperationOutcome,
}

/// Where a resource's id comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Id<'a> {
    /// The server drew it; one in the body is ignored (FHIR R4 §3.1.0.8).
    Drawn(&'a str),
    /// The URL names it; the body must say the same (FHIR R4 §3.1.0.4).
    Given(&'a str),
}

/// A resource in which validation found no error. Only this module builds it.
#[derive(Debug, Clone)]
pub(crate) struct Checked<'a> {
    resource: Value<'a>,
    notices: Vec<Issue>,
}

impl<'a> Checked<'a> {
    /// Validates one resource.
    pub(crate) fn resource(resource: Value<'a>) -> Result<Self, Failure> {
        let notices = check(resource, &ValidateOptions::default())?;
        Ok(Self { resource, notices })
    }

    /// Validates a whole transaction, and with it the resources in it. Issues name their entries.
    /// What is given back takes its resources. Conditional references, which the standard allows
    /// here, must be among the links that are replaced when a resource is stored.
    pub(crate) fn transaction(bundle: Value<'a>) -> Result<impl Fn(Value<'a>) -> Self, Failure> {
        check(bundle, &ValidateOptions { conditional_references: true })?;
        Ok(|resource: Value<'a>| Self { resource, notices: Vec::new() })
    }
}

/// The conditional references of a resource, in a transaction: their text, and what it means.
pub(crate) fn conditional_references(resource: Value<'_>) -> Vec<ConditionalReference> {
    if !resource.raw().contains('?') {
        return Vec::new();
    }
    let conditional = |reference: &ReferenceUse<'_>| match reference.kind() {
        ReferenceKind::Conditional { resource: known, query } => Some(ConditionalReference {
            text: reference.text.clone().into_owned(),
            known,
            criteria: query.to_owned(),
            path: reference.path(),
        }),
        _ => None,
    };
    vpr_fhir::references(resource).iter().filter_map(conditional).collect()
}

/// `Type?criteria` where a reference stands (FHIR R4 §3.1.0.11.2).
#[derive(Debug, Clone)]
pub(crate) struct ConditionalReference {
    /// The whole of it, as written.
    pub(crate) text: String,
    pub(crate) known: ResourceType,
    pub(crate) criteria: String,
    /// Where it stands.
    pub(crate) path: String,
}

fn check(resource: Value<'_>, options: &ValidateOptions) -> Result<Vec<Issue>, Failure> {
    let issues = vpr_fhir::validate(resource, options);
    if issues.iter().any(Issue::is_error) {
        return Err(Failure::invalid(OperationOutcome { issues }));
    }
    Ok(issues)
}

impl Validated {
    /// The write that stores it; it shares the bytes, so that it can be made again at no cost.
    pub(crate) fn put_action(&self) -> Action {
        Action::Put { home: self.home.clone(), content: self.content.clone(), even_if_equal: false }
    }

    /// Turns a checked resource into the form that is stored, as a `known` one under `id`, with
    /// `links` replaced.
    pub(crate) fn new(
        checked: Checked<'_>,
        known: ResourceType,
        id: Id<'_>,
        links: Option<&HashMap<String, String>>,
    ) -> Result<Self, Failure> {
        let Checked { resource, notices } = checked;
        is_of_type(resource, known)?;
        let (text, edited) = match id {
            Id::Drawn(id) => (id, Some(id)),
            Id::Given(id) => {
                has_id(resource, known, id)?;
                (id, None)
            }
        };
        let name = named(known, text)?;
        let edits = Edits { id: edited, links };
        let home = home_of(resource, &edits);
        let stored = vpr_fhir::canonical(resource, &edits);
        if stored.len() > limits::DOCUMENT_BYTES_MAX {
            return Err(too_large("the resource is larger than a stored document may be"));
        }
        let blob = encode_blob(&stored).map_err(EngineError::from)?;
        let index: Index = Arc::new(extracted(resource, known, &name, links, &stored)?);
        let content = Content { blob, details: DocumentChange::default(), index: Some(index) };
        Ok(Self { name, home, content, stored, notices: OperationOutcome { issues: notices } })
    }
}

/// What the resource says to searches, in the form that is stored: with its own id, which its own
/// compartment needs, and with its links replaced.
fn extracted(
    resource: Value<'_>,
    known: ResourceType,
    name: &DocumentName,
    links: Option<&HashMap<String, String>>,
    stored: &[u8],
) -> Result<Extracted, Failure> {
    let has_id = || resource.get("id").and_then(Value::as_str).as_deref() == Some(name.id());
    if links.is_none() && (Compartment::parse(known.name()).is_none() || has_id()) {
        return Ok(extract(resource));
    }
    let json = Json::parse(stored.to_vec(), &Limits::default()).map_err(|_| Failure::internal())?;
    Ok(extract(json.root()))
}

fn home_of(resource: Value<'_>, edits: &Edits<'_>) -> Home {
    let home = vpr_fhir::home(resource, edits);
    match home.patient {
        Some(patient) if home.part != Part::Registry => {
            Home::Record { key: format!("Patient/{patient}"), part: home.part }
        }
        _ => Home::Registry,
    }
}

/// Reads a request body.
pub(crate) fn parse(body: Vec<u8>) -> Result<Json, Failure> {
    Json::parse(body, &Limits::default()).map_err(|error| refused(&error))
}

fn refused(error: &JsonError) -> Failure {
    let (kind, code) = match error.kind {
        JsonErrorKind::TooLarge => (FailureKind::TooLarge, IssueType::TooLong),
        JsonErrorKind::TooManyValues => (FailureKind::TooLarge, IssueType::TooCostly),
        JsonErrorKind::TooDeep => (FailureKind::Malformed, IssueType::TooCostly),
        _ => (FailureKind::Malformed, IssueType::Structure),
    };
    let issue = Issue {
        line: error.line,
        column: error.column,
        ..Issue::new(Severity::Error, code, error.to_string())
    };
    Failure { kind, outcome: OperationOutcome { issues: vec![issue] }, stamp: None }
}

pub(crate) fn too_large(text: &str) -> Failure {
    Failure::new(FailureKind::TooLarge, IssueType::TooLong, text)
}

/// Whether a value is a resource of that type.
pub(crate) fn is_of_type(resource: Value<'_>, known: ResourceType) -> Result<(), Failure> {
    if !resource.is_object() {
        return Err(Failure::new(
            FailureKind::Malformed,
            IssueType::Structure,
            "the body is no resource: not a JSON object",
        ));
    }
    let Some(says) = resource.get("resourceType").and_then(Value::as_str) else {
        return Err(Failure::new(
            FailureKind::Malformed,
            IssueType::Required,
            "the body has no resourceType",
        ));
    };
    if says != known.name() {
        let text = format!("the body is not of the type that the URL names, {known}");
        return Err(Failure::malformed(text).about(&format!("{known}")));
    }
    Ok(())
}

fn has_id(resource: Value<'_>, known: ResourceType, id: &str) -> Result<(), Failure> {
    let says = resource.get("id").and_then(Value::as_str);
    let text = match says {
        Some(says) if says == id => return Ok(()),
        Some(_) => "the body has another id than the URL",
        None => "the body has no id; an update must repeat the URL's",
    };
    Err(Failure::malformed(text).about(&format!("{known}.id")))
}

/// The absolute references of a resource that lead to this server, with their relative forms, put
/// into `links`. So that whoever calls the server by whatever name stores the same.
pub(crate) fn own_links(resource: Value<'_>, base: &str, links: &mut HashMap<String, String>) {
    if !resource.raw().contains(base) {
        return;
    }
    for reference in vpr_fhir::references(resource) {
        if let ReferenceKind::Absolute { base: its_base, target: Some(target) } = reference.kind()
            && its_base == base
            && !links.contains_key(reference.text.as_ref())
        {
            let version = target.version.map(|version| format!("/_history/{version}")).unwrap_or_default();
            let relative = format!("{}/{}{version}", target.resource, target.id);
            links.insert(reference.text.clone().into_owned(), relative);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_shares_the_compressed_bytes() {
        let json = Json::parse(r#"{"resourceType":"Patient"}"#, &Limits::default()).unwrap();
        let known = ResourceType::parse("Patient").unwrap();
        let checked = Checked::resource(json.root()).unwrap();
        let validated = Validated::new(checked, known, Id::Drawn("a"), None).unwrap();
        let Action::Put { content, .. } = validated.put_action() else { panic!("it is put") };
        assert!(Arc::ptr_eq(&content.blob.deflated, &validated.content.blob.deflated));
    }
}
