//! Preconditions as HTTP and Bundle entries state them, and what they mean for the engine.

use vpr_core::Precondition;
use vpr_types::Version;

/// A field value that is not a list of entity tags (RFC 9110 §8.8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be * or a list of entity tags such as W/\"3\"")]
pub struct NotTags;

/// The entity tags of `If-Match` or `If-None-Match` (RFC 9110 §13.1).
///
/// FHIR's tags are weak and their opaque part is the version (FHIR R4 §3.1.0.5); strong ones are
/// taken as equal, because clients send both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tags {
    /// `*`: any version.
    Any,
    /// One of these. A well-formed tag that no version of ours can have is left out.
    Listed(Vec<Version>),
}

impl Tags {
    /// Reads a field value.
    ///
    /// # Errors
    /// [`NotTags`] when it is neither `*` nor a list of quoted tags.
    pub fn parse(text: &str) -> Result<Self, NotTags> {
        let mut rest = text.trim();
        if rest == "*" {
            return Ok(Self::Any);
        }
        let mut versions = Vec::new();
        loop {
            rest = rest.strip_prefix("W/").unwrap_or(rest);
            let (tag, after) = rest.strip_prefix('"').and_then(|r| r.split_once('"')).ok_or(NotTags)?;
            if tag.bytes().any(|b| b <= b' ' || b == 0x7f) {
                return Err(NotTags);
            }
            versions.extend(parse_version(tag));
            rest = after.trim_start();
            if rest.is_empty() {
                return Ok(Self::Listed(versions));
            }
            rest = rest.strip_prefix(',').ok_or(NotTags)?.trim_start();
        }
    }

    /// Whether the newest version (absent when there is none, or it is a deletion) is meant.
    #[must_use]
    pub fn contain(&self, current: Option<Version>) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::Listed(versions), Some(current)) => versions.contains(&current),
        }
    }
}

/// The version that a version id of ours names: decimal, from 1, no sign and no leading zero.
#[must_use]
pub fn parse_version(text: &str) -> Option<Version> {
    let canonical = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    if canonical { text.parse().ok().map(Version) } else { None }
}

/// What must hold for a write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteConditions {
    /// `If-Match`: the newest version must be one of these.
    pub if_match: Option<Tags>,
    /// `If-None-Match`: the newest version must be none of these.
    pub if_none_match: Option<Tags>,
}

/// What decides whether a read is answered in full.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadConditions {
    /// `If-None-Match`: not modified when the version is one of these.
    pub if_none_match: Option<Tags>,
    /// `If-Modified-Since`, whole seconds since the epoch; ignored beside `If-None-Match`
    /// (RFC 9110 §13.1.3).
    pub if_modified_since: Option<i64>,
}

impl ReadConditions {
    /// Whether the caller has what it would get (304).
    #[must_use]
    pub fn not_modified(&self, version: Version, modified_seconds: i64) -> bool {
        match (&self.if_none_match, self.if_modified_since) {
            (Some(tags), _) => tags.contain(Some(version)),
            (None, Some(since)) => modified_seconds <= since,
            (None, None) => false,
        }
    }
}

/// A version that no document ever has: the engine refuses it, in its own order of checks, so
/// that a repeated request is still recognized before its precondition is looked at.
const NEVER: Precondition = Precondition::VersionIs(Version(0));

impl WriteConditions {
    /// Whether the newest version must be known before [`WriteConditions::precondition`].
    #[must_use]
    pub fn needs_current(&self) -> bool {
        match (&self.if_match, &self.if_none_match) {
            (Some(Tags::Listed(versions)), _) => versions.len() > 1,
            (Some(Tags::Any), _) | (None, Some(Tags::Listed(_))) => true,
            (None, Some(Tags::Any) | None) => false,
        }
    }

