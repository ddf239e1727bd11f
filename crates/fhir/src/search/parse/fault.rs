use crate::codes::IssueType;
use crate::search::Ignored;

/// Characters of a parameter's name that are repeated to the caller.
const NAME_CHARS_MAX: usize = 64;

/// Why a parameter of a search is refused. Texts name the parameter, never its value, but for keys of
/// `_sort`, `_include` and `_revinclude` that have the form of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchFault {
    /// The parameter's name as written, without control characters and not all of a long one;
    /// empty when it is about the search as a whole.
    pub parameter: String,
    /// What kind of fault it is.
    pub kind: FaultKind,
    /// Why, in a sentence.
    pub text: String,
    /// The issue's code.
    pub code: IssueType,
}

/// What kind of fault a [`SearchFault`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// No such parameter there, or a chain that leads nowhere.
    Unknown,
    /// No such modifier, or not on this parameter.
    BadModifier,
    /// A modifier of the standard that is not built.
    UnsupportedModifier,
    /// The value has not the form that the parameter needs, or contradicts another one.
    BadValue,
    /// The parameter may come only once.
    Repeated,
    /// The parameter has no value; this alone refuses no search.
    Empty,
    /// A parameter of the standard that is not built.
    NotSupported,
    /// More is asked for than a search may cost.
    TooCostly,
}

impl FaultKind {
    /// The code of an issue about it.
    #[must_use]
    pub fn code(self) -> IssueType {
        match self {
            Self::Unknown | Self::BadModifier | Self::Repeated => IssueType::Invalid,
            Self::BadValue | Self::Empty => IssueType::Value,
            Self::UnsupportedModifier | Self::NotSupported => IssueType::NotSupported,
            Self::TooCostly => IssueType::TooCostly,
        }
    }
}

/// A fault that does not know yet which parameter it is about.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    text: String,
}

impl Fault {
    pub(super) fn new(kind: FaultKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    /// A wrong value among several alternatives, `at` from 0.
    pub(super) fn value(code: &str, at: usize, count: usize, what: &str) -> Self {
        let text = match count {
            0 | 1 => format!("the value of '{}' is {what}", shown(code)),
            _ => format!("alternative {} of '{}' is {what}", at + 1, shown(code)),
        };
        Self { kind: FaultKind::BadValue, text }
    }

    pub(super) fn modifier(code: &str, modifier: &str) -> Self {
        let text = format!("'{}' has no modifier ':{}'", shown(code), shown(modifier));
        Self { kind: FaultKind::BadModifier, text }
    }

    pub(super) fn unsupported_modifier(code: &str, modifier: &str) -> Self {
        let text = format!("the modifier ':{}' of '{}' is not supported", shown(modifier), shown(code));
        Self { kind: FaultKind::UnsupportedModifier, text }
    }

    pub(super) fn empty(code: &str) -> Self {
        Self { kind: FaultKind::Empty, text: format!("'{}' has no value", shown(code)) }
    }

    pub(super) fn not_supported(code: &str) -> Self {
        Self { kind: FaultKind::NotSupported, text: format!("'{}' is not supported", shown(code)) }
    }

    /// Whether the parameter is left out instead of refused. Modifiers change what a parameter
    /// means, so a wrong one is never passed over (R4 §3.1.1.4.4).
    pub(super) fn is_passed_over(&self, lenient: bool) -> bool {
        match self.kind {
            FaultKind::Empty => true,
            FaultKind::Unknown | FaultKind::NotSupported => lenient,
            _ => false,
        }
    }

    pub(super) fn of(self, name: &str) -> SearchFault {
        SearchFault { parameter: shown(name), kind: self.kind, code: self.kind.code(), text: self.text }
    }

    pub(super) fn ignored(self, name: &str) -> Ignored {
        Ignored { name: shown(name), code: self.kind.code(), why: self.text }
    }
}

/// A key that stands in a value, for people: repeated where it has the form of a name, so that the
/// caller sees which one it is; else told by `place` alone, because it may be anything.
pub(super) fn key(name: &str, place: &str) -> String {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    match first && name.len() <= NAME_CHARS_MAX && name.bytes().all(is_sign) {
        true => format!("'{name}', {place},"),
        false => place.to_owned(),
    }
}

/// What there is to choose from, for people.
pub(super) fn choice<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    match names.as_slice() {
        [] => "there is none".to_owned(),
        names => format!("there is {}", names.join(", ")),
    }
}

/// What is repeated of a name.
pub(super) fn shown(name: &str) -> String {
    name.chars().filter(|each| !each.is_control()).take(NAME_CHARS_MAX).collect()
}
