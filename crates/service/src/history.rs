use vpr_codec::{Style, Writer};
use vpr_fhir::IssueType;
use vpr_store::directory::VersionRow;
use vpr_store::format::ChangeOperation;
use vpr_types::{DocumentName, Instant, Version, limits};

use crate::answer::{Answer, Stamp};
use crate::failure::{Failure, FailureKind};
use crate::operation::Target;
use crate::period::Period;
use crate::read::absent;
use crate::work::{Work, document, is_deletion};

/// Which versions of a resource are wanted (FHIR R4 §3.1.0.12).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// At most so many on a page; 0 asks for the total alone.
    pub count: Option<usize>,
    /// Only versions below this one: where the page before ended.
    pub before: Option<Version>,
    /// Where a history of a type or of everything goes on: what a link of the page before carried.
    pub cursor: Option<String>,
    /// Only versions committed at or after this instant.
    pub since: Option<Instant>,
    /// Only versions that stood at some moment of this period.
    pub at: Option<Period>,
    /// The parameters `since` and `at` as the caller wrote them, to stand in links.
    pub as_written: String,
}

/// One page: what is on it, how many there are in all, and whether more follow.
struct Page {
    versions: Vec<VersionRow>,
    total: usize,
    more: bool,
}

/// Bytes of documents on one page, unless a single one is larger. The rest is on the next page.
pub(crate) const PAGE_BYTES_MAX: usize = 32 * 1024 * 1024;

impl Page {
    /// Cuts the page where its documents become too many bytes.
    fn bound(&mut self) {
        let mut bytes = 0_usize;
        let fitting = self.versions.iter().take_while(|row| {
            bytes = bytes.saturating_add(row.size as usize);
            bytes <= PAGE_BYTES_MAX
        });
        let fitting = fitting.count().max(1);
        self.more |= fitting < self.versions.len();
        self.versions.truncate(fitting);
    }
}

impl Work<'_> {
    /// FHIR R4 §3.1.0.12 for one resource. Versions are never renumbered, so a page that begins
    /// below the last version of the one before neither loses nor repeats any.
    pub(crate) fn history(&mut self, target: &Target, query: &HistoryQuery) -> Result<Answer, Failure> {
        let name = document(target)?;
        if query.cursor.is_some() {
            return Err(crate::query::unknown_parameter("_cursor", &[]));
        }
        let count = query.count.unwrap_or(limits::HISTORY_COUNT_DEFAULT).min(limits::HISTORY_COUNT_MAX);
        let mut page = if query.since.is_none() && query.at.is_none() {
            self.plain_page(&name, query.before, count)?
        } else {
            self.filtered_page(&name, query, count)?
        };
        page.bound();
        let body = self.history_bundle(&name, query, count, &page)?;
        self.fits(body.len())?;
        Ok(Answer::new(200).with_body(body))
    }

    fn plain_page(
        &mut self,
        name: &DocumentName,
        before: Option<Version>,
        count: usize,
    ) -> Result<Page, Failure> {
        // A page of none is asked for as a page of one, because its total is wanted.
        let page = self.inner.engine.history(self.tenant(), name, before, count.max(1))?;
        let page = page.ok_or_else(|| absent(name))?;
        self.trail.wait_for(page.barrier);
        let total = page.total as usize;
        match count {
            0 => Ok(Page { versions: Vec::new(), total, more: false }),
            _ => Ok(Page { versions: page.versions, total, more: page.more }),
        }
    }

    fn filtered_page(
        &mut self,
        name: &DocumentName,
        query: &HistoryQuery,
        count: usize,
    ) -> Result<Page, Failure> {
        let mut page = Page { versions: Vec::new(), total: 0, more: false };
        let mut before = None;
        // When the version after the one that is looked at was committed.
        let mut until = Instant(i64::MAX);
        loop {
            let chunk = self.inner.engine.history(self.tenant(), name, before, limits::HISTORY_COUNT_MAX)?;
            let chunk = chunk.ok_or_else(|| absent(name))?;
            self.trail.wait_for(chunk.barrier);
            before = chunk.versions.last().map(|row| row.version);
            for row in chunk.versions {
                let from = served(row.time);
                if query.wants(from, until) {
                    page.total += 1;
                    if query.before.is_none_or(|before| row.version < before) {
                        page.more = page.versions.len() == count;
                        if !page.more {
                            page.versions.push(row);
                        }
                    }
                }
                until = from;
            }
            if !chunk.more || before.is_none() {
                page.more &= count > 0;
                return Ok(page);
            }
        }
    }

    fn history_bundle(
        &mut self,
        name: &DocumentName,
        query: &HistoryQuery,
        count: usize,
        page: &Page,
    ) -> Result<Vec<u8>, Failure> {
        let url = format!("{}/{name}", self.context.base);
        let mut writer = Writer::with_capacity(Style::Compact, 512 + page.versions.len() * 2048);
        writer.begin_object();
        member(&mut writer, "resourceType", "Bundle");
        member(&mut writer, "type", "history");
        writer.key("total");
        writer.integer(i64::try_from(page.total).unwrap_or(i64::MAX));
        writer.key("link");
        writer.begin_array();
        link(&mut writer, "self", &query.url(&url, count, query.before));
        if let Some(last) = page.versions.last().filter(|_| page.more) {
            link(&mut writer, "next", &query.url(&url, count, Some(last.version)));
        }
        writer.end_array();
        if !page.versions.is_empty() {
            writer.key("entry");
            writer.begin_array();
            for row in &page.versions {
                self.trail.touched(name, Some(row.version));
                let resource = if is_deletion(row) { None } else { Some(self.rendered(name, row)?) };
                entry(&mut writer, &url, name, row, resource.as_deref());
            }
            writer.end_array();
        }
        writer.end_object();
        Ok(writer.finish())
    }
}

