//! What a start finds on a disk, judged by what was issued before and by the model.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use vpr_core::{Engine, EngineError};
use vpr_store::directory::VersionRow;
use vpr_store::logs::{AccessLog, StateLog};
use vpr_store::{StoreOptions, World};
use vpr_testkit::{SeedEntropy, SimClock, SimDisk};
use vpr_types::{Disk, RepositoryId, Seq};

use crate::model::{Model, Place, Survivors, Version};
use crate::plan;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Something that was acknowledged or served is gone.
    Lost,
    /// A part of something is there and another part is not, or something without what came before.
    Torn,
    /// Something is there more than once.
    Doubled,
    /// Something is not what was written, or an answer is not what it should be.
    Wrong,
    /// The start, a read or a check failed.
    Refused,
    /// `verify` found damage.
    Damaged,
}

#[derive(Debug, Clone)]
pub struct Finding {
    pub kind: Kind,
    pub what: String,
}

impl Finding {
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.what)
    }
}

/// One entry of the journal, in the order in which they were issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issued {
    Change {
        tenant: String,
        seq: u64,
    },
    /// The n-th access of the tenant, from 1.
    Access {
        tenant: String,
        number: usize,
    },
    /// A kept answer without a change.
    Key {
        tenant: String,
        key: u64,
    },
}

impl Issued {
    fn survived(&self, survivors: &BTreeMap<String, Survivors>) -> bool {
        match self {
            Self::Change { tenant, seq } => survivors.get(tenant).is_some_and(|left| *seq <= left.seq),
            Self::Access { tenant, number } => {
                survivors.get(tenant).is_some_and(|left| *number <= left.accesses)
            }
            Self::Key { tenant, key } => survivors.get(tenant).is_some_and(|left| left.keys.contains(key)),
        }
    }
}

/// What was issued and what of it must be there.
pub struct Expected<'a> {
    pub model: &'a Model,
    pub issued: &'a [Issued],
    /// The first so many of `issued` were acknowledged or served.
    pub promised: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Inspection {
    pub survivors: BTreeMap<String, Survivors>,
    pub findings: Vec<Finding>,
}

pub fn open(
    disk: Arc<dyn Disk>,
    clock: &SimClock,
    entropy_seed: u64,
    options: &StoreOptions,
) -> Result<(Engine, vpr_store::Recovery), EngineError> {
    let entropy = Arc::new(SeedEntropy::new(entropy_seed));
    Engine::open(World { disk, clock: Arc::new(clock.clone()), entropy }, options.clone())
}

/// Starts an engine on `disk`, compares everything, brings it into Git, verifies it, compares again.
pub fn inspect(
    disk: &SimDisk,
    clock: &SimClock,
    options: &StoreOptions,
    expected: &Expected<'_>,
) -> Inspection {
    let mut inspection = Inspection::default();
    // Another seed for each start: an epoch of the journal must not come twice.
    let seed = 0x1b5e_c700_0000_0000 + disk.operations();
    match open(Arc::new(disk.clone()), clock, seed, options) {
        Ok((engine, _)) => inspection.look(&engine, disk, expected),
        Err(error) => inspection.add(Kind::Refused, format!("the start was refused: {error}")),
    }
    inspection
}

impl Inspection {
    fn add(&mut self, kind: Kind, what: impl Into<String>) {
        self.findings.push(Finding::new(kind, what));
    }

    fn look(&mut self, engine: &Engine, disk: &SimDisk, expected: &Expected<'_>) {
        for (name, tenant) in &expected.model.tenants {
            let mut rows = Rows::new();
            for document in tenant.documents.keys() {
                match read_history(engine, name, document) {
                    Ok(history) => drop(rows.insert(document.clone(), history)),
                    Err(error) => self.add(Kind::Refused, format!("{name} {document}: {error}")),
                }
            }
            let seq = self.dense_seq(name, &rows);
            self.survivors.insert(name.clone(), Survivors { seq, ..Survivors::default() });
        }
        let left = expected.model.until(&self.survivors);
        self.findings.extend(compare(engine, expected.model, &left, true));
        match engine.verify(&mut |_| {}) {
            Ok(report) => {
                for damage in report.damage {
                    self.add(Kind::Damaged, damage);
                }
            }
            Err(error) => self.add(Kind::Refused, format!("verify: {error}")),
        }
        self.findings.extend(compare(engine, expected.model, &left, true));
        for (name, tenant) in &expected.model.tenants {
            if self.survivors[name].seq > 0 {
                let keys = tenant.keys.iter().filter(|(_, kept)| kept.seq.is_none()).map(|(key, _)| *key);
                self.read_logs(disk, name, &tenant.accesses, &keys.collect::<Vec<_>>());
            }
        }
        self.judge_order(expected);
    }

