//! The part of FHIRPath that the search parameters of R4 are written in.

use crate::ResourceType;

/// What a search parameter's expression says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expression {
    /// The elements at any of these paths.
    Elements(Vec<Path>),
    /// One boolean: whether all of these hold.
    Truth(Vec<Claim>),
}

/// From a beginning through steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    /// Whether it begins at the resource (`%resource`) rather than where the expression stands.
    pub(super) from_resource: bool,
    /// The steps. The first may name the type where the expression stands.
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The element of that name.
    Element(&'static str),
    /// Only what is of that type: `as`, `ofType`.
    OfType(&'static str),
    /// Only what fulfills this.
    Where(Condition),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// `where(element='text')`
    Equals(&'static str, &'static str),
    /// `where(resolve() is Type)`
    RefersTo(ResourceType),
    /// `[position]`
    At(usize),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// `path.exists()`
    Exists(Vec<Path>),
    /// `path != false`
    IsNotFalse(Vec<Path>),
}

/// Reads an expression.
///
/// # Errors
/// The text from where it is not understood.
pub(super) fn parse(text: &'static str) -> Result<Expression, &'static str> {
    let mut reader = Reader { rest: text };
    reader.expression().filter(|_| reader.rest.is_empty()).ok_or(reader.rest)
}

/// What is yet to be read; no white space at its beginning.
struct Reader {
    rest: &'static str,
}

/// A union, or a question about it.
enum Operand {
    Elements(Vec<Path>),
    Exists(Vec<Path>),
}

impl Reader {
    fn expression(&mut self) -> Option<Expression> {
        let mut claims = Vec::new();
        loop {
            let claim = match self.union()? {
                Operand::Exists(paths) => Claim::Exists(paths),
                Operand::Elements(paths) if self.take("!=") => {
                    self.word("false").then_some(())?;
                    Claim::IsNotFalse(paths)
                }
                Operand::Elements(paths) if claims.is_empty() => return Some(Expression::Elements(paths)),
                Operand::Elements(_) => return None,
            };
            claims.push(claim);
            if !self.word("and") {
                return Some(Expression::Truth(claims));
            }
        }
    }

    fn union(&mut self) -> Option<Operand> {
        let mut paths = match self.typed()? {
            Operand::Elements(paths) => paths,
            exists @ Operand::Exists(_) => return Some(exists),
        };
        while self.take("|") {
            let Operand::Elements(more) = self.typed()? else { return None };
            paths.extend(more);
        }
        Some(Operand::Elements(paths))
    }

    fn typed(&mut self) -> Option<Operand> {
        let operand = self.postfix()?;
        match operand {
            Operand::Elements(mut paths) if self.word("as") => {
                let step = Step::OfType(self.name()?);
                append(&mut paths, &step);
                Some(Operand::Elements(paths))
            }
            operand => Some(operand),
        }
    }

    fn postfix(&mut self) -> Option<Operand> {
        let mut paths = self.primary()?;
        loop {
            let step = if self.take("[") {
                let digits =
                    self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
                let position = self.rest.get(..digits)?.parse().ok()?;
                self.skip(digits);
                self.take("]").then_some(Step::Where(Condition::At(position)))?
            } else if self.take(".") {
                let name = self.name()?;
                match (name, self.take("(")) {
                    (name, false) => Step::Element(name),
                    ("as" | "ofType", true) => Step::OfType(self.name()?),
                    ("where", true) => Step::Where(self.condition()?),
                    ("exists", true) => return self.take(")").then_some(Operand::Exists(paths)),
                    _ => return None,
                }
            } else {
                return Some(Operand::Elements(paths));
            };
            if !matches!(step, Step::Element(_) | Step::Where(Condition::At(_))) {
                self.take(")").then_some(())?;
            }
            append(&mut paths, &step);
        }
    }

    fn primary(&mut self) -> Option<Vec<Path>> {
        if self.take("(") {
            let Operand::Elements(paths) = self.union()? else { return None };
            return self.take(")").then_some(paths);
        }
        if self.take("%") {
            return self.word("resource").then(|| vec![Path { from_resource: true, steps: Vec::new() }]);
        }
        Some(vec![Path { from_resource: false, steps: vec![Step::Element(self.name()?)] }])
    }

    fn condition(&mut self) -> Option<Condition> {
        let name = self.name()?;
        if name == "resolve" {
            let is = self.take("(") && self.take(")") && self.word("is");
            return is.then(|| self.name()).flatten().and_then(ResourceType::parse).map(Condition::RefersTo);
        }
        (self.take("=") && self.take("'")).then_some(())?;
        let text = self.rest.get(..self.rest.find('\'')?)?;
        self.skip(text.len());
        self.take("'").then_some(Condition::Equals(name, text))
    }

    fn name(&mut self) -> Option<&'static str> {
        let length =
            self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).len();
        let name = self.rest.get(..length).filter(|name| !name.is_empty())?;
        self.skip(length);
        Some(name)
    }

    /// Takes `word` when it is the whole next name.
    fn word(&mut self, word: &str) -> bool {
        let before = self.rest;
        let found = self.name() == Some(word);
        if !found {
            self.rest = before;
        }
        found
    }

    fn take(&mut self, mark: &str) -> bool {
        let found = self.rest.starts_with(mark);
        if found {
            self.skip(mark.len());
        }
        found
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default().trim_start();
    }
}

