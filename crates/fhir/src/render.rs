//! The form of a resource that is sent, from the one that is stored.

use vpr_codec::{MemberScan, Style, compact_into};

/// A stored resource with its version put back: `meta.versionId` and `meta.lastUpdated` (an instant
/// in FHIR's form), `meta` made if there is none, each in its place of the standard's order.
///
/// `stored` must be what [`crate::canonical`] gave; the bytes are spliced, never parsed whole.
#[must_use]
pub fn render(stored: &[u8], version: u32, last_updated: &str, style: Style) -> Vec<u8> {
    let (mut end, mut meta) = (0, None);
    for member in MemberScan::new(stored) {
        match member.name {
            b"resourceType" | b"id" | b"_id" => end = member.member.end,
            b"meta" => {
                meta = Some(member.value);
                break;
            }
            _ => break,
        }
    }
    let canonical = style == Style::Canonical;
    let mut spliced = Vec::with_capacity(96);
    let at = match meta {
        None => {
            let open = if canonical { ",\n  \"meta\": {\n    " } else { ",\"meta\":{" };
            spliced.extend_from_slice(open.as_bytes());
            version_members(&mut spliced, version, last_updated, canonical);
            spliced.extend_from_slice(if canonical { b"\n  }" } else { b"}" });
            end
        }
        Some(meta) => {
            let text = stored.get(meta.clone()).unwrap_or_default();
            let mut after = None;
            let mut others = false;
            for member in MemberScan::new(text) {
                others = true;
                match member.name {
                    b"id" | b"_id" | b"extension" => after = Some(member.member.end),
                    _ => break,
                }
            }
            let line: &[u8] = if canonical { b"\n    " } else { b"" };
            if after.is_some() {
                spliced.push(b',');
            }
            spliced.extend_from_slice(line);
            version_members(&mut spliced, version, last_updated, canonical);
            if after.is_none() && others {
                spliced.push(b',');
            }
            meta.start + after.unwrap_or(1)
        }
    };
    let (before, behind) = stored.split_at_checked(at).unwrap_or((stored, &[]));
    let mut out = Vec::with_capacity(stored.len() + spliced.len());
    if canonical {
        out.extend_from_slice(before);
        out.extend_from_slice(&spliced);
        out.extend_from_slice(behind);
    } else {
        compact_into(before, &mut out);
        out.extend_from_slice(&spliced);
        compact_into(behind, &mut out);
    }
    out
}

fn version_members(out: &mut Vec<u8>, version: u32, last_updated: &str, canonical: bool) {
    let (colon, line) = if canonical { (": ", "\n    ") } else { (":", "") };
    let text = format!("\"versionId\"{colon}\"{version}\",{line}\"lastUpdated\"{colon}\"{last_updated}\"");
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use vpr_codec::{Json, Limits, Writer};

    use super::*;
    use crate::{Edits, canonical};

    fn form(text: &str, edits: &Edits<'_>) -> String {
        let json = Json::parse(text, &Limits::default()).unwrap();
        String::from_utf8(canonical(json.root(), edits)).unwrap()
    }

    #[test]
    fn a_version_is_put_back_in_its_place() {
        let time = "2026-11-22T17:40:00.123Z";
        let version = r#""versionId":"3","lastUpdated":"2026-11-22T17:40:00.123Z""#;
        for (meta, rendered) in [
            ("", format!("\"meta\":{{{version}}},")),
            (r#""meta":{"source":"u"},"#, format!("\"meta\":{{{version},\"source\":\"u\"}},")),
            (r#""meta":{"id":"x"},"#, format!("\"meta\":{{\"id\":\"x\",{version}}},")),
            (
                r#""meta":{"id":"x","extension":[{"url":"a\"},"}],"profile":["p"],"tag":[{"code":"}"}]},"#,
                format!(
                    "\"meta\":{{\"id\":\"x\",\"extension\":[{{\"url\":\"a\\\"}},\"}}],{version},\"profile\":[\"p\"],\"tag\":[{{\"code\":\"}}\"}}]}},"
                ),
            ),
        ] {
            for (id, rest) in
                [("\"id\":\"1\",", "\"status\":\"final\""), ("", "\"note\":[{\"text\":\"meta\"}]")]
            {
                let text = format!("{{\"resourceType\":\"Observation\",{id}{meta}{rest}}}");
                let stored = form(&text, &Edits::default());
                let expected = format!("{{\"resourceType\":\"Observation\",{id}{rendered}{rest}}}");
                let sent = String::from_utf8(render(stored.as_bytes(), 3, time, Style::Compact)).unwrap();
                assert_eq!(sent, expected);
                let pretty = String::from_utf8(render(stored.as_bytes(), 3, time, Style::Canonical)).unwrap();
                let expected_json = Json::parse(expected, &Limits::default()).unwrap();
                let mut writer = Writer::new(Style::Canonical);
                writer.value(expected_json.root());
                assert_eq!(pretty, String::from_utf8(writer.finish()).unwrap());
                assert_eq!(form(&sent, &Edits::default()), stored);
            }
        }
        let bare = form(r#"{"resourceType":"Basic"}"#, &Edits::default());
        let sent = render(bare.as_bytes(), 3, time, Style::Compact);
        assert_eq!(
            String::from_utf8(sent).unwrap(),
            format!("{{\"resourceType\":\"Basic\",\"meta\":{{{version}}}}}")
        );
    }
}
