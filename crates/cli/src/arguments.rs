//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// VPR, the Versioned Patient Repository: a FHIR R4 server that keeps each patient's record in Git.
#[derive(Debug, Parser)]
#[command(
    name = "vpr",
    version,
    arg_required_else_help = true,
    after_help = "\
Examples:
  vpr demo                          a server with made-up patients, and what to try with them
  vpr serve --data-dir /srv/vpr     a server on http://127.0.0.1:8000/fhir
  vpr load patients/ more.ndjson.gz files into the data directory, or into its running server
  vpr log Patient/123               who changed what in a record

Exit status: 0 done, 1 refused or failed, 2 the command line makes no sense."
)]
pub(crate) struct Arguments {
    /// The configuration file (TOML); VPR_CONFIG names it too.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The data directory [default: VPR_DATA_DIR or ./vpr-data].
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve FHIR over HTTP until SIGTERM or SIGINT.
    #[command(after_help = "\
Prints `listening on http://…/fhir` when it is ready.
Other vpr commands at the same data directory go through the server's Unix socket, <data-dir>/vpr.sock.

Examples:
  vpr serve
  vpr serve --data-dir /srv/vpr --port 9000
  PORT=0 vpr serve --port-file /run/vpr.port")]
    Serve(ServeArguments),
    /// Start a server with made-up patients and print what to try.
    #[command(after_help = "\
The patients are decided by the seed; their names are invented.
The folder is made if it is absent; a folder that holds anything but a demo is left alone.

Examples:
  vpr demo
  vpr demo --dir /tmp/demo --patients 200 --seed 7 --port 0")]
    Demo(DemoArguments),
    /// Load FHIR resources and Bundles from files, folders and archives.
    #[command(after_help = "\
Reads .json, .ndjson, .jsonl and .tar, each also as .gz or .zst; folders by name, all the way down.
Without --to the data directory's running server is used, or the directory itself if none runs.
Run it again after an interruption: what was written is not written twice.
Every refused entry is named with its reason; the exit status is 1 then.

Examples:
  vpr load patients/
  vpr load --jobs 16 --report report.json export.tar.zst
  vpr load --to http://127.0.0.1:8000/fhir Patient.ndjson.gz")]
    Load(LoadArguments),
    /// Write made-up patients as transaction Bundles.
    #[command(after_help = "\
Examples:
  vpr sample --patients 1000 > population.ndjson
  vpr sample --patients 10 --seed 7 --out bundles/")]
    Sample(SampleArguments),
    /// Create and list tenants.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// List the records of a tenant, or the documents of a record.
    #[command(after_help = "\
Documents come newest first, from the search index: version, author, flags, title and a snippet.
Listing the documents of a record is recorded in the audit log.

Examples:
  vpr list
  vpr list Patient/123
  vpr list --type Observation --limit 10 Patient/123")]
    List(ListArguments),
    /// Show the commits of a record, newest first.
    #[command(after_help = "\
Examples:
  vpr log Patient/123
  vpr log --part clinical --limit 5 --full 4be0d073-b3f4-43e1-aa70-5131896df402
  vpr log registry")]
    Log(LogArguments),
    /// Print a document of a record as it is stored.
    #[command(after_help = "\
Showing a document is recorded in the audit log.

Examples:
  vpr show Patient/123 Patient/123
  vpr show Patient/123 Observation/4@1")]
    Show(ShowArguments),
    /// Compare two versions of a document.
    #[command(after_help = "\
Example:
  vpr diff Patient/123 Patient/123 1 2")]
    Diff(DiffArguments),
    /// Show how a search is run: its statements, with the plan, the rows and the time of each.
    #[command(after_help = "\
The search is run as a request would run it, and recorded in the audit log.
Statements are shown without their values, rows as a number: nothing of a patient is printed.

Examples:
  vpr explain 'Observation?patient=p1&code=8867-4&_sort=-date'
  vpr explain --json '?_type=Condition,Observation&_lastUpdated=ge2026-01-01'
  vpr explain 'Patient/p1/Observation?date=ge2026'")]
    Explain(ExplainArguments),
    /// Check every repository against its history, the directory and the feed.
    Verify,
    /// Empty the search index of a tenant and build it again.
    #[command(after_help = "\
The index holds nothing that is not in the repositories; this is never needed to keep data.
Reads by id and writes go on meanwhile; searches answer 503 until it is done, and page links that
were given out before answer 410.

Examples:
  vpr reindex
  vpr reindex --tenant clinic-a")]
    Reindex(TenantArguments),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI document of the FHIR routes.
    Openapi,
}

