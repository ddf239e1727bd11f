use bytes::Bytes;
use serde::{Deserialize, Serialize};
use vpr_codec::{Json, Limits, Style};
use vpr_core::Found;
use vpr_fhir::search::{Facts, Query, Summary, Total, extract_for, matches, subset};
use vpr_fhir::{Issue, IssueType, OperationOutcome, Severity};
use vpr_projection::{Hit, HitMode, Page, PageRequest, Position, ProjectionError};
use vpr_types::{DocumentName, Seq, limits};

use super::bundle::{Entry, SearchBundle};
use super::link::query_string;
use super::parse::distinct;
use crate::answer::{Answer, Warning};
use crate::failure::Failure;
use crate::operation::{Handling, SearchScope};
use crate::read::too_much;
use crate::work::{Work, is_deletion, named};

/// What a link to another page carries.
#[derive(Debug, Serialize, Deserialize)]
struct PageLink {
    scope: SearchScope,
    parameters: Vec<(String, String)>,
    handling: Handling,
    /// The moment that the result set stands at.
    seq: u64,
    /// The number of all matches, where the first page told it.
    total: Option<u64>,
    /// `None`: the first page, as it stood.
    position: Option<Position>,
}

/// Matches up to which each is looked at itself before it is shown.
const CONFIRMED_MAX: usize = 8;

/// Bytes of documents on one page, unless a single one is larger. The rest is on the next page.
const PAGE_BYTES_MAX: usize = 32 * 1024 * 1024;

