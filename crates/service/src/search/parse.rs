use vpr_fhir::definitions::Compartment;
use vpr_fhir::search::{
    CompartmentOf, FaultKind, ParseOptions, Query, Scope, SearchFault, SearchLimits, parse,
};
use vpr_fhir::{Issue, IssueType, OperationOutcome, ResourceType, Severity};

use crate::failure::{Failure, FailureKind};
use crate::operation::{Handling, SearchScope};
use crate::work::{Work, named, resource_type};

impl Work<'_> {
    /// Reads the parameters of a search.
    pub(crate) fn query(
        &self,
        scope: &SearchScope,
        parameters: &[(String, String)],
        handling: Handling,
    ) -> Result<Query, Failure> {
        let options = ParseOptions {
            lenient: handling == Handling::Lenient,
            base: &self.context.base,
            now: self.inner.engine.now(),
            limits: SearchLimits::default(),
        };
        let mut query = parse(types(scope)?, parameters, &options).map_err(|all| faults(&all))?;
        query.compartment = compartment(scope)?;
        Ok(query)
    }
}

/// The types that a scope covers.
pub(crate) fn types(scope: &SearchScope) -> Result<Scope, Failure> {
    Ok(match scope {
        SearchScope::System => Scope::All,
        SearchScope::Type(name) | SearchScope::Compartment { type_name: Some(name), .. } => {
            Scope::Types(vec![resource_type(name)?])
        }
        SearchScope::Compartment { owner, .. } => {
            let compartment = Compartment::parse(owner).ok_or_else(no_compartment)?;
            let members = compartment.members().filter(|(_, parameters)| !parameters.is_empty());
            let mut types: Vec<ResourceType> = members.map(|(known, _)| known).collect();
            // The owner is in its own compartment.
            types.extend(ResourceType::parse(owner).filter(|owner| !types.contains(owner)));
            Scope::Types(types)
        }
    })
}

/// The compartment that a scope names.
pub(crate) fn compartment(scope: &SearchScope) -> Result<Option<CompartmentOf>, Failure> {
    let SearchScope::Compartment { owner, id, type_name } = scope else { return Ok(None) };
    let known = resource_type(owner)?;
    let compartment = Compartment::parse(owner).ok_or_else(no_compartment)?;
    if let Some(member) = type_name {
        let member = resource_type(member)?;
        if compartment.parameters(member).is_empty() && member != known {
            let text = format!("{member} is never in the compartment of a {known}");
            return Err(Failure::new(FailureKind::NotFound, IssueType::NotSupported, text));
        }
    }
    named(known, id)?;
    Ok(Some(CompartmentOf { owner: known, id: id.clone() }))
}

fn no_compartment() -> Failure {
    let text = "resources of this type have no compartment";
    Failure::new(FailureKind::NotFound, IssueType::NotSupported, text)
}

/// The refusal that names every parameter at fault.
pub(crate) fn faults(all: &[SearchFault]) -> Failure {
    let not_built =
        |fault: &SearchFault| matches!(fault.kind, FaultKind::UnsupportedModifier | FaultKind::NotSupported);
    let kind = if !all.is_empty() && all.iter().all(not_built) {
        FailureKind::NotSupported
    } else {
        FailureKind::Malformed
    };
    let issue = |fault: &SearchFault| Issue::new(Severity::Error, fault.code, fault.text.clone());
    Failure { kind, outcome: OperationOutcome { issues: distinct(all.iter().map(issue)) }, stamp: None }
}

/// Each issue once: faults of several parameters can have the same text.
pub(crate) fn distinct(issues: impl IntoIterator<Item = Issue>) -> Vec<Issue> {
    let mut found: Vec<Issue> = Vec::new();
    for issue in issues {
        if !found.contains(&issue) {
            found.push(issue);
        }
    }
    found
}
