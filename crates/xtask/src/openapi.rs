//! `cargo xtask openapi`: the committed OpenAPI documents, as the routes declare them.

use std::error::Error;
use std::fs;

use crate::children;
use crate::workspace;

/// Where the documents are committed.
const FOLDER: &str = "openapi";

/// Runs `openapi [--check]`: asks the server's own binary (`vpr openapi`) for its document.
///
/// # Errors
/// When the binary does not build or, with `--check`, when the committed document differs.
pub(crate) fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let check = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("openapi: the only option is --check".into()),
    };
    let output = children::cargo(&["run", "--quiet", "--locked", "-p", "vpr-cli", "--", "openapi"])
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("vpr openapi: {}", output.status).into());
    }
    let path = workspace::root().join(FOLDER).join("vpr.json");
    if fs::read(&path).is_ok_and(|committed| committed == output.stdout) {
        return Ok(());
    }
    if check {
        return Err(format!("{FOLDER}/vpr.json differs from the routes: run `cargo xtask openapi`").into());
    }
    fs::create_dir_all(workspace::root().join(FOLDER))?;
    fs::write(path, output.stdout)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    // The same check as `--check`, without building the binary a second time.
    #[test]
    fn the_committed_document_is_what_the_routes_give() {
        let committed = include_str!("../../../openapi/vpr.json");
        assert!(committed == vpr_api_shared::openapi(), "it differs: run `cargo xtask openapi`");
    }
}