/// Where a server listens.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// The IP address to listen on [default: VPR_LISTEN or 127.0.0.1].
    #[arg(long, value_name = "IP")]
    pub(crate) listen: Option<IpAddr>,
    /// The TCP port; 0 takes a free one [default: PORT or 8000].
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Write the port to this file once the server listens.
    #[arg(long, value_name = "FILE")]
    pub(crate) port_file: Option<PathBuf>,
}

/// The demonstration.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// The folder of the demonstration.
    #[arg(long, value_name = "DIR", default_value = "./vpr-demo")]
    pub(crate) dir: PathBuf,
    /// How many patients.
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) patients: u64,
    /// What decides them.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=9_999_999))]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) serve: ServeArguments,
}

/// What to load, where to and how.
#[derive(Debug, Args)]
pub(crate) struct LoadArguments {
    /// The FHIR base URL of another server, such as http://127.0.0.1:8000/fhir.
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// The tenant [default: DEFAULT_TENANT].
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Requests in flight.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: u16,
    /// Send one request after the other, in the order of the files.
    #[arg(long, conflicts_with = "jobs")]
    pub(crate) in_order: bool,
    /// How long a request is tried again while the server is away, busy or full, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) patience: u64,
    /// Write what was loaded and refused to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Files and folders, in the order of loading.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

/// Which made-up patients.
#[derive(Debug, Args)]
pub(crate) struct SampleArguments {
    /// How many patients.
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub(crate) patients: u64,
    /// What decides them.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=9_999_999))]
    pub(crate) seed: u64,
    /// Write one file for each Bundle into this folder, in place of NDJSON to standard output.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// What to do with tenants.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Create a tenant.
    Create {
        /// Its name: lower-case letters, digits and hyphens.
        name: String,
    },
    /// List all tenants.
    List,
}

/// Which tenant.
#[derive(Debug, Args)]
pub(crate) struct TenantArguments {
    /// The tenant [default: DEFAULT_TENANT].
    #[arg(long)]
    pub(crate) tenant: Option<String>,
}

/// What to list.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) tenant: TenantArguments,
    /// Only documents of this resource type.
    #[arg(long, value_name = "TYPE", requires = "record")]
    pub(crate) r#type: Option<String>,
    /// How many documents at most.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    /// The record whose documents to list: Patient/ID, or the record's UUID.
    pub(crate) record: Option<String>,
}

/// Which commits.
#[derive(Debug, Args)]
pub(crate) struct LogArguments {
    #[command(flatten)]
    pub(crate) tenant: TenantArguments,
    /// One part only: demographics, clinical or coordination.
    #[arg(long)]
    pub(crate) part: Option<String>,
    /// How many commits at most.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    /// Print whole commit messages, with all trailers.
    #[arg(long)]
    pub(crate) full: bool,
    /// The record: Patient/ID, the record's UUID, or registry.
    pub(crate) record: String,
}

/// Which document.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    pub(crate) tenant: TenantArguments,
    /// The record: Patient/ID, the record's UUID, or registry.
    pub(crate) record: String,
    /// The document: Type/id, or Type/id@version.
    pub(crate) document: String,
}

/// Which versions.
#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    #[command(flatten)]
    pub(crate) tenant: TenantArguments,
    /// The record: Patient/ID, the record's UUID, or registry.
    pub(crate) record: String,
    /// The document: Type/id.
    pub(crate) document: String,
    /// The earlier version.
    pub(crate) from: u32,
    /// The later version.
    pub(crate) to: u32,
}

/// Which search.
#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    #[command(flatten)]
    pub(crate) tenant: TenantArguments,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// The search as in its URL, below the base: TYPE?…, ?_type=…, or Patient/ID/TYPE?…
    pub(crate) search: String,
}

/// What to look at.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the effective configuration, and whether `vpr serve` would start with it.
    Check,
    /// Print every key, as docs/configuration.md lists them.
    Keys,
}
