/// What [`super::Repository::concatenate`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concatenated {
    /// How many packs were merged into one.
    pub packs: usize,
}
