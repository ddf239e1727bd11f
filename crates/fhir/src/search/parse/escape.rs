//! The marks within values and how they are escaped (R4 §3.1.1.4.19).

use std::borrow::Cow;

/// The parts between the marks that are not escaped; the parts are still escaped. At least one.
pub(super) fn split(text: &str, mark: char) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut escaped = false;
        let end = text.find(|each| {
            let ends = each == mark && !escaped;
            escaped = each == '\\' && !escaped;
            ends
        });
        let Some(end) = end else { return rest.take() };
        rest = text.get(end + mark.len_utf8()..);
        text.get(..end)
    })
}

/// What the text means; `None` when a backslash stands before anything but `\`, `,`, `$` and `|`.
pub(super) fn unescape(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('\\') {
        return Some(Cow::Borrowed(text));
    }
    let mut meant = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            meant.push(letter);
            continue;
        }
        meant.push(letters.next().filter(|each| matches!(each, '\\' | ',' | '$' | '|'))?);
    }
    Some(Cow::Owned(meant))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_count_unless_escaped() {
        let cases: [(&str, &[&str]); 8] = [
            ("", &[""]),
            ("a", &["a"]),
            ("a,b", &["a", "b"]),
            ("a\\,b,c", &["a\\,b", "c"]),
            ("a\\\\,b", &["a\\\\", "b"]),
            (",", &["", ""]),
            ("é,ü,", &["é", "ü", ""]),
            ("a\\", &["a\\"]),
        ];
        for (text, parts) in cases {
            assert_eq!(split(text, ',').collect::<Vec<_>>(), parts, "{text}");
        }
        let meant = [
            ("a", Some("a")),
            ("a\\,b\\$c\\|d\\\\e", Some("a,b$c|d\\e")),
            ("xx\\xx", None),
            ("a\\", None),
            ("\\é", None),
        ];
        for (text, expected) in meant {
            assert_eq!(unescape(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn escaped_parts_come_back(parts in prop::collection::vec("[a,$|\\\\é]{0,6}", 1..5)) {
            let escape = |part: &String| {
                part.chars().flat_map(|each| {
                    let mark = "\\,$|".contains(each).then_some('\\');
                    mark.into_iter().chain([each])
                }).collect::<String>()
            };
            let text = parts.iter().map(escape).collect::<Vec<_>>().join("$");
            let back: Option<Vec<_>> =
                split(&text, '$').map(|part| unescape(part).map(Cow::into_owned)).collect();
            prop_assert_eq!(back, Some(parts));
        }
    }
}
