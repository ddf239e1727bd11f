//! Commits: a tree, its parents, who, when and why.

use std::fmt::Write;

use vpr_types::ObjectId;

use crate::Error;

const BROKEN: Error = Error::Malformed("a commit is not one");

/// Who did something, and when. Written in UTC (`+0000`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// A name or an id: not empty, no space at its ends, no `<`, `>`, control or line break.
    pub name: String,
    /// An address; the same characters, may be empty.
    pub email: String,
    /// Seconds since the Unix epoch, not negative.
    pub seconds: i64,
}

/// A commit object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The tree as it stands after this commit.
    pub tree: ObjectId,
    /// The commits before it; empty for the first.
    pub parents: Vec<ObjectId>,
    /// Who made the change.
    pub author: Signature,
    /// Who stored it.
    pub committer: Signature,
    /// The armored signature (header `gpgsig`), over [`Commit::encode_unsigned`]; lines separated
    /// by `\n`, none at the end.
    pub signature: Option<String>,
    /// The message, as it stands; no NUL.
    pub message: String,
}

impl Commit {
    /// The content of the commit object.
    ///
    /// # Errors
    /// [`Error::Malformed`] when a field could not be read back as it is: see [`Signature`].
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        self.write(self.signature.as_deref())
    }

    /// The content without its signature: what a signature is made over.
    ///
    /// # Errors
    /// As [`Commit::encode`].
    pub fn encode_unsigned(&self) -> Result<Vec<u8>, Error> {
        self.write(None)
    }

    fn write(&self, signature: Option<&str>) -> Result<Vec<u8>, Error> {
        self.author.check()?;
        self.committer.check()?;
        if self.message.contains('\0') {
            return Err(Error::Malformed("a commit message holds a NUL"));
        }
        let mut out = String::with_capacity(400 + self.message.len() + signature.map_or(0, |s| s.len() + 64));
        // Writing to a String cannot fail.
        let _ = writeln!(out, "tree {}", self.tree);
        for parent in &self.parents {
            let _ = writeln!(out, "parent {parent}");
        }
        for (role, who) in [("author", &self.author), ("committer", &self.committer)] {
            let _ = writeln!(out, "{role} {} <{}> {} +0000", who.name, who.email, who.seconds);
        }
        if let Some(signature) = signature {
            if signature.is_empty() || signature.contains(['\0', '\r']) || signature.ends_with('\n') {
                return Err(Error::Malformed("a signature cannot stand in a commit header"));
            }
            for (index, line) in signature.split('\n').enumerate() {
                let _ = writeln!(out, "{} {line}", if index == 0 { "gpgsig" } else { "" });
            }
        }
        out.push('\n');
        out.push_str(&self.message);
        Ok(out.into_bytes())
    }

    /// Reads a commit that this crate wrote (or one of exactly that form).
    /// What is accepted encodes to the same bytes again.
    ///
    /// # Errors
    /// [`Error::Malformed`], also for other headers, other time zones and text that is not UTF-8.
    pub fn parse(content: &[u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(content).map_err(|_| BROKEN)?;
        let (head, message) = text.split_once("\n\n").ok_or(BROKEN)?;
        let mut lines = head.split('\n').peekable();
        let tree = lines.next().and_then(|l| l.strip_prefix("tree ")).ok_or(BROKEN)?;
        let tree = tree.parse().map_err(|_| BROKEN)?;
        let mut parents = Vec::new();
        while let Some(parent) = lines.peek().and_then(|l| l.strip_prefix("parent ")) {
            parents.push(parent.parse().map_err(|_| BROKEN)?);
            lines.next();
        }
        let mut who = |role: &str| {
            let line = lines.next().and_then(|l| l.strip_prefix(role)).ok_or(BROKEN)?;
            Signature::parse(line)
        };
        let (author, committer) = (who("author ")?, who("committer ")?);
        let mut signature: Option<String> = None;
        if let Some(first) = lines.peek().and_then(|l| l.strip_prefix("gpgsig ")) {
            let mut armored = first.to_owned();
            lines.next();
            while let Some(line) = lines.peek().and_then(|l| l.strip_prefix(' ')) {
                armored.push('\n');
                armored.push_str(line);
                lines.next();
            }
            signature = Some(armored);
        }
        if lines.next().is_some() {
            return Err(BROKEN);
        }
        let commit = Self { tree, parents, author, committer, signature, message: message.to_owned() };
        // One oracle for "nothing was lost": the bytes themselves.
        if commit.encode()? == content { Ok(commit) } else { Err(BROKEN) }
    }
}

