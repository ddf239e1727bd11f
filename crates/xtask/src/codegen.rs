//! `cargo xtask codegen`: the FHIR R4 definitions as Rust tables.
//!
//! Takes the two npm packages in which HL7 publishes R4 (4.0.1), each at its pinned SHA-256, and
//! writes `crates/fhir/src/generated/`, and as plain text `tests/search/definitions/` for the judge
//! of searches, which shares no code with what it judges. The same packages give the same bytes; `--check` fails
//! when the committed files differ. Nothing but this command ever downloads a definition.

mod emit;
mod judge;
mod package;
mod search;
mod structures;
mod terminology;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use package::Package;

/// The examples package: it holds the definitions too.
const DEFINITIONS: Package = Package {
    name: "hl7.fhir.r4.examples",
    version: "4.0.1",
    sha256: "dce87f1b5b9341867033f7d1f544fa1b5232503f6d62813887ac6b8a8b6cb682",
};

/// HL7's own expansions of the value sets.
const EXPANSIONS: Package = Package {
    name: "hl7.fhir.r4.expansions",
    version: "4.0.1",
    sha256: "18b2b00a6e26328bdbe4b2e273de5be32dfce21be37e0f582d18882bbce24e69",
};

/// Runs `codegen [--check] [--package FILE.tgz]…`; a package that is not given is fetched with
/// `npm pack` into the build folder once.
///
/// # Errors
/// When a package cannot be had or is not the pinned one, when a definition has a form this
/// generator does not know, and with `--check` when a committed file differs.
pub(crate) fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let (mut check, mut given) = (false, Vec::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--check" => check = true,
            "--package" => given.push(PathBuf::from(args.next().ok_or("--package needs a file")?)),
            other => return Err(format!("codegen: unknown argument {other}").into()),
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let downloads = root.join("target/definitions");
    let definitions = DEFINITIONS.read(&given, &downloads, |name| {
        name.starts_with("StructureDefinition-")
            || name.starts_with("CompartmentDefinition-")
            || name == "Bundle-searchParams.json"
    })?;
    let expansions = EXPANSIONS.read(&given, &downloads, |name| name.starts_with("ValueSet-"))?;

    let structures = structures::Structures::read(&definitions)?;
    let terminology = terminology::Terminology::read(&structures, &expansions)?;
    let files = [
        ("crates/fhir/src/generated/mod.rs", emit::table_of_contents()),
        ("crates/fhir/src/generated/structures.rs", emit::structures(&structures)?),
        ("crates/fhir/src/generated/terminology.rs", emit::terminology(&terminology)),
        ("crates/fhir/src/generated/search.rs", search::emit(&structures, &definitions)?),
        ("tests/search/definitions/search-parameters.tsv", judge::search_parameters(&definitions)?),
        ("tests/search/definitions/elements.tsv", judge::elements(&structures)),
        ("tests/search/definitions/codes.tsv", judge::codes(&structures, &terminology)),
        ("tests/search/definitions/compartments.tsv", judge::compartments(&definitions)?),
    ];
    let mut drifted = Vec::new();
    for (name, text) in &files {
        let path = root.join(name);
        if fs::read_to_string(&path).is_ok_and(|old| old == *text) {
            continue;
        }
        if check {
            drifted.push(*name);
        } else {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&path, text)?;
        }
    }
    if drifted.is_empty() {
        return Ok(());
    }
    Err(format!("generated files differ ({}): run `cargo xtask codegen`", drifted.join(", ")).into())
}
