//! What the manifests may say, beside the layers.
//! Who may use which library stands here as data.

use std::collections::BTreeSet;

use super::finding::Finding;
use super::layers;
use super::rust::Rust;
use super::tree::{SourceFile, Tree};

/// Libraries that mark a boundary, and who may have them in `[dependencies]`.
const EXCLUSIVE: &[(&[&str], &[&str], &str)] = &[
    (
        &["serde_json", "sonic-rs", "simd-json"],
        &["api-shared", "api-rest", "cli", "xtask", "tests", "testkit"],
        "resources are read and written by `codec`; only what is no resource is put together otherwise",
    ),
    (
        &["tokio", "futures", "async-trait", "tower", "tower-http"],
        // The client of Postgres is asynchronous; `projection` waits for it, and shows none of it.
        &["projection", "egress", "service", "api-shared", "api-rest", "cli", "tests", "testkit", "xtask"],
        "`types` to `core` are synchronous",
    ),
    (&["axum"], &["api-shared", "api-rest", "cli", "xtask"], "only protocol crates speak HTTP"),
    (
        &["hyper", "hyper-util"],
        &["egress", "api-rest", "cli", "tests", "testkit", "xtask"],
        "only `egress` opens outbound connections; `cli` serves",
    ),
    (&["reqwest", "ureq", "lettre", "isahc"], &["egress"], "only `egress` opens outbound connections"),
    (&["rusqlite", "sqlx", "sea-query"], &["projection"], "only `projection` knows SQL"),
    (&["redb", "fjall"], &["store"], "the directory belongs to `store`"),
    (
        &["git2", "gix"],
        &["xtask", "tests", "testkit"],
        "Git's formats are written by `git`; others only check it",
    ),
    (&["rustix", "libc", "nix"], &["store", "cli", "xtask", "tests"], "system calls stay at the edge"),
    (&["clap", "indicatif"], &["cli", "xtask"], "only the binary talks to a terminal"),
];

/// Libraries that mark a boundary stay on their side of it.
pub(super) fn exclusive_dependencies(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (manifest, table) in manifests(tree) {
        let Some(krate) = manifest.krate() else { continue };
        for used in dependencies(&table, &["dependencies", "build-dependencies"]) {
            for (libraries, owners, why) in EXCLUSIVE {
                if libraries.contains(&used.as_str()) && !owners.contains(&krate) {
                    let what = format!("`{krate}` may not depend on `{used}`: {why}");
                    findings.push(Finding::error("boundary-libraries", &manifest.path, 0, what));
                }
            }
        }
    }
    findings
}

/// Every crate takes lints, edition, license and versions from the workspace.
pub(super) fn inherited(tree: &Tree) -> Vec<Finding> {
    const RULE: &str = "inherited";
    let mut findings = Vec::new();
    let mut fail = |path: &str, what: String| findings.push(Finding::error(RULE, path, 0, what));
    for (manifest, table) in manifests(tree) {
        let from_workspace = |value: Option<&toml::Value>| {
            value.and_then(|value| value.get("workspace")).and_then(toml::Value::as_bool) == Some(true)
        };
        if !from_workspace(table.get("lints")) {
            fail(&manifest.path, "needs `[lints] workspace = true`".into());
        }
        for key in ["edition", "rust-version", "license", "version", "publish"] {
            if !from_workspace(table.get("package").and_then(|package| package.get(key))) {
                fail(&manifest.path, format!("needs `{key}.workspace = true`"));
            }
        }
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in table.get(section).and_then(toml::Value::as_table).into_iter().flatten() {
                // A crate that tests itself with another feature names itself by path.
                let itself = value.get("path").and_then(toml::Value::as_str) == Some(".");
                if !itself && !from_workspace(Some(value)) {
                    fail(&manifest.path, format!("`{name}` must take its version from the workspace"));
                }
            }
        }
    }
    findings
}

/// A dependency that no code names only costs build time.
pub(super) fn unused(tree: &Tree) -> Vec<Finding> {
    const RULE: &str = "unused";
    let mut findings = Vec::new();
    let mut used_anywhere = BTreeSet::new();
    for (manifest, table) in manifests(tree) {
        let folder = manifest.path.trim_end_matches("Cargo.toml");
        let own: Vec<&Rust> =
            tree.rust().filter(|(file, _)| file.path.starts_with(folder)).map(|(_, rust)| rust).collect();
        for name in dependencies(&table, &["dependencies", "dev-dependencies", "build-dependencies"]) {
            let krate = name.replace('-', "_");
            let itself = manifest.krate().is_some_and(|krate| name == format!("vpr-{krate}"));
            if !itself && !own.iter().any(|rust| rust.names(&krate)) {
                findings.push(Finding::error(
                    RULE,
                    &manifest.path,
                    0,
                    format!("no code here names `{name}`"),
                ));
            }
            used_anywhere.insert(name);
        }
    }
    let root =
        tree.get("Cargo.toml").and_then(|file| file.text.parse::<toml::Table>().ok()).unwrap_or_default();
    let offered = root.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    for name in offered.and_then(toml::Value::as_table).into_iter().flat_map(|table| table.keys()) {
        if !used_anywhere.contains(name) && !name.starts_with("vpr-") {
            findings.push(Finding::error(RULE, "Cargo.toml", 0, format!("no crate uses `{name}`")));
        }
    }
    findings
}

