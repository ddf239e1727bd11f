//! A checked text with its tape.

use std::fmt;

use crate::error::{JsonError, JsonErrorKind};
use crate::limits::Limits;
use crate::node::Node;
use crate::parse;
use crate::place;
use crate::value::Value;

/// A JSON text (RFC 8259) that was read within its limits.
///
/// It owns the source text and one 24-byte node for each value. Borrow its values from
/// [`Json::root`]. `Debug` shows sizes only, never content.
#[derive(Clone)]
pub struct Json {
    source: String,
    nodes: Vec<Node>,
}

impl Json {
    /// Reads a text.
    ///
    /// Takes a `Vec<u8>` without copying it. The grammar is strict: no byte order mark, no comments,
    /// no trailing commas, no duplicate names (compared after unescaping), no lone surrogates.
    ///
    /// # Errors
    /// [`JsonError`] with the kind and place of the first thing that is not allowed. In an object of
    /// more than 32 members a duplicate name is reported when the object ends.
    ///
    /// ```
    /// use vpr_codec::{Json, Limits};
    ///
    /// let json = Json::parse(r#"{"value": 1.00, "given": ["Ada"]}"#, &Limits::default())?;
    /// let value = json.root().get("value").and_then(|value| value.number_text());
    /// assert_eq!(value, Some("1.00"));
    /// let error = Json::parse(r#"{"given": ["Ada", ]}"#, &Limits::default()).unwrap_err();
    /// assert_eq!((error.path.as_str(), error.line, error.column), ("given[1]", 1, 19));
    /// # Ok::<(), vpr_codec::JsonError>(())
    /// ```
    pub fn parse(bytes: impl Into<Vec<u8>>, limits: &Limits) -> Result<Json, JsonError> {
        let bytes = bytes.into();
        if bytes.len() > limits.bytes_max.min(u32::MAX as usize) {
            return Err(error(JsonErrorKind::TooLarge, 0, &[], String::new()));
        }
        let source = String::from_utf8(bytes).map_err(|e| {
            error(JsonErrorKind::NotUtf8, e.utf8_error().valid_up_to(), e.as_bytes(), String::new())
        })?;
        if source.starts_with('\u{FEFF}') {
            return Err(error(JsonErrorKind::ByteOrderMark, 0, &[], String::new()));
        }
        match parse::parse(&source, limits) {
            Ok(nodes) => Ok(Json { source, nodes }),
            Err((stop, path)) => Err(error(stop.kind, stop.offset, source.as_bytes(), path)),
        }
    }

    /// The value of the text.
    pub fn root(&self) -> Value<'_> {
        Value::new(self, 0)
    }

    /// The text as it was given.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Gives the text back.
    pub fn into_source(self) -> String {
        self.source
    }

    /// Number of values: the root, members and items at any depth. Every [`Value::id`] is below it.
    pub fn values(&self) -> usize {
        self.nodes.len()
    }

    /// The value whose [`Value::id`] is `id`, if there is one.
    pub fn value(&self, id: u32) -> Option<Value<'_>> {
        ((id as usize) < self.nodes.len()).then(|| Value::new(self, id))
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Json")
            .field("bytes", &self.source.len())
            .field("values", &self.nodes.len())
            .finish_non_exhaustive()
    }
}

#[cold]
fn error(kind: JsonErrorKind, offset: usize, text: &[u8], path: String) -> JsonError {
    let (line, column) = place::position(text, offset);
    JsonError { kind, offset, line, column, path }
}
