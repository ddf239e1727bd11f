//! Development tasks: `cargo xtask <task>`.
//!
//! Never part of the server; the only program here that starts other programs.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program for developers")]

mod test;
mod tidy;

mod codegen;
mod openapi;

mod bench;
mod figures;

mod children;
mod machine;
mod workspace;

use std::error::Error;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask <task>

  setup                      installs what the tests need, as root on Debian, or says what to install
  test [--fast] [FILTER…]    everything that must hold before a change is committed
  tidy                       the rules of the code base that no compiler checks
  codegen [--check]          the FHIR R4 definitions as Rust tables
  openapi [--check]          the committed OpenAPI documents
  bench [--seconds N]        throughput, latency and CPU, beside this machine's raw limits
  figures [--check]          the ten figures of README.md, from what was published last";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    match args.split_first().map(|(task, rest)| (task.as_str(), rest)) {
        Some(("setup", [])) => test::setup::run(),
        Some(("test", rest)) => test::run(rest),
        Some(("tidy", [])) => tidy::run(),
        Some(("codegen", rest)) => codegen::run(rest),
        Some(("openapi", rest)) => openapi::run(rest),
        Some(("bench", rest)) => bench::run(rest),
        Some(("figures", rest)) => figures::run(rest),
        _ => Err(USAGE.into()),
    }
}
