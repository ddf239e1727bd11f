use std::error::Error;

use super::dependencies;
use super::steps::LeftOut;
use crate::{children, codegen, workspace};

type Outcome = Result<(), Box<dyn Error>>;

/// Every file is as rustfmt writes it.
pub(super) fn format() -> Outcome {
    children::succeed(&mut children::cargo(&["fmt", "--all", "--check"]))
}

/// No lint, in the tests and in the benchmark too.
pub(super) fn lints() -> Outcome {
    let args = ["clippy", "--workspace", "--all-targets", "--locked", "--features", "vpr-xtask/bench"];
    children::succeed(children::cargo(&args).args(["--", "-D", "warnings"]))
}

/// The committed tables are what the definitions give.
pub(super) fn codegen() -> Outcome {
    let fetched = workspace::root().join("target/definitions").exists();
    if !fetched && !children::has("npm", &["--version"]) {
        return Err(LeftOut("codegen drift (npm is not installed, it fetches the definitions)".into()).into());
    }
    codegen::run(&["--check".into()]).map_err(|error| {
        // Without the network there is nothing to compare with; a difference is a failure.
        let text = error.to_string();
        if text.starts_with("npm pack") { LeftOut(format!("codegen drift ({text})")).into() } else { error }
    })
}

/// Every dependency has an allowed license and a known source (`deny.toml`).
pub(super) fn dependencies() -> Outcome {
    dependencies::check()?;
    if !children::has("cargo-deny", &["--version"]) {
        let why = "license texts (`cargo deny` is not installed; what packages declare was checked)";
        return Err(LeftOut(why.into()).into());
    }
    let args = ["deny", "--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    children::succeed(&mut children::cargo(&args))
}