impl Work<'_> {
    /// FHIR R4 §3.1.1: a first page, or the one that `_cursor` leads to.
    pub(crate) fn search(
        &mut self,
        scope: &SearchScope,
        parameters: &[(String, String)],
        handling: Option<Handling>,
    ) -> Result<Answer, Failure> {
        let wanted = match parameters {
            [(name, cursor)] if name == "_cursor" => {
                let wanted: PageLink = self.followed(cursor)?;
                if wanted.scope != *scope {
                    return Err(Failure::malformed("the link leads to another place"));
                }
                wanted
            }
            _ => {
                let handling = handling.unwrap_or(self.inner.config.search.handling);
                let (scope, parameters) = (scope.clone(), parameters.to_vec());
                PageLink { scope, parameters, handling, seq: 0, total: None, position: None }
            }
        };
        self.page(wanted)
    }

    /// The first page of a search as things stood at `seq`.
    pub(crate) fn search_at(
        &mut self,
        scope: &SearchScope,
        parameters: &[(String, String)],
        handling: Option<Handling>,
        seq: Seq,
    ) -> Result<Answer, Failure> {
        if parameters.iter().any(|(name, _)| name == "_cursor") {
            return self.search(scope, parameters, handling);
        }
        let handling = handling.unwrap_or(self.inner.config.search.handling);
        let (scope, parameters) = (scope.clone(), parameters.to_vec());
        self.page(PageLink { scope, parameters, handling, seq: seq.0, total: None, position: None })
    }

    fn page(&mut self, wanted: PageLink) -> Result<Answer, Failure> {
        let query = self.query(&wanted.scope, &wanted.parameters, wanted.handling)?;
        let stale = if wanted.seq == 0 { self.fresh()? } else { None };
        let first = self.first_page(&query);
        let counted = first.limit == 0;
        let request = PageRequest {
            at: (wanted.seq > 0).then_some(Seq(wanted.seq)),
            from: wanted.position.clone(),
            limit: first.limit,
            total: counted || (first.total && wanted.total.is_none()),
        };
        let (page, entries) = self.bounded_page(&query, &request)?;
        let whole = wanted.position.is_none() && page.next.is_none() && !counted;
        let shown = || entries.iter().filter(|entry| entry.mode == HitMode::Match).count() as u64;
        let total = match query.total {
            Total::None if !counted => None,
            _ => page.total.or(wanted.total).or_else(|| whole.then(shown)),
        };
        for entry in &entries {
            self.trail.shown(&entry.name, entry.version);
        }
        let bundle = SearchBundle {
            base: &self.context.base,
            total,
            links: self.page_links(&wanted, &query, &page, total, counted)?,
            entries,
            outcome: remarks(&query, &page),
        };
        let body = bundle.write();
        self.fits(body.len())?;
        let mut answer = Answer::new(200).with_body(body);
        answer.warning = stale;
        Ok(answer)
    }

    /// What the projection is asked for the first page, as things stand; none are shown where only
    /// their number is wanted.
    pub(crate) fn first_page(&self, query: &Query) -> PageRequest {
        let config = &self.inner.config.search;
        let count = query.count.map_or(config.count_default, |count| count as usize).min(config.count_max);
        let counted = query.summary == Summary::Count || count == 0;
        let accurate = matches!(query.total, Total::Accurate | Total::Estimate);
        let limit = if counted { 0 } else { count };
        PageRequest { limit, total: counted || accurate, ..PageRequest::default() }
    }

    /// A page and its documents, no more of them than are bytes enough for one page.
    pub(crate) fn bounded_page(
        &mut self,
        query: &Query,
        request: &PageRequest,
    ) -> Result<(Page, Vec<Entry>), Failure> {
        let page = self.found(query, request)?;
        if request.limit == 0 {
            return Ok((page, Vec::new()));
        }
        let (entries, fitting) = self.entries(query, &page)?;
        let Some(fitting) = fitting else { return Ok((page, entries)) };
        // Asked again, so that the links begin where the page ends.
        let request =
            PageRequest { at: Some(page.seq), from: request.from.clone(), limit: fitting, total: false };
        let page = Page { total: page.total, ..self.found(query, &request)? };
        let (entries, _) = self.entries(query, &page)?;
        Ok((page, entries))
    }

    /// The documents of a page, each as it stood at the page's seq; and how many matches fit, if not
    /// all of them do.
    fn entries(&mut self, query: &Query, page: &Page) -> Result<(Vec<Entry>, Option<usize>), Failure> {
        let mut entries = Vec::with_capacity(page.hits.len());
        let is_match = |hit: &&Hit| hit.mode == HitMode::Match;
        let confirms = page.hits.iter().filter(is_match).count() <= CONFIRMED_MAX;
        let (mut bytes, mut fitting) = (0_usize, 0);
        for hit in &page.hits {
            let shown = self.shown(hit)?;
            if confirms && is_match(&hit) && !is_confirmed(query, hit, &shown)? {
                continue;
            }
            let entry = self.entry(hit, query, shown)?;
            bytes = bytes.saturating_add(entry.resource.len());
            if bytes > limits::ANSWER_BYTES_MAX {
                return Err(too_much());
            }
            if is_match(&hit) {
                if bytes > PAGE_BYTES_MAX && fitting > 0 {
                    return Ok((entries, Some(fitting)));
                }
                fitting += 1;
            }
            entries.push(entry);
        }
        Ok((entries, None))
    }

    /// The document that the projection names.
    fn shown(&self, hit: &Hit) -> Result<Shown, Failure> {
        let name = named(hit.resource, &hit.id)?;
        let found = self.inner.engine.version(self.tenant(), &name, hit.version)?;
        let Some(found) = found.filter(|found| !is_deletion(&found.row)) else {
            let text = "it names a version that is not there".to_owned();
            return Err(self.inner.noticed(self.tenant(), ProjectionError::Unusable(text)));
        };
        let rendered = self.rendered(&name, &found.row)?;
        Ok(Shown { name, found, rendered })
    }

    /// Whether the document that the projection names fulfills the query itself; see [`is_confirmed`].
    pub(crate) fn confirmed(&self, query: &Query, hit: &Hit) -> Result<bool, Failure> {
        is_confirmed(query, hit, &self.shown(hit)?)
    }

    /// One document, cut down as `query` wants.
    fn entry(&mut self, hit: &Hit, query: &Query, shown: Shown) -> Result<Entry, Failure> {
        let Shown { name, found, rendered } = shown;
        self.trail.wait_for(found.barrier);
        let whole = matches!(query.summary, Summary::False | Summary::Count) && query.elements.is_empty();
        let resource = if whole { rendered } else { subset_of(&rendered, query)? };
        Ok(Entry { name, version: hit.version, mode: hit.mode, resource })
    }

    fn page_links(
        &self,
        wanted: &PageLink,
        query: &Query,
        page: &Page,
        total: Option<u64>,
        counted: bool,
    ) -> Result<Vec<(&'static str, String)>, Failure> {
        let place = wanted.scope.url(&self.context.base);
        let used = query_string(query.used.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let own = if used.is_empty() { place.clone() } else { format!("{place}?{used}") };
        let mut links = vec![("self", own)];
        if counted {
            return Ok(links);
        }
        let to = |position: Option<&Position>| -> Result<String, Failure> {
            let link = PageLink {
                scope: wanted.scope.clone(),
                parameters: wanted.parameters.clone(),
                handling: wanted.handling,
                seq: page.seq.0,
                total,
                position: position.cloned(),
            };
            Ok(format!("{place}?_cursor={}", self.cursor(&link)?))
        };
        if wanted.position.is_some() {
            links.push(("first", to(None)?));
        }
        if page.previous.is_some() && wanted.position.is_some() {
            links.push(("previous", to(page.previous.as_ref())?));
        }
        if page.next.is_some() {
            links.push(("next", to(page.next.as_ref())?));
        }
        Ok(links)
    }

    /// Whether searches show every write that a caller was told of; waits for it a while.
    pub(crate) fn fresh(&self) -> Result<Option<Warning>, Failure> {
        // Before it is opened nobody knows what callers were told of by the process before this one.
        self.inner.searchable(self.tenant())?;
        let projector = self.inner.projector()?;
        let follower = projector.follower(self.tenant());
        let most = self.inner.config.search.searchable_wait_max;
        if follower.reached_blocking(follower.told(), most) {
            return Ok(None);
        }
        self.inner.searchable(self.tenant())?;
        Ok(Some(Warning::Stale))
    }

    /// Asks the projection.
    pub(crate) fn found(&self, query: &Query, request: &PageRequest) -> Result<Page, Failure> {
        self.inner.searchable(self.tenant())?;
        let projection = &self.inner.projector()?.projection;
        let found = projection.search(self.tenant(), query, None, request);
        found.map_err(|error| self.inner.noticed(self.tenant(), error))
    }
}

