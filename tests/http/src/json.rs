//! JSON read independently of the program: numbers keep their text, members their order, and a
//! repeated name is an error.

use std::fmt::{self, Write};
use std::ops::Index;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A string, its escapes resolved.
    Text(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, in its order.
    Object(Vec<(String, Json)>),
}

/// Reads one JSON text.
///
/// # Errors
/// What is wrong and at which byte.
pub fn parse(text: &str) -> Result<Json, String> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at == text.len() { Ok(value) } else { Err(reader.wrong("something follows")) }
}

impl Json {
    /// The member of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(each, _)| each == name).map(|(_, value)| value)
    }

    /// The members of an object; nothing else has any.
    #[must_use]
    pub fn members(&self) -> &[(String, Self)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    /// The items of an array; nothing else has any.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        if let Self::Array(items) = self { items } else { &[] }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A whole number that is not negative.
    #[must_use]
    pub fn as_count(&self) -> Option<u64> {
        if let Self::Number(text) = self { text.parse().ok() } else { None }
    }

    /// Takes a member out of an object.
    pub fn remove(&mut self, name: &str) -> Option<Self> {
        let Self::Object(members) = self else { return None };
        let at = members.iter().position(|(each, _)| each == name)?;
        Some(members.remove(at).1)
    }

    /// Sets a member of an object.
    ///
    /// # Panics
    /// When this is no object.
    pub fn set(&mut self, name: &str, value: Self) {
        let Self::Object(members) = self else { panic!("no object: {self}") };
        match members.iter_mut().find(|(each, _)| each == name) {
            Some((_, old)) => *old = value,
            None => members.push((name.to_owned(), value)),
        }
    }

    /// The same content with the members of every object sorted: equal for two resources that mean
    /// the same, number texts included.
    #[must_use]
    pub fn sorted(&self) -> Self {
        match self {
            Self::Array(items) => Self::Array(items.iter().map(Self::sorted).collect()),
            Self::Object(members) => {
                let mut members: Vec<_> =
                    members.iter().map(|(name, value)| (name.clone(), value.sorted())).collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                Self::Object(members)
            }
            other => other.clone(),
        }
    }

    /// A resource without `meta.versionId` and `meta.lastUpdated`, and without `meta` if nothing
    /// else is in it: what a client wrote.
    #[must_use]
    pub fn without_version(&self) -> Self {
        let mut content = self.clone();
        if let Some(mut meta) = content.remove("meta") {
            for name in ["versionId", "lastUpdated", "_versionId", "_lastUpdated"] {
                meta.remove(name);
            }
            if !meta.members().is_empty() {
                content.set("meta", meta);
            }
        }
        content
    }

    /// Every string in it, at any depth.
    pub fn each_text(&self, visit: &mut impl FnMut(&str)) {
        match self {
            Self::Text(text) => visit(text),
            Self::Array(items) => items.iter().for_each(|item| item.each_text(visit)),
            Self::Object(members) => members.iter().for_each(|(_, value)| value.each_text(visit)),
            _ => {}
        }
    }
}

static NOTHING: Json = Json::Null;

impl Index<&str> for Json {
    type Output = Self;
    /// The member of that name, `null` if there is none.
    fn index(&self, name: &str) -> &Self {
        self.get(name).unwrap_or(&NOTHING)
    }
}

impl Index<usize> for Json {
    type Output = Self;
    /// The item at that place, `null` if there is none.
    fn index(&self, at: usize) -> &Self {
        self.items().get(at).unwrap_or(&NOTHING)
    }
}

impl PartialEq<&str> for Json {
    fn eq(&self, text: &&str) -> bool {
        self.as_str() == Some(*text)
    }
}

