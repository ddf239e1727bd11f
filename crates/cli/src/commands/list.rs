use vpr_codec::Value;
use vpr_types::Part;

use crate::arguments::ListArguments;
use crate::config::Config;
use crate::failure::Failure;
use crate::opening::{Absent, Opened};
use crate::operator::{Operator, items, number, text};
use crate::output::{Output, say};

/// Documents asked for at once.
const PAGE: u32 = 1000;

/// `vpr list`
pub(crate) async fn run(config: &Config, arguments: &ListArguments) -> Result<(), Failure> {
    let tenant = super::tenant(arguments.tenant.tenant.as_deref(), config)?;
    let opened = match &arguments.record {
        None => Opened::open(config, Absent::Refuse).await?,
        // What records hold is in the search index.
        Some(_) => Opened::open_searching(config, Absent::Refuse).await?,
    };
    let operator = Operator(opened.connection.clone());
    let listed = match &arguments.record {
        None => records(&operator, tenant.as_str()).await,
        Some(record) => documents(&operator, tenant.as_str(), record, arguments).await,
    };
    drop(operator);
    opened.close()?;
    listed
}

async fn records(operator: &Operator, tenant: &str) -> Result<(), Failure> {
    let answer = operator.get(&format!("/tenants/{tenant}/overview")).await?;
    let rows: Vec<_> = items(answer.root(), "records").map(record).collect();
    let mut output = Output::new();
    let heads = [
        "record",
        "patient",
        Part::Demographics.as_str(),
        Part::Clinical.as_str(),
        Part::Coordination.as_str(),
        Part::Registry.as_str(),
        "last change",
    ];
    output.table(heads, &rows)?;
    output.flush()
}

/// One record's line.
fn record(record: Value<'_>) -> [String; 7] {
    let member = |name| text(record, name).unwrap_or_default();
    let count = |part: Part| Some(number::<u64>(record.get("documents")?, part.as_str())?.to_string());
    let [demographics, clinical, coordination, registry] =
        [Part::Demographics, Part::Clinical, Part::Coordination, Part::Registry]
            .map(|part| count(part).unwrap_or_default());
    [member("record"), member("patient"), demographics, clinical, coordination, registry, member("last")]
}

async fn documents(
    operator: &Operator,
    tenant: &str,
    record: &str,
    arguments: &ListArguments,
) -> Result<(), Failure> {
    let patient = patient(operator, tenant, record).await?;
    let mut question = format!("/tenants/{tenant}/list?record={patient}");
    if let Some(wanted) = &arguments.r#type {
        if !wanted.chars().all(|c| c.is_ascii_alphabetic()) {
            return Err(Failure::Usage("a type is a resource type such as Observation".to_owned()));
        }
        question.push_str(&format!("&type={wanted}"));
    }
    question.push_str(&format!("&count={}", arguments.limit.min(PAGE)));
    let most = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let mut rows: Vec<[String; 7]> = Vec::new();
    let mut next = None;
    let more = loop {
        let cursor = next.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let answer = operator.get(&format!("{question}{cursor}")).await?;
        if answer.root().get("stale").and_then(Value::as_bool) == Some(true) {
            say("the search index is behind: the newest changes may be missing");
        }
        rows.extend(items(answer.root(), "documents").map(document));
        next = text(answer.root(), "next");
        if rows.len() >= most || next.is_none() {
            break next.is_some() || rows.len() > most;
        }
    };
    rows.truncate(most);
    let mut output = Output::new();
    output.table(["document", "version", "last change", "author", "flags", "title", "snippet"], &rows)?;
    output.flush()?;
    if more {
        say(format!("there are more than {most}; --limit shows more of them"));
    }
    Ok(())
}

/// The patient that a record is of: lists are of what concerns a patient.
async fn patient(operator: &Operator, tenant: &str, record: &str) -> Result<String, Failure> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if let Some(id) = record.strip_prefix("Patient/") {
        let is_id = !id.is_empty() && id.chars().all(good);
        return if is_id { Ok(record.to_owned()) } else { Err(usage()) };
    }
    if record == Part::Registry.as_str() || !record.chars().all(good) {
        return Err(usage());
    }
    let record = operator.record(tenant, record).await?;
    let answer = operator.get(&format!("/tenants/{tenant}/records/{record}/documents")).await?;
    let mut names = items(answer.root(), "documents").filter_map(|document| text(document, "name"));
    let patient = names.find(|name| name.starts_with("Patient/"));
    patient.ok_or_else(|| Failure::Failed("the record has no Patient: name it as Patient/<id>".to_owned()))
}

fn usage() -> Failure {
    Failure::Usage("a record that can be listed is Patient/<id>, or a record's UUID".to_owned())
}

/// One document's line.
fn document(document: Value<'_>) -> [String; 7] {
    let member = |name| text(document, name).unwrap_or_default();
    let flags: Vec<String> =
        items(document, "flags").filter_map(Value::as_str).map(|flag| flag.into_owned()).collect();
    let version = number::<u32>(document, "version").map(|version| version.to_string()).unwrap_or_default();
    [
        member("name"),
        version,
        member("time"),
        member("author"),
        flags.join(","),
        member("title"),
        member("snippet"),
    ]
}