fn append(paths: &mut [Path], step: &Step) {
    for path in paths {
        path.steps.push(step.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(steps: &[Step]) -> Path {
        Path { from_resource: false, steps: steps.to_vec() }
    }

    #[test]
    fn each_form_is_understood() {
        use Step::{Element, OfType, Where};
        let patient = ResourceType::parse("Patient").unwrap();
        let refers = Where(Condition::RefersTo(patient));
        let cases: [(&'static str, Vec<Path>); 8] = [
            ("Patient.name", vec![path(&[Element("Patient"), Element("name")])]),
            ("A | B.c", vec![path(&[Element("A")]), path(&[Element("B"), Element("c")])]),
            (
                "(A.value as Quantity) | A.value.as(Range)",
                vec![
                    path(&[Element("A"), Element("value"), OfType("Quantity")]),
                    path(&[Element("A"), Element("value"), OfType("Range")]),
                ],
            ),
            ("(A.v as C).text", vec![path(&[Element("A"), Element("v"), OfType("C"), Element("text")])]),
            (
                "A.subject.where(resolve() is Patient)",
                vec![path(&[Element("A"), Element("subject"), refers])],
            ),
            (
                "A.r.where(type='depends-on').resource",
                vec![path(&[
                    Element("A"),
                    Element("r"),
                    Where(Condition::Equals("type", "depends-on")),
                    Element("resource"),
                ])],
            ),
            (
                "Bundle.entry[0].resource",
                vec![path(&[
                    Element("Bundle"),
                    Element("entry"),
                    Where(Condition::At(0)),
                    Element("resource"),
                ])],
            ),
            ("%resource.a.b", vec![Path { from_resource: true, steps: vec![Element("a"), Element("b")] }]),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), Ok(Expression::Elements(expected)), "{text}");
        }
        let deceased = vec![path(&[Element("P"), Element("d")])];
        let claims = vec![Claim::Exists(deceased.clone()), Claim::IsNotFalse(deceased)];
        assert_eq!(parse("P.d.exists() and P.d != false"), Ok(Expression::Truth(claims)));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let cases = [
            ("", ""),
            ("A.", ""),
            ("A.b c", "c"),
            ("A.first()", ")"),
            ("A.where(b)", ")"),
            ("A | B.exists()", ""),
            ("(A", ""),
            ("A.b[x]", "x]"),
            ("A.exists() and B", ""),
            ("A != true", "true"),
        ];
        for (text, rest) in cases {
            assert_eq!(parse(text), Err(rest), "{text}");
        }
    }
}
