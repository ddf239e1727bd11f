//! Searches as the generator makes them, and how they are written as URLs.

use std::fmt::Write;

/// A comparison (R4 §3.1.1.4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the standard's own names")]
pub enum Prefix {
    None,
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    Sa,
    Eb,
    Ap,
}

impl Prefix {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::None,
        Self::Eq,
        Self::Ne,
        Self::Gt,
        Self::Lt,
        Self::Ge,
        Self::Le,
        Self::Sa,
        Self::Eb,
        Self::Ap,
    ];

    /// As it is written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Lt => "lt",
            Self::Ge => "ge",
            Self::Le => "le",
            Self::Sa => "sa",
            Self::Eb => "eb",
            Self::Ap => "ap",
        }
    }
}

/// One value that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// `code`
    Code(String),
    /// `system|code`
    SystemCode(String, String),
    /// `|code`
    NoSystem(String),
    /// `system|`
    System(String),
    /// A date.
    Date(Prefix, String),
    /// A number.
    Number(Prefix, String),
    /// A quantity; the unit with its system, if one is named.
    Quantity(Prefix, String, Option<(Option<String>, String)>),
    /// Text.
    Text(String),
    /// A URI.
    Uri(String),
    /// `Type/id`, `id`, a URL, or a canonical with or without version.
    Reference(String),
    /// The parts of a composite.
    Composite(Vec<Ask>),
}

/// A modifier (R4 §3.1.1.4.4) but `:missing`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the standard's own names")]
pub enum Modifier {
    None,
    Exact,
    Contains,
    Not,
    Above,
    Below,
    Identifier,
    Type(String),
}

/// One condition; all conditions of a search must hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Criterion {
    /// `_id`
    Id(Vec<String>),
    /// `_lastUpdated`
    LastUpdated(Vec<(Prefix, String)>),
    /// A parameter; one of the values must be met.
    Has(String, Modifier, Vec<Ask>),
    /// `:missing`
    Missing(String, bool),
    /// `reference[:Type].rest`
    Chain(String, Option<String>, Box<Criterion>),
    /// `_has:Type:reference:rest`
    Reverse(String, String, Box<Criterion>),
}

/// Where is searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// One type.
    Type(String),
    /// Everything, or some types of it (`_type`).
    System(Vec<String>),
    /// A compartment: the owner's type and id, and the type searched, if not all.
    Compartment(String, String, Option<String>),
}

/// `_include` or `_revinclude`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// Whether it is a `_revinclude`.
    pub reverse: bool,
    /// Whether what is included counts as well.
    pub iterate: bool,
    /// The type that refers.
    pub source: String,
    /// By which parameter; `None` is `*`.
    pub parameter: Option<String>,
    /// The type that is referred to.
    pub target: Option<String>,
}

/// A search.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Where.
    pub scope: Scope,
    /// What must hold.
    pub criteria: Vec<Criterion>,
    /// `_sort`: parameters, with whether downwards.
    pub sort: Vec<(String, bool)>,
    /// `_count`
    pub count: Option<usize>,
    /// `_total`
    pub total: Option<&'static str>,
    /// `_summary=count`
    pub only_count: bool,
    /// `_include`, `_revinclude`
    pub inclusions: Vec<Inclusion>,
    /// Whether it is sent as a form (`POST …/_search`).
    pub by_form: bool,
}

impl Search {
    /// A search for everything of a type.
    #[must_use]
    pub fn of(scope: Scope) -> Self {
        Self {
            scope,
            criteria: Vec::new(),
            sort: Vec::new(),
            count: None,
            total: None,
            only_count: false,
            inclusions: Vec::new(),
            by_form: false,
        }
    }

    /// The path below the base, without `?`.
    #[must_use]
    pub fn path(&self) -> String {
        match &self.scope {
            Scope::Type(name) => format!("/{name}"),
            Scope::System(_) => String::new(),
            Scope::Compartment(owner, id, None) => format!("/{owner}/{id}/*"),
            Scope::Compartment(owner, id, Some(name)) => format!("/{owner}/{id}/{name}"),
        }
    }

