//! What the tests through the real doors share: a `vpr` process of their own, HTTP, JSON and stock
//! git, none of it with code of the program that they judge.
//!
//! Every test that starts a server starts it through a [`Database`] and runs on both
//! ([`on_both_databases`]): a real Postgres is started for it, and without one it fails. What takes
//! long is cut there ([`Database::size`]). Tests that cannot run on both stand in
//! `tests/both_databases.rs`, each with its reason.
//!
//! Each file of `tests/` is one claim. Figures are printed and written to `target/figures/`.
//!
//! They run `target/<profile>/vpr`, or what `VPR_BINARY` names; it must be built with the places to
//! die at (`cargo test --workspace` does so). `VPR_TEST_DATA` names the folder of the public test
//! data; what needs it says what was left out and passes without it. `VPR_FULL=1` reads all of it,
//! `VPR_SOAK=1` runs the long size of everything, `VPR_KILLS` chooses the number of kills and
//! `VPR_SEED` another run.

// Everything here runs inside tests only: what goes wrong is said by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod binary;
mod database;
mod server;

mod http;
mod json;
mod outcome;

mod campaign;
mod git;
mod ledger;
mod order;

mod data;
mod dice;
mod figures;
mod resources;

pub use binary::{Command, has_failpoints, program, require_failpoints};
pub use campaign::{Campaign, FAILPOINTS, Outcome};
pub use data::{fhir_set, is_full, is_soak, json_files, shout};
pub use database::Database;
pub use dice::Dice;
pub use figures::publish;
pub use git::{Repository, repositories};
pub use http::{Client, Request, Response};
pub use json::{Json, parse};
pub use ledger::{Account, Findings, Writer, audit_with_git};
pub use order::StandardOrder;
pub use outcome::{Issue, assert_outcome, issues};
pub use resources::{bundle, entry, fill, observation, patient, put};
pub use server::{Ended, Server};
