//! Licenses, sources and bans of the dependencies, by the lists of `deny.toml`.
//!
//! `cargo deny` reads the same file, and the license texts too, but takes minutes to install; this
//! always runs. What it believes is what each package says of itself.

mod license;

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;

use serde_json::Value;

use crate::{children, workspace};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The lists of `deny.toml`.
struct Lists {
    licenses: BTreeSet<String>,
    banned: BTreeSet<String>,
}

/// # Errors
/// Names every package with a license that is not allowed, from another place than the registry,
/// or banned.
pub(super) fn check() -> Result<(), Box<dyn Error>> {
    let lists = Lists::read(&fs::read_to_string(workspace::root().join("deny.toml"))?)?;
    let metadata = ask(&["metadata", "--format-version=1", "--locked", "--all-features"])?;
    let metadata: Value = serde_json::from_slice(&metadata)?;
    // The metadata name packages that no feature asks for, where another one mentions them.
    let tree = ask(&["tree", "--workspace", "--locked", "--all-features", "--target=all", "--prefix=none"])?;
    let built = built(&String::from_utf8_lossy(&tree));
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let packages: Vec<&Value> = packages.iter().filter(|package| built.contains(&name(package))).collect();
    let faults: Vec<String> = packages.iter().flat_map(|package| lists.faults(package)).collect();
    if packages.is_empty() {
        return Err("cargo names no packages".into());
    }
    if faults.is_empty() {
        println!("   {} packages", packages.len());
        return Ok(());
    }
    Err(faults.join("; ").into())
}

/// What `cargo` prints.
fn ask(args: &[&str]) -> Result<Vec<u8>, Box<dyn Error>> {
    let output = children::cargo(args).output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }
}

/// Name and version of the packages of `cargo tree`, a line each: `name v1.2.3 (*)`.
fn built(tree: &str) -> BTreeSet<String> {
    let words = |line: &str| {
        let mut words = line.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?.strip_prefix('v')?))
    };
    tree.lines().filter_map(words).collect()
}

/// The same of a package of `cargo metadata`.
fn name(package: &Value) -> String {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    format!("{} {}", text("name"), text("version"))
}

impl Lists {
    fn read(text: &str) -> Result<Self, Box<dyn Error>> {
        let table: toml::Table = text.parse()?;
        let list = |section: &str, key: &str| {
            let list =
                table.get(section).and_then(|section| section.get(key)).and_then(toml::Value::as_array);
            let name = |value: &toml::Value| Some(value.get("name").unwrap_or(value).as_str()?.to_owned());
            list.map(|list| list.iter().filter_map(name).collect::<BTreeSet<String>>())
        };
        Ok(Self {
            licenses: list("licenses", "allow").ok_or("deny.toml: no licenses.allow")?,
            banned: list("bans", "deny").ok_or("deny.toml: no bans.deny")?,
        })
    }

    /// What is wrong with one package of `cargo metadata`; those of the workspace have no source.
    fn faults(&self, package: &Value) -> Vec<String> {
        let Some(source) = package["source"].as_str() else { return Vec::new() };
        let name = package["name"].as_str().unwrap_or_default();
        let license = package["license"].as_str().unwrap_or("no license");
        let mut faults = Vec::new();
        if source != REGISTRY {
            faults.push(format!("{name} comes from {source}"));
        }
        if self.banned.contains(name) {
            faults.push(format!("{name} is banned"));
        }
        if !license::allows(license, |license| self.licenses.contains(license)) {
            faults.push(format!("{name} has the license {license}"));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(name: &str, source: &str, license: &str, expected: &[&str]) {
        let lists = "[licenses]\nallow = [\"MIT\"]\n[bans]\ndeny = [{ name = \"bad\", reason = \"x\" }]";
        let package = json!({ "name": name, "source": source, "license": license });
        assert_eq!(Lists::read(lists).unwrap().faults(&package), expected);
    }

    #[test]
    fn every_kind_of_fault_is_found() {
        check("good", REGISTRY, "MIT", &[]);
        check("bad", REGISTRY, "MIT", &["bad is banned"]);
        check("good", REGISTRY, "AGPL-3.0", &["good has the license AGPL-3.0"]);
        check("good", "git+https://a.example/b", "MIT", &["good comes from git+https://a.example/b"]);
    }

    #[test]
    fn packages_are_named_alike_in_the_tree_and_in_the_metadata() {
        let built =
            built("vpr-git v0.1.0 (/some/where)\n\nsha2 v0.11.1 (*)\nserde_derive v1.0.2 (proc-macro)");
        assert_eq!(built, ["serde_derive 1.0.2", "sha2 0.11.1", "vpr-git 0.1.0"].map(str::to_owned).into());
        assert_eq!(name(&json!({ "name": "sha2", "version": "0.11.1" })), "sha2 0.11.1");
    }

    #[test]
    fn the_lists_of_this_workspace_are_read() {
        let lists = Lists::read(include_str!("../../../../deny.toml")).unwrap();
        assert!(lists.licenses.contains("Apache-2.0") && lists.banned.contains("openssl-sys"));
    }
}
