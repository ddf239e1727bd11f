//! Documents made from the definitions: every element that some search parameter looks at, filled
//! from small pools of awkward values.

mod history;
mod pools;
mod touched;
mod values;

use vpr_http_tests::{Dice, Json};

pub use history::{Write, history, operations, settled};
pub(crate) use touched::touched;

/// The types of the documents: between them they have every kind of parameter.
pub(crate) const TYPES: [&str; 33] = [
    "AllergyIntolerance",
    "Appointment",
    "CarePlan",
    "ChargeItem",
    "Condition",
    "Coverage",
    "Device",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "Group",
    "Immunization",
    "List",
    "Location",
    "Medication",
    "MedicationRequest",
    "MolecularSequence",
    "Observation",
    "Organization",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "Provenance",
    "Questionnaire",
    "QuestionnaireResponse",
    "RelatedPerson",
    "RiskAssessment",
    "ServiceRequest",
    "Specimen",
    "StructureDefinition",
    "Task",
    "ValueSet",
];

/// How many documents of a type there are.
#[must_use]
pub(crate) fn population(type_name: &str) -> u64 {
    match type_name {
        "Observation" => 120,
        "Patient" => 36,
        "StructureDefinition" | "MolecularSequence" | "Questionnaire" => 16,
        _ => 28,
    }
}

/// The id of a document by its number; the same ids in all types.
#[must_use]
pub(crate) fn id(number: u64) -> String {
    match number % 7 {
        3 => format!("N{number}"),
        5 => format!("n.{number}-x"),
        _ => format!("n{number}"),
    }
}

/// Makes documents.
pub(crate) struct Maker<'d> {
    dice: &'d mut Dice,
}

impl<'d> Maker<'d> {
    /// One that draws from these dice.
    pub(crate) fn new(dice: &'d mut Dice) -> Self {
        Self { dice }
    }

    /// A document of that type and id.
    pub(crate) fn document(&mut self, type_name: &'static str, id: &str) -> Json {
        let mut members = vec![("resourceType", text(type_name)), ("id", text(id))];
        if self.dice.below(3) == 0 {
            members.push(("meta", self.meta()));
        }
        let Json::Object(rest) = self.object(type_name, 0) else { unreachable!() };
        let mut members: Vec<(String, Json)> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        members.extend(rest);
        Json::Object(members)
    }
}

/// A string.
#[must_use]
pub(crate) fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

/// An object without the members that are `None`.
#[must_use]
pub(crate) fn object<const N: usize>(members: [(&str, Option<Json>); N]) -> Json {
    let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Json::Object(present.collect())
}
