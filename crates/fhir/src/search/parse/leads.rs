//! Where reference parameters lead, which their definitions tell only for all their types together.

use std::sync::LazyLock;

use crate::ResourceType;
use crate::definitions::{Member, SearchParameter, SearchParameterType, Type};

/// What a reference parameter means on one type.
struct Lead {
    on: ResourceType,
    /// None means any.
    targets: Vec<ResourceType>,
    canonical: bool,
}

static LEADS: LazyLock<Vec<Vec<Lead>>> = LazyLock::new(|| SearchParameter::all().map(leads).collect());

fn leads_of(parameter: SearchParameter) -> &'static [Lead] {
    LEADS.get(usize::from(parameter.0)).map_or(&[], Vec::as_slice)
}

/// Whether the values of a reference parameter are canonical URLs or URIs (R4 §3.1.1.4.13), which
/// name a resource by its `url`, not by where it is.
pub(super) fn is_canonical(parameter: SearchParameter) -> bool {
    leads_of(parameter).iter().any(|lead| lead.canonical)
}

/// The types that a reference parameter of one of `types` may refer to; none means any.
pub(super) fn targets(parameter: SearchParameter, types: &[ResourceType]) -> Vec<ResourceType> {
    let mut found = Vec::new();
    for lead in leads_of(parameter).iter().filter(|lead| types.contains(&lead.on)) {
        if lead.targets.is_empty() {
            return Vec::new();
        }
        for target in &lead.targets {
            if !found.contains(target) {
                found.push(*target);
            }
        }
    }
    found
}

/// Whether a reference parameter of one of `types` may refer to that type.
pub(super) fn may_refer(parameter: SearchParameter, types: &[ResourceType], target: ResourceType) -> bool {
    let leads = leads_of(parameter).iter().filter(|lead| types.contains(&lead.on));
    leads.into_iter().any(|lead| lead.targets.is_empty() || lead.targets.contains(&target))
}

fn leads(parameter: SearchParameter) -> Vec<Lead> {
    let mut found: Vec<Lead> = Vec::new();
    if parameter.value_type() != SearchParameterType::Reference {
        return found;
    }
    for path in parameter.expression().split(" | ") {
        let Some((on, members, is)) = follow(path) else { continue };
        let canonical = members.iter().any(|each| matches!(each.value_type().name(), "canonical" | "uri"));
        let mut targets: Vec<_> = match is {
            Some(target) => vec![target],
            None if members.iter().any(|each| each.targets().len() == 0) => parameter.targets().collect(),
            None => members.iter().flat_map(|each| each.targets()).collect(),
        };
        targets.retain(|each| parameter.targets().len() == 0 || parameter.targets().any(|its| its == *each));
        match found.iter_mut().find(|lead| lead.on == on) {
            Some(lead) => {
                lead.canonical |= canonical;
                lead.targets.extend(targets);
            }
            None => found.push(Lead { on, targets, canonical }),
        }
    }
    for lead in &mut found {
        lead.targets.sort_unstable();
        lead.targets.dedup();
        if lead.targets.is_empty() {
            lead.targets = parameter.targets().collect();
        }
    }
    found
}

/// Follows one path of an expression through the definitions: the type where it begins, the members
/// where it ends, the type that `resolve() is` asks for.
fn follow(path: &str) -> Option<(ResourceType, Vec<Member>, Option<ResourceType>)> {
    let path = path.trim_matches(['(', ')', ' ']);
    let (path, wanted) = match path.split_once(" as ") {
        Some((path, wanted)) => (path, Some(wanted)),
        None => (path, None),
    };
    let is = path.split_once("resolve() is ").map(|(_, rest)| rest.trim_end_matches([')', ' ']));
    let mut steps = steps(path).into_iter().filter(|step| !step.contains('('));
    let on = ResourceType::parse(steps.next()?)?;
    let mut members: Vec<Member> = Vec::new();
    for step in steps {
        let name = step.split_once('[').map_or(step, |(name, _)| name);
        let holders: Vec<Type> = match members.as_slice() {
            [] => vec![on.definition()],
            members => members.iter().map(|each| each.value_type()).collect(),
        };
        members = holders
            .iter()
            .filter_map(|each| each.element(name))
            .flat_map(|element| element.members())
            .collect();
        if members.is_empty() {
            return None;
        }
    }
    let wanted = wanted.unwrap_or("Reference");
    if members.iter().any(|each| each.value_type().name() == wanted) {
        members.retain(|each| each.value_type().name() == wanted);
    }
    Some((on, members, is.and_then(ResourceType::parse)))
}

/// The parts of a path between the dots outside parentheses.
fn steps(path: &str) -> Vec<&str> {
    let (mut steps, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, letter) in path.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            '.' if depth == 0 => {
                steps.extend(path.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    steps.extend(path.get(start..));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(types: &[ResourceType]) -> String {
        types.iter().map(|each| each.name()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn parameters_of_canonical_elements_are_known() {
        let canonical: Vec<_> = SearchParameter::all()
            .filter(|each| is_canonical(*each))
            .map(|each| each.url().trim_start_matches("http://hl7.org/fhir/SearchParameter/"))
            .collect();
        for expected in [
            "QuestionnaireResponse-questionnaire",
            "RequestGroup-instantiates-canonical",
            "ActivityDefinition-depends-on",
            "PlanDefinition-definition",
            "ConceptMap-source",
            "ConceptMap-source-uri",
            "StructureDefinition-valueset",
        ] {
            assert!(canonical.contains(&expected), "{expected}: {canonical:?}");
        }
        for other in ["Observation-subject", "Bundle-composition", "Linkage-item", "clinical-patient"] {
            assert!(!canonical.contains(&other), "{other}");
        }
    }

    #[test]
    fn a_parameter_leads_where_its_element_on_that_type_leads() {
        for (on, code, expected) in [
            ("Observation", "patient", "Patient"),
            ("Observation", "encounter", "Encounter"),
            ("Observation", "subject", "Device Group Location Patient"),
            ("Condition", "patient", "Patient"),
            ("Person", "practitioner", "Practitioner"),
            ("MedicationRequest", "medication", "Medication"),
            ("Composition", "related-ref", "Composition"),
            ("Bundle", "composition", "Composition"),
            ("ServiceRequest", "encounter", "Encounter"),
            ("AuditEvent", "patient", "Patient"),
            ("PlanDefinition", "definition", "ActivityDefinition PlanDefinition Questionnaire"),
        ] {
            let on = ResourceType::parse(on).unwrap();
            let parameter = on.search_parameter(code).unwrap();
            assert_eq!(named(&targets(parameter, &[on])), expected, "{on} {code}");
        }
        let provenance = ResourceType::parse("Provenance").unwrap();
        assert!(targets(provenance.search_parameter("target").unwrap(), &[provenance]).len() > 100);
    }

    #[test]
    fn every_reference_parameter_leads_somewhere_from_each_of_its_types() {
        for on in ResourceType::all() {
            for parameter in on.search_parameters() {
                if parameter.value_type() != SearchParameterType::Reference {
                    continue;
                }
                let leads = leads_of(parameter).iter().filter(|lead| lead.on == on).count();
                assert_eq!(leads, 1, "{on} {}", parameter.code());
                let targets = targets(parameter, &[on]);
                let within = |each: &ResourceType| parameter.targets().any(|its| its == *each);
                assert!(parameter.targets().len() == 0 || !targets.is_empty() && targets.iter().all(within));
            }
        }
    }
}
