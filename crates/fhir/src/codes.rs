//! Enumerations of the standard that code decides on.

/// An enumeration whose variants are the codes of a value set.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $code, "`")] $variant,)*
        }

        impl $name {
            /// All of them, in the order of the standard.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// What `code` stands for.
            #[must_use]
            pub fn parse(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|each| each.code() == code)
            }
        }
    };
}
pub(crate) use codes;

codes! {
    /// How grave an issue is (`http://hl7.org/fhir/ValueSet/issue-severity`).
    Severity {
        Fatal = "fatal",
        Error = "error",
        Warning = "warning",
        Information = "information",
    }
}
codes! {
    /// What kind of issue it is (`http://hl7.org/fhir/ValueSet/issue-type`).
    IssueType {
        Invalid = "invalid",
        Structure = "structure",
        Required = "required",
        Value = "value",
        Invariant = "invariant",
        Security = "security",
        Login = "login",
        Unknown = "unknown",
        Expired = "expired",
        Forbidden = "forbidden",
        Suppressed = "suppressed",
        Processing = "processing",
        NotSupported = "not-supported",
        Duplicate = "duplicate",
        MultipleMatches = "multiple-matches",
        NotFound = "not-found",
        Deleted = "deleted",
        TooLong = "too-long",
        CodeInvalid = "code-invalid",
        Extension = "extension",
        TooCostly = "too-costly",
        BusinessRule = "business-rule",
        Conflict = "conflict",
        Transient = "transient",
        LockError = "lock-error",
        NoStore = "no-store",
        Exception = "exception",
        Timeout = "timeout",
        Incomplete = "incomplete",
        Throttled = "throttled",
        Informational = "informational",
    }
}
codes! {
    /// What a bundle is for (`http://hl7.org/fhir/ValueSet/bundle-type`).
    BundleType {
        Document = "document",
        Message = "message",
        Transaction = "transaction",
        TransactionResponse = "transaction-response",
        Batch = "batch",
        BatchResponse = "batch-response",
        History = "history",
        Searchset = "searchset",
        Collection = "collection",
    }
}
codes! {
    /// The verb of a bundle's entry (`http://hl7.org/fhir/ValueSet/http-verb`).
    HttpVerb {
        Get = "GET",
        Head = "HEAD",
        Post = "POST",
        Put = "PUT",
        Delete = "DELETE",
        Patch = "PATCH",
    }
}
codes! {
    /// Why an entry is in a search result (`http://hl7.org/fhir/ValueSet/search-entry-mode`).
    SearchEntryMode {
        Match = "match",
        Include = "include",
        Outcome = "outcome",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::definitions::ValueSet;

    fn check(name: &str, codes: impl Iterator<Item = &'static str>) {
        let url = format!("http://hl7.org/fhir/ValueSet/{name}|4.0.1");
        let value_set = ValueSet::all().find(|each| each.url() == url).unwrap();
        let expected: BTreeSet<_> = value_set.codes().map(|(code, _)| code).collect();
        assert_eq!(codes.collect::<BTreeSet<_>>(), expected, "{name}");
    }

    #[test]
    fn the_codes_are_those_of_the_value_sets() {
        check("issue-severity", Severity::ALL.iter().map(|each| each.code()));
        check("issue-type", IssueType::ALL.iter().map(|each| each.code()));
        check("bundle-type", BundleType::ALL.iter().map(|each| each.code()));
        check("http-verb", HttpVerb::ALL.iter().map(|each| each.code()));
        check("search-entry-mode", SearchEntryMode::ALL.iter().map(|each| each.code()));
        assert_eq!(BundleType::parse("batch"), Some(BundleType::Batch));
        assert_eq!(BundleType::parse("Batch"), None);
    }
}