impl HistoryQuery {
    /// Whether a version that stood from `from` until `until` is wanted.
    fn wants(&self, from: Instant, until: Instant) -> bool {
        self.since.is_none_or(|since| from >= since)
            && self.at.is_none_or(|at| from < at.end && until > at.start)
    }

    fn url(&self, document: &str, count: usize, before: Option<Version>) -> String {
        let mut url = format!("{document}/_history?_count={count}");
        if let Some(before) = before {
            url.push_str(&format!("&_before={before}"));
        }
        if !self.as_written.is_empty() {
            url.push('&');
            url.push_str(&self.as_written);
        }
        url
    }

    /// Reads `_count`.
    ///
    /// # Errors
    /// [`Failure`] when it is no number of versions.
    pub fn parse_count(text: &str) -> Result<usize, Failure> {
        text.parse::<u32>().map(|count| count as usize).map_err(|_| {
            Failure::new(FailureKind::Malformed, IssueType::Value, "_count is no number of versions")
        })
    }
}

/// As callers see it: to the millisecond.
fn served(time: Instant) -> Instant {
    Instant(time.0.div_euclid(1000) * 1000)
}

pub(crate) fn entry(
    writer: &mut Writer,
    url: &str,
    name: &DocumentName,
    row: &VersionRow,
    resource: Option<&[u8]>,
) {
    let first = row.version == Version::FIRST;
    let (method, status) = match row.operation {
        ChangeOperation::Create if first => ("POST", "201 Created"),
        ChangeOperation::Create => ("PUT", "201 Created"),
        ChangeOperation::Delete => ("DELETE", "204 No Content"),
        ChangeOperation::Update | ChangeOperation::MovedOut => ("PUT", "200 OK"),
    };
    writer.begin_object();
    member(writer, "fullUrl", url);
    if let Some(resource) = resource {
        writer.key("resource");
        writer.compact_text(resource);
    }
    writer.key("request");
    writer.begin_object();
    member(writer, "method", method);
    if method == "POST" {
        member(writer, "url", name.collection());
    } else {
        member(writer, "url", &name.to_string());
    }
    writer.end_object();
    writer.key("response");
    writer.begin_object();
    member(writer, "status", status);
    member(writer, "etag", &Stamp { version: row.version, time: row.time }.etag());
    member(writer, "lastModified", &row.time.to_millis_text());
    writer.end_object();
    writer.end_object();
}

pub(crate) fn link(writer: &mut Writer, relation: &str, url: &str) {
    writer.begin_object();
    member(writer, "relation", relation);
    member(writer, "url", url);
    writer.end_object();
}

pub(crate) fn member(writer: &mut Writer, name: &str, text: &str) {
    writer.key(name);
    writer.string(text);
}
