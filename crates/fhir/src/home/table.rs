//! One row for each resource type of R4, in alphabetical order, written by hand.
//!
//! Clinical is what was found, thought and done; coordination is who does what when, and who pays;
//! demographics is who the patient is. What is made for many (definitions, terminology, products,
//! organizations), what gathers many patients (Group, Linkage) and what is exchanged rather than
//! kept (Bundle, Parameters, MessageHeader, OperationOutcome, AuditEvent) has no path.

use vpr_types::Part::{self, Clinical, Coordination, Demographics, Registry};

/// (type, part when it has exactly one patient, paths of its patients)
#[rustfmt::skip]
pub(super) static HOMES: [(&str, Part, &[&str]); 146] = [
    ("Account", Coordination, &["subject"]),
    ("ActivityDefinition", Registry, &[]),
    ("AdverseEvent", Clinical, &["subject"]),
    ("AllergyIntolerance", Clinical, &["patient"]),
    ("Appointment", Coordination, &["participant.actor"]),
    ("AppointmentResponse", Coordination, &["actor"]),
    ("AuditEvent", Registry, &[]),
    ("Basic", Clinical, &["subject"]),
    ("Binary", Clinical, &["securityContext"]),
    ("BiologicallyDerivedProduct", Registry, &[]),
    ("BodyStructure", Clinical, &["patient"]),
    ("Bundle", Registry, &[]),
    ("CapabilityStatement", Registry, &[]),
    ("CarePlan", Coordination, &["subject"]),
    ("CareTeam", Coordination, &["subject"]),
    ("CatalogEntry", Registry, &[]),
    ("ChargeItem", Coordination, &["subject"]),
    ("ChargeItemDefinition", Registry, &[]),
    ("Claim", Coordination, &["patient"]),
    ("ClaimResponse", Coordination, &["patient"]),
    ("ClinicalImpression", Clinical, &["subject"]),
    ("CodeSystem", Registry, &[]),
    ("Communication", Coordination, &["subject"]),
    ("CommunicationRequest", Coordination, &["subject"]),
    ("CompartmentDefinition", Registry, &[]),
    ("Composition", Clinical, &["subject"]),
    ("ConceptMap", Registry, &[]),
    ("Condition", Clinical, &["subject"]),
    ("Consent", Coordination, &["patient"]),
    ("Contract", Coordination, &["subject"]),
    ("Coverage", Coordination, &["beneficiary"]),
    ("CoverageEligibilityRequest", Coordination, &["patient"]),
    ("CoverageEligibilityResponse", Coordination, &["patient"]),
    ("DetectedIssue", Clinical, &["patient"]),
    ("Device", Clinical, &["patient"]),
    ("DeviceDefinition", Registry, &[]),
    ("DeviceMetric", Registry, &[]),
    ("DeviceRequest", Coordination, &["subject"]),
    ("DeviceUseStatement", Clinical, &["subject"]),
    ("DiagnosticReport", Clinical, &["subject"]),
    ("DocumentManifest", Clinical, &["subject"]),
    ("DocumentReference", Clinical, &["subject"]),
    ("EffectEvidenceSynthesis", Registry, &[]),
    ("Encounter", Coordination, &["subject"]),
    ("Endpoint", Registry, &[]),
    ("EnrollmentRequest", Coordination, &["candidate"]),
    ("EnrollmentResponse", Registry, &[]),
    ("EpisodeOfCare", Coordination, &["patient"]),
    ("EventDefinition", Registry, &[]),
    ("Evidence", Registry, &[]),
    ("EvidenceVariable", Registry, &[]),
    ("ExampleScenario", Registry, &[]),
    ("ExplanationOfBenefit", Coordination, &["patient"]),
    ("FamilyMemberHistory", Clinical, &["patient"]),
    ("Flag", Coordination, &["subject"]),
    ("Goal", Coordination, &["subject"]),
    ("GraphDefinition", Registry, &[]),
    ("Group", Registry, &[]),
    ("GuidanceResponse", Clinical, &["subject"]),
    ("HealthcareService", Registry, &[]),
    ("ImagingStudy", Clinical, &["subject"]),
    ("Immunization", Clinical, &["patient"]),
    ("ImmunizationEvaluation", Clinical, &["patient"]),
    ("ImmunizationRecommendation", Clinical, &["patient"]),
    ("ImplementationGuide", Registry, &[]),
    ("InsurancePlan", Registry, &[]),
    ("Invoice", Coordination, &["subject"]),
    ("Library", Registry, &[]),
    ("Linkage", Registry, &[]),
    ("List", Coordination, &["subject"]),
    ("Location", Registry, &[]),
    ("Measure", Registry, &[]),
    ("MeasureReport", Clinical, &["subject"]),
    ("Media", Clinical, &["subject"]),
    ("Medication", Registry, &[]),
    ("MedicationAdministration", Clinical, &["subject"]),
    ("MedicationDispense", Clinical, &["subject"]),
    ("MedicationKnowledge", Registry, &[]),
    ("MedicationRequest", Clinical, &["subject"]),
    ("MedicationStatement", Clinical, &["subject"]),
    ("MedicinalProduct", Registry, &[]),
    ("MedicinalProductAuthorization", Registry, &[]),
    ("MedicinalProductContraindication", Registry, &[]),
    ("MedicinalProductIndication", Registry, &[]),
    ("MedicinalProductIngredient", Registry, &[]),
    ("MedicinalProductInteraction", Registry, &[]),
    ("MedicinalProductManufactured", Registry, &[]),
    ("MedicinalProductPackaged", Registry, &[]),
    ("MedicinalProductPharmaceutical", Registry, &[]),
    ("MedicinalProductUndesirableEffect", Registry, &[]),
    ("MessageDefinition", Registry, &[]),
    ("MessageHeader", Registry, &[]),
    ("MolecularSequence", Clinical, &["patient"]),
    ("NamingSystem", Registry, &[]),
    ("NutritionOrder", Clinical, &["patient"]),
    ("Observation", Clinical, &["subject"]),
    ("ObservationDefinition", Registry, &[]),
    ("OperationDefinition", Registry, &[]),
    ("OperationOutcome", Registry, &[]),
    ("Organization", Registry, &[]),
    ("OrganizationAffiliation", Registry, &[]),
    ("Parameters", Registry, &[]),
    ("Patient", Demographics, &["id"]),
    ("PaymentNotice", Registry, &[]),
    ("PaymentReconciliation", Registry, &[]),
    ("Person", Demographics, &["link.target"]),
    ("PlanDefinition", Registry, &[]),
    ("Practitioner", Registry, &[]),
    ("PractitionerRole", Registry, &[]),
    ("Procedure", Clinical, &["subject"]),
    ("Provenance", Clinical, &["target"]),
    ("Questionnaire", Registry, &[]),
    ("QuestionnaireResponse", Clinical, &["subject"]),
    ("RelatedPerson", Demographics, &["patient"]),
    ("RequestGroup", Coordination, &["subject"]),
    ("ResearchDefinition", Registry, &[]),
    ("ResearchElementDefinition", Registry, &[]),
    ("ResearchStudy", Registry, &[]),
    ("ResearchSubject", Coordination, &["individual"]),
    ("RiskAssessment", Clinical, &["subject"]),
    ("RiskEvidenceSynthesis", Registry, &[]),
    ("Schedule", Coordination, &["actor"]),
    ("SearchParameter", Registry, &[]),
    ("ServiceRequest", Coordination, &["subject"]),
    ("Slot", Registry, &[]),
    ("Specimen", Clinical, &["subject"]),
    ("SpecimenDefinition", Registry, &[]),
    ("StructureDefinition", Registry, &[]),
    ("StructureMap", Registry, &[]),
    ("Subscription", Registry, &[]),
    ("Substance", Registry, &[]),
    ("SubstanceNucleicAcid", Registry, &[]),
    ("SubstancePolymer", Registry, &[]),
    ("SubstanceProtein", Registry, &[]),
    ("SubstanceReferenceInformation", Registry, &[]),
    ("SubstanceSourceMaterial", Registry, &[]),
    ("SubstanceSpecification", Registry, &[]),
    ("SupplyDelivery", Coordination, &["patient"]),
    ("SupplyRequest", Coordination, &["deliverTo"]),
    ("Task", Coordination, &["for"]),
    ("TerminologyCapabilities", Registry, &[]),
    ("TestReport", Registry, &[]),
    ("TestScript", Registry, &[]),
    ("ValueSet", Registry, &[]),
    ("VerificationResult", Demographics, &["target"]),
    ("VisionPrescription", Clinical, &["patient"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ResourceType;
    use crate::definitions::Type;

    #[test]
    fn every_resource_type_has_one_row() {
        let names: Vec<_> = HOMES.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names, ResourceType::all().map(ResourceType::name).collect::<Vec<_>>());
    }

    #[test]
    fn every_path_leads_to_a_reference_that_can_be_a_patient() {
        for (name, part, paths) in &HOMES {
            assert_eq!(*part == Registry, paths.is_empty(), "{name}");
            for path in paths.iter().filter(|path| **path != "id") {
                let mut holder = Type::find(name).unwrap();
                let mut targets = None;
                for step in path.split('.') {
                    let member = holder.member(step).unwrap_or_else(|| panic!("{name}.{path}"));
                    holder = member.value_type();
                    targets = Some(member.targets().map(ResourceType::name).collect::<Vec<_>>());
                }
                assert_eq!(holder.name(), "Reference", "{name}.{path}");
                let targets = targets.unwrap();
                assert!(targets.is_empty() || targets.contains(&"Patient"), "{name}.{path}");
            }
        }
    }

    #[test]
    fn a_type_that_must_have_a_patient_is_not_kept_in_the_registry() {
        for (name, _, paths) in &HOMES {
            for path in ["subject", "patient"] {
                let member = Type::find(name).unwrap().member(path);
                let is_patient = member.is_some_and(|member| {
                    member.value_type().name() == "Reference"
                        && member.targets().any(|its| its.name() == "Patient")
                });
                assert!(!is_patient || paths.contains(&path), "{name}.{path}");
            }
        }
    }
}
