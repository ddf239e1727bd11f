//! What a fresh Debian machine lacks. A test that needs another program adds it to [`NEEDS`].

use std::error::Error;
use std::process::Command;

use crate::children;
use crate::workspace;

/// A program that tests call, how it shows that it is there, and the Debian package that has it.
struct Need {
    program: &'static str,
    found: fn() -> bool,
    package: &'static str,
    why: &'static str,
}

const NEEDS: &[Need] = &[
    Need {
        program: "git",
        found: || children::has("git", &["--version"]),
        package: "git",
        why: "the stock reader of our repositories",
    },
    Need {
        program: "zstd",
        found: || children::has("zstd", &["--version"]),
        package: "zstd",
        why: "unpacks the public test data",
    },
    Need {
        program: "postgres",
        found: || vpr_testkit::postgres::programs().is_ok(),
        package: "postgresql",
        why: "the other database that searches run on",
    },
    Need {
        program: "python3 with venv",
        found: || children::has("python3", &["-c", "import ensurepip, venv"]),
        package: "python3-venv",
        why: "public clients of the standard run against the server",
    },
    Need {
        program: "node",
        found: || children::has("node", &["--version"]),
        package: "nodejs",
        why: "public clients of the standard run against the server",
    },
    Need {
        program: "npm",
        found: || children::has("npm", &["--version"]),
        package: "npm",
        why: "installs the public clients",
    },
    Need {
        program: "curl",
        found: || children::has("curl", &["--version"]),
        package: "curl",
        why: "runs the commands that the documentation shows",
    },
];

/// Less free disk than this fails at once, with a reason, instead of late and without one.
const FREE_GB_MIN: u64 = 6;

/// Installs what is missing (as root, with apt-get) or says what to install.
///
/// # Errors
/// When something is missing and cannot be installed, or the disk is too full to build on.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.found)()).collect();
    for need in &missing {
        println!("   {} is missing ({})", need.program, need.why);
    }
    if !missing.is_empty() {
        install(&missing.iter().map(|need| need.package).collect::<Vec<_>>())?;
    }
    enough_disk()
}

fn install(packages: &[&str]) -> Result<(), Box<dyn Error>> {
    let wanted = packages.join(" ");
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    if !root || !children::has("apt-get", &["--version"]) {
        return Err(format!("install these packages, then run again: {wanted}").into());
    }
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(args).args(["-y", "-qq"]).env("DEBIAN_FRONTEND", "noninteractive");
        command.stdin(std::process::Stdio::null());
        children::succeed(&mut command)
    };
    apt(&["update"])?;
    apt(&[&["install", "--no-install-recommends"], packages].concat())
}

fn enough_disk() -> Result<(), Box<dyn Error>> {
    let output = Command::new("df").args(["-Pk"]).arg(workspace::root()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let free_kb = text.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    match free_kb.map(|kb| kb >> 20) {
        Some(free) if free < FREE_GB_MIN => {
            Err(format!("{free} GB free, {FREE_GB_MIN} GB needed to build and test").into())
        }
        Some(free) => {
            println!("   {free} GB free");
            Ok(())
        }
        None => Ok(()),
    }
}
