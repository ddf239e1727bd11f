//! The query parameters that routes declare.

use crate::route::Parameter;

/// The parameters that every FHIR route takes (FHIR R4 §3.1.0.1.12).
pub const COMMON_PARAMETERS: &[Parameter] = &[
    Parameter { name: "_format", doc: "The format of the answer: json." },
    Parameter { name: "_pretty", doc: "true: the answer is indented for people." },
    Parameter { name: "_tenant", doc: "May repeat the tenant that the address names; never chooses one." },
];

/// Parameters of the standard that are refused as not supported instead of unknown.
pub const PARAMETERS_NOT_BUILT: &[&str] = &["_summary", "_elements"];

pub(crate) const HISTORY_PARAMETERS: &[Parameter] = &[
    Parameter { name: "_count", doc: "At most this many versions on a page." },
    Parameter { name: "_since", doc: "Only versions committed at or after this instant." },
    Parameter { name: "_at", doc: "Only versions that stood at some moment of this date or instant." },
    Parameter { name: "_before", doc: "Only versions below this one; stands in the links to further pages." },
];

pub(crate) const PAGED_HISTORY_PARAMETERS: &[Parameter] = &[
    Parameter { name: "_count", doc: "At most this many versions on a page." },
    Parameter { name: "_since", doc: "Only versions committed at or after this instant." },
    Parameter { name: "_at", doc: "Only versions that stood at some moment of this date or instant." },
    Parameter { name: "_cursor", doc: "Stands in the links to further pages." },
];

/// What searches take beside the search parameters of their types (FHIR R4 §3.1.1.5).
pub(crate) const SEARCH_PARAMETERS: &[Parameter] = &[
    Parameter { name: "_id", doc: "Only resources with one of these ids." },
    Parameter { name: "_lastUpdated", doc: "Only resources whose newest version was committed then." },
    Parameter { name: "_has", doc: "Only resources that are referred to by others with these values." },
    Parameter { name: "_type", doc: "Only these types, in a search over several." },
    Parameter { name: "_sort", doc: "The order of the matches; newest first without it." },
    Parameter { name: "_count", doc: "At most this many matches on a page; 0 asks for the total alone." },
    Parameter { name: "_total", doc: "none, estimate or accurate." },
    Parameter { name: "_include", doc: "Adds what the matches refer to." },
    Parameter { name: "_revinclude", doc: "Adds what refers to the matches." },
    Parameter { name: "_summary", doc: "true, text, data, count or false." },
    Parameter { name: "_elements", doc: "Only these elements, and the mandatory ones." },
    Parameter { name: "_cursor", doc: "Stands alone in the links to further pages." },
];

pub(crate) const EVERYTHING_PARAMETERS: &[Parameter] = &[
    Parameter { name: "start", doc: "Only what happened on or after this date." },
    Parameter { name: "end", doc: "Only what happened on or before this date." },
    Parameter { name: "_since", doc: "Only versions committed at or after this instant." },
    Parameter { name: "_type", doc: "Only these types." },
    Parameter { name: "_count", doc: "At most this many resources on a page." },
    Parameter { name: "_cursor", doc: "Stands alone in the links to further pages." },
];

pub(crate) const VALIDATE_PARAMETERS: &[Parameter] = &[
    Parameter { name: "mode", doc: "create, update or delete." },
    Parameter { name: "profile", doc: "Not supported: answers 501." },
];
