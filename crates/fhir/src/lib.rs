//! FHIR R4 as data: definitions, validation, references, homes

pub mod definitions;

#[rustfmt::skip]
mod generated;

pub use definitions::ResourceType;