    /// The parameters, encoded for a URL or a form.
    #[must_use]
    pub fn parameters(&self) -> String {
        let mut pairs: Vec<(String, String)> = Vec::new();
        if let Scope::System(types) = &self.scope
            && !types.is_empty()
        {
            pairs.push(("_type".to_owned(), types.join(",")));
        }
        pairs.extend(self.criteria.iter().map(Criterion::pair));
        if !self.sort.is_empty() {
            let keys = self.sort.iter().map(|(name, down)| format!("{}{name}", if *down { "-" } else { "" }));
            pairs.push(("_sort".to_owned(), keys.collect::<Vec<_>>().join(",")));
        }
        for each in &self.inclusions {
            let name = if each.reverse { "_revinclude" } else { "_include" };
            let name = format!("{name}{}", if each.iterate { ":iterate" } else { "" });
            let target = each.target.as_ref().map(|target| format!(":{target}")).unwrap_or_default();
            let value = format!("{}:{}{target}", each.source, each.parameter.as_deref().unwrap_or("*"));
            pairs.push((name, value));
        }
        pairs.extend(self.count.map(|count| ("_count".to_owned(), count.to_string())));
        pairs.extend(self.total.map(|total| ("_total".to_owned(), total.to_owned())));
        if self.only_count {
            pairs.push(("_summary".to_owned(), "count".to_owned()));
        }
        let pairs = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// Path and parameters, for people.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}?{}", self.path(), self.parameters())
    }
}

impl Criterion {
    /// Name and value, not encoded.
    fn pair(&self) -> (String, String) {
        let join = |values: Vec<String>| values.join(",");
        match self {
            Self::Id(ids) => ("_id".to_owned(), join(ids.clone())),
            Self::LastUpdated(dates) => {
                let dates = dates.iter().map(|(prefix, date)| format!("{}{date}", prefix.text()));
                ("_lastUpdated".to_owned(), join(dates.collect()))
            }
            Self::Has(name, modifier, asks) => {
                let modifier = match modifier {
                    Modifier::None => String::new(),
                    Modifier::Exact => ":exact".to_owned(),
                    Modifier::Contains => ":contains".to_owned(),
                    Modifier::Not => ":not".to_owned(),
                    Modifier::Above => ":above".to_owned(),
                    Modifier::Below => ":below".to_owned(),
                    Modifier::Identifier => ":identifier".to_owned(),
                    Modifier::Type(name) => format!(":{name}"),
                };
                (format!("{name}{modifier}"), join(asks.iter().map(Ask::text).collect()))
            }
            Self::Missing(name, missing) => (format!("{name}:missing"), missing.to_string()),
            Self::Chain(name, target, rest) => {
                let (rest, value) = rest.pair();
                let target = target.as_ref().map(|target| format!(":{target}")).unwrap_or_default();
                (format!("{name}{target}.{rest}"), value)
            }
            Self::Reverse(source, by, rest) => {
                let (rest, value) = rest.pair();
                (format!("_has:{source}:{by}:{rest}"), value)
            }
        }
    }
}

impl Ask {
    /// As it is written, with the escapes of R4 §3.1.1.4.3.
    fn text(&self) -> String {
        match self {
            Self::Code(code) => escape(code),
            Self::SystemCode(system, code) => format!("{}|{}", escape(system), escape(code)),
            Self::NoSystem(code) => format!("|{}", escape(code)),
            Self::System(system) => format!("{}|", escape(system)),
            Self::Date(prefix, text) | Self::Number(prefix, text) => format!("{}{text}", prefix.text()),
            Self::Quantity(prefix, number, unit) => {
                let mut text = format!("{}{number}", prefix.text());
                if let Some((system, code)) = unit {
                    let system = system.as_deref().map(escape).unwrap_or_default();
                    let _ = write!(text, "|{system}|{}", escape(code));
                }
                text
            }
            Self::Text(text) | Self::Uri(text) => escape(text),
            // The bar before a canonical's version separates, and is not escaped.
            Self::Reference(text) => text.replace(',', "\\,").replace('$', "\\$"),
            Self::Composite(parts) => parts.iter().map(Self::text).collect::<Vec<_>>().join("$"),
        }
    }
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, ',' | '|' | '$' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:*".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_separates_is_escaped_where_it_does_not() {
        let mut search = Search::of(Scope::Type("Patient".to_owned()));
        let code = Criterion::Has(
            "identifier".to_owned(),
            Modifier::Not,
            vec![Ask::SystemCode("urn:a".to_owned(), "x,y|z$\\".to_owned()), Ask::NoSystem("é".to_owned())],
        );
        let chain = Criterion::Chain("organization".to_owned(), None, Box::new(code));
        search.criteria.push(Criterion::Reverse(
            "Observation".to_owned(),
            "subject".to_owned(),
            Box::new(chain),
        ));
        search.sort = vec![("name".to_owned(), true), ("_id".to_owned(), false)];
        assert_eq!(
            search.url(),
            "/Patient?_has:Observation:subject:organization.identifier:not\
             =urn:a%7Cx%5C%2Cy%5C%7Cz%5C%24%5C%5C%2C%7C%C3%A9&_sort=-name%2C_id"
        );
    }
}