    /// The last seq of a tenant; every one up to it must have made a version.
    fn dense_seq(&mut self, tenant: &str, rows: &Rows) -> u64 {
        let mut seqs: Vec<u64> = rows.values().flatten().map(|(row, _)| row.seq.0).collect();
        seqs.sort_unstable();
        seqs.dedup();
        let last = seqs.last().copied().unwrap_or(0);
        if seqs.len() as u64 != last {
            self.add(
                Kind::Torn,
                format!("tenant {tenant} ends at seq {last}, but has only {} of them", seqs.len()),
            );
        }
        last
    }

    /// The access log and the state log, as they stand after everything went to its place.
    fn read_logs(&mut self, disk: &SimDisk, name: &str, accesses: &[String], keys: &[u64]) {
        let copy: Arc<dyn Disk> = Arc::new(disk.snapshot());
        let tenant = plan::tenant(name);
        let log = AccessLog::open(copy.clone(), &tenant);
        let entries = log.and_then(|log| log.read_from(1)?.collect::<Result<Vec<_>, _>>());
        let state = StateLog::open(copy, &tenant);
        let state = state.and_then(|log| log.read_from(1)?.collect::<Result<Vec<_>, _>>());
        let (entries, state) = match (entries, state) {
            (Ok(entries), Ok(state)) => (entries, state),
            (Err(error), _) | (_, Err(error)) => return self.add(Kind::Refused, format!("{name}: {error}")),
        };
        for (entry, expected) in entries.iter().zip(accesses) {
            if entry.request != *expected {
                self.add(
                    Kind::Wrong,
                    format!("{name}: access {} is {}, not {expected}", entry.access_seq, entry.request),
                );
            }
        }
        if entries.len() > accesses.len() {
            self.add(
                Kind::Doubled,
                format!("{name}: {} accesses, {} were issued", entries.len(), accesses.len()),
            );
        }
        let mut found = Vec::new();
        for entry in &state {
            match keys.iter().find(|key| plan::digest(**key).0.as_slice() == entry.key) {
                Some(key) if found.contains(key) => self.add(Kind::Doubled, format!("{name}: key {key}")),
                Some(key) => found.push(*key),
                None => self.add(Kind::Wrong, format!("{name}: state {} is nobody's", entry.state_seq)),
            }
        }
        let survivors = self.survivors.get_mut(name).unwrap();
        survivors.accesses = entries.len();
        survivors.keys = found;
    }

    /// What survived is a prefix of the journal's order, and all that was promised is in it.
    fn judge_order(&mut self, expected: &Expected<'_>) {
        let survived: Vec<bool> =
            expected.issued.iter().map(|issued| issued.survived(&self.survivors)).collect();
        let prefix = survived.iter().take_while(|survived| **survived).count();
        if prefix < expected.promised {
            let lost = &expected.issued[prefix];
            let what = format!("{lost:?} is gone; {} were promised, {prefix} are there", expected.promised);
            self.add(Kind::Lost, what);
        }
        if let Some(later) = survived.iter().skip(prefix).position(|survived| *survived) {
            let what = format!(
                "{:?} is there, {:?} before it is not",
                expected.issued[prefix + later],
                expected.issued[prefix]
            );
            self.add(Kind::Torn, what);
        }
    }

    /// How many of the issued entries are there.
    pub fn count(&self, issued: &[Issued]) -> usize {
        issued.iter().take_while(|issued| issued.survived(&self.survivors)).count()
    }
}

/// A version and its content.
type Read = (VersionRow, Option<Arc<[u8]>>);
type Rows = BTreeMap<String, Vec<Read>>;

/// All versions of a document with their contents, oldest first.
fn read_history(engine: &Engine, tenant: &str, document: &str) -> Result<Vec<Read>, EngineError> {
    let tenant = plan::tenant(tenant);
    let Some(page) = engine.history(&tenant, &plan::document(document), None, 10_000)? else {
        return Ok(Vec::new());
    };
    let with_content = |row: VersionRow| {
        let content = row.object.map(|_| engine.content(&tenant, &row)).transpose()?;
        Ok((row, content))
    };
    page.versions.into_iter().rev().map(with_content).collect()
}

/// Everything that the engine answers about every document of `known` is what `left` says.
/// `settled`: nothing is in flight, so that every answer may be shown.
pub fn compare(engine: &Engine, known: &Model, left: &Model, settled: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, tenant) in &known.tenants {
        let left = left.tenants.get(name);
        for document in tenant.documents.keys() {
            let versions = left.and_then(|left| left.documents.get(document));
            let versions = versions.map_or(&[][..], Vec::as_slice);
            findings.extend(compare_document(engine, name, document, versions, settled));
        }
        findings.extend(compare_list(engine, name, left));
        if left.is_some() {
            findings.extend(compare_stream(engine, name));
        }
        if engine.tenant(&plan::tenant(name)).is_some() != left.is_some() {
            findings
                .push(Finding::new(Kind::Wrong, format!("tenant {name} is there or not, against its seq")));
        }
    }
    findings
}

