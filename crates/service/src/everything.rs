use std::collections::BTreeSet;

use memchr::memmem;
use serde::{Deserialize, Serialize};
use vpr_fhir::definitions::{Comparator, Compartment, SearchParameter, SearchParameterType};
use vpr_fhir::search::{Compared, CompartmentOf, Filter, Query, Scope, Span, Test};
use vpr_fhir::{IssueType, OperationOutcome, ResourceType, Target as Named};
use vpr_projection::{HitMode, PageRequest, Position};
use vpr_types::{Seq, limits};

use crate::answer::Answer;
use crate::failure::{Failure, FailureKind};
use crate::operation::Target;
use crate::period::Period;
use crate::query::unknown_parameter;
use crate::read::{absent, gone, too_much};
use crate::search::{Entry, SearchBundle, query_string};
use crate::work::{Work, document, is_deletion, named, resource_type};

/// What a link to another page carries.
#[derive(Debug, Serialize, Deserialize)]
struct PageLink {
    id: String,
    parameters: Vec<(String, String)>,
    seq: u64,
    position: Option<Position>,
}

/// What is asked for besides the patient.
#[derive(Debug, Default)]
struct Wanted {
    types: Option<BTreeSet<ResourceType>>,
    since: Option<Period>,
    start: Option<Period>,
    end: Option<Period>,
    count: Option<usize>,
}

impl Work<'_> {
    /// `$everything` of a patient (FHIR R4, patient-operation-everything): the resources of the
    /// compartment, and on each page what these refer to outside of every patient's compartment,
    /// such as practitioners and organizations. Other patients are never among them.
    pub(crate) fn everything(
        &mut self,
        target: &Target,
        parameters: &[(String, String)],
    ) -> Result<Answer, Failure> {
        let patient = resource_type(&target.type_name)?;
        if patient.name() != "Patient" {
            return Err(Failure::not_supported("$everything is supported for a Patient"));
        }
        let link = match parameters {
            [(name, cursor)] if name == "_cursor" => self.followed::<PageLink>(cursor)?,
            _ => PageLink { id: target.id.clone(), parameters: parameters.to_vec(), seq: 0, position: None },
        };
        if link.id != target.id {
            return Err(Failure::malformed("the link leads to another place"));
        }
        self.stands_here(target)?;
        let stale = if link.seq == 0 { self.fresh()? } else { None };
        let wanted = Wanted::read(&link.parameters)?;
        let query = wanted.query(patient, &target.id)?;
        let most = self.inner.config.search.count_max;
        let request = PageRequest {
            at: (link.seq > 0).then_some(Seq(link.seq)),
            from: link.position.clone(),
            limit: wanted.count.unwrap_or(most).clamp(1, most),
            total: false,
        };
        let mut answer = self.everything_page(&query, &wanted, &request, &link)?;
        answer.warning = stale;
        Ok(answer)
    }

    fn everything_page(
        &mut self,
        query: &Query,
        wanted: &Wanted,
        request: &PageRequest,
        link: &PageLink,
    ) -> Result<Answer, Failure> {
        let (page, mut entries) = self.bounded_page(query, request)?;
        let total = (request.from.is_none() && page.next.is_none()).then_some(entries.len() as u64);
        let referenced = self.referenced(&entries, wanted, page.seq)?;
        entries.extend(referenced);
        for entry in &entries {
            self.trail.shown(&entry.name, entry.version);
        }
        let place = format!("{}/Patient/{}/$everything", self.context.base, link.id);
        let asked = query_string(link.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let own = if asked.is_empty() { place.clone() } else { format!("{place}?{asked}") };
        let mut links = vec![("self", own)];
        if let Some(position) = &page.next {
            let (id, parameters) = (link.id.clone(), link.parameters.clone());
            let next = PageLink { id, parameters, seq: page.seq.0, position: Some(position.clone()) };
            links.push(("next", format!("{place}?_cursor={}", self.cursor(&next)?)));
        }
        let outcome = OperationOutcome::default();
        let bundle = SearchBundle { base: &self.context.base, total, links, entries, outcome };
        let body = bundle.write();
        self.fits(body.len())?;
        Ok(Answer::new(200).with_body(body))
    }

    /// The patient must be there, however little is known of it.
    fn stands_here(&mut self, target: &Target) -> Result<(), Failure> {
        let name = document(target)?;
        let found = self.inner.engine.read(self.tenant(), &name)?.ok_or_else(|| absent(&name))?;
        self.trail.wait_for(found.barrier);
        if is_deletion(&found.row) { Err(gone(&name, &found.row)) } else { Ok(()) }
    }

    /// What the resources of a page refer to outside of patients' compartments, as it stood then.
    fn referenced(&mut self, entries: &[Entry], wanted: &Wanted, seq: Seq) -> Result<Vec<Entry>, Failure> {
        let compartment = Compartment::parse("Patient").ok_or_else(Failure::internal)?;
        let outside = |known: ResourceType| {
            compartment.parameters(known).is_empty()
                && wanted.types.as_ref().is_none_or(|types| types.contains(&known))
        };
        let mut names = BTreeSet::new();
        for entry in entries {
            for target in references(&entry.resource).filter(|target| outside(target.resource)) {
                names.insert(named(target.resource, target.id)?);
            }
        }
        let mut found = Vec::new();
        let mut bytes = 0_usize;
        for name in names {
            let Some(version) = self.inner.engine.as_of(self.tenant(), &name, seq)? else { continue };
            if is_deletion(&version.row) {
                continue;
            }
            self.trail.wait_for(version.barrier);
            let resource = self.rendered(&name, &version.row)?;
            bytes = bytes.saturating_add(resource.len());
            if bytes > limits::ANSWER_BYTES_MAX {
                return Err(too_much());
            }
            found.push(Entry { name, version: version.row.version, mode: HitMode::Include, resource });
        }
        Ok(found)
    }
}

