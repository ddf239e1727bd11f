use super::Span;
use crate::codes::IssueType;
use crate::definitions::{Comparator, ResourceType, SearchParameter};

/// A search as it was understood. [`Query::filters`] must all hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// Which types are searched.
    pub scope: Scope,
    /// Only what is in this compartment.
    pub compartment: Option<CompartmentOf>,
    /// What must hold, all of it.
    pub filters: Vec<Filter>,
    /// `_sort`, most significant first; none means newest first (`_lastUpdated` descending).
    pub sort: Vec<SortKey>,
    /// `_count`: at most so many matches on a page; 0 asks for the total alone.
    pub count: Option<u32>,
    /// `_total`
    pub total: Total,
    /// `_summary`
    pub summary: Summary,
    /// `_elements`, top-level names.
    pub elements: Vec<String>,
    /// `_include`
    pub includes: Vec<Include>,
    /// `_revinclude`
    pub reverse_includes: Vec<Include>,
    /// What was written and is not looked at, because the caller asked for lenient handling.
    pub ignored: Vec<Ignored>,
    /// The parameters that were looked at, decoded, in their order, to stand in the `self` link.
    pub used: Vec<(String, String)>,
}

/// Which types a search covers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// All types (`GET /`).
    #[default]
    All,
    /// These (`GET /Type`, or `_type` at system level); never empty.
    Types(Vec<ResourceType>),
}

/// One resource's compartment (R4 §2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompartmentOf {
    /// The owner's type: Patient, Encounter, Practitioner, RelatedPerson or Device.
    pub owner: ResourceType,
    /// The owner's id.
    pub id: String,
}

/// Something that a resource fulfills or not.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// `_id`: one of these.
    Id(Vec<String>),
    /// `_lastUpdated`: one of these holds of the version's time.
    LastUpdated(Vec<Compared<Span<i64>>>),
    /// The resource has a value of this parameter that passes the test.
    Parameter {
        /// Which parameter.
        parameter: SearchParameter,
        /// What one of its values must be.
        test: Test,
    },
    /// `:missing`
    Missing {
        /// Which parameter.
        parameter: SearchParameter,
        /// Whether the resource must have no value, or must have one.
        missing: bool,
    },
    /// Does not hold (`:not`, R4 §3.1.1.4.10: a resource without a value is found).
    Not(Box<Filter>),
    /// All hold.
    All(Vec<Filter>),
    /// One holds; none of none.
    Any(Vec<Filter>),
    /// The resource refers by `parameter` to a `target` that fulfills `filter` (R4 §3.1.1.4.15).
    Chain {
        /// A reference parameter.
        parameter: SearchParameter,
        /// The type that is referred to.
        target: ResourceType,
        /// What the target must fulfill.
        filter: Box<Filter>,
    },
    /// A `source` refers by `parameter` to the resource and fulfills `filter` (R4 §3.1.1.4.16).
    Has {
        /// The type that refers.
        source: ResourceType,
        /// A reference parameter of the source.
        parameter: SearchParameter,
        /// What the source must fulfill.
        filter: Box<Filter>,
    },
    /// The resource is of this type.
    Type(ResourceType),
    /// The resource is in this compartment.
    InCompartment(CompartmentOf),
}

/// What a value must be: one of several alternatives.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// R4 §3.1.1.4.10
    Token(Vec<TokenTest>),
    /// R4 §3.1.1.4.8; the texts are folded already, but for `:exact`, and never empty.
    String(StringMatch, Vec<String>),
    /// R4 §3.1.1.4.7; the span is what the written value covers.
    Date(Vec<Compared<Span<i64>>>),
    /// R4 §3.1.1.4.6; the span is the implied precision around `Compared::exact`.
    Number(Vec<Compared<Span<f64>>>),
    /// R4 §3.1.1.4.11; a value without unit compares with any unit.
    Quantity(Vec<QuantityTest>),
    /// R4 §3.1.1.4.12
    Reference(Vec<ReferenceTest>),
    /// R4 §3.1.1.4.9
    Uri(UriMatch, Vec<String>),
    /// R4 §3.1.1.4.17: each alternative has one test for each part, all of which one composite key
    /// must pass.
    Composite(Vec<Vec<Test>>),
}