    /// What the engine must check, if the newest version is `current` (absent when there is none
    /// or it is a deletion). The engine's own check under the lock decides.
    #[must_use]
    pub fn precondition(&self, current: Option<Version>) -> Precondition {
        match (&self.if_match, &self.if_none_match) {
            (None, None) => Precondition::None,
            (None, Some(Tags::Any)) => Precondition::Absent,
            (None, Some(tags)) => match current {
                Some(_) if tags.contain(current) => NEVER,
                Some(version) => Precondition::VersionIs(version),
                None => Precondition::Absent,
            },
            (Some(Tags::Listed(versions)), _) if versions.len() <= 1 => {
                versions.first().map_or(NEVER, |version| Precondition::VersionIs(*version))
            }
            (Some(tags), _) => match current {
                Some(version) if tags.contain(current) => Precondition::VersionIs(version),
                _ => NEVER,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(version: u32) -> Version {
        Version(version)
    }

    #[test]
    fn tags_are_read_weak_and_strong_and_in_lists() {
        for (text, wanted) in [
            ("*", Ok(Tags::Any)),
            (" * ", Ok(Tags::Any)),
            ("W/\"3\"", Ok(Tags::Listed(vec![v(3)]))),
            ("\"3\"", Ok(Tags::Listed(vec![v(3)]))),
            ("W/\"1\", \"2\" ,W/\"3\"", Ok(Tags::Listed(vec![v(1), v(2), v(3)]))),
            ("\"abc\"", Ok(Tags::Listed(vec![]))),
            ("\"\"", Ok(Tags::Listed(vec![]))),
            ("\"03\"", Ok(Tags::Listed(vec![]))),
            ("\"4294967296\"", Ok(Tags::Listed(vec![]))),
            ("", Err(NotTags)),
            ("3", Err(NotTags)),
            ("w/\"3\"", Err(NotTags)),
            ("\"3", Err(NotTags)),
            ("\"3\" \"4\"", Err(NotTags)),
            ("\"3\",", Err(NotTags)),
            ("\"3\",*", Err(NotTags)),
            ("\"a b\"", Err(NotTags)),
        ] {
            assert_eq!(Tags::parse(text), wanted, "{text}");
        }
    }

    #[test]
    fn version_ids_have_one_spelling() {
        for (text, wanted) in [
            ("1", Some(v(1))),
            ("0", None),
            ("", None),
            ("+1", None),
            ("01", None),
            ("1.0", None),
            ("x", None),
        ] {
            assert_eq!(parse_version(text), wanted, "{text}");
        }
    }

    #[test]
    fn conditions_become_what_the_engine_checks() {
        let matching = |text: &str| WriteConditions { if_match: Tags::parse(text).ok(), if_none_match: None };
        let none = |text: &str| WriteConditions { if_match: None, if_none_match: Tags::parse(text).ok() };
        let (absent, two) = (None, Some(v(2)));
        for (conditions, needs, current, wanted) in [
            (WriteConditions::default(), false, two, Precondition::None),
            (matching("\"2\""), false, absent, Precondition::VersionIs(v(2))),
            (matching("\"x\""), false, two, NEVER),
            (matching("\"1\",\"2\""), true, two, Precondition::VersionIs(v(2))),
            (matching("\"1\",\"3\""), true, two, NEVER),
            (matching("*"), true, two, Precondition::VersionIs(v(2))),
            (matching("*"), true, absent, NEVER),
            (none("*"), false, two, Precondition::Absent),
            (none("\"2\""), true, two, NEVER),
            (none("\"1\""), true, two, Precondition::VersionIs(v(2))),
            (none("\"1\""), true, absent, Precondition::Absent),
        ] {
            assert_eq!(conditions.needs_current(), needs, "{conditions:?}");
            assert_eq!(conditions.precondition(current), wanted, "{conditions:?} at {current:?}");
        }
    }

    #[test]
    fn if_none_match_wins_over_if_modified_since() {
        let conditions = |tags: Option<&str>, since| ReadConditions {
            if_none_match: tags.map(|tags| Tags::parse(tags).unwrap()),
            if_modified_since: since,
        };
        for (tags, since, wanted) in [
            (None, None, false),
            (None, Some(100), true),
            (None, Some(99), false),
            (Some("\"7\""), None, true),
            (Some("\"6\""), Some(100), false),
            (Some("*"), Some(0), true),
        ] {
            assert_eq!(conditions(tags, since).not_modified(v(7), 100), wanted, "{tags:?} {since:?}");
        }
    }
}
