//! From one [`crate::Style`] to the other in a single pass over text known to be valid.
//!
//! Only whitespace changes; strings and numbers stay byte for byte. Text that is not valid JSON
//! gives text that is not valid JSON, but no panic.

use crate::scan::{known_string_end, load, quote_in, skip_whitespace};
use crate::writer::push_line;

/// The text without whitespace between its tokens, as [`crate::Style::Compact`].
pub fn compact(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    compact_into(text, &mut out);
    out
}

/// Like [`compact`], behind what `out` already holds.
pub fn compact_into(text: &[u8], out: &mut Vec<u8>) {
    let begin = out.len();
    // One word of slack, because words are stored whole and overlap.
    out.resize(begin + text.len() + 8, 0);
    let length = out.get_mut(begin..).map_or(0, |target| squeeze(text, target));
    out.truncate(begin + length);
}

/// Copies all but whitespace between tokens to the start of `target`, which is eight bytes longer
/// than `text`. Returns the length.
fn squeeze(text: &[u8], target: &mut [u8]) -> usize {
    let (mut at, mut to) = (0, 0);
    while let Some(byte) = text.get(at) {
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' => at = skip_whitespace(text, at + 1),
            _ => {
                put(target, to, *byte);
                at += 1;
                to += 1;
                if *byte == b'"' {
                    (at, to) = squeeze_string(text, target, at, to);
                    // Most strings are names, and in canonical text one space follows their colon.
                    if text.get(at) == Some(&b':') {
                        put(target, to, b':');
                        at += if text.get(at + 1) == Some(&b' ') { 2 } else { 1 };
                        to += 1;
                    }
                }
            }
        }
    }
    to
}

/// Copies a string from behind its opening quote; returns both offsets after it.
#[inline(always)]
fn squeeze_string(text: &[u8], target: &mut [u8], mut at: usize, mut to: usize) -> (usize, usize) {
    loop {
        while let Some(word) = load(text, at) {
            put_word(target, to, word);
            let plain = quote_in(word);
            at += plain;
            to += plain;
            if plain < 8 {
                break;
            }
        }
        let Some(byte) = text.get(at) else { return (at, to) };
        put(target, to, *byte);
        at += 1;
        to += 1;
        match (byte, text.get(at)) {
            (b'"', _) => return (at, to),
            (b'\\', Some(escaped)) => {
                put(target, to, *escaped);
                at += 1;
                to += 1;
            }
            _ => {}
        }
    }
}

#[inline(always)]
fn put(target: &mut [u8], to: usize, byte: u8) {
    if let Some(place) = target.get_mut(to) {
        *place = byte;
    }
}

#[inline(always)]
fn put_word(target: &mut [u8], to: usize, word: u64) {
    if let Some(place) = target.get_mut(to..).and_then(|rest| rest.first_chunk_mut()) {
        *place = word.to_le_bytes();
    }
}

/// The text laid out as [`crate::Style::Canonical`], with its last line feed.
///
/// The indentation of text nested `n` deep is `n²` in the worst case, so the text must come from
/// where depth is limited.
pub fn pretty(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2);
    pretty_into(text, &mut out);
    out
}

/// Like [`pretty`], behind what `out` already holds.
pub fn pretty_into(text: &[u8], out: &mut Vec<u8>) {
    let mut depth = 0usize;
    let mut at = skip_whitespace(text, 0);
    while let Some(byte) = text.get(at) {
        let mut end = at + 1;
        match byte {
            b'"' => {
                end = known_string_end(text, at);
                out.extend_from_slice(text.get(at..end).unwrap_or_default());
            }
            b'{' | b'[' => {
                out.push(*byte);
                end = skip_whitespace(text, end);
                match text.get(end) {
                    Some(close @ (b'}' | b']')) => {
                        out.push(*close);
                        end += 1;
                    }
                    _ => {
                        depth += 1;
                        push_line(out, depth);
                    }
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                push_line(out, depth);
                out.push(*byte);
            }
            b',' => {
                out.push(b',');
                push_line(out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => out.push(*byte),
        }
        at = skip_whitespace(text, end);
    }
    out.push(b'\n');
}