/// Planted bugs never reach a shipped binary: no default feature and no dependency turns them on.
pub(super) fn sabotage(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (manifest, table) in manifests(tree) {
        let names_it = |value: Option<&toml::Value>| {
            let features = value.and_then(toml::Value::as_array).into_iter().flatten();
            features.filter_map(toml::Value::as_str).any(|feature| feature.ends_with("sabotage"))
        };
        let mut on = names_it(table.get("features").and_then(|features| features.get("default")));
        if !manifest.krate().is_some_and(|krate| layers::WORKSHOP.contains(&krate)) {
            let used = table.get("dependencies").and_then(toml::Value::as_table);
            on |= used.into_iter().flatten().any(|(_, value)| names_it(value.get("features")));
        }
        if on {
            let what = "turns on the feature `sabotage` outside tests";
            findings.push(Finding::error("sabotage", &manifest.path, 0, what));
        }
    }
    findings
}

pub(super) fn manifests(tree: &Tree) -> Vec<(&SourceFile, toml::Table)> {
    tree.files()
        .filter(|file| file.path.ends_with("/Cargo.toml") && file.krate().is_some())
        .filter_map(|file| Some((file, file.text.parse().ok()?)))
        .collect()
}

pub(super) fn dependencies(table: &toml::Table, sections: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let targets = table.get("target").and_then(toml::Value::as_table);
    let tables = std::iter::once(table)
        .chain(targets.into_iter().flat_map(|targets| targets.values().filter_map(toml::Value::as_table)));
    for table in tables {
        for section in sections {
            let names = table.get(*section).and_then(toml::Value::as_table);
            found.extend(names.into_iter().flat_map(|names| names.keys().cloned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&Tree) -> Vec<Finding>, krate: &str, rest: &str, expected: &str) {
        let manifest = format!("[package]\nname = \"vpr-{krate}\"\n{rest}");
        let path = format!("crates/{krate}/Cargo.toml");
        let found = rule(&Tree::with(&[(&path, &manifest)]));
        let found: Vec<&str> = found.iter().map(|finding| finding.what.as_str()).collect();
        match expected {
            "" => assert!(found.is_empty(), "{found:?}"),
            _ => assert!(found.iter().any(|what| what.contains(expected)), "{found:?}"),
        }
    }

    #[test]
    fn a_library_on_the_wrong_side_is_found() {
        check(exclusive_dependencies, "service", "[dependencies]\nserde_json = \"1\"", "by `codec`");
        check(exclusive_dependencies, "core", "[dependencies]\ntokio = \"1\"", "synchronous");
        check(exclusive_dependencies, "core", "[dev-dependencies]\nserde_json = \"1\"", "");
    }

    #[test]
    fn planted_bugs_that_would_ship_are_found() {
        check(sabotage, "cli", "[features]\ndefault = [\"sabotage\"]", "outside tests");
        check(sabotage, "cli", "[dependencies]\nvpr-store = { features = [\"sabotage\"] }", "outside tests");
        check(sabotage, "cli", "[features]\nsabotage = [\"vpr-store/sabotage\"]", "");
        check(sabotage, "store", "[dev-dependencies]\nvpr-store = { features = [\"sabotage\"] }", "");
    }

    #[test]
    fn a_dependency_that_nothing_names_is_found() {
        let root = ("Cargo.toml", "[workspace.dependencies]\nhttp-body = \"1\"\nbytes = \"1\"");
        let manifest = ("crates/core/Cargo.toml", "[dependencies]\nhttp-body.workspace = true");
        let found = |code| unused(&Tree::with(&[root, manifest, ("crates/core/src/a.rs", code)]));
        assert_eq!(found("use http_body::Body;").len(), 1, "only `bytes`, which no crate uses");
        assert_eq!(found("// http_body").len(), 2);
        assert_eq!(found("use my_http_body::Body;").len(), 2);
    }

    #[test]
    fn what_is_not_inherited_is_found() {
        check(inherited, "codec", "[dependencies]\nbytes = \"1\"", "`bytes` must take its version");
        check(inherited, "codec", "", "lints");
    }
}
