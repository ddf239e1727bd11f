use serde::{Deserialize, Serialize};
use vpr_codec::{Style, Writer};
use vpr_fhir::ResourceType;
use vpr_fhir::search::Span;
use vpr_projection::{HistoryPage, HistoryPosition, HistoryRequest};
use vpr_store::directory::VersionRow;
use vpr_types::{DocumentName, Instant, Seq, limits};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::history::{HistoryQuery, PAGE_BYTES_MAX, entry, link, member};
use crate::work::{Work, is_deletion, named, resource_type};

/// What a link to another page carries.
#[derive(Debug, Serialize, Deserialize)]
struct PageLink {
    type_name: Option<String>,
    since: Option<i64>,
    /// From when until when.
    at: Option<(i64, i64)>,
    count: usize,
    /// `since` and `at` as the caller wrote them.
    as_written: String,
    /// The moment that the history stands at.
    seq: u64,
    total: Option<u64>,
    /// Where the page before ended.
    before: Option<HistoryPosition>,
}

impl Work<'_> {
    /// FHIR R4 §3.1.0.12, of all resources of a type.
    pub(crate) fn history_of_type(
        &mut self,
        type_name: &str,
        query: &HistoryQuery,
    ) -> Result<Answer, Failure> {
        let known = resource_type(type_name)?;
        self.histories(Some(known.name()), query)
    }

    /// FHIR R4 §3.1.0.12, of all resources.
    pub(crate) fn history_of_all(&mut self, query: &HistoryQuery) -> Result<Answer, Failure> {
        self.histories(None, query)
    }

    fn histories(&mut self, type_name: Option<&str>, query: &HistoryQuery) -> Result<Answer, Failure> {
        if query.before.is_some() {
            return Err(crate::query::unknown_parameter("_before", &[]));
        }
        let wanted = match &query.cursor {
            None => PageLink::first(type_name, query),
            Some(cursor) => {
                if *query != (HistoryQuery { cursor: Some(cursor.clone()), ..HistoryQuery::default() }) {
                    return Err(Failure::malformed("_cursor stands alone"));
                }
                self.followed::<PageLink>(cursor)?
            }
        };
        if wanted.type_name.as_deref() != type_name {
            return Err(Failure::malformed("the link leads to another place"));
        }
        let stale = if wanted.seq == 0 { self.fresh()? } else { None };
        let scope = type_name.map(resource_type).transpose()?;
        let mut request = wanted.request(scope);
        let mut page = self.past(&request)?;
        let mut entries = self.past_entries(&page)?;
        if entries.len() < page.rows.len() {
            // Asked again, so that the link begins where the page ends.
            request = HistoryRequest { at: Some(page.seq), limit: entries.len(), total: false, ..request };
            page = HistoryPage { total: page.total, ..self.past(&request)? };
            entries = self.past_entries(&page)?;
        }
        let total = page.total.or(wanted.total);
        let body = self.histories_bundle(&wanted, &entries, total, &page)?;
        self.fits(body.len())?;
        let mut answer = Answer::new(200).with_body(body);
        answer.warning = stale;
        Ok(answer)
    }

    fn past(&self, request: &HistoryRequest) -> Result<HistoryPage, Failure> {
        self.inner.searchable(self.tenant())?;
        let found = self.inner.projector()?.projection.history(self.tenant(), request);
        found.map_err(|error| self.inner.noticed(self.tenant(), error))
    }

    /// The versions of a page, no more of them than are bytes enough for one page.
    fn past_entries(&mut self, page: &HistoryPage) -> Result<Vec<(DocumentName, VersionRow)>, Failure> {
        let mut bytes = 0_usize;
        let mut entries = Vec::with_capacity(page.rows.len());
        for row in &page.rows {
            let name = named(row.resource, &row.id)?;
            let found = self.inner.engine.version(self.tenant(), &name, row.version)?;
            let found = found.ok_or_else(Failure::internal)?;
            bytes = bytes.saturating_add(found.row.size as usize);
            if bytes > PAGE_BYTES_MAX && !entries.is_empty() {
                break;
            }
            self.trail.wait_for(found.barrier);
            entries.push((name, found.row));
        }
        Ok(entries)
    }

    fn histories_bundle(
        &mut self,
        wanted: &PageLink,
        entries: &[(DocumentName, VersionRow)],
        total: Option<u64>,
        page: &HistoryPage,
    ) -> Result<Vec<u8>, Failure> {
        let base = &self.context.base;
        let place = match &wanted.type_name {
            Some(name) => format!("{base}/{name}/_history"),
            None => format!("{base}/_history"),
        };
        let mut writer = Writer::with_capacity(Style::Compact, 512 + entries.len() * 2048);
        writer.begin_object();
        member(&mut writer, "resourceType", "Bundle");
        member(&mut writer, "type", "history");
        let whole = wanted.before.is_none() && page.next.is_none() && wanted.count > 0;
        if let Some(total) = total.or_else(|| whole.then_some(entries.len() as u64)) {
            writer.key("total");
            writer.integer(i64::try_from(total).unwrap_or(i64::MAX));
        }
        writer.key("link");
        writer.begin_array();
        let and = if wanted.as_written.is_empty() { "" } else { "&" };
        link(&mut writer, "self", &format!("{place}?_count={}{and}{}", wanted.count, wanted.as_written));
        if let Some(before) = page.next.filter(|_| wanted.count > 0) {
            let cursor = self.cursor(&wanted.next(page.seq, total, before))?;
            link(&mut writer, "next", &format!("{place}?_cursor={cursor}"));
        }
        writer.end_array();
        if !entries.is_empty() {
            writer.key("entry");
            writer.begin_array();
            for (name, row) in entries {
                self.trail.shown(name, row.version);
                let resource = if is_deletion(row) { None } else { Some(self.rendered(name, row)?) };
                entry(&mut writer, &format!("{base}/{name}"), name, row, resource.as_deref());
            }
            writer.end_array();
        }
        writer.end_object();
        Ok(writer.finish())
    }
}

impl PageLink {
    fn first(type_name: Option<&str>, query: &HistoryQuery) -> Self {
        Self {
            type_name: type_name.map(str::to_owned),
            since: query.since.map(|since| since.0),
            at: query.at.map(|at| (at.start.0, at.end.0)),
            count: query.count.unwrap_or(limits::HISTORY_COUNT_DEFAULT).min(limits::HISTORY_COUNT_MAX),
            as_written: query.as_written.clone(),
            seq: 0,
            total: None,
            before: None,
        }
    }

    fn next(&self, seq: Seq, total: Option<u64>, before: HistoryPosition) -> Self {
        Self {
            type_name: self.type_name.clone(),
            as_written: self.as_written.clone(),
            seq: seq.0,
            total,
            before: Some(before),
            ..*self
        }
    }

    fn request(&self, scope: Option<ResourceType>) -> HistoryRequest {
        HistoryRequest {
            scope,
            at: (self.seq > 0).then_some(Seq(self.seq)),
            since: self.since.map(Instant),
            period: self.at.map(|(low, high)| Span { low, high }),
            before: self.before,
            limit: self.count,
            total: self.count == 0,
        }
    }
}
