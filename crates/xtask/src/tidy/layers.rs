//! Which crate may use which: the layers of ARCHITECTURE.md as data.

use super::finding::Finding;
use super::manifests::{dependencies, manifests};
use super::tree::Tree;

/// A crate, its layer, and what it may use of its own layer. Smaller layers are free but for `never`.
struct Place {
    name: &'static str,
    layer: u8,
    beside: &'static [&'static str],
    never: &'static [&'static str],
}

const fn place(name: &'static str, layer: u8) -> Place {
    Place { name, layer, beside: &[], never: &[] }
}

/// What only `service` and the offline commands of `cli` may reach: a protocol that could, would
/// be a second path around the policy.
const BEHIND_THE_SERVICE: &[&str] = &["git", "journal", "store", "core", "projection"];

const PLACES: &[Place] = &[
    place("types", 0),
    place("codec", 1),
    place("git", 1),
    place("journal", 1),
    Place { name: "fhir", layer: 2, beside: &[], never: &["git", "journal"] },
    place("store", 2),
    Place { name: "policy", layer: 3, beside: &[], never: BEHIND_THE_SERVICE },
    Place { name: "core", layer: 3, beside: &[], never: &["fhir"] },
    Place { name: "projection", layer: 3, beside: &[], never: &["git", "journal", "store"] },
    Place { name: "egress", layer: 3, beside: &[], never: BEHIND_THE_SERVICE },
    place("service", 5),
    Place { name: "api-shared", layer: 6, beside: &[], never: BEHIND_THE_SERVICE },
    Place { name: "api-rest", layer: 7, beside: &[], never: BEHIND_THE_SERVICE },
    place("cli", 8),
];

/// Of the crates that are no part of the binary: everything may be used.
pub(super) const WORKSHOP: &[&str] = &["testkit", "tests", "xtask"];

/// A crate uses only what the layers allow.
pub(super) fn layers(tree: &Tree) -> Vec<Finding> {
    const RULE: &str = "layers";
    let mut findings = Vec::new();
    for (manifest, table) in manifests(tree) {
        let Some(krate) = manifest.krate() else { continue };
        let expected = format!("vpr-{krate}");
        let name =
            table.get("package").and_then(|package| package.get("name")).and_then(|name| name.as_str());
        // Below `tests/` a package may stand in a folder of its own.
        let one_of_the_tests = krate == "tests" && name.is_some_and(|name| name.starts_with("vpr-"));
        if name != Some(&expected) && !one_of_the_tests {
            findings.push(Finding::error(
                RULE,
                &manifest.path,
                0,
                format!("the package must be `{expected}`"),
            ));
        }
        if WORKSHOP.contains(&krate) {
            continue;
        }
        let Some(place) = PLACES.iter().find(|place| place.name == krate) else {
            let what = "no layer: give the crate its place in tidy's table, ARCHITECTURE.md and 0001";
            findings.push(Finding::error(RULE, &manifest.path, 0, what));
            continue;
        };
        for used in dependencies(&table, &["dependencies", "build-dependencies"]) {
            let Some(used) = used.strip_prefix("vpr-") else { continue };
            let allowed = PLACES.iter().any(|other| {
                other.name == used
                    && (other.layer < place.layer || place.beside.contains(&used))
                    && !place.never.contains(&used)
            });
            if !allowed {
                let what = format!("`{krate}` (layer {}) may not use `{used}`", place.layer);
                findings.push(Finding::error(RULE, &manifest.path, 0, what));
            }
        }
    }
    findings
}

/// The names of the crates that have a place in the layers or in the workshop.
pub(super) fn known_crates() -> impl Iterator<Item = &'static str> {
    PLACES.iter().map(|place| place.name).chain(WORKSHOP.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(krate: &str, rest: &str, expected: &str) {
        let manifest = format!("[package]\nname = \"vpr-{krate}\"\n{rest}");
        let path = format!("crates/{krate}/Cargo.toml");
        let found = layers(&Tree::with(&[(&path, &manifest)]));
        let found: Vec<&str> = found.iter().map(|finding| finding.what.as_str()).collect();
        match expected {
            "" => assert!(found.is_empty(), "{found:?}"),
            _ => assert!(found.iter().any(|what| what.contains(expected)), "{found:?}"),
        }
    }

    #[test]
    fn an_edge_against_the_layers_is_found() {
        check("types", "[dependencies]\nvpr-codec.workspace = true", "may not use `codec`");
        check("git", "[dependencies]\nvpr-journal.workspace = true", "may not use `journal`");
        check("api-rest", "[dependencies]\nvpr-store.workspace = true", "may not use `store`");
        check("core", "[dependencies]\nvpr-fhir.workspace = true", "may not use `fhir`");
        check("fhir", "[target.'cfg(unix)'.dependencies]\nvpr-store.workspace = true", "may not use");
        check("novel", "", "no layer");
    }

    #[test]
    fn allowed_edges_pass() {
        check("store", "[dependencies]\nvpr-git.workspace = true", "");
        check("git", "[dev-dependencies]\nvpr-testkit.workspace = true", "");
    }

    #[test]
    fn a_package_is_named_as_its_folder() {
        let tree = Tree::with(&[("crates/codec/Cargo.toml", "[package]\nname = \"vpr-json\"")]);
        assert_eq!(layers(&tree)[0].what, "the package must be `vpr-codec`");
    }
}
