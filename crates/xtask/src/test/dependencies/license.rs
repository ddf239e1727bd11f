/// Whether an SPDX expression (`MIT OR Apache-2.0`, `(A OR B) AND C`, the older `A/B`) can be
/// satisfied with licenses that `allowed` accepts. `A WITH exception` needs that very pair, or `A`.
pub(super) fn allows(expression: &str, allowed: impl Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { words: &words, allowed: &allowed };
    parser.any() && parser.words.is_empty()
}

struct Parser<'a> {
    words: &'a [&'a str],
    allowed: &'a dyn Fn(&str) -> bool,
}

impl Parser<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }

    fn any(&mut self) -> bool {
        let mut result = self.all();
        while self.take("OR") {
            result |= self.all();
        }
        result
    }

    fn all(&mut self) -> bool {
        let mut result = self.one();
        while self.take("AND") {
            result &= self.one();
        }
        result
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let result = self.any();
            return self.take(")") && result;
        }
        let Some((license, rest)) = self.words.split_first() else { return false };
        self.words = rest;
        if self.take("WITH")
            && let Some((exception, rest)) = self.words.split_first()
        {
            self.words = rest;
            return (self.allowed)(license) || (self.allowed)(&format!("{license} WITH {exception}"));
        }
        (self.allowed)(license)
    }
}

#[cfg(test)]
mod tests {
    use super::allows;

    fn check(expression: &str, expected: bool) {
        assert_eq!(
            allows(expression, |license| ["MIT", "Apache-2.0"].contains(&license)),
            expected,
            "{expression}"
        );
    }

    #[test]
    fn one_allowed_choice_is_enough() {
        check("MIT", true);
        check("GPL-3.0 OR MIT", true);
        check("MIT/GPL-3.0", true);
        check("GPL-3.0", false);
        check("", false);
    }

    #[test]
    fn every_part_must_be_allowed() {
        check("MIT AND Apache-2.0", true);
        check("MIT AND GPL-3.0", false);
        check("(MIT OR GPL-3.0) AND Apache-2.0", true);
        check("(MIT OR GPL-3.0) AND Unicode-3.0", false);
        check("GPL-3.0 AND (MIT OR Apache-2.0)", false);
        check("Apache-2.0 WITH LLVM-exception AND MIT", true);
    }

    #[test]
    fn a_broken_expression_allows_nothing() {
        check("(MIT", false);
        check("MIT Apache-2.0", false);
    }
}
