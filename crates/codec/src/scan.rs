//! The lexical grammar, eight bytes at a time: whitespace, strings, numbers (RFC 8259 §2, §6, §7).
//!
//! Text given here is valid UTF-8. A function returns the offset after what it read.

use crate::error::JsonErrorKind;
use crate::limits::NUMBER_CHARS_MAX;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
const SPACES: u64 = ONES * b' ' as u64;

/// Why reading stopped, and at which offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop {
    pub(crate) kind: JsonErrorKind,
    pub(crate) offset: usize,
}

impl Stop {
    #[cold]
    pub(crate) fn new(kind: JsonErrorKind, offset: usize) -> Stop {
        Stop { kind, offset }
    }

    #[cold]
    pub(crate) fn syntax(expected: &'static str, offset: usize) -> Stop {
        Stop { kind: JsonErrorKind::Syntax(expected), offset }
    }
}

/// The eight bytes at `at`, the first of them lowest, if there are so many.
#[inline(always)]
pub(crate) fn load(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..)?.first_chunk::<8>().map(|chunk| u64::from_le_bytes(*chunk))
}

#[inline(always)]
pub(crate) fn skip_whitespace(text: &[u8], at: usize) -> usize {
    match text.get(at) {
        Some(byte) if *byte > b' ' => at,
        _ => skip_blank(text, at),
    }
}

fn skip_blank(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
        // Indentation is runs of spaces.
        while let Some(word) = load(text, at) {
            let spaces = (word ^ SPACES).trailing_zeros() as usize / 8;
            at += spaces;
            if spaces < 8 {
                break;
            }
        }
    }
    at
}

/// The highest bit of each byte of `word` that ends a plain run within a string: a quote, a
/// backslash or a control character. Only the lowest bit found is exact.
#[inline(always)]
fn specials(word: u64) -> u64 {
    // Flipping bit 1 puts the quote (0x22) just behind the control characters and leaves these below 0x20.
    let low = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (low | backslash) & !word & HIGHS
}

/// First quote, backslash or control character from `at` on, or the end of the text.
#[inline(always)]
pub(crate) fn plain_end(text: &[u8], mut at: usize) -> usize {
    while let Some(word) = load(text, at) {
        let found = specials(word);
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(byte) = text.get(at) {
        if *byte < b' ' || *byte == b'"' || *byte == b'\\' {
            break;
        }
        at += 1;
    }
    at
}

/// First quote or backslash in the eight bytes of `word`, counted from the lowest; 8 if none.
#[inline(always)]
pub(crate) fn quote_in(word: u64) -> usize {
    let quote = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    let found = (quote | backslash) & !word & HIGHS;
    found.trailing_zeros() as usize / 8
}

/// The offset after the string whose opening quote is at `at`, in a text known to be valid.
#[inline(always)]
pub(crate) fn known_string_end(text: &[u8], at: usize) -> usize {
    let mut at = plain_end(text, at + 1);
    loop {
        match text.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at = plain_end(text, at + 2),
            Some(_) => at = plain_end(text, at + 1),
            None => return text.len(),
        }
    }
}

/// Reads a string whose first byte after the quote is at `at`: the offset of the closing quote,
/// and whether there are escapes.
#[inline(always)]
pub(crate) fn string_end(text: &[u8], at: usize) -> Result<(usize, bool), Stop> {
    let end = plain_end(text, at);
    if text.get(end) == Some(&b'"') {
        Ok((end, false))
    } else {
        escaped_end(text, end).map(|end| (end, true))
    }
}

#[inline(never)]
fn escaped_end(text: &[u8], mut at: usize) -> Result<usize, Stop> {
    loop {
        match text.get(at) {
            Some(b'"') => return Ok(at),
            Some(b'\\') => at = plain_end(text, escape_end(text, at)?),
            Some(_) => return Err(Stop::new(JsonErrorKind::ControlCharacter, at)),
            None => return Err(Stop::syntax("unexpected end within a string", at)),
        }
    }
}

/// Reads the escape whose backslash is at `at`; a surrogate must come with its other half.
fn escape_end(text: &[u8], at: usize) -> Result<usize, Stop> {
    let invalid = Stop::new(JsonErrorKind::InvalidEscape, at);
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match hex4(text, at + 2).ok_or(invalid)? {
            0xD800..=0xDBFF => {
                let low = if text.get(at + 6..at + 8) == Some(br"\u") { hex4(text, at + 8) } else { None };
                if matches!(low, Some(0xDC00..=0xDFFF)) { Ok(at + 12) } else { Err(invalid) }
            }
            0xDC00..=0xDFFF => Err(invalid),
            _ => Ok(at + 6),
        },
        Some(_) => Err(invalid),
        None => Err(Stop::syntax("unexpected end within a string", at + 1)),
    }
}

/// The four hexadecimal digits at `at`.
pub(crate) fn hex4(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4)?;
    digits.iter().try_fold(0, |value, digit| Some(value << 4 | (*digit as char).to_digit(16)?))
}

/// Reads the number that begins at `at` with a digit or a minus sign.
#[inline(always)]
pub(crate) fn number_end(text: &[u8], at: usize) -> Result<usize, Stop> {
    let invalid = |at| Err(Stop::new(JsonErrorKind::InvalidNumber, at));
    let start = at;
    let mut at = if text.get(at) == Some(&b'-') { at + 1 } else { at };
    match text.get(at) {
        Some(b'0') => at += 1,
        Some(b'1'..=b'9') => at = digits_end(text, at + 1),
        _ => return invalid(at),
    }
    if text.get(at) == Some(&b'.') {
        let end = digits_end(text, at + 1);
        if end == at + 1 {
            return invalid(end);
        }
        at = end;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let digits = if let Some(b'+' | b'-') = text.get(at + 1) { at + 2 } else { at + 1 };
        let end = digits_end(text, digits);
        if end == digits {
            return invalid(end);
        }
        at = end;
    }
    // A digit here follows a leading zero; letters and points make one broken number, not two tokens.
    if let Some(b'0'..=b'9' | b'.' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-') = text.get(at) {
        return invalid(at);
    }
    if at - start > NUMBER_CHARS_MAX { invalid(start) } else { Ok(at) }
}

#[inline(always)]
fn digits_end(text: &[u8], mut at: usize) -> usize {
    while let Some(b'0'..=b'9') = text.get(at) {
        at += 1;
    }
    at
}

/// Whether `text` is one JSON number and nothing else.
pub(crate) fn is_number(text: &[u8]) -> bool {
    number_end(text, 0).is_ok_and(|end| end == text.len())
}
