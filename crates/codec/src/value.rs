//! A borrowed value and its ways down.

use std::borrow::Cow;
use std::fmt;
use std::iter::FusedIterator;

use crate::escape::unescape;
use crate::json::Json;
use crate::keys::{children, key};
use crate::node::Node;
use crate::place::{self, Step};

/// The six kinds of JSON value (RFC 8259 §3); `true` and `false` are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// `null`
    Null = 0,
    /// `true` or `false`
    Bool = 1,
    /// A number, kept as written.
    Number = 2,
    /// A string.
    String = 3,
    /// An array.
    Array = 4,
    /// An object.
    Object = 5,
}

/// One value of a [`Json`]: two words, copied freely, borrowing from it.
///
/// `Debug` shows kind and place only, never content.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    json: &'a Json,
    index: u32,
}

impl<'a> Value<'a> {
    #[inline(always)]
    pub(crate) fn new(json: &'a Json, index: u32) -> Value<'a> {
        Value { json, index }
    }

    #[inline(always)]
    fn node(self) -> &'a Node {
        // Every index in use comes from the tape itself.
        &self.json.nodes()[self.index as usize]
    }

    #[inline(always)]
    fn slice(self, start: usize, end: usize) -> &'a str {
        self.json.source().get(start..end).unwrap_or_default()
    }

    /// What kind of value this is.
    #[inline]
    pub fn kind(self) -> Kind {
        self.node().kind()
    }

    /// Whether this is `null`.
    #[inline]
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Whether this is an object.
    #[inline]
    pub fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    /// Whether this is an array.
    #[inline]
    pub fn is_array(self) -> bool {
        self.kind() == Kind::Array
    }

    /// Whether this is a string.
    #[inline]
    pub fn is_string(self) -> bool {
        self.kind() == Kind::String
    }

    /// What a string means, borrowed unless it holds escapes. `None` for other kinds.
    #[inline]
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let raw = self.raw_str()?;
        Some(if self.node().escaped() { unescape(raw) } else { Cow::Borrowed(raw) })
    }

    /// A string as written between its quotes, escapes kept. `None` for other kinds.
    #[inline]
    pub fn raw_str(self) -> Option<&'a str> {
        let node = self.node();
        (node.kind() == Kind::String).then(|| self.slice(node.start as usize + 1, node.end as usize - 1))
    }

    /// Whether [`Value::raw_str`] differs from [`Value::as_str`].
    #[inline]
    pub fn has_escapes(self) -> bool {
        self.node().escaped()
    }

    /// A truth value. `None` for other kinds.
    #[inline]
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.raw().len() == "true".len())
    }

    /// A number exactly as written. `None` for other kinds.
    #[inline]
    pub fn number_text(self) -> Option<&'a str> {
        (self.kind() == Kind::Number).then(|| self.raw())
    }

    /// Members of an object or items of an array; 0 for other kinds.
    #[inline]
    pub fn len(self) -> usize {
        self.node().count()
    }

    /// Whether there are no members or items; true for values that are neither object nor array.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The members of an object in their order, names unescaped; nothing for other kinds.
    #[inline]
    pub fn members(self) -> Members<'a> {
        Members(self.below(Kind::Object))
    }

    /// The items of an array; nothing for other kinds.
    #[inline]
    pub fn items(self) -> Items<'a> {
        Items(self.below(Kind::Array))
    }

    /// The member of that name. `None` if there is none, or if this is no object. Linear.
    #[inline]
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        self.below(Kind::Object).find(|value| value.has_name(name))
    }

    /// The item at `index`, from 0. `None` past the end, or if this is no array. Linear.
    #[inline]
    pub fn index(self, index: usize) -> Option<Value<'a>> {
        self.below(Kind::Array).nth(index)
    }

    /// The name under which this value is a member. `None` for items and the root.
    #[inline]
    pub fn name(self) -> Option<Cow<'a, str>> {
        let name = self.node().name();
        name.exists().then(|| key(self.json.source(), name))
    }

    /// The name as written, and whether it holds escapes.
    #[inline(always)]
    pub(crate) fn raw_name(self) -> (&'a str, bool) {
        let name = self.node().name();
        (self.slice(name.start as usize, name.end as usize), name.escaped)
    }

    #[inline(always)]
    fn has_name(self, wanted: &str) -> bool {
        let name = self.node().name();
        if name.escaped {
            key(self.json.source(), name) == wanted
        } else {
            self.json.source().as_bytes().get(name.range()) == Some(wanted.as_bytes())
        }
    }

    /// The source text of the whole value.
    #[inline]
    pub fn raw(self) -> &'a str {
        let node = self.node();
        self.slice(node.start as usize, node.end as usize)
    }

    /// Bytes of the source before the value.
    #[inline]
    pub fn offset(self) -> usize {
        self.node().start as usize
    }

    /// Line and column of the value's first character, both from 1. Reads the text up to there.
    pub fn position(self) -> (u32, u32) {
        place::position(self.json.source().as_bytes(), self.offset())
    }

    /// The JSON location, such as `entry[36].resource.name`; empty for the root. Searches from the
    /// root; meant for messages.
    pub fn path(self) -> String {
        let nodes = self.json.nodes();
        let mut steps = Vec::new();
        let mut parent = 0;
        while parent < self.index {
            let Some((position, (index, node))) =
                children(nodes, parent).enumerate().find(|(_, (_, node))| self.index < node.next)
            else {
                break;
            };
            let name = node.name();
            steps.push(if name.exists() { Step::Member(name) } else { Step::Item(position as u32) });
            parent = index;
        }
        place::path(self.json.source(), steps.into_iter())
    }

    /// The number of this value in its text: 0 for the root, then in the order of the text. A stable
    /// key for maps; [`Json::value`] leads back.
    #[inline]
    pub fn id(self) -> u32 {
        self.index
    }

    /// One more than the greatest [`Value::id`] within this value.
    #[inline]
    pub fn id_end(self) -> u32 {
        self.node().next
    }

    /// The text this value is part of.
    #[inline]
    pub fn json(self) -> &'a Json {
        self.json
    }

    #[inline(always)]
    fn below(self, kind: Kind) -> Below<'a> {
        let node = self.node();
        let left = if node.kind() == kind { node.count() } else { 0 };
        Below { json: self.json, index: self.index + 1, left }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value")
            .field("kind", &self.kind())
            .field("offset", &self.offset())
            .finish_non_exhaustive()
    }
}

/// The values directly below one.
#[derive(Clone)]
struct Below<'a> {
    json: &'a Json,
    index: u32,
    left: usize,
}

impl<'a> Iterator for Below<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        self.left = self.left.checked_sub(1)?;
        let value = Value::new(self.json, self.index);
        self.index = value.node().next;
        Some(value)
    }
}

/// The members of an object; see [`Value::members`].
#[derive(Clone)]
pub struct Members<'a>(Below<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let value = self.0.next()?;
        Some((key(value.json.source(), value.node().name()), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.left, Some(self.0.left))
    }
}

impl ExactSizeIterator for Members<'_> {}
impl FusedIterator for Members<'_> {}

/// The items of an array; see [`Value::items`].
#[derive(Clone)]
pub struct Items<'a>(Below<'a>);

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.left, Some(self.0.left))
    }
}

impl ExactSizeIterator for Items<'_> {}
impl FusedIterator for Items<'_> {}