/// A document that a page shows.
struct Shown {
    name: DocumentName,
    found: Found,
    rendered: Bytes,
}

/// Whether the document itself fulfills the query. The projection compares 64-bit hashes of codes
/// and identifiers, so that it may, once in a very long time, name a resource that it should
/// not; where few are found, one of them is likely taken for the one that was meant. What chains
/// decide is not looked at again.
fn is_confirmed(query: &Query, hit: &Hit, shown: &Shown) -> Result<bool, Failure> {
    let json = Json::parse(shown.rendered.to_vec(), &Limits::default()).map_err(|_| Failure::internal())?;
    let said = extract_for(json.root(), &query.filters);
    let facts =
        Facts { resource: hit.resource, id: &hit.id, last_updated: shown.found.row.time, extracted: &said };
    let confirmed = query.filters.iter().all(|filter| matches(filter, &facts) != Some(false));
    if !confirmed {
        tracing::error!(name = %shown.name, version = hit.version.0, "the search index names a resource that does not match");
    }
    Ok(confirmed)
}

fn subset_of(rendered: &[u8], query: &Query) -> Result<Bytes, Failure> {
    let json = Json::parse(rendered.to_vec(), &Limits::default()).map_err(|_| Failure::internal())?;
    Ok(subset(json.root(), query.summary, &query.elements, Style::Compact).into())
}

/// What the caller should know of the search itself.
fn remarks(query: &Query, page: &Page) -> OperationOutcome {
    let ignored = query.ignored.iter();
    let mut issues = distinct(
        ignored.map(|each| Issue::new(Severity::Warning, each.code, format!("not looked at: {}", each.why))),
    );
    if page.includes_cut {
        let text = "there is more to include than is given at once";
        issues.push(Issue::new(Severity::Warning, IssueType::TooCostly, text));
    }
    OperationOutcome { issues }
}

impl SearchScope {
    fn url(&self, base: &str) -> String {
        match self {
            Self::System => base.to_owned(),
            Self::Type(name) => format!("{base}/{name}"),
            Self::Compartment { owner, id, type_name } => {
                format!("{base}/{owner}/{id}/{}", type_name.as_deref().unwrap_or("*"))
            }
        }
    }
}
