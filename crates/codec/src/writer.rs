//! Writing JSON piece by piece, in one of two styles.

use crate::escape::{escape_into, reescape_into};
use crate::value::{Kind, Value};

/// How the written text is laid out. Content is the same in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// The form kept in Git: two spaces of indentation, one member or item a line, `": "` after a
    /// name, empty containers as `{}` and `[]`, and one line feed at the end of the text.
    Canonical,
    /// The form sent: no whitespace at all.
    Compact,
}

/// Writes one JSON text into memory.
///
/// The caller keeps the grammar: a name before each member, ends that match their beginnings, one
/// value at the top. Commas, colons, indentation and escapes are the writer's. Strings get their
/// shortest escapes, so that the same calls always give the same bytes.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    canonical: bool,
    depth: usize,
    next: Next,
}

/// What stands before the next thing that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The start of the text, or a member's name: the value follows directly.
    Value,
    /// The start of an object or array.
    First,
    /// Another member or item.
    Following,
}

impl Writer {
    /// A writer of an empty text.
    pub fn new(style: Style) -> Writer {
        Writer::with_capacity(style, 0)
    }

    /// A writer that does not grow before `bytes` are written.
    pub fn with_capacity(style: Style, bytes: usize) -> Writer {
        Writer::append_to(Vec::with_capacity(bytes), style)
    }

    /// A writer that puts its text behind what `out` already holds.
    pub fn append_to(out: Vec<u8>, style: Style) -> Writer {
        Writer { out, canonical: style == Style::Canonical, depth: 0, next: Next::Value }
    }

    /// The text; in [`Style::Canonical`] with its last line feed.
    pub fn finish(mut self) -> Vec<u8> {
        debug_assert!(self.depth == 0, "an object or array is still open");
        if self.canonical {
            self.out.push(b'\n');
        }
        self.out
    }

    /// Begins an object as a value.
    pub fn begin_object(&mut self) {
        self.begin(b'{');
    }

    /// Ends the object begun last.
    pub fn end_object(&mut self) {
        self.end(b'}');
    }

    /// Begins an array as a value.
    pub fn begin_array(&mut self) {
        self.begin(b'[');
    }

    /// Ends the array begun last.
    pub fn end_array(&mut self) {
        self.end(b']');
    }

    /// Writes the name of the next member, escaping it.
    pub fn key(&mut self, name: &str) {
        self.separate();
        self.out.push(b'"');
        escape_into(&mut self.out, name);
        self.after_key();
    }

    /// Writes a string as a value, escaping it.
    pub fn string(&mut self, meant: &str) {
        self.separate();
        self.out.push(b'"');
        escape_into(&mut self.out, meant);
        self.out.push(b'"');
    }

    /// Writes a string given as it stands between quotes in a checked text, such as
    /// [`Value::raw_str`]; its escapes become the shortest.
    pub fn raw_string(&mut self, raw: &str) {
        self.separate();
        self.out.push(b'"');
        reescape_into(&mut self.out, raw);
        self.out.push(b'"');
    }

    /// Writes a number as it is, such as [`Value::number_text`]; it must follow RFC 8259 §6.
    pub fn number_text(&mut self, text: &str) {
        debug_assert!(crate::scan::is_number(text.as_bytes()), "not a JSON number");
        self.separate();
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Writes an integer.
    pub fn integer(&mut self, integer: i64) {
        self.number_text(&integer.to_string());
    }

    /// Writes `true` or `false`.
    pub fn bool(&mut self, truth: bool) {
        self.separate();
        self.out.extend_from_slice(if truth { b"true" } else { b"false" });
    }

    /// Writes `null`.
    pub fn null(&mut self) {
        self.separate();
        self.out.extend_from_slice(b"null");
    }

    /// Writes a whole text that is already valid JSON in this writer's style, as a value.
    ///
    /// For [`Style::Compact`] only: canonical text would need its indentation changed.
    pub fn compact_text(&mut self, text: &[u8]) {
        debug_assert!(!self.canonical, "compact text within canonical text");
        self.separate();
        self.out.extend_from_slice(text);
    }

    /// Writes a value with everything below it: numbers and order as in the source, strings with
    /// their shortest escapes.
    pub fn value(&mut self, value: Value<'_>) {
        let json = value.json();
        let end = value.id_end();
        // The first id after each open container, and whether it is an object.
        let mut open: Vec<(u32, bool)> = Vec::new();
        let mut id = value.id();
        while let Some(value) = json.value(id).filter(|_| id < end) {
            if let Some((_, true)) = open.last() {
                self.key_of(value);
            }
            id += 1;
            match value.kind() {
                Kind::Object => self.begin(b'{'),
                Kind::Array => self.begin(b'['),
                Kind::String => self.string_of(value),
                Kind::Null | Kind::Bool | Kind::Number => {
                    self.separate();
                    self.out.extend_from_slice(value.raw().as_bytes());
                }
            }
            if matches!(value.kind(), Kind::Object | Kind::Array) {
                open.push((value.id_end(), value.kind() == Kind::Object));
            }
            while let Some((_, object)) = open.pop_if(|(last, _)| *last == id) {
                self.end(if object { b'}' } else { b']' });
            }
        }
    }

    /// Writes a value as a member under the name it has in its source.
    pub fn member(&mut self, value: Value<'_>) {
        self.key_of(value);
        self.value(value);
    }

    #[inline]
    fn key_of(&mut self, value: Value<'_>) {
        self.separate();
        self.out.push(b'"');
        match value.raw_name() {
            (raw, false) => self.out.extend_from_slice(raw.as_bytes()),
            (raw, true) => reescape_into(&mut self.out, raw),
        }
        self.after_key();
    }

    #[inline]
    fn string_of(&mut self, value: Value<'_>) {
        self.separate();
        if value.has_escapes() {
            self.out.push(b'"');
            reescape_into(&mut self.out, value.raw_str().unwrap_or_default());
            self.out.push(b'"');
        } else {
            self.out.extend_from_slice(value.raw().as_bytes());
        }
    }

    #[inline]
    fn after_key(&mut self) {
        self.out.extend_from_slice(if self.canonical { b"\": " } else { b"\":" });
        self.next = Next::Value;
    }

    #[inline]
    fn begin(&mut self, bracket: u8) {
        self.separate();
        self.out.push(bracket);
        self.depth += 1;
        self.next = Next::First;
    }

    #[inline]
    fn end(&mut self, bracket: u8) {
        debug_assert!(self.depth > 0 && self.next != Next::Value, "an end without a beginning");
        self.depth = self.depth.saturating_sub(1);
        if self.next != Next::First {
            self.line();
        }
        self.out.push(bracket);
        self.next = Next::Following;
    }

    #[inline]
    fn separate(&mut self) {
        match self.next {
            Next::Value => {}
            Next::First => self.line(),
            Next::Following => {
                self.out.push(b',');
                self.line();
            }
        }
        self.next = Next::Following;
    }

    #[inline]
    fn line(&mut self) {
        if self.canonical {
            push_line(&mut self.out, self.depth);
        }
    }
}

/// Begins a line at a depth of nesting.
#[inline]
pub(crate) fn push_line(out: &mut Vec<u8>, depth: usize) {
    const LINE: &[u8; 65] = b"\n                                                                ";
    match LINE.get(..1 + 2 * depth) {
        Some(line) => out.extend_from_slice(line),
        None => {
            out.push(b'\n');
            out.resize(out.len() + 2 * depth, b' ');
        }
    }
}
