//! FHIR R4 as data: definitions, validation, references, homes
