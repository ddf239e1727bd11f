/// Environment variables that this build listens to for tests' sake: none without `sabotage`.
#[cfg(not(feature = "sabotage"))]
pub const TEST_VARIABLES: &[&str] = &[];

/// Environment variables that this build listens to for tests' sake.
#[cfg(feature = "sabotage")]
pub const TEST_VARIABLES: &[&str] = &crate::sabotage::VARIABLES;