impl Signature {
    fn check(&self) -> Result<(), Error> {
        let harmless = |text: &str| {
            text.trim().len() == text.len()
                && !text
                    .contains(|c: char| c.is_control() || matches!(c, '<' | '>' | '\u{2028}' | '\u{2029}'))
        };
        if self.name.is_empty() || !harmless(&self.name) || !harmless(&self.email) {
            return Err(Error::Malformed("a name cannot stand in a commit header"));
        }
        if self.seconds < 0 {
            return Err(Error::Malformed("a commit cannot be older than 1970"));
        }
        Ok(())
    }

    fn parse(line: &str) -> Result<Self, Error> {
        let (name, rest) = line.split_once(" <").ok_or(BROKEN)?;
        let (email, rest) = rest.split_once("> ").ok_or(BROKEN)?;
        let seconds = rest.strip_suffix(" +0000").and_then(|s| s.parse().ok()).ok_or(BROKEN)?;
        Ok(Self { name: name.to_owned(), email: email.to_owned(), seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit() -> Commit {
        let who =
            Signature { name: "Dr. Å. Berg".into(), email: "berg@example".into(), seconds: 1_700_000_000 };
        Commit {
            tree: ObjectId([1; 20]),
            parents: vec![ObjectId([2; 20]), ObjectId([3; 20])],
            author: who.clone(),
            committer: Signature { seconds: 0, email: String::new(), ..who },
            signature: Some("-----BEGIN-----\n\nabc\n-----END-----".into()),
            message: "one\n\ntwo\n".into(),
        }
    }

    #[test]
    fn what_is_encoded_parses_to_the_same() {
        let mut commit = commit();
        assert_eq!(Commit::parse(&commit.encode().unwrap()).unwrap(), commit);
        commit.signature = None;
        commit.parents.clear();
        commit.message.clear();
        assert_eq!(Commit::parse(&commit.encode().unwrap()).unwrap(), commit);
        assert_eq!(commit.encode().unwrap(), commit.encode_unsigned().unwrap());
    }

    #[test]
    fn nothing_that_breaks_a_header_is_encoded() {
        for bad in ["", " a", "a ", "a\nb", "a\rb", "a<b", "a>b", "a\0b", "a\u{85}b", "a\u{2028}b"] {
            let mut commit = commit();
            commit.author.name = bad.into();
            assert!(commit.encode().is_err(), "{bad:?}");
            commit = self::commit();
            commit.committer.email = bad.into();
            assert_eq!(commit.encode().is_err(), !bad.is_empty(), "{bad:?}");
        }
        let broken: [fn(&mut Commit); 5] = [
            |c| c.message.push('\0'),
            |c| c.author.seconds = -1,
            |c| c.signature = Some(String::new()),
            |c| c.signature = Some("a\n".into()),
            |c| c.signature = Some("a\0".into()),
        ];
        for change in broken {
            let mut commit = commit();
            change(&mut commit);
            assert!(commit.encode().is_err());
        }
    }

    #[test]
    fn other_forms_are_not_taken_for_ours() {
        let good = String::from_utf8(commit().encode().unwrap()).unwrap();
        for (from, to) in [
            ("+0000", "+0100"),
            ("tree ", "Tree "),
            (" 1700000000 ", " 01700000000 "),
            (" 1700000000 ", " +1700000000 "),
            ("gpgsig ", "encoding latin1\ngpgsig "),
            ("\n\none", "\nencoding latin1\n\none"),
            ("author ", "parent x\nauthor "),
            ("committer ", "author "),
        ] {
            assert!(good.contains(from));
            assert!(Commit::parse(good.replace(from, to).as_bytes()).is_err(), "{from} -> {to}");
        }
        assert!(Commit::parse(b"\xff").is_err());
        assert!(Commit::parse(b"").is_err());
    }
}
