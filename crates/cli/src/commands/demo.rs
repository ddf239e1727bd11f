use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use vpr_egress::{Client, Limits};
use vpr_types::{Part, RecordId, RepositoryId, TenantName};

use crate::arguments::DemoArguments;
use crate::config::Config;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::generator::Population;
use crate::load::{self, Door, Patience};
use crate::output::{Output, say};
use crate::serve::Running;

/// Says that a folder is a demonstration's; stands beside the data directory, not in it.
const MARK: &str = "vpr-demo.txt";
const MARK_TEXT: &str = "A demonstration of vpr: made-up patients. The folder can be deleted at any time.\n";

/// A demonstration should not take 200 MB of a laptop for its journal.
const SEGMENT_BYTES_MAX: u64 = 4 << 20;

/// `vpr demo`
pub(crate) async fn run(mut config: Config, arguments: &DemoArguments) -> Result<(), Failure> {
    config.may_serve()?;
    let tenant = super::tenant(None, &config)?;
    config.store.data_dir = claim(&arguments.dir)?;
    // A database server belongs to another data directory, whose tables this one would take over.
    config.search.database = None;
    config.journal.segment_bytes = config.journal.segment_bytes.min(SEGMENT_BYTES_MAX);
    let mut running = Running::start(&config).await?;
    let population = Population { seed: arguments.seed, patients: arguments.patients };
    let shown = async {
        fill(population, &running, &tenant).await?;
        running.write_port(arguments.serve.port_file.as_deref())?;
        let operator = running.operator(&config)?;
        // So that the clone below finds everything, however fast it is pasted.
        operator.post("/materialize", String::new()).await?;
        let patient = format!("Patient/{}", population.patient_id(1));
        let record = operator.record(tenant.as_str(), &patient).await?;
        print(&config, &tenant, &running, &patient, &record)
    };
    if let Err(failure) = shown.await {
        running.stop().await?;
        return Err(failure);
    }
    running.until_signal().await?;
    running.stop().await
}

/// The data directory of the demonstration in `dir`, which is made, or was made by a demonstration.
fn claim(dir: &Path) -> Result<PathBuf, Failure> {
    let failed = |error| Failure::Failed(format!("{}: {error}", dir.display()));
    fs::create_dir_all(dir).map_err(failed)?;
    let mark = dir.join(MARK);
    if !mark.is_file() {
        if fs::read_dir(dir).map_err(failed)?.next().is_some() {
            return Err(Failure::Failed(format!(
                "{} holds something else than a demonstration: name an empty or a new folder with --dir",
                dir.display()
            )));
        }
        fs::write(dir.join(".gitignore"), "*\n").map_err(failed)?;
        fs::write(mark, MARK_TEXT).map_err(failed)?;
    }
    Ok(dir.join("data"))
}

/// Loads the patients through the front door, as any client would.
async fn fill(population: Population, running: &Running, tenant: &TenantName) -> Result<(), Failure> {
    say(format!("loading {} made-up patients (seed {})", population.patients, population.seed));
    let client = Client::http(&running.url(), Limits::default()).map_err(Failure::of)?;
    let door = Door {
        connection: Connection::There(Arc::new(client)),
        base: "/fhir".to_owned(),
        tenant: tenant.to_string(),
        patience: Patience::of(Duration::from_secs(30)),
    };
    let tally = load::load_texts(population.bundles(), &door).await;
    let refused = tally.refusals.first().map(|refusal| format!("{}: {}", refusal.place, refusal.why));
    match tally.stopped.or(refused) {
        Some(why) => Err(Failure::Failed(format!("the made-up patients could not be loaded: {why}"))),
        None => Ok(()),
    }
}

/// Prints what to try. Every indented line can be pasted into a shell.
fn print(
    config: &Config,
    tenant: &TenantName,
    running: &Running,
    patient: &str,
    record: &str,
) -> Result<(), Failure> {
    let mut output = Output::new();
    let url = running.url();
    let data = &config.store.data_dir;
    let vpr = format!("{} --data-dir {}", quoted(&program()), quoted(data));
    output.line("\nA resource, its versions, and the first of them:\n")?;
    output.line(format!("  curl -fsS '{url}/{patient}?_pretty=true'"))?;
    output.line(format!("  curl -fsS '{url}/{patient}/_history?_pretty=true'"))?;
    output.line(format!("  curl -fsS '{url}/{patient}/_history/1?_pretty=true'"))?;
    output.line("\nSearches: by birth date, the newest of a code, who was ever measured, by what is referred to, all of a patient:\n")?;
    for query in [
        "Patient?birthdate=ge1950&_sort=family&_count=3&_elements=name,birthDate&_pretty=true".to_owned(),
        format!(
            "Observation?patient={patient}&code=http://loinc.org|85354-9&_sort=-date&_count=1&_pretty=true"
        ),
        "Patient?_has:Observation:patient:code=85354-9&_summary=count".to_owned(),
        "Encounter?subject:Patient.gender=female&_include=Encounter:subject&_count=2&_pretty=true".to_owned(),
        format!("{patient}/$everything?_type=Encounter,Condition&_pretty=true"),
    ] {
        output.line(format!("  curl -fsS '{url}/{query}'"))?;
    }
    output.line("\nThe record as its keeper sees it:\n")?;
    output.line(format!("  {vpr} list"))?;
    output.line(format!("  {vpr} log {patient}"))?;
    output.line(format!("  {vpr} diff {patient} {patient} 1 2"))?;
    output.line("\nThe record as stock git sees it:\n")?;
    for part in [Part::Demographics, Part::Clinical] {
        let path = data.join(repository(tenant, part, record)?.path());
        output.line(format!("  git -C {} log -p --max-count=3", quoted(&path)))?;
    }
    let path = data.join(repository(tenant, Part::Demographics, record)?.path());
    let copy = data.with_file_name(format!("copy-{}", std::process::id()));
    output.line(format!("  git clone {} {}", quoted(&path), quoted(&copy)))?;
    output.line("\nCtrl-C stops the server; the same command starts it again with the same data.")?;
    output.line(format!("listening on {url}"))?;
    output.flush()
}

fn repository(tenant: &TenantName, part: Part, record: &str) -> Result<RepositoryId, Failure> {
    let uuid = record.parse().map_err(|_| Failure::Failed("the record has no UUID".to_owned()))?;
    Ok(RepositoryId::new(tenant.clone(), part, RecordId(uuid)))
}

/// The program as it was called.
fn program() -> PathBuf {
    std::env::args_os().next().map_or_else(|| PathBuf::from("vpr"), PathBuf::from)
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,=@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demonstration_never_mixes_with_anything_else() {
        let root = tempfile::tempdir().unwrap();
        let fresh = root.path().join("a/b");
        assert_eq!(claim(&fresh).unwrap(), fresh.join("data"));
        assert_eq!(claim(&fresh).unwrap(), fresh.join("data"), "its own folder again");
        let other = root.path().join("other");
        fs::create_dir_all(other.join("default")).unwrap();
        assert!(claim(&other).unwrap_err().to_string().contains("--dir"));
        assert_eq!(fs::read_dir(&other).unwrap().count(), 1, "nothing was written");
    }

    #[test]
    fn paths_are_one_word() {
        assert_eq!(quoted(Path::new("./a-b/c.d")), "./a-b/c.d");
        assert_eq!(quoted(Path::new("a b'c")), r"'a b'\''c'");
    }
}
