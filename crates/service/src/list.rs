use serde::{Deserialize, Serialize};
use vpr_fhir::definitions::Compartment;
use vpr_fhir::search::{CompartmentOf, Query, Scope, SortBy, SortKey};
use vpr_fhir::{IssueType, ResourceType, part_and_paths};
use vpr_projection::{Hit, ListingRow, PageRequest, Position};
use vpr_types::{DocumentName, RecordId, Seq, limits};

use crate::answer::Warning;
use crate::failure::{Failure, FailureKind};
use crate::work::{Work, named, resource_type};

/// Which documents of a record are to be listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// The record, as `Patient/<id>`.
    pub record: String,
    /// Only documents of this type.
    pub type_name: Option<String>,
    /// At most so many on a page, 1 to [`limits::LIST_COUNT_MAX`]; `None`: as many as that.
    pub count: Option<usize>,
    /// [`ListPage::next`] of the page before; the list then goes on as it stood, and record, type and
    /// count must be as they were.
    pub cursor: Option<String>,
}

/// A page of a list, newest first.
#[derive(Debug, Clone)]
pub struct ListPage {
    /// The moment that the list stands at.
    pub seq: Seq,
    /// The documents.
    pub documents: Vec<ListedDocument>,
    /// Leads to the next page, while the index keeps it; `None` on the last one.
    pub next: Option<String>,
    /// What the caller should know.
    pub warning: Option<Warning>,
}

/// A document as a list shows it. Title and snippet are content: see [`vpr_fhir::listing::Listing`].
#[derive(Debug, Clone)]
pub struct ListedDocument {
    /// Which document.
    pub name: DocumentName,
    /// Its version, time, author, title, snippet and flags.
    pub row: ListingRow,
}

/// What [`ListPage::next`] carries.
#[derive(Debug, Serialize, Deserialize)]
struct PageLink {
    id: String,
    type_name: Option<String>,
    count: usize,
    seq: u64,
    position: Option<Position>,
}

impl Work<'_> {
    /// The documents of a record, from the index alone: what is in the patient's compartment
    /// (FHIR R4 §2.2), and what lives in the patient's record and is never in a compartment.
    pub(crate) fn list(&mut self, request: &ListRequest) -> Result<ListPage, Failure> {
        let link = self.wanted(request)?;
        let patients = resource_type("Patient")?;
        let patient = named(patients, &link.id)?;
        let warning = if link.seq == 0 { self.fresh()? } else { None };
        let query = Query {
            scope: Scope::Types(types(link.type_name.as_deref())?),
            compartment: Some(CompartmentOf { owner: patients, id: link.id.clone() }),
            sort: vec![SortKey { by: SortBy::LastUpdated, descending: true }],
            ..Query::default()
        };
        let wanted = PageRequest {
            at: (link.seq > 0).then_some(Seq(link.seq)),
            from: link.position.clone(),
            limit: link.count,
            total: false,
        };
        let page = self.found(&query, &wanted)?;
        let named_so: Vec<_> = page.hits.iter().map(|hit| (hit.resource, hit.id.as_str())).collect();
        let projection = &self.inner.projector()?.projection;
        let rows = projection.listings(self.tenant(), &named_so, page.seq);
        let rows = rows.map_err(|error| self.inner.noticed(self.tenant(), error))?;
        if rows.is_empty() && link.seq == 0 {
            self.has_record(&patient)?;
        }
        self.trail.touched(&patient, None);
        let listed = page.hits.iter().zip(rows).map(|(hit, row)| self.listed(hit, row));
        let documents: Vec<_> = listed.collect::<Result<_, _>>()?;
        for document in &documents {
            self.trail.shown(&document.name, document.row.version);
        }
        let next = page.next.map(|position| {
            let seq = page.seq.0;
            self.cursor(&PageLink { seq, position: Some(position), ..link })
        });
        Ok(ListPage { seq: page.seq, documents, next: next.transpose()?, warning })
    }

    fn wanted(&self, request: &ListRequest) -> Result<PageLink, Failure> {
        let id = request.record.strip_prefix("Patient/");
        let id = id.ok_or_else(|| bad(IssueType::Value, "a record is named Patient/<id>"))?.to_owned();
        named(resource_type("Patient")?, &id)?;
        let count = request.count.unwrap_or(limits::LIST_COUNT_MAX);
        if count == 0 || count > limits::LIST_COUNT_MAX {
            let text = format!("a page has 1 to {} documents", limits::LIST_COUNT_MAX);
            return Err(bad(IssueType::Value, text));
        }
        let type_name = request.type_name.clone();
        let Some(cursor) = &request.cursor else {
            return Ok(PageLink { id, type_name, count, seq: 0, position: None });
        };
        let link: PageLink = self.followed(cursor)?;
        if link.id != id || link.type_name != type_name || link.count != count {
            return Err(Failure::malformed("the link leads to another list"));
        }
        Ok(link)
    }

    fn listed(&self, hit: &Hit, row: ListingRow) -> Result<ListedDocument, Failure> {
        Ok(ListedDocument { name: named(hit.resource, &hit.id)?, row })
    }

    /// Refuses a record that nothing was ever stored in.
    fn has_record(&self, patient: &DocumentName) -> Result<(), Failure> {
        let record: RecordId = self.inner.engine.record_of(self.tenant(), &patient.to_string())?;
        let known = self.inner.engine.records(self.tenant())?.into_iter().any(|each| each.record == record);
        if known { Ok(()) } else { Err(Failure::not_found("nothing is stored in this record")) }
    }
}

/// The types that can be in a patient's record: one of them, or all.
fn types(name: Option<&str>) -> Result<Vec<ResourceType>, Failure> {
    let patients = Compartment::parse("Patient").ok_or_else(Failure::internal)?;
    let can =
        |known: ResourceType| !patients.parameters(known).is_empty() || !part_and_paths(known).1.is_empty();
    let Some(name) = name else { return Ok(ResourceType::all().filter(|known| can(*known)).collect()) };
    let known = resource_type(name)?;
    if can(known) {
        return Ok(vec![known]);
    }
    let text = format!("{known} is never in the record of a patient");
    Err(Failure::new(FailureKind::NotFound, IssueType::NotSupported, text))
}

fn bad(code: IssueType, text: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Malformed, code, text.into())
}
