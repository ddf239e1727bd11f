//! The grammar: one pass over the text that fills the tape. Iterative, with its own stack.

use crate::error::JsonErrorKind;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::node::{COUNT_MAX, Name, Node};
use crate::place::{self, Step};
use crate::scan::{Stop, number_end, skip_whitespace, string_end};
use crate::value::Kind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    /// Around the one value of the text.
    Text,
    Object,
    Array,
}

/// What is not closed yet.
#[derive(Debug, Clone, Copy)]
struct Open {
    container: Container,
    node: u32,
    /// Members or items begun so far.
    count: u32,
    /// Where the names begin, if this is an object.
    keys: u32,
}

struct Parser<'a> {
    text: &'a str,
    nodes: Vec<Node>,
    /// What is open around the innermost container, which `run` holds itself.
    open: Vec<Open>,
    keys: Keys,
    depth_max: usize,
    values_max: usize,
}

/// A stop, the innermost open container, and the step from there if it lies below.
struct Fault {
    stop: Stop,
    innermost: Open,
    step: Option<Step>,
}

/// Fills the tape for `text`, or says what stopped it and the location of that.
pub(crate) fn parse(text: &str, limits: &Limits) -> Result<Vec<Node>, (Stop, String)> {
    let values_max = limits.values_max.min(COUNT_MAX);
    // FHIR has a value in every 16 to 60 bytes; pages that are never written cost nothing.
    let nodes = Vec::with_capacity((text.len() / 16 + 4).min(values_max));
    let open = Vec::with_capacity(limits.depth_max.min(16));
    let mut parser = Parser { text, nodes, open, keys: Keys::new(), depth_max: limits.depth_max, values_max };
    match parser.run() {
        Ok(()) => Ok(parser.nodes),
        Err(fault) => {
            let path = parser.path(&fault);
            Err((fault.stop, path))
        }
    }
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), Fault> {
        let text = self.text.as_bytes();
        let mut top = Open { container: Container::Text, node: 0, count: 0, keys: 0 };
        let mut name = Name::default();
        let mut at = skip_whitespace(text, 0);
        if at == text.len() {
            return Err(Fault { stop: Stop::new(JsonErrorKind::Empty, at), innermost: top, step: None });
        }
        loop {
            // Here a value begins, with `name` if it is a member.
            at = match text.get(at) {
                Some(byte @ (b'{' | b'[')) => {
                    at = self.begin(&mut top, name, *byte == b'{', at)?;
                    name = Name::default();
                    match (text.get(at), top.container) {
                        (Some(b'}'), Container::Object) | (Some(b']'), Container::Array) => {}
                        (_, Container::Object) => {
                            (name, at) = self.name(top, at)?;
                            continue;
                        }
                        _ => continue,
                    }
                    at
                }
                _ => self.scalar(&mut top, name, at)?,
            };
            // Here a value has ended, or an empty container is about to.
            loop {
                at = skip_whitespace(text, at);
                match (text.get(at), top.container) {
                    (Some(b','), Container::Object) => {
                        (name, at) = self.name(top, skip_whitespace(text, at + 1))?;
                        break;
                    }
                    (Some(b','), Container::Array) => {
                        name = Name::default();
                        at = skip_whitespace(text, at + 1);
                        break;
                    }
                    (Some(b'}'), Container::Object) | (Some(b']'), Container::Array) => {
                        at += 1;
                        self.end(&mut top, at)?;
                    }
                    (None, Container::Text) => return Ok(()),
                    _ => return Err(Fault::after_value(text, top, at)),
                }
            }
        }
    }

    /// Reads a value that is neither object nor array; returns the offset after it.
    #[inline(always)]
    fn scalar(&mut self, top: &mut Open, name: Name, start: usize) -> Result<usize, Fault> {
        let text = self.text.as_bytes();
        let here = |stop: Stop| Fault::at_value(stop, *top, name);
        let literal = |kind: Kind, word: &'static [u8]| {
            if text.get(start..start + word.len()) == Some(word) {
                Ok((kind, false, start + word.len()))
            } else {
                Err(Stop::syntax("expected a value", start))
            }
        };
        let read = match text.get(start) {
            Some(b'"') => string_end(text, start + 1).map(|(end, escaped)| (Kind::String, escaped, end + 1)),
            Some(b'-' | b'0'..=b'9') => number_end(text, start).map(|end| (Kind::Number, false, end)),
            Some(b't') => literal(Kind::Bool, b"true"),
            Some(b'f') => literal(Kind::Bool, b"false"),
            Some(b'n') => literal(Kind::Null, b"null"),
            Some(_) => Err(Stop::syntax("expected a value", start)),
            None => Err(Stop::syntax("unexpected end", start)),
        };
        let (kind, escaped, end) = read.map_err(here)?;
        let next = self.nodes.len() + 1;
        if next > self.values_max {
            return Err(here(Stop::new(JsonErrorKind::TooManyValues, start)));
        }
        self.nodes.push(Node::new(name, kind, escaped, start, end, next));
        top.count += 1;
        Ok(end)
    }

    /// Opens the container that begins at `start`; returns the offset of what is in it.
    #[inline(always)]
    fn begin(&mut self, top: &mut Open, name: Name, object: bool, start: usize) -> Result<usize, Fault> {
        let index = self.nodes.len();
        if self.open.len() >= self.depth_max {
            return Err(Fault::at_value(Stop::new(JsonErrorKind::TooDeep, start), *top, name));
        }
        if index >= self.values_max {
            return Err(Fault::at_value(Stop::new(JsonErrorKind::TooManyValues, start), *top, name));
        }
        let (kind, container) =
            if object { (Kind::Object, Container::Object) } else { (Kind::Array, Container::Array) };
        self.nodes.push(Node::new(name, kind, false, start, 0, 0));
        top.count += 1;
        self.open.push(*top);
        *top = Open { container, node: index as u32, count: 0, keys: self.keys.begin() };
        Ok(skip_whitespace(self.text.as_bytes(), start + 1))
    }

    /// Closes the innermost container, whose last byte is before `end`.
    #[inline(always)]
    fn end(&mut self, top: &mut Open, end: usize) -> Result<(), Fault> {
        let next = self.nodes.len();
        if let Some(node) = self.nodes.get_mut(top.node as usize) {
            node.close(end, next, top.count);
        }
        if top.container == Container::Object
            && let Some(name) = self.keys.end(top.keys, top.node, &self.nodes, self.text)
        {
            return Err(Fault::duplicate(*top, name));
        }
        if let Some(outer) = self.open.pop() {
            *top = outer;
        }
        Ok(())
    }

    /// Reads a member name and its colon; returns the offset of the value.
    #[inline(always)]
    fn name(&mut self, top: Open, quote: usize) -> Result<(Name, usize), Fault> {
        let text = self.text.as_bytes();
        let here = |stop: Stop| Fault { stop, innermost: top, step: None };
        if text.get(quote) != Some(&b'"') {
            let expected = if quote < text.len() { "expected a member name" } else { "unexpected end" };
            return Err(here(Stop::syntax(expected, quote)));
        }
        let (end, escaped) = string_end(text, quote + 1).map_err(here)?;
        let name = Name { start: quote as u32 + 1, end: end as u32, escaped };
        if !self.keys.add(top.keys, name, top.node, &self.nodes, self.text) {
            return Err(Fault::duplicate(top, name));
        }
        let colon = skip_whitespace(text, end + 1);
        if text.get(colon) != Some(&b':') {
            let expected =
                if colon < text.len() { "expected `:` after a member name" } else { "unexpected end" };
            return Err(Fault::at_value(Stop::syntax(expected, colon), top, name));
        }
        Ok((name, skip_whitespace(text, colon + 1)))
    }

    #[cold]
    fn path(&self, fault: &Fault) -> String {
        let outer = self.open.iter();
        let inner = self.open.iter().skip(1).chain([&fault.innermost]);
        let steps = outer.zip(inner).filter_map(|(outer, inner)| match outer.container {
            Container::Text => None,
            Container::Array => Some(Step::Item(outer.count.saturating_sub(1))),
            Container::Object => self.nodes.get(inner.node as usize).map(|node| Step::Member(node.name())),
        });
        place::path(self.text, steps.chain(fault.step))
    }
}

impl Fault {
    /// At a value that is not counted yet.
    #[cold]
    fn at_value(stop: Stop, innermost: Open, name: Name) -> Fault {
        let step = match innermost.container {
            Container::Text => None,
            Container::Array => Some(Step::Item(innermost.count)),
            Container::Object => Some(Step::Member(name)),
        };
        Fault { stop, innermost, step }
    }

    #[cold]
    fn duplicate(innermost: Open, name: Name) -> Fault {
        let stop = Stop::new(JsonErrorKind::DuplicateKey, name.start as usize - 1);
        Fault { stop, innermost, step: Some(Step::Member(name)) }
    }

    #[cold]
    fn after_value(text: &[u8], innermost: Open, at: usize) -> Fault {
        let stop = match innermost.container {
            Container::Text => Stop::new(JsonErrorKind::TrailingContent, at),
            _ if at >= text.len() => Stop::syntax("unexpected end", at),
            Container::Object => Stop::syntax("expected `,` or `}`", at),
            Container::Array => Stop::syntax("expected `,` or `]`", at),
        };
        Fault { stop, innermost, step: None }
    }
}
