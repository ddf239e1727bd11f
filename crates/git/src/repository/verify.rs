use std::path::PathBuf;
/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// What is wrong.
    pub what: String,
    /// The file, relative to the data directory.
    pub path: PathBuf,
}
/// What [`super::Repository::verify`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// What is wrong; empty when all is well.
    pub damage: Vec<Damage>,
}
