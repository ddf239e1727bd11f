use crate::definitions::{ResourceType, SearchParameter};
use crate::listing::Listing;

/// Everything that one version of a resource says to searches.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extracted {
    /// The keys, in no particular order, each once.
    pub keys: Vec<Key>,
    /// The compartments that the resource is in: owner's type and id (R4 §2.2), each once.
    pub compartments: Vec<(ResourceType, String)>,
    /// The id of the patient in whose record it lives, if it is of a type that is never in a patient's
    /// compartment (a Task): lists of the record have it, compartments do not.
    pub patient: Option<String>,
    /// What a list shows of it; nothing is searched for in there.
    pub listing: Listing,
}

/// What a resource says for one search parameter; several keys of one parameter are alternatives.
/// `_id` and `_lastUpdated` have none: they are facts of the version.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Which parameter.
    pub parameter: SearchParameter,
    /// The value.
    pub value: KeyValue,
}

/// A value that can be searched for.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyValue {
    /// R4 §3.1.1.4.10
    Token(Token),
    /// R4 §3.1.1.4.12
    Reference(ReferenceKey),
    /// R4 §3.1.1.4.7
    Date(Span<i64>),
    /// R4 §3.1.1.4.6; a single number is a point, a Range a span.
    Number(Span<f64>),
    /// R4 §3.1.1.4.11
    Quantity(QuantityKey),
    /// R4 §3.1.1.4.8; as written, folded by [`crate::search::fold`] where it is compared.
    String(String),
    /// R4 §3.1.1.4.9
    Uri(String),
    /// R4 §3.1.1.4.17: one value for each part, in the parts' order.
    Composite(Vec<KeyValue>),
}

/// From `low` to `high`. Dates are microseconds since 1970 in UTC, `high` excluded, open ends
/// `i64::MIN` and `i64::MAX`; numbers have `high` included, open ends infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span<T> {
    /// The first value.
    pub low: T,
    /// The end.
    pub high: T,
}

/// A code with the system that gives it its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Token {
    /// The code system or identifier system; `None` where the data names none.
    pub system: Option<String>,
    /// The code; `None` where the data has a system alone.
    pub code: Option<String>,
}

/// What a reference points at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReferenceKey {
    /// A resource of this server.
    Local {
        /// Its type.
        resource: ResourceType,
        /// Its id.
        id: String,
        /// The version, where the reference names one.
        version: Option<String>,
    },
    /// An absolute URL or URN, of another server or of none.
    Absolute(String),
    /// A canonical URL with its version, where it names one.
    Canonical {
        /// Without the version and the fragment.
        url: String,
        /// After `|`.
        version: Option<String>,
    },
    /// A logical reference (`Reference.identifier`), found by `:identifier`.
    Identifier {
        /// `Reference.type`, where it is a type of the standard.
        resource: Option<ResourceType>,
        /// The identifier.
        token: Token,
    },
}

/// An amount, as written and in canonical units.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantityKey {
    /// The value; a comparator such as `<` opens one end.
    pub value: Span<f64>,
    /// `Quantity.system`
    pub system: Option<String>,
    /// `Quantity.code`
    pub code: Option<String>,
    /// `Quantity.unit`
    pub unit: Option<String>,
    /// In canonical UCUM units, with the unit; only for UCUM codes that have one.
    pub canonical: Option<(Span<f64>, String)>,
}
