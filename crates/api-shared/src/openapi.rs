//! The OpenAPI document, made of the route table.

use serde_json::{Map, Value, json};
use vpr_service::{Interaction, action};

use crate::declared::COMMON_PARAMETERS;
use crate::negotiate::FORM;
use crate::route::{Action, Method, Route, Schema};
use crate::routes::{COMMON_STATUSES, ROUTES, paths};

/// The document (OpenAPI 3.1) as JSON with a line feed at its end; the same in every run.
#[must_use]
pub fn openapi() -> String {
    let mut all = Map::new();
    for (path, routes) in paths() {
        let operations: Map<String, Value> = routes
            .iter()
            .filter(|route| !matches!(route.action, Action::NotBuilt(_)))
            .map(|route| (route.method.as_str().to_ascii_lowercase(), operation(route)))
            .collect();
        if !operations.is_empty() {
            all.insert(path.to_owned(), Value::Object(operations));
        }
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "VPR: FHIR R4",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the server answers. A path that is not here is not served; parts of FHIR that are not built answer 501.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [
            { "url": "/", "description": "The tenant of the host name, or the default one." },
            { "url": "/t/{tenant}", "description": "A tenant by name.", "variables": { "tenant": { "default": "default" } } },
        ],
        "paths": all,
        "components": { "schemas": schemas() },
    });
    let mut text = format!("{document:#}");
    text.push('\n');
    text
}

fn operation(route: &Route) -> Value {
    let mut operation = Map::new();
    operation.insert("operationId".into(), operation_id(route).into());
    operation.insert("summary".into(), route.doc.into());
    let parameters = parameters(route);
    if !parameters.is_empty() {
        operation.insert("parameters".into(), parameters.into());
    }
    if let Some(content) = content(route.request) {
        let required = route.request != Schema::Form;
        operation.insert("requestBody".into(), json!({ "required": required, "content": content }));
    }
    operation.insert("responses".into(), responses(route));
    if let Some(interaction) = route.interaction() {
        operation.insert("x-interaction".into(), interaction.code().into());
        operation
            .insert("x-permission".into(), format!("{:?}", interaction.permission()).to_lowercase().into());
        operation.insert("x-audit".into(), format!("{:?}", action(interaction)).to_lowercase().into());
    }
    Value::Object(operation)
}

fn operation_id(route: &Route) -> String {
    let name = route.action_name();
    let level = match route.path {
        path if path.contains("{member}") => "-compartment",
        path if path.contains("{id}") && name == "$validate" => "-instance",
        _ => "",
    };
    let by_get = |other: &Route| other.action == route.action && other.method == Method::Get;
    let again = route.method == Method::Post && ROUTES.iter().any(by_get);
    format!("{}{level}{}", name.trim_start_matches('$'), if again { "-post" } else { "" })
}

fn parameters(route: &Route) -> Vec<Value> {
    let mut parameters = Vec::new();
    let mut add = |place: &str, name: &str, doc: &str| {
        parameters.push(json!({
            "in": place, "name": name, "description": doc, "required": place == "path", "schema": { "type": "string" },
        }));
    };
    for (name, doc) in [
        ("type", "A resource type."),
        ("id", "The resource's id."),
        ("version", "A version."),
        ("member", "A resource type, or `*` for all."),
    ] {
        if route.path.contains(&format!("{{{name}}}")) {
            add("path", name, doc);
        }
    }
    if route.has_tenant() {
        for parameter in route.parameters.iter().chain(COMMON_PARAMETERS) {
            add("query", parameter.name, parameter.doc);
        }
    }
    for (name, doc, wanted) in HEADERS {
        if wanted(route) {
            add("header", name, doc);
        }
    }
    if route.searches {
        parameters.push(json!({
            "in": "query", "name": "criteria", "required": false, "style": "form", "explode": true,
            "description": "The search parameters of the type, as the CapabilityStatement names them, with their modifiers.",
            "schema": { "type": "object", "additionalProperties": { "type": "string" } },
        }));
    }
    parameters
}

/// A header, what it does, and on which routes.
type Header = (&'static str, &'static str, fn(&Route) -> bool);

const HEADERS: &[Header] = &[
    ("If-Match", "The write happens only on these versions.", |route| on_document(route) && writes(route)),
    (
        "If-None-Match",
        "Reads: 304 if the version is one of these. Writes: only if it is none of these.",
        on_document,
    ),
    ("If-Modified-Since", "304 if nothing was committed since.", |route| {
        on_document(route) && !writes(route)
    }),
    ("If-None-Exist", "The create happens only if this search finds nothing.", |route| {
        route.interaction() == Some(Interaction::Create)
    }),
    ("Prefer", "return=minimal, representation or OperationOutcome.", writes),
    ("Prefer", "handling=strict or lenient: what becomes of parameters that are not known.", |route| {
        route.searches && !writes(route)
    }),
    ("Idempotency-Key", "Makes the write repeatable for 30 days.", writes),
    ("X-Request-Id", "Names the request in the audit and in commits.", Route::has_tenant),
    ("X-Tenant-Id", "May repeat the tenant that the address names.", Route::has_tenant),
];

