//! The members of one object as byte ranges, without a tape.

use std::iter::FusedIterator;
use std::ops::Range;

use crate::scan::{known_string_end, skip_whitespace};

/// Steps through the members of an object in text known to be valid, such as a stored document.
///
/// Meant for splicing: find `meta` in a document, copy what is before it, write another `meta`, copy
/// the rest. It reads no further than it is asked to, and a member's value can be scanned in turn.
/// If the text is no object there are no members; if it is no valid JSON they end early.
#[derive(Debug, Clone)]
pub struct MemberScan<'a> {
    text: &'a [u8],
    at: usize,
}

/// One member that [`MemberScan`] found. Offsets count from the start of the scanned text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedMember<'a> {
    /// The name between its quotes, as written.
    pub name: &'a [u8],
    /// From the opening quote of the name to the end of the value.
    pub member: Range<usize>,
    /// The value alone.
    pub value: Range<usize>,
}

impl<'a> MemberScan<'a> {
    /// Begins at the first member of the object that `text` is.
    pub fn new(text: &'a [u8]) -> MemberScan<'a> {
        let begin = skip_whitespace(text, 0);
        let at = if text.get(begin) == Some(&b'{') { begin + 1 } else { text.len() };
        MemberScan { text, at: skip_whitespace(text, at) }
    }

    /// The next thing: the opening quote of the next member's name, or the object's closing brace.
    /// A member inserted here (with a comma behind it if [`MemberScan`] has more) comes next.
    pub fn offset(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for MemberScan<'a> {
    type Item = ScannedMember<'a>;

    fn next(&mut self) -> Option<ScannedMember<'a>> {
        let start = self.at;
        if self.text.get(start) != Some(&b'"') {
            return None;
        }
        let name_end = known_string_end(self.text, start);
        let colon = skip_whitespace(self.text, name_end);
        let value = skip_whitespace(self.text, colon + 1);
        let end = value_end(self.text, value);
        if end > self.text.len() {
            self.at = end;
            return None;
        }
        let next = skip_whitespace(self.text, end);
        self.at =
            if self.text.get(next) == Some(&b',') { skip_whitespace(self.text, next + 1) } else { next };
        let name = self.text.get(start + 1..name_end - 1)?;
        Some(ScannedMember { name, member: start..end, value: value..end })
    }
}

impl FusedIterator for MemberScan<'_> {}

/// The offset after the value that begins at `at`.
fn value_end(text: &[u8], at: usize) -> usize {
    match text.get(at) {
        Some(b'"') => known_string_end(text, at),
        Some(b'{' | b'[') => container_end(text, at),
        _ => {
            let rest = text.get(at..).unwrap_or_default();
            at + rest
                .iter()
                .take_while(|b| !matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'))
                .count()
        }
    }
}

fn container_end(text: &[u8], mut at: usize) -> usize {
    let mut depth = 0usize;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                at = known_string_end(text, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            b'\n' => {
                at = skip_whitespace(text, at);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    text.len()
}