/// The local references in a resource as it is sent: compact JSON, where these bytes can be nothing
/// but a member of that name, because quotes within a string are escaped.
fn references(rendered: &[u8]) -> impl Iterator<Item = Named<'_>> {
    const MEMBER: &[u8] = b"\"reference\":\"";
    memmem::find_iter(rendered, MEMBER).filter_map(|at| {
        let rest = rendered.get(at + MEMBER.len()..)?;
        let end = memchr::memchr(b'"', rest)?;
        Named::parse(std::str::from_utf8(rest.get(..end)?).ok()?)
    })
}

impl Wanted {
    fn read(parameters: &[(String, String)]) -> Result<Self, Failure> {
        let mut wanted = Self::default();
        for (name, value) in parameters {
            let wrong = |what: &str| {
                Failure::new(FailureKind::Malformed, IssueType::Value, format!("{name} is no {what}"))
            };
            // A plus sign that nobody escaped arrives as a space.
            let date = || Period::parse(&value.replace(' ', "+")).ok_or_else(|| wrong("date or instant"));
            let again = match name.as_str() {
                "_type" => {
                    let types = value.split(',').map(resource_type).collect::<Result<BTreeSet<_>, _>>()?;
                    wanted.types.replace(types).is_some()
                }
                "_since" => wanted.since.replace(date()?).is_some(),
                "start" => wanted.start.replace(date()?).is_some(),
                "end" => wanted.end.replace(date()?).is_some(),
                "_count" => {
                    let count = value.parse::<u32>().map_err(|_| wrong("number of resources"))?;
                    wanted.count.replace(count as usize).is_some()
                }
                _ => return Err(unknown_parameter(name, &[])),
            };
            if again {
                return Err(Failure::malformed(format!("{name} is given twice")));
            }
        }
        Ok(wanted)
    }

