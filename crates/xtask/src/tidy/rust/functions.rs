/// A function with a body; lines count from 1 and include both ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) first_line: usize,
    pub(crate) last_line: usize,
}

/// Every function with a body, nested ones too.
pub(super) fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for start in words(code, "fn") {
        let name: String =
            code[start + 2..].trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if name.is_empty() {
            continue;
        }
        if let Some((open, true)) = item_end(code, start) {
            let close = matching(code, open);
            found.push(Function {
                name,
                first_line: super::line_of(code, start) + 1,
                last_line: super::line_of(code, close) + 1,
            });
        }
    }
    found
}

/// The byte ranges of the items under `#[cfg(test)]` (or `#[test]`, `cfg(all(test, …))`).
pub(super) fn test_items(code: &str) -> Vec<(usize, usize)> {
    test_attributes(code)
        .into_iter()
        .filter_map(|(start, end)| {
            let (at, body) = item_end(code, end)?;
            Some((start, if body { matching(code, at) } else { at }))
        })
        .collect()
}

/// The names of the modules declared as `#[cfg(test)] mod name;`.
pub(super) fn test_module_names(code: &str) -> Vec<String> {
    test_attributes(code)
        .into_iter()
        .filter_map(|(_, end)| {
            let (semicolon, false) = item_end(code, end)? else { return None };
            let item = code[end..semicolon].trim();
            let name = item.rsplit_once("mod ")?.1.trim();
            name.chars().all(|c| c.is_alphanumeric() || c == '_').then(|| name.to_owned())
        })
        .collect()
}

fn test_attributes(code: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = code[from..].find("#[").map(|at| from + at) {
        let end = matching(code, start + 1);
        let attribute: String = code[start + 2..end].split_whitespace().collect();
        if matches!(attribute.as_str(), "cfg(test)" | "test") || attribute.starts_with("cfg(all(test,") {
            found.push((start, end + 1));
        }
        from = end.max(start + 2);
    }
    found
}

/// Where an item that begins at `start` opens its body (`true`) or ends without one (`false`).
fn item_end(code: &str, start: usize) -> Option<(usize, bool)> {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some((at, true)),
            b';' if depth == 0 => return Some((at, false)),
            _ => {}
        }
    }
    None
}

/// The offset of the bracket that closes the one at `open`, or the end of the text.
fn matching(code: &str, open: usize) -> usize {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    code.len().saturating_sub(1)
}

/// The offsets of `word` where it stands alone.
pub(super) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let part = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = at.checked_sub(1).and_then(|before| code.as_bytes().get(before));
        !part(before) && !part(code.as_bytes().get(at + word.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_end_at_their_brace() {
        let code = "fn a(x: [u8; 3]) {\n  if x { }\n}\ntrait T {\n  fn b();\n}\ntype F = fn(u8);\n";
        let found = functions(code);
        assert_eq!(found, [Function { name: "a".into(), first_line: 1, last_line: 3 }]);
    }

    #[test]
    fn test_code_is_told_from_code() {
        let code = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\nfn c() {}\n#[cfg(test)]\npub(crate) mod world;\n";
        let items = test_items(code);
        assert_eq!(items.len(), 2);
        assert!(code[items[0].0..items[0].1].contains("fn b"));
        assert!(!code[items[0].0..=items[0].1].contains("fn c"));
        assert_eq!(test_module_names(code), ["world"]);
    }
}