fn writes(route: &Route) -> bool {
    use vpr_service::Permission;
    route
        .interaction()
        .is_some_and(|interaction| interaction.writes() || interaction.permission() == Permission::Submit)
}

fn on_document(route: &Route) -> bool {
    route.path.ends_with("{id}") || route.path.ends_with("{version}")
}

fn responses(route: &Route) -> Value {
    let common: &[u16] = if route.has_tenant() { COMMON_STATUSES } else { &[] };
    let mut statuses: Vec<u16> = route.statuses.iter().chain(common).copied().collect();
    statuses.sort_unstable();
    statuses.dedup();
    let mut responses = Map::new();
    for status in statuses {
        let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        let mut response = Map::new();
        response.insert("description".into(), reason.unwrap_or("Answer").into());
        let schema = match status {
            200 | 201 => content(route.response),
            204 | 304 => None,
            _ if route.has_tenant() => content(Schema::Named("OperationOutcome")),
            _ => content(route.response),
        };
        if let Some(content) = schema {
            response.insert("content".into(), content);
        }
        responses.insert(status.to_string(), Value::Object(response));
    }
    Value::Object(responses)
}

fn content(schema: Schema) -> Option<Value> {
    let fhir = |name: &str| {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        Some(json!({ "application/fhir+json": { "schema": schema } }))
    };
    match schema {
        Schema::None => None,
        Schema::Resource => fhir("Resource"),
        Schema::Named(name) => fhir(name),
        Schema::ResourceOrParameters => fhir("ResourceOrParameters"),
        Schema::Form => {
            let schema = json!({ "type": "object", "additionalProperties": { "type": "string" } });
            Some(json!({ FORM: { "schema": schema } }))
        }
        Schema::Json => Some(json!({ "application/json": { "schema": { "type": "object" } } })),
        Schema::Text => Some(json!({ "text/plain": { "schema": { "type": "string" } } })),
    }
}

fn schemas() -> Value {
    let resource = |name: Option<&str>| {
        let type_schema = name.map_or(json!({ "type": "string" }), |name| json!({ "const": name }));
        json!({
            "type": "object",
            "required": ["resourceType"],
            "properties": { "resourceType": type_schema, "id": { "type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$" } },
        })
    };
    let mut schemas = Map::new();
    schemas.insert("Resource".into(), resource(None));
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    schemas.insert(
        "ResourceOrParameters".into(),
        json!({ "anyOf": [reference("Resource"), reference("Parameters")] }),
    );
    schemas.insert("Parameters".into(), resource(Some("Parameters")));
    schemas.insert("OperationOutcome".into(), resource(Some("OperationOutcome")));
    for route in ROUTES {
        for schema in [route.request, route.response] {
            if let Schema::Named(name) = schema {
                schemas.insert(name.into(), resource(Some(name)));
            }
        }
    }
    Value::Object(schemas)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_holds_the_routes_that_are_built_and_nothing_else() {
        let document: Value = serde_json::from_str(&openapi()).unwrap();
        let mut documented = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                documented.insert((path.clone(), method.to_uppercase()));
                let id = operation["operationId"].as_str().unwrap().to_owned();
                assert!(ids.insert(id), "{path} {method}: its operationId is another's");
            }
        }
        let declared: BTreeSet<_> = ROUTES
            .iter()
            .filter(|route| !matches!(route.action, Action::NotBuilt(_)))
            .map(|route| (route.path.to_owned(), route.method.as_str().to_owned()))
            .collect();
        assert_eq!(documented, declared);
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        let text = openapi();
        let document: Value = serde_json::from_str(&text).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
        assert_eq!(text, openapi());
        assert!(text.ends_with("}\n"));
    }

    #[test]
    fn variable_segments_are_declared_as_parameters() {
        let document: Value = serde_json::from_str(&openapi()).unwrap();
        for route in ROUTES.iter().filter(|route| !matches!(route.action, Action::NotBuilt(_))) {
            let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
            let declared = operation["parameters"]
                .as_array()
                .map_or(0, |all| all.iter().filter(|parameter| parameter["in"] == "path").count());
            assert_eq!(declared, route.path.matches('{').count(), "{}", route.path);
            assert_eq!(
                operation.get("requestBody").is_some(),
                route.method != Method::Get && route.method != Method::Delete
            );
        }
    }
}
