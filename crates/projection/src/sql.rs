/// Which database a statement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Embedded.
    Sqlite,
    /// A server.
    Postgres,
}

/// A value that goes into a statement or comes out of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Value {
    /// Only in columns that allow it; never bound in a [`Statement`].
    Null,
    /// All numbers and hashes.
    Int(i64),
    /// Compared byte by byte.
    Text(String),
    /// Compared byte by byte.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

/// Text of a statement, or a part of one, with the values of its places in order. Values never
/// become text, but for integers that the program itself made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sql {
    text: String,
    binds: Vec<Value>,
}

/// Stands in [`Sql`] where a value goes; no SQL text has it.
const PLACE: char = '\u{1}';

impl Sql {
    /// Begins with `text`.
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), binds: Vec::new() }
    }

    /// Text that the program itself made.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// An integer that the program itself made, as text: one statement for each.
    pub(crate) fn number(&mut self, number: i64) -> &mut Self {
        self.text.push_str(&number.to_string());
        self
    }

    /// A value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.text.push(PLACE);
        self.binds.push(value.into());
        self
    }

    /// Another part with its values.
    pub(crate) fn append(&mut self, part: &Self) -> &mut Self {
        self.text.push_str(&part.text);
        self.binds.extend_from_slice(&part.binds);
        self
    }

    /// Parts with `between` between them; `none` if there are none.
    pub(crate) fn join(parts: &[Self], between: &str, none: &str) -> Self {
        let mut all = Self::default();
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                all.push(between);
            }
            all.append(part);
        }
        if parts.is_empty() {
            all.push(none);
        }
        all
    }

    /// The finished statement.
    pub(crate) fn finish(self, dialect: Dialect) -> Statement {
        let text = match dialect {
            Dialect::Sqlite => self.text.replace(PLACE, "?"),
            Dialect::Postgres => {
                let mut text = String::with_capacity(self.text.len() + self.binds.len() * 2);
                for (at, part) in self.text.split(PLACE).enumerate() {
                    if at > 0 {
                        text.push('$');
                        text.push_str(&at.to_string());
                    }
                    text.push_str(part);
                }
                text
            }
        };
        Statement { text, binds: self.binds }
    }
}

/// A statement with its values, in the dialect of one database: `?` one after the other for SQLite,
/// `$1`, `$2` … for Postgres.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Statement {
    /// The text; the same shape of query gives the same text, so that it can be prepared once.
    pub(crate) text: String,
    /// The values in order; never [`Value::Null`].
    pub(crate) binds: Vec<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_across_parts() {
        let mut part = Sql::new("a = ");
        part.bind(1);
        let mut other = Sql::new("b = ");
        other.bind("x");
        let mut all = Sql::new("SELECT ");
        all.number(7).push(" WHERE ").append(&Sql::join(&[part, other], " AND ", "1"));
        let postgres = all.clone().finish(Dialect::Postgres);
        assert_eq!(postgres.text, "SELECT 7 WHERE a = $1 AND b = $2");
        assert_eq!(postgres.binds, [Value::Int(1), Value::Text("x".into())]);
        assert_eq!(all.finish(Dialect::Sqlite).text, "SELECT 7 WHERE a = ? AND b = ?");
        assert_eq!(Sql::join(&[], " AND ", "1 = 1").finish(Dialect::Sqlite).text, "1 = 1");
    }
}
