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

/// Appends what `meant` looks like between quotes in its shortest form: non-ASCII as it is, `/` and
/// DEL unescaped, control characters as `\b \f \n \r \t` or `\u00XX` in lower case.
pub(crate) fn escape_into(out: &mut Vec<u8>, meant: &str) {
    let bytes = meant.as_bytes();
    let mut at = 0;
    loop {
        let end = plain_end(bytes, at);
        out.extend_from_slice(bytes.get(at..end).unwrap_or_default());
        let Some(byte) = bytes.get(end) else { return };
        push_escape(out, *byte);
        at = end + 1;
    }
}

/// Appends the shortest form of `raw`, an escaped text without its quotes, which is already checked.
pub(crate) fn reescape_into(out: &mut Vec<u8>, raw: &str) {
    let bytes = raw.as_bytes();
    let mut at = 0;
    loop {
        let end = plain_end(bytes, at);
        out.extend_from_slice(bytes.get(at..end).unwrap_or_default());
        match bytes.get(end) {
            None => return,
            Some(b'\\') => {
                let (character, length) = escaped_char(bytes, end);
                escape_into(out, character.encode_utf8(&mut [0; 4]));
                at = end + length;
            }
            // Not in a checked text; escaped, so that even a caller's mistake gives JSON.
            Some(byte) => {
                push_escape(out, *byte);
                at = end + 1;
            }
        }
    }
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0C => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            let low = HEX.get(usize::from(byte & 0xF)).copied().unwrap_or(b'0');
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), low]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