    fn query(&self, patient: ResourceType, id: &str) -> Result<Query, Failure> {
        let compartment = Compartment::parse("Patient").ok_or_else(Failure::internal)?;
        let members = compartment.members().filter(|(_, parameters)| !parameters.is_empty());
        let mut types: Vec<ResourceType> = members.map(|(known, _)| known).collect();
        if !types.contains(&patient) {
            types.push(patient);
        }
        types.retain(|known| self.types.as_ref().is_none_or(|wanted| wanted.contains(known)));
        let mut filters = Vec::new();
        if let Some(since) = self.since {
            let span = Span { low: since.start.0, high: since.start.0 };
            filters.push(Filter::LastUpdated(vec![Compared {
                comparator: Comparator::Ge,
                span,
                exact: 0.0,
            }]));
        }
        if self.start.is_some() || self.end.is_some() {
            filters.push(Filter::Any(types.iter().map(|known| self.in_care(*known)).collect()));
        }
        if types.is_empty() {
            // Only what is outside of the compartment is wanted: nothing is.
            filters.push(Filter::Any(Vec::new()));
            types.push(patient);
        }
        let compartment = Some(CompartmentOf { owner: patient, id: id.to_owned() });
        Ok(Query { scope: Scope::Types(types), compartment, filters, ..Query::default() })
    }

    /// Whether a resource of that type belongs to care between the dates. What has no date does.
    fn in_care(&self, known: ResourceType) -> Filter {
        let Some(parameter) = care_date(known) else { return Filter::Type(known) };
        let compared = |comparator, period: Period| {
            let span = Span { low: period.start.0, high: period.end.0 };
            let test = Test::Date(vec![Compared { comparator, span, exact: 0.0 }]);
            Filter::Parameter { parameter, test }
        };
        let from = self.start.map(|start| compared(Comparator::Ge, start));
        let until = self.end.map(|end| compared(Comparator::Le, end));
        let within = Filter::All(from.into_iter().chain(until).collect());
        let dated = Filter::Any(vec![Filter::Missing { parameter, missing: true }, within]);
        Filter::All(vec![Filter::Type(known), dated])
    }
}

/// The parameter that tells when the care took place that a resource of that type is about.
fn care_date(known: ResourceType) -> Option<SearchParameter> {
    const NAMES: &[&str] = &[
        "date",
        "period",
        "effective",
        "effective-time",
        "started",
        "onset-date",
        "start-date",
        "occurrence",
        "whenhandedover",
        "authoredon",
        "authored",
        "authored-on",
        "sent",
        "issued",
        "created",
        "recorded-date",
        "recorded",
    ];
    let named = NAMES.iter().filter_map(|name| known.search_parameter(name));
    named.into_iter().find(|parameter| parameter.value_type() == SearchParameterType::Date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_where_they_stand_and_nowhere_else() {
        let text = concat!(
            r#"{"resourceType":"Observation","subject":{"reference":"Patient/1"},"#,
            r#""performer":[{"reference":"Practitioner/a.b"},{"reference":"urn:uuid:1"},{"reference":"x"}],"#,
            r#""note":[{"text":"\"reference\":\"Patient/2"}],"#,
            r#""focus":[{"reference":"Location/3/_history/4"}],"device":{"reference":"http://a/Device/5"}}"#,
        );
        let found: Vec<_> =
            references(text.as_bytes()).map(|target| format!("{}/{}", target.resource, target.id)).collect();
        assert_eq!(found, ["Patient/1", "Practitioner/a.b", "Location/3"]);
    }

    #[test]
    fn types_have_the_date_of_their_care() {
        for (known, wanted) in [
            ("Observation", Some("date")),
            ("Encounter", Some("date")),
            ("MedicationRequest", Some("date")),
            ("ImagingStudy", Some("started")),
            ("Patient", None),
            ("Coverage", None),
        ] {
            let found = care_date(ResourceType::parse(known).unwrap()).map(SearchParameter::code);
            assert_eq!(found, wanted, "{known}");
        }
    }

    #[test]
    fn parameters_are_read_once_each() {
        let read = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            Wanted::read(&pairs).map_err(|failure| failure.kind.status())
        };
        let good = read(&[
            ("_type", "Observation,Patient"),
            ("_since", "2024"),
            ("start", "2024-01-01"),
            ("_count", "5"),
        ]);
        assert_eq!(good.unwrap().types.unwrap().len(), 2);
        for (pairs, status) in [
            (&[("_type", "Nothing")][..], 404),
            (&[("start", "x")], 400),
            (&[("_count", "-1")], 400),
            (&[("end", "2024"), ("end", "2025")], 400),
            (&[("odd", "1")], 400),
        ] {
            assert_eq!(read(pairs).err(), Some(status), "{pairs:?}");
        }
    }
}