/// A comparison (R4 §3.1.1.4.5). With a value `[low, high]` of the resource and the written span:
/// `eq` the written span contains the value; `ne` it does not; `gt` the value reaches above the
/// written one; `lt` below; `ge`, `le` that or `eq`; `sa` the value begins after the written span;
/// `eb` it ends before it; `ap` the two overlap when the written span is widened.
/// For numbers `gt lt ge le sa eb` look at `exact`, not at the implied precision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared<S> {
    /// How.
    pub comparator: Comparator,
    /// With what; for `ap` already widened.
    pub span: S,
    /// The number itself, for numbers and quantities; 0 for dates.
    pub exact: f64,
}

/// A quantity asked for. A key whose unit is another one is not found, whatever the comparator.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantityTest {
    /// The value as written.
    pub value: Compared<Span<f64>>,
    /// The system; `Some("")` never stands here.
    pub system: Option<String>,
    /// The code, or, where no system is given, the code or the unit; `None`: any unit.
    pub code: Option<String>,
    /// The same in canonical UCUM units, when the system is UCUM and the code has one.
    /// A key that has canonical values is compared by them, all others as written.
    pub canonical: Option<(Compared<Span<f64>>, String)>,
}

/// A token asked for (R4 §3.1.1.4.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenTest {
    /// `code`: in any system or none.
    Code(String),
    /// `system|code`
    SystemAndCode(String, String),
    /// `|code`: without a system.
    CodeWithoutSystem(String),
    /// `system|`: any code of it.
    System(String),
}

/// A reference asked for (R4 §3.1.1.4.12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceTest {
    /// `Type/id`, `Type/id/_history/version`, or an absolute URL that is of this server.
    /// Without a version, references to any version and to none are found.
    Local {
        /// The type.
        resource: ResourceType,
        /// The id.
        id: String,
        /// The version, where one was asked for.
        version: Option<String>,
    },
    /// `id` alone: any type that the parameter may refer to.
    AnyType(String),
    /// An absolute URL of another server, or a URN.
    Absolute(String),
    /// A canonical URL, with a version or not; without one, any version is found.
    Canonical {
        /// Without the version.
        url: String,
        /// After `|`.
        version: Option<String>,
    },
    /// `:identifier`
    Identifier(TokenTest),
}

/// How text is compared (R4 §3.1.1.4.8). All but `Exact` on folded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringMatch {
    /// The value begins with the text.
    Begins,
    /// `:contains`
    Contains,
    /// `:exact`, as written.
    Exact,
}

/// How URIs are compared (R4 §3.1.1.4.9). A path prefix ends where the other text ends or goes on
/// with `/`; a `/` at its own end does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UriMatch {
    /// Equal.
    Equal,
    /// `:below`: equal, or the text is a path prefix of the value. The text has no `/` at its end.
    Below,
    /// `:above`: equal, or the value is a path prefix of the text.
    Above,
}

/// One key of `_sort` (R4 §3.1.1.5.1). Resources without a value come last in both directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// By what.
    pub by: SortBy,
    /// Largest first, by each resource's largest value; else smallest first, by its smallest.
    pub descending: bool,
}

/// What results are sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortBy {
    /// A search parameter: dates by their beginning (ascending) or end (descending), numbers and
    /// quantities by value, text and tokens folded, references by `Type/id`.
    Parameter(SearchParameter),
    /// `_lastUpdated`
    LastUpdated,
    /// `_id`
    Id,
}

/// `_include` or `_revinclude` (R4 §3.1.1.5.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// The type whose references are followed.
    pub source: ResourceType,
    /// The references; `None`: all of them (`*`).
    pub parameter: Option<SearchParameter>,
    /// Only to, or from, resources of this type.
    pub target: Option<ResourceType>,
    /// Whether it applies to what was included as well.
    pub iterate: bool,
}

/// `_total` (R4 §3.1.1.5.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Total {
    /// As the server finds it useful.
    #[default]
    Unsaid,
    /// `none`
    None,
    /// `estimate`
    Estimate,
    /// `accurate`
    Accurate,
}

/// `_summary` (R4 §3.1.1.5.8).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Summary {
    /// `false`: everything.
    #[default]
    False,
    /// `true`: the elements that are marked for summaries.
    True,
    /// `text`: narrative, id, meta and mandatory elements.
    Text,
    /// `data`: everything but the narrative.
    Data,
    /// `count`: the number alone.
    Count,
}

/// A parameter that lenient handling left out (R4 §3.1.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// Its name as written.
    pub name: String,
    /// What kind of fault it is.
    pub code: IssueType,
    /// Why, in a sentence without the value.
    pub why: String,
}
