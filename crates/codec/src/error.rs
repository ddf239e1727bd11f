//! Why a text was refused, and where.

/// A refused text: what is wrong and the place, never the value found there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at line {line}, column {column}{}", Within(.path))]
pub struct JsonError {
    /// What is wrong.
    pub kind: JsonErrorKind,
    /// Bytes before the place.
    pub offset: usize,
    /// Line of the place, from 1.
    pub line: u32,
    /// Characters into the line, from 1.
    pub column: u32,
    /// The JSON location, such as `entry[36].resource.name`; empty at the root.
    pub path: String,
}

/// What is wrong with a refused text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonErrorKind {
    /// The bytes are not UTF-8 (RFC 8259 §8.1).
    #[error("the text is not valid UTF-8")]
    NotUtf8,
    /// The text begins with a byte order mark (RFC 8259 §8.1).
    #[error("the text begins with a byte order mark")]
    ByteOrderMark,
    /// There is nothing but whitespace.
    #[error("the text is empty")]
    Empty,
    /// The grammar of RFC 8259 §2 is broken.
    #[error("invalid JSON: {0}")]
    Syntax(&'static str),
    /// Something follows the one value of the text.
    #[error("invalid JSON: content after the end")]
    TrailingContent,
    /// A number is not as in RFC 8259 §6, or longer than [`crate::NUMBER_CHARS_MAX`].
    #[error("invalid number")]
    InvalidNumber,
    /// An escape is not as in RFC 8259 §7, or is half of a surrogate pair.
    #[error("invalid escape in a string")]
    InvalidEscape,
    /// A string holds a control character that is not escaped (RFC 8259 §7).
    #[error("unescaped control character in a string")]
    ControlCharacter,
    /// One object has two members of the same name, compared after unescaping (RFC 8259 §4).
    #[error("duplicate member name")]
    DuplicateKey,
    /// More than [`crate::Limits::bytes_max`] bytes.
    #[error("the text is too large")]
    TooLarge,
    /// More than [`crate::Limits::depth_max`] open objects and arrays.
    #[error("nested too deeply")]
    TooDeep,
    /// More than [`crate::Limits::values_max`] values.
    #[error("too many values")]
    TooManyValues,
}

struct Within<'a>(&'a str);

impl std::fmt::Display for Within<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " (in {})", self.0) }
    }
}
