//! What a load came to: counted as it goes, told at the end.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use serde::Serialize;

use super::answer::{Fate, Refusal};
use super::deliver::Delivery;
use super::limits::{REFUSALS_KEPT_MAX, SKIPS_KEPT_MAX};
use crate::failure::Failure;
use crate::output::Output;

/// Entries of one type.
#[derive(Debug, Default, Clone, Copy, Serialize, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) accepted: u64,
    pub(crate) repeated: u64,
    pub(crate) refused: u64,
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) types: BTreeMap<String, Counts>,
    /// Files, lines and entries that were refused, in the order of the answers.
    pub(crate) refusals: Vec<Refusal>,
    /// All of them, the ones that are not kept included.
    pub(crate) refusals_total: u64,
    /// Entries that were answered or refused.
    pub(crate) entries: u64,
    /// Files and entries with nothing to load in them, as far as they are kept.
    pub(crate) skips: Vec<String>,
    pub(crate) skips_total: u64,
    pub(crate) requests: u64,
    pub(crate) resent: u64,
    pub(crate) bytes: u64,
    /// Why the load ended before its end.
    pub(crate) stopped: Option<String>,
}

impl Tally {
    /// Counts an answered request.
    pub(crate) fn add(&mut self, delivery: Delivery) {
        for (resource_type, fate) in delivery.fates {
            self.count(resource_type, &fate);
        }
        delivery.refusals.into_iter().for_each(|refusal| self.keep(refusal));
        self.requests += delivery.requests;
        self.resent += delivery.resent;
        self.bytes += delivery.bytes;
        self.stopped = self.stopped.take().or(delivery.stop);
    }

    /// Counts what was refused before it was sent.
    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        let resource_type = refusal.resource_type.clone().unwrap_or_else(|| "?".to_owned());
        self.count(resource_type, &Fate::Refused);
        self.keep(refusal);
    }

    /// Counts what has nothing to load.
    pub(crate) fn skip(&mut self, name: impl Display) {
        self.skips_total += 1;
        if self.skips.len() < SKIPS_KEPT_MAX {
            self.skips.push(name.to_string());
        }
    }

    fn count(&mut self, resource_type: String, fate: &Fate) {
        let counts = self.types.entry(resource_type).or_default();
        *match fate {
            Fate::Accepted => &mut counts.accepted,
            Fate::Repeated => &mut counts.repeated,
            Fate::Refused => &mut counts.refused,
        } += 1;
        self.entries += 1;
    }

    fn keep(&mut self, refusal: Refusal) {
        self.refusals_total += 1;
        if self.refusals.len() < REFUSALS_KEPT_MAX {
            self.refusals.push(refusal);
        }
    }

    /// Whether everything that was given is in the server now.
    pub(crate) fn is_clean(&self) -> bool {
        self.refusals_total == 0 && self.stopped.is_none()
    }

    fn total(&self) -> Counts {
        self.types.values().fold(Counts::default(), |sum, counts| Counts {
            accepted: sum.accepted + counts.accepted,
            repeated: sum.repeated + counts.repeated,
            refused: sum.refused + counts.refused,
        })
    }

    /// Prints the summary.
    pub(crate) fn print(&self, took: Duration, output: &mut Output) -> Result<(), Failure> {
        let row = |name: &str, counts: &Counts| {
            [
                name.to_owned(),
                counts.accepted.to_string(),
                counts.repeated.to_string(),
                counts.refused.to_string(),
            ]
        };
        let mut rows: Vec<_> = self.types.iter().map(|(name, counts)| row(name, counts)).collect();
        rows.push(row("all", &self.total()));
        output.table(["type", "accepted", "repeated", "refused"], &rows)?;
        output.line(self.speed(took))?;
        if self.skips_total > 0 {
            output.line(format!("{} files or entries skipped: nothing to load in them", self.skips_total))?;
        }
        if let Some(why) = &self.stopped {
            output.line(format!("stopped before the end: {why}; run it again to go on"))?;
        }
        output.flush()
    }

    fn speed(&self, took: Duration) -> String {
        let seconds = took.as_secs_f64().max(0.001);
        let megabytes = self.bytes as f64 / 1e6;
        format!(
            "{megabytes:.1} MB in {seconds:.1} s: {:.0} entries/s, {:.1} MB/s; {} requests, {} sent again",
            self.entries as f64 / seconds,
            megabytes / seconds,
            self.requests,
            self.resent,
        )
    }

    /// The report as JSON.
    pub(crate) fn to_json(&self, took: Duration) -> Result<String, Failure> {
        let refused = self.refusals.iter().map(|refusal| Refused {
            file: &refusal.place.file,
            line: refusal.place.line,
            entry: refusal.place.entry,
            resource_type: refusal.resource_type.as_deref(),
            why: &refusal.why,
        });
        let seconds = took.as_secs_f64();
        let report = Report {
            complete: self.stopped.is_none(),
            stopped: self.stopped.as_deref(),
            entries: self.entries,
            total: self.total(),
            types: &self.types,
            bytes: self.bytes,
            seconds,
            entries_per_second: self.entries as f64 / seconds.max(0.001),
            requests: self.requests,
            resent: self.resent,
            skips: self.skips_total,
            skipped: &self.skips,
            refusals: self.refusals_total,
            refused: refused.collect(),
        };
        serde_json::to_string_pretty(&report).map(|text| text + "\n").map_err(Failure::of)
    }
}

/// The form of `--report`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    complete: bool,
    stopped: Option<&'a str>,
    entries: u64,
    total: Counts,
    types: &'a BTreeMap<String, Counts>,
    bytes: u64,
    seconds: f64,
    entries_per_second: f64,
    requests: u64,
    resent: u64,
    skips: u64,
    skipped: &'a [String],
    refusals: u64,
    refused: Vec<Refused<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Refused<'a> {
    file: &'a str,
    line: Option<u64>,
    entry: Option<usize>,
    resource_type: Option<&'a str>,
    why: &'a str,
}