/// The stream of changes has every durable seq once, and each version that it names is the one that
/// is read.
fn compare_stream(engine: &Engine, tenant: &str) -> Vec<Finding> {
    let name = plan::tenant(tenant);
    let mut findings = Vec::new();
    let mut add =
        |kind, what: String| findings.push(Finding::new(kind, format!("{tenant}, the stream: {what}")));
    let mut last = Seq(0);
    loop {
        let batch = match engine.changes(&name, last, 7) {
            Ok(batch) if batch.is_empty() => break,
            Ok(batch) => batch,
            Err(error) => {
                add(Kind::Refused, error.to_string());
                return findings;
            }
        };
        for change in batch {
            last = last.next();
            if change.seq != last {
                add(Kind::Torn, format!("seq {} where {last} belongs", change.seq));
                return findings;
            }
            for document in &change.documents {
                match engine.version(&name, &document.name, document.row.version) {
                    Ok(Some(found)) if found.row == document.row && document.row.seq == last => {}
                    Ok(_) => add(Kind::Wrong, format!("{} differs at seq {last}", document.name)),
                    Err(error) => add(Kind::Refused, error.to_string()),
                }
            }
        }
    }
    if last != engine.last_durable(&name) {
        add(Kind::Lost, format!("it ends at {last} of {}", engine.last_durable(&name)));
    }
    findings
}

fn compare_document(
    engine: &Engine,
    tenant: &str,
    document: &str,
    versions: &[Version],
    settled: bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add =
        |kind, what: String| findings.push(Finding::new(kind, format!("{tenant} {document}: {what}")));
    let rows = match read_history(engine, tenant, document) {
        Ok(rows) => rows,
        Err(error) => {
            add(Kind::Refused, error.to_string());
            return findings;
        }
    };
    match rows.len().cmp(&versions.len()) {
        std::cmp::Ordering::Less => add(Kind::Torn, format!("{} versions of {}", rows.len(), versions.len())),
        std::cmp::Ordering::Greater => {
            add(Kind::Doubled, format!("{} versions of {}", rows.len(), versions.len()))
        }
        std::cmp::Ordering::Equal => {}
    }
    for ((row, content), version) in rows.iter().zip(versions) {
        if let Some(what) = difference(engine, tenant, row, content.as_deref(), version) {
            add(Kind::Wrong, format!("version {}: {what}", version.number));
        }
    }
    let name = plan::document(document);
    match engine.read(&plan::tenant(tenant), &name) {
        Ok(found) => {
            if found.as_ref().map(|found| &found.row) != rows.last().map(|(row, _)| row) {
                add(Kind::Wrong, "the newest version is not the last one of the history".into());
            }
            if settled && found.is_some_and(|found| !engine.is_durable(found.barrier)) {
                add(Kind::Wrong, "what was recovered is not durable".into());
            }
        }
        Err(error) => add(Kind::Refused, error.to_string()),
    }
    findings
}

/// What a row says otherwise than the model's version.
pub fn difference(
    engine: &Engine,
    tenant: &str,
    row: &VersionRow,
    content: Option<&[u8]>,
    version: &Version,
) -> Option<String> {
    let repository = RepositoryId::new(plan::tenant(tenant), row.part, row.record);
    let place = match &version.place {
        Place::Registry => RepositoryId::registry(plan::tenant(tenant)),
        Place::Record(key, part) => match engine.record_of(&plan::tenant(tenant), key) {
            Ok(record) => {
                RepositoryId::new(plan::tenant(tenant), vpr_types::Part::parse(part).unwrap(), record)
            }
            Err(error) => return Some(error.to_string()),
        },
    };
    let length = version.content.as_ref().map_or(0, |content| content.len());
    let checks = [
        ("number", row.version.0 == version.number),
        ("seq", row.seq.0 == version.seq),
        ("time", row.time.0 == version.time),
        ("operation", row.operation.as_str() == version.operation),
        ("author", row.author.as_str() == version.author),
        ("place", repository == place),
        ("size", row.size as usize == length),
        ("content", content == version.content.as_deref()),
    ];
    let wrong: Vec<&str> = checks.iter().filter(|(_, good)| !good).map(|(what, _)| *what).collect();
    (!wrong.is_empty()).then(|| format!("{} differ: {row:?}", wrong.join(", ")))
}

/// The list of a tenant's documents has each one once, with its newest version.
fn compare_list(engine: &Engine, tenant: &str, left: Option<&crate::model::Tenant>) -> Vec<Finding> {
    let mut listed = Vec::new();
    let done = engine.documents(&plan::tenant(tenant), None, &mut |name, row| {
        listed.push((name.to_string(), row.version.0));
        true
    });
    if let Err(error) = done {
        return vec![Finding::new(Kind::Refused, format!("list of {tenant}: {error}"))];
    }
    listed.sort();
    let heads = left.into_iter().flat_map(|left| &left.documents);
    let expected: Vec<_> =
        heads.map(|(name, versions)| (name.clone(), versions.last().unwrap().number)).collect();
    match listed == expected {
        true => Vec::new(),
        false => vec![Finding::new(Kind::Wrong, format!("list of {tenant}: {listed:?}, not {expected:?}"))],
    }
}