/// Without whitespace.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Number(text) => f.write_str(text),
            Self::Text(text) => write_text(f, text),
            Self::Array(items) => {
                f.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at > 0 { "," } else { "" })?;
                }
                f.write_char(']')
            }
            Self::Object(members) => {
                f.write_char('{')?;
                for (at, (name, value)) in members.iter().enumerate() {
                    f.write_str(if at > 0 { "," } else { "" })?;
                    write_text(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            c if c < ' ' => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self, what: &str) -> String {
        format!("{what} at byte {}", self.at)
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > 200 {
            return Err(self.wrong("too deep"));
        }
        self.space();
        match self.rest().bytes().next() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.eat("true") => Ok(Json::Bool(true)),
            _ if self.eat("false") => Ok(Json::Bool(false)),
            _ if self.eat("null") => Ok(Json::Null),
            _ => Err(self.wrong("no value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        self.at += 1;
        let mut members: Vec<(String, Json)> = Vec::new();
        self.space();
        if self.eat("}") {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            if !self.rest().starts_with('"') {
                return Err(self.wrong("no name"));
            }
            let name = self.string()?;
            if members.iter().any(|(each, _)| *each == name) {
                return Err(self.wrong("a name twice"));
            }
            self.space();
            if !self.eat(":") {
                return Err(self.wrong("no colon"));
            }
            members.push((name, self.value(depth + 1)?));
            self.space();
            if self.eat("}") {
                return Ok(Json::Object(members));
            }
            if !self.eat(",") {
                return Err(self.wrong("no comma"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, String> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.eat("]") {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.eat("]") {
                return Ok(Json::Array(items));
            }
            if !self.eat(",") {
                return Err(self.wrong("no comma"));
            }
        }
    }

    fn number(&mut self) -> Result<Json, String> {
        let in_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let text: String = self.rest().chars().take_while(|c| in_number(*c)).collect();
        if text.parse::<f64>().is_err() {
            return Err(self.wrong("no number"));
        }
        self.at += text.len();
        Ok(Json::Number(text))
    }

    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let plain = self.rest().find(['"', '\\']).ok_or_else(|| self.wrong("no end of a string"))?;
            out.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain + 1;
            if self.text.as_bytes()[self.at - 1] == b'"' {
                return Ok(out);
            }
            out.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let c = self.rest().chars().next().ok_or_else(|| self.wrong("no escape"))?;
        self.at += c.len_utf8();
        match c {
            '"' | '\\' | '/' => Ok(c),
            'b' => Ok('\u{8}'),
            'f' => Ok('\u{c}'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'u' => {
                let first = self.unit()?;
                let unit = match first {
                    0xd800..=0xdbff if self.eat("\\u") => {
                        0x10000 + ((first - 0xd800) << 10) + self.unit()?.wrapping_sub(0xdc00)
                    }
                    other => other,
                };
                char::from_u32(unit).ok_or_else(|| self.wrong("no character"))
            }
            _ => Err(self.wrong("no escape")),
        }
    }

    fn unit(&mut self) -> Result<u32, String> {
        let digits = self.rest().get(..4).ok_or_else(|| self.wrong("no digits"))?;
        let unit = u32::from_str_radix(digits, 16).map_err(|_| self.wrong("no digits"))?;
        self.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_text_and_members_their_order() {
        let text = r#"{"b":[1.00,-2e+3,0.10E-2],"a":{"é\u00e9\ud83d\ude00\n":null,"x":true}}"#;
        let json = parse(text).unwrap();
        assert_eq!(json["b"][0], Json::Number("1.00".to_owned()));
        assert_eq!(json["a"].members()[0].0, "éé😀\n");
        assert_eq!(json["a"]["x"], Json::Bool(true));
        assert_eq!(parse(&json.to_string()), Ok(json.clone()));
        assert_ne!(json.sorted(), json);
        assert_ne!(parse("1.0"), parse("1.00"));
        for bad in ["", "{", "[1,]", "{\"a\":1,\"a\":2}", "tru", "1 2", "\"\\x\"", "{\"a\"}", "\"\\ud800\""] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_belongs_to_the_version_is_left_out() {
        let content = |text: &str| parse(text).unwrap().without_version().to_string();
        assert_eq!(content(r#"{"id":"1","meta":{"versionId":"1","lastUpdated":"x"}}"#), r#"{"id":"1"}"#);
        assert_eq!(content(r#"{"meta":{"versionId":"1","source":"s"}}"#), r#"{"meta":{"source":"s"}}"#);
    }
}
