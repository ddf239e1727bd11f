//! Strings and URIs (R4 §3.1.1.4.8, §3.1.1.4.9) on the columns `norm`, `exact` and `rest`.

use vpr_fhir::search::{StringMatch, UriMatch, fold};

use crate::rows::{IndexKey, cut};
use crate::sql::{Dialect, Sql};

/// How a text is looked for.
pub(super) struct TextTest {
    /// On the columns under `k`.
    pub(super) sql: Sql,
    /// Whether it names the whole text, so that the test of one resource is one seek.
    pub(super) whole: bool,
}

/// Where text stands in a table.
#[derive(Clone, Copy)]
pub(super) enum Stored {
    /// Cut, with the rest beside it.
    Cut,
    /// In one piece.
    Whole,
}

impl Stored {
    fn cut(self, text: &str) -> (&str, &str) {
        match self {
            Self::Cut => cut(text),
            Self::Whole => (text, ""),
        }
    }

    fn all(self) -> &'static str {
        match self {
            Self::Cut => "k.norm || k.rest",
            Self::Whole => "k.norm",
        }
    }
}

/// A string that is asked for.
pub(super) fn string(
    key: &IndexKey,
    dialect: Dialect,
    stored: Stored,
    how: StringMatch,
    asked: &str,
) -> TextTest {
    match how {
        StringMatch::Exact => whole(key, stored, &fold(asked), asked),
        StringMatch::Begins => TextTest { sql: begins(dialect, stored, asked), whole: false },
        StringMatch::Contains => {
            let mut sql = Sql::new(function(dialect));
            sql.push("(").push(stored.all()).push(", ").bind(asked).push(") > 0");
            TextTest { sql, whole: false }
        }
    }
}

/// A URI that is asked for.
pub(super) fn uri(
    key: &IndexKey,
    dialect: Dialect,
    stored: Stored,
    how: UriMatch,
    asked: &str,
) -> Vec<TextTest> {
    match how {
        UriMatch::Equal => vec![whole(key, stored, asked, asked)],
        UriMatch::Below => {
            let path = asked.strip_suffix('/').unwrap_or(asked);
            let below = begins(dialect, stored, &format!("{path}/"));
            vec![whole(key, stored, path, path), TextTest { sql: below, whole: false }]
        }
        UriMatch::Above => above(asked).iter().map(|text| whole(key, stored, text, text)).collect(),
    }
}

/// The path prefixes of a URI, and what differs from them by a `/` at the end.
fn above(text: &str) -> Vec<String> {
    let paths = text.match_indices('/').map(|(at, _)| &text[..at]).chain([text]);
    let mut all: Vec<String> = paths.flat_map(|path| [path.to_owned(), format!("{path}/")]).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn whole(key: &IndexKey, stored: Stored, norm: &str, written: &str) -> TextTest {
    let mut sql = Sql::new("(k.norm = ");
    sql.bind(stored.cut(norm).0).push(" AND k.exact = ").bind(key.text(written)).push(")");
    TextTest { sql, whole: true }
}

fn begins(dialect: Dialect, stored: Stored, text: &str) -> Sql {
    let (head, tail) = stored.cut(text);
    let mut sql = Sql::default();
    if !tail.is_empty() {
        sql.push("(k.norm = ").bind(head).push(" AND ").push(function(dialect));
        sql.push("(k.rest, ").bind(tail).push(") = 1)");
        return sql;
    }
    sql.push("(k.norm >= ").bind(head);
    if let Some(end) = after(head) {
        sql.push(" AND k.norm < ").bind(end);
    }
    sql.push(")");
    sql
}

/// The first text that is after all that begin with `text`.
fn after(text: &str) -> Option<String> {
    let mut letters: Vec<char> = text.chars().collect();
    while let Some(last) = letters.pop() {
        let next = match u32::from(last) {
            0xD7FF => Some('\u{E000}'),
            code => char::from_u32(code + 1),
        };
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

/// Gives the place of a text in another, from 1.
fn function(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "instr",
        Dialect::Postgres => "strpos",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_range_holds_exactly_what_begins(text in "[a-c\u{D7FF}\u{10FFFF}]{1,3}", other in "[a-d\u{D7FF}\u{E000}\u{10FFFF}]{0,5}") {
            let inside = other >= text && after(&text).is_none_or(|end| other < end);
            prop_assert_eq!(inside, other.starts_with(&text));
        }
    }

    #[test]
    fn a_uri_is_below_its_paths() {
        let all = above("http://a/b");
        for path in ["http://a/b", "http://a/b/", "http://a", "http://a/", "http:"] {
            assert!(all.iter().any(|each| each == path), "{path}");
        }
        assert!(!all.iter().any(|each| each == "http://a/b/c"));
    }
}
