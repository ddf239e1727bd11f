//! Public clients of the standard, as their makers published them: each creates, searches (chained
//! and paged), updates with `If-Match` and reads history. They come from their registries, pinned
//! in `tests/clients`, into the build folder, once for each set of pins, and each runs against both databases.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use vpr_http_tests::{Database, on_both_databases, publish};

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients").canonicalize().unwrap()
}

/// A folder below the build folder that is filled once for each content of `pins`.
fn installed(name: &str, pins: &[&str], install: impl FnOnce(&Path)) -> PathBuf {
    let texts: String =
        pins.iter().map(|pin| std::fs::read_to_string(clients().join(pin)).unwrap()).collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join(name);
    let stamp = folder.join("installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == texts) {
        return folder;
    }
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    install(&folder);
    std::fs::write(stamp, texts).unwrap();
    folder
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} {}\n{stdout}\n{stderr}", output.status);
    stdout.into_owned()
}

fn python() -> PathBuf {
    let folder = installed("python", &["requirements.txt"], |folder| {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(folder));
        let mut pip = Command::new(folder.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"]);
        succeed(pip.arg(clients().join("requirements.txt")));
    });
    folder.join("bin/python")
}

fn node() -> PathBuf {
    installed("node", &["package.json", "package-lock.json"], |folder| {
        for pin in ["package.json", "package-lock.json"] {
            std::fs::copy(clients().join(pin), folder.join(pin)).unwrap();
        }
        succeed(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder));
    })
}

fn against_a_server(database: &Database, client: &str, run: impl FnOnce(&str) -> String) {
    let folder = tempfile::tempdir().unwrap();
    let server = database.start(&folder.path().join("data"));
    let said = run(&format!("http://127.0.0.1:{}/fhir", server.port()));
    publish(&format!("S7-{client}-{}", database.name()), &[said.trim().to_owned()]);
}

on_both_databases!(fhirclient_works, fhirpy_works, fhir_kit_client_works);

fn fhirclient_works(database: &Database) {
    let python = python_once();
    against_a_server(database, "fhirclient", |base| {
        succeed(Command::new(python).arg(clients().join("with_fhirclient.py")).arg(base))
    });
}

fn fhirpy_works(database: &Database) {
    let python = python_once();
    against_a_server(database, "fhirpy", |base| {
        succeed(Command::new(python).arg(clients().join("with_fhirpy.py")).arg(base))
    });
}

fn fhir_kit_client_works(database: &Database) {
    let folder = node_once();
    // Modules are looked up beside the program that imports them.
    let program = format!("with_fhir_kit_client_{}.mjs", database.name());
    std::fs::copy(clients().join("with_fhir_kit_client.js"), folder.join(&program)).unwrap();
    against_a_server(database, "fhir-kit-client", |base| {
        succeed(Command::new("node").arg(folder.join(&program)).arg(base))
    });
}

fn node_once() -> PathBuf {
    static NODE: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    NODE.get_or_init(node).clone()
}

fn python_once() -> PathBuf {
    static PYTHON: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    PYTHON.get_or_init(python).clone()
}
