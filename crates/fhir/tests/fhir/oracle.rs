//! Another way to say what the canonical form must be: by a general JSON library and string work,
//! without the definitions.

use serde_json::Value;

/// The content of a JSON text, the order of members forgotten, numbers kept as they are written
/// (as strings with a mark, because the library would round them).
pub(crate) fn content(text: &str) -> Value {
    let mut marked = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        marked.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = if let Some(string) = rest.strip_prefix('"') {
            let mut escaped = false;
            let end = string.find(|c| {
                let end = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                end
            });
            let length = end.unwrap() + 2;
            marked.push_str(&rest[..length]);
            length
        } else {
            let length = rest.find([',', '}', ']', ' ', '\t', '\r', '\n']).unwrap_or(rest.len());
            marked.push_str(&format!("\"number {}\"", &rest[..length]));
            length
        };
        rest = &rest[length..];
    }
    marked.push_str(rest);
    serde_json::from_str(&marked).unwrap()
}

/// The content without what is of the version.
pub(crate) fn content_without_version(text: &str) -> Value {
    let mut content = content(text);
    let object = content.as_object_mut().unwrap();
    if let Some(meta) = object.get_mut("meta").and_then(Value::as_object_mut) {
        for name in ["versionId", "_versionId", "lastUpdated", "_lastUpdated"] {
            meta.remove(name);
        }
        if meta.is_empty() {
            object.remove("meta");
        }
    }
    content
}

/// The same content with the members of every object in reverse order.
pub(crate) fn reversed(value: vpr_codec::Value<'_>) -> String {
    let mut out = String::new();
    reverse_into(&mut out, value);
    out
}

fn reverse_into(out: &mut String, value: vpr_codec::Value<'_>) {
    match value.kind() {
        vpr_codec::Kind::Object => {
            out.push('{');
            let mut members: Vec<_> = value.members().collect();
            members.reverse();
            for (at, (name, value)) in members.into_iter().enumerate() {
                out.push_str(if at > 0 { " ,\t" } else { "" });
                out.push_str(&serde_json::to_string(&name).unwrap());
                out.push_str(" :");
                reverse_into(out, value);
            }
            out.push('}');
        }
        vpr_codec::Kind::Array => {
            out.push('[');
            for (at, item) in value.items().enumerate() {
                out.push_str(if at > 0 { ",\n" } else { "" });
                reverse_into(out, item);
            }
            out.push(']');
        }
        _ => out.push_str(value.raw()),
    }
}
