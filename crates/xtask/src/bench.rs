//! `cargo xtask bench`: throughput, latency, CPU and memory of the release binary, beside the raw
//! limits of the machine that it runs on, measured in the same run. Figures are printed and
//! written to `docs/benchmarks.md`; no test depends on one.
//!
//! What it needs is heavy, so it sits behind the cargo feature `bench`; without it this command
//! builds itself anew with it.
//!
//! Where the time goes: `perf record -g -p <pid of vpr>` while a load runs, or, where perf is not
//! allowed, `valgrind --tool=callgrind target/release/vpr serve` and a few hundred requests
//! (slow, but it counts instructions); the release profile keeps line tables for both.

#[cfg(feature = "bench")]
mod client;
#[cfg(feature = "bench")]
mod figures;
#[cfg(feature = "bench")]
mod hospital;
#[cfg(feature = "bench")]
mod load;
#[cfg(feature = "bench")]
mod measure;
#[cfg(feature = "bench")]
mod plans;
#[cfg(feature = "bench")]
mod raw;
#[cfg(feature = "bench")]
mod report;
#[cfg(feature = "bench")]
mod resources;
#[cfg(feature = "bench")]
mod search;
#[cfg(feature = "bench")]
mod server;

use std::error::Error;

/// Runs `bench [--seconds N] [--binary FILE] [--search N]`: N seconds for each load, 10 if not given;
/// `--search` measures searches over up to that many resources instead.
/// The figures of another binary than the release one are only printed.
///
/// # Errors
/// When the server does not build, start or answer as it should: a wrong answer is no figure.
#[cfg(feature = "bench")]
pub(crate) fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    if let [bare, address] = args
        && bare == raw::BARE_SERVER
    {
        return raw::serve_bare(address);
    }
    let mut plan = measure::Plan::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let value = args.next().ok_or_else(|| format!("bench: {arg} needs a value"))?;
        match arg.as_str() {
            "--seconds" => {
                let seconds = value.parse().map_err(|_| "bench: --seconds needs a number")?;
                plan.time = std::time::Duration::from_secs(seconds);
            }
            "--binary" => plan.binary = Some(value.into()),
            "--search" => {
                let largest = value.parse().map_err(|_| "bench: --search needs a number of resources")?;
                plan.searches = Some(largest);
            }
            _ => return Err(format!("bench: unknown option {arg}").into()),
        }
    }
    measure::run(&plan)
}

/// Builds this program with the feature and in release, and runs that.
///
/// # Errors
/// When it does not build or fails.
#[cfg(not(feature = "bench"))]
pub(crate) fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    use crate::children;
    children::succeed(&mut children::cargo(&["build", "--release", "--locked", "-p", "vpr-cli"]))?;
    let with_feature = ["run", "--quiet", "--release", "--locked", "-p", "vpr-xtask", "--features", "bench"];
    children::succeed(children::cargo(&with_feature).args(["--", "bench"]).args(args))
}
