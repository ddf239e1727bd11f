//! Strings between their two forms: as written between quotes, and as meant (RFC 8259 §7).

use std::borrow::Cow;

use crate::scan::{hex4, plain_end};

/// What an escaped text (already checked, without its quotes) means.
pub(crate) fn unescape(raw: &str) -> Cow<'_, str> {
    let bytes = raw.as_bytes();
    let mut meant = String::with_capacity(raw.len());
    let mut at = 0;
    while at < bytes.len() {
        // Beside plain runs only backslashes occur here; the slices never split a character because
        // plain runs end before ASCII.
        let end = plain_end(bytes, at).max(at);
        meant.push_str(raw.get(at..end).unwrap_or_default());
        at = end;
        if bytes.get(at) != Some(&b'\\') {
            break;
        }
        let (character, length) = escaped_char(bytes, at);
        meant.push(character);
        at += length;
    }
    Cow::Owned(meant)
}

/// The character behind the escape at `at`, and the length of the escape in bytes.
fn escaped_char(bytes: &[u8], at: usize) -> (char, usize) {
    match bytes.get(at + 1) {
        Some(b'u') => {
            let first = hex4(bytes, at + 2).unwrap_or_default();
            if let Some(character) = char::from_u32(first) {
                return (character, 6);
            }
            let second = hex4(bytes, at + 8).unwrap_or_default();
            let code = 0x1_0000 + ((first & 0x3FF) << 10 | (second & 0x3FF));
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
        }
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(byte) => (*byte as char, 2),
        None => (char::REPLACEMENT_CHARACTER, 1),
    }
}
