//! Duplicate names within one object, found at no more than `n log n` comparisons.
//!
//! Each name leaves a 64-bit fingerprint. An object of few names compares fingerprints as they
//! come; a larger one sorts them once at its end, so that an attacker's million names cost no square.

use crate::escape::unescape;
use crate::node::{Name, Node};
use crate::scan::load;

/// Names compared as they come; an object with more is checked at its end.
const COMPARED_MAX: usize = 32;

/// The fingerprints of the names of all open objects, innermost last.
#[derive(Debug)]
pub(crate) struct Keys {
    prints: Vec<u64>,
}

impl Keys {
    pub(crate) fn new() -> Keys {
        Keys { prints: Vec::with_capacity(COMPARED_MAX) }
    }

    /// Where the names of the object that begins now will lie.
    #[inline(always)]
    pub(crate) fn begin(&self) -> u32 {
        self.prints.len() as u32
    }

    /// Adds the next name of the object whose names begin at `base` and whose node is `object`.
    /// Returns false if the object had it before.
    #[inline(always)]
    pub(crate) fn add(&mut self, base: u32, name: Name, object: u32, nodes: &[Node], text: &str) -> bool {
        let print =
            if name.escaped { fingerprint_escaped(text, name) } else { fingerprint(text.as_bytes(), name) };
        let seen = self.prints.get(base as usize..).unwrap_or_default();
        let unique = seen.len() > COMPARED_MAX
            || !seen.contains(&print)
            || children(nodes, object).all(|(_, node)| key(text, node.name()) != key(text, name));
        self.prints.push(print);
        unique
    }

    /// Forgets the names of the object that ends. Returns the name of its first duplicate that was
    /// not found as it came.
    #[inline(always)]
    pub(crate) fn end(&mut self, base: u32, object: u32, nodes: &[Node], text: &str) -> Option<Name> {
        let count = self.prints.len() - base as usize;
        let duplicate =
            if count > COMPARED_MAX { self.sorted_duplicate(base, object, nodes, text) } else { None };
        self.prints.truncate(base as usize);
        duplicate
    }

    #[inline(never)]
    fn sorted_duplicate(&self, base: u32, object: u32, nodes: &[Node], text: &str) -> Option<Name> {
        let prints = self.prints.get(base as usize..).unwrap_or_default();
        let mut names: Vec<(u64, Name)> =
            prints.iter().copied().zip(children(nodes, object).map(|(_, node)| node.name())).collect();
        names.sort_unstable_by_key(|(print, name)| (*print, name.start));
        names
            .chunk_by(|left, right| left.0 == right.0)
            .filter(|same_print| same_print.len() > 1)
            .filter_map(|same_print| first_duplicate(same_print, text))
            .min_by_key(|name| name.start)
    }
}

/// The earliest name that repeats an earlier one, among names of one fingerprint.
fn first_duplicate(same_print: &[(u64, Name)], text: &str) -> Option<Name> {
    let mut names: Vec<_> = same_print.iter().map(|(_, name)| (key(text, *name), *name)).collect();
    names.sort_unstable_by(|left, right| left.0.cmp(&right.0).then(left.1.start.cmp(&right.1.start)));
    names
        .windows(2)
        .filter_map(|pair| match pair {
            [left, right] if left.0 == right.0 => Some(right.1),
            _ => None,
        })
        .min_by_key(|name| name.start)
}

/// The nodes directly below `parent`, with their indexes.
pub(crate) fn children(nodes: &[Node], parent: u32) -> impl Iterator<Item = (u32, &Node)> {
    let mut at = parent + 1;
    std::iter::from_fn(move || {
        let index = at;
        let node = nodes.get(index as usize)?;
        at = node.next;
        Some((index, node))
    })
}

/// The name as meant.
pub(crate) fn key(text: &str, name: Name) -> std::borrow::Cow<'_, str> {
    let raw = text.get(name.range()).unwrap_or_default();
    if name.escaped { unescape(raw) } else { std::borrow::Cow::Borrowed(raw) }
}

/// Equal for equal names; different for different names of up to seven bytes.
#[inline(always)]
fn fingerprint(text: &[u8], name: Name) -> u64 {
    let (start, end) = (name.start as usize, name.end as usize);
    let length = end - start;
    if length < 8 {
        // Closing quote, colon, value and brace follow, so that the load rarely fails.
        let word = load(text, start).unwrap_or_else(|| short_word(text.get(start..end).unwrap_or_default()));
        return mix(word & ((1 << (8 * length)) - 1), 0, length);
    }
    mix(load(text, start).unwrap_or_default(), load(text, end - 8).unwrap_or_default(), length)
}

#[cold]
fn fingerprint_escaped(text: &str, name: Name) -> u64 {
    let meant = key(text, name);
    // One quote in front, because a name never begins at offset 0.
    let mut padded = Vec::with_capacity(meant.len() + 1);
    padded.push(b'"');
    padded.extend_from_slice(meant.as_bytes());
    fingerprint(&padded, Name { start: 1, end: padded.len() as u32, escaped: false })
}

fn short_word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | *byte as u64)
}

#[inline(always)]
fn mix(head: u64, tail: u64, length: usize) -> u64 {
    head ^ tail.rotate_left(23).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ ((length as u64) << 56)
}
