use std::fmt::Write as _;

/// Writes `value` so that it stays on its line, survives the trimming of trailers, and shows no
/// reader anything else than it is: `%`, control and formatting characters, line and paragraph
/// separators, and white space at either end become `%XX` of their UTF-8 bytes.
pub(super) fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let inner_from = value.len() - value.trim_start().len();
    let inner_to = value.trim_end().len();
    for (at, c) in value.char_indices() {
        let at_an_end = at < inner_from || at >= inner_to;
        if c == '%' || at_an_end || is_hidden(c) {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that break a line or change how the text around them is shown.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The value that [`escape`] wrote as `text`; `None` for every other spelling.
pub(super) fn unescape(text: &str) -> Option<String> {
    if !text.contains('%') {
        return (escape(text) == text).then(|| text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, after @ ..] = tail else { return None };
        let digit = |b: u8| char::from(b).to_digit(16);
        bytes.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
        rest = after;
    }
    let value = String::from_utf8(bytes).ok()?;
    (escape(&value) == text).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_value_can_begin_a_line() {
        assert_eq!(escape("a\nVPR-Seq: 9"), "a%0AVPR-Seq: 9");
        assert_eq!(escape(" a b "), "%20a b%20");
        assert_eq!(escape("100%"), "100%25");
        assert_eq!(escape("å\u{2028}\u{85}"), "å%E2%80%A8%C2%85");
        assert_eq!(escape("   "), "%20%20%20");
    }

    #[test]
    fn another_spelling_is_refused() {
        for text in ["%", "%4", "%41", "%0a", "a ", " a", "%FF", "%zz", "a\nb", "\u{202e}a"] {
            assert_eq!(unescape(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_value_reads_back_from_one_line(value in any::<String>()) {
            let text = escape(&value);
            prop_assert!(!text.chars().any(is_hidden));
            prop_assert_eq!(text.trim(), text.as_str());
            prop_assert_eq!(unescape(&text), Some(value));
        }

        #[test]
        fn what_reads_is_what_would_be_written(text in any::<String>()) {
            if let Some(value) = unescape(&text) {
                prop_assert_eq!(escape(&value), text);
            }
        }
    }
}
