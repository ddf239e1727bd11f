//! What the engine promises, tried on a simulated machine from seeds and on a real disk: nothing
//! acknowledged is lost, torn or doubled, whatever the power, the disk or other writers do.
//! `docs/durability.md` says what each figure means and what is assumed of the disk.
//!
//! Reading order: `model` (what should be), `plan` (what is asked), `life` (what was issued and
//! promised), `simulator` (an engine's lives on one disk), `inspect` (what a start finds, judged by
//! model and ledger), then one file a figure.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "tests")]
#![allow(unreachable_pub, reason = "tests")]

mod model;
mod plan;

mod inspect;
mod life;
mod simulator;
mod wire;

mod figure;
mod git;

mod power_loss;
mod sabotage;

mod failing_disk;
mod full_disk;
mod rot;

mod races;
mod rebuild;
mod regressions;
mod stock_git;
mod transactions;
