/// A path as the code names it, with `use a::{b, c::d}` written out, and its line (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedPath {
    pub(crate) line: usize,
    pub(crate) segments: Vec<String>,
}

impl NamedPath {
    /// Whether the path begins with `prefix` (`std::fs`).
    pub(crate) fn starts_with(&self, prefix: &str) -> bool {
        let prefix: Vec<&str> = prefix.split("::").collect();
        self.segments.len() >= prefix.len() && self.segments.iter().zip(&prefix).all(|(a, b)| a == b)
    }

    /// Whether the path ends with `suffix` (`TcpStream::connect`).
    pub(crate) fn ends_with(&self, suffix: &str) -> bool {
        let suffix: Vec<&str> = suffix.split("::").collect();
        self.segments.len() >= suffix.len()
            && self.segments.iter().rev().zip(suffix.iter().rev()).all(|(a, b)| a == b)
    }
}

/// Every path of two or more segments in masked code.
pub(super) fn paths(code: &str) -> Vec<NamedPath> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].text.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            let mut prefix = Vec::new();
            at = tree(&tokens, at, &mut prefix, &mut found);
        } else {
            at += 1;
        }
    }
    found.retain(|path| path.segments.len() > 1);
    found
}

struct Token<'a> {
    text: &'a str,
    line: usize,
}

/// Names, `::`, `{`, `}`, `,`; everything else is a token that ends a path.
fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        if first == '\n' {
            line += 1;
        }
        if !first.is_whitespace() {
            found.push(Token { text: &rest[..length], line });
        }
        rest = &rest[length..];
    }
    found
}

/// Reads `a::b` or `a::{b, c::d}` from `at`, adds the paths, returns where it ended.
fn tree(tokens: &[Token<'_>], mut at: usize, prefix: &mut Vec<String>, found: &mut Vec<NamedPath>) -> usize {
    let depth = prefix.len();
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    loop {
        if text(at) == "{" && prefix.len() > depth {
            at += 1;
            while at < tokens.len() && text(at) != "}" {
                at = tree(tokens, at, prefix, found).max(at + 1);
                if text(at) == "as" {
                    at += 2;
                }
                if text(at) == "," {
                    at += 1;
                }
            }
            prefix.truncate(depth);
            return at + 1;
        }
        let Some(token) = tokens.get(at) else { return at };
        prefix.push(token.text.to_owned());
        if text(at + 1) == "::" && text(at + 2) != "<" {
            at += 2;
            continue;
        }
        found.push(NamedPath { line: token.line, segments: prefix.clone() });
        prefix.truncate(depth);
        return at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::paths;

    fn check(code: &str, expected: &[&str]) {
        let found: Vec<String> = paths(code).iter().map(|path| path.segments.join("::")).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn use_trees_are_written_out() {
        check("use std::{fs::{self, File}, io};", &["std::fs::self", "std::fs::File", "std::io"]);
        check("use a::b as c; use a::*; use d::{e as f, g};", &["a::b", "a::*", "d::e", "d::g"]);
    }

    #[test]
    fn inline_paths_are_found() {
        check("let x = std::fs::read(p)?; y::<u8>(); Vec::<u8>::new()", &["std::fs::read"]);
        check("match x { A::B { c } => d, }", &["A::B"]);
    }

    #[test]
    fn lines_are_those_of_the_last_segment() {
        assert_eq!(paths("\n\nuse std::{\n  io,\n  fs,\n};")[1].line, 5);
    }
}
