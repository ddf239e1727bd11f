//! Laws of the canonical form, and every FHIR resource of the public test data.

// Helpers outside `#[test]` functions are tests too.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod data;
mod examples;
mod keys;
mod laws;
mod oracle;
mod search_mutation;
mod synthea;
mod validator_cases;
