//! FHIR R4's RESTful API (§3.1.0): what each declared interaction asks for, and how it is answered.

mod headers;
mod search;

use axum::Router;
use vpr_api_shared::{Call, CapabilityStatement, Protocol};
use vpr_service::{Answer, Failure, HistoryQuery, Interaction, Operation, Service, Target};

use crate::RestConfig;

/// The public door: every declared route, and nothing else.
pub fn router(service: Service, config: RestConfig) -> Router {
    let statement = CapabilityStatement::new(&config.authentication, service.now());
    vpr_api_shared::router(Fhir { statement }, service, config.into_door())
}

struct Fhir {
    statement: CapabilityStatement,
}

impl Protocol for Fhir {
    fn operation(&self, call: Call) -> Result<Operation, Failure> {
        match call.interaction {
            Interaction::Read => read(call),
            Interaction::VRead => vread(call),
            Interaction::Update => update(call),
            Interaction::Delete => delete(call),
            Interaction::Create => create(call),
            Interaction::HistoryInstance => history(call),
            Interaction::HistoryType => history_type(call),
            Interaction::HistorySystem => Ok(Operation::HistorySystem { query: history_query(&call)? }),
            Interaction::SearchType | Interaction::SearchSystem => search::search(call),
            Interaction::Everything => search::everything(call),
            Interaction::ConditionalUpdate => conditional_update(call),
            Interaction::ConditionalDelete => conditional_delete(call),
            Interaction::Validate => validate(call),
            Interaction::Transaction | Interaction::Batch => bundle(call),
            Interaction::Capabilities => capabilities(call),
            Interaction::ListTenants
            | Interaction::CreateTenant
            | Interaction::Inspect
            | Interaction::List
            | Interaction::Show
            | Interaction::Maintain
            // A create becomes one by its header.
            | Interaction::ConditionalCreate => Err(Failure::internal()),
        }
    }

    fn render(&self, interaction: Interaction, base: &str, answer: Answer) -> Answer {
        match interaction {
            Interaction::Capabilities => Answer { body: Some(self.statement.render(base)), ..answer },
            _ => answer,
        }
    }
}

fn read(call: Call) -> Result<Operation, Failure> {
    let conditions = headers::read_conditions(&call.headers)?;
    Ok(Operation::Read { target: target(&call)?, conditions })
}

fn vread(call: Call) -> Result<Operation, Failure> {
    let conditions = headers::read_conditions(&call.headers)?;
    let target = target(&call)?;
    Ok(Operation::VRead { target, version: call.path.version.unwrap_or_default(), conditions })
}

fn history(call: Call) -> Result<Operation, Failure> {
    Ok(Operation::HistoryInstance { target: target(&call)?, query: history_query(&call)? })
}

fn history_type(call: Call) -> Result<Operation, Failure> {
    let query = history_query(&call)?;
    Ok(Operation::HistoryType { type_name: call.path.type_name.unwrap_or_default(), query })
}

fn history_query(call: &Call) -> Result<HistoryQuery, Failure> {
    let mut query = HistoryQuery::default();
    for (name, value) in &call.query {
        query.take(name, value)?;
    }
    Ok(query)
}

fn create(call: Call) -> Result<Operation, Failure> {
    let if_none_exist = headers::if_none_exist(&call.headers)?;
    let options = headers::write_options(&call.headers)?;
    Ok(Operation::Create {
        type_name: call.path.type_name.unwrap_or_default(),
        body: call.body,
        if_none_exist,
        options,
    })
}

fn conditional_update(call: Call) -> Result<Operation, Failure> {
    let conditions = headers::write_conditions(&call.headers)?;
    let options = headers::write_options(&call.headers)?;
    Ok(Operation::ConditionalUpdate {
        type_name: call.path.type_name.unwrap_or_default(),
        criteria: call.criteria,
        body: call.body,
        conditions,
        options,
    })
}

fn conditional_delete(call: Call) -> Result<Operation, Failure> {
    headers::no_versions(&call.headers)?;
    let options = headers::write_options(&call.headers)?;
    let type_name = call.path.type_name.unwrap_or_default();
    Ok(Operation::ConditionalDelete { type_name, criteria: call.criteria, options })
}

fn update(call: Call) -> Result<Operation, Failure> {
    let conditions = headers::write_conditions(&call.headers)?;
    let options = headers::write_options(&call.headers)?;
    Ok(Operation::Update { target: target(&call)?, body: call.body, conditions, options })
}

fn delete(call: Call) -> Result<Operation, Failure> {
    let conditions = headers::write_conditions(&call.headers)?;
    let options = headers::write_options(&call.headers)?;
    Ok(Operation::Delete { target: target(&call)?, conditions, options })
}

fn validate(call: Call) -> Result<Operation, Failure> {
    let parameter = |wanted: &str| call.query.iter().find(|(name, _)| name == wanted);
    Ok(Operation::Validate {
        mode: parameter("mode").map(|(_, mode)| mode.clone()),
        profile: parameter("profile").is_some(),
        type_name: call.path.type_name.unwrap_or_default(),
        id: call.path.id,
        body: call.body,
    })
}

fn bundle(call: Call) -> Result<Operation, Failure> {
    let options = headers::write_options(&call.headers)?;
    Ok(Operation::Bundle { body: call.body, options })
}

fn capabilities(call: Call) -> Result<Operation, Failure> {
    if call.query.iter().any(|(name, value)| name == "mode" && value != "full") {
        return Err(Failure::not_supported("only mode=full is supported"));
    }
    Ok(Operation::Capabilities)
}

fn target(call: &Call) -> Result<Target, Failure> {
    match (&call.path.type_name, &call.path.id) {
        (Some(type_name), Some(id)) => Ok(Target { type_name: type_name.clone(), id: id.clone() }),
        _ => Err(Failure::internal()),
    }
}
