//! Writers that know what was acknowledged to them, and hold the server to it after each crash.
//!
//! Each writer has documents of its own, so that it knows every version that must be there. What
//! was under way when the server died is looked at after the restart (all of it or nothing), then
//! asked for again under the same idempotency key, and must be there once.

mod account;
mod findings;
mod inventory;
mod operation;
mod search;
mod writer;

pub use account::Account;
pub use findings::Findings;
pub use inventory::audit_with_git;
pub use writer::Writer;
