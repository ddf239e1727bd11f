//! One entry of the tape: where a value and its name lie in the source.

use crate::value::Kind;

/// Largest member count that fits beside the kind.
pub(crate) const COUNT_MAX: usize = (1 << (32 - COUNT_SHIFT)) - 1;

const COUNT_SHIFT: u32 = 5;
const KIND: u32 = 0b111;
const ESCAPED: u32 = 1 << 3;
const KEY_ESCAPED: u32 = 1 << 4;

/// A value. Its subtree is the nodes from its own index up to `next`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    /// First byte of the member name, after its quote; 0 for what has no name.
    pub(crate) key_start: u32,
    /// Byte after the last of the member name, which is its closing quote.
    pub(crate) key_end: u32,
    /// First byte of the value.
    pub(crate) start: u32,
    /// Byte after the last of the value.
    pub(crate) end: u32,
    /// Index of the first node after the subtree.
    pub(crate) next: u32,
    /// Kind, whether name and string hold escapes, and the count of members or items.
    pub(crate) meta: u32,
}

/// The name of the member that is being read; all zero where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) escaped: bool,
}

impl Node {
    #[inline(always)]
    pub(crate) fn new(name: Name, kind: Kind, escaped: bool, start: usize, end: usize, next: usize) -> Node {
        let meta =
            kind as u32 | if escaped { ESCAPED } else { 0 } | if name.escaped { KEY_ESCAPED } else { 0 };
        Node {
            key_start: name.start,
            key_end: name.end,
            start: start as u32,
            end: end as u32,
            next: next as u32,
            meta,
        }
    }

    /// Completes an object or array.
    #[inline(always)]
    pub(crate) fn close(&mut self, end: usize, next: usize, count: u32) {
        self.end = end as u32;
        self.next = next as u32;
        self.meta |= count << COUNT_SHIFT;
    }

    #[inline(always)]
    pub(crate) fn kind(&self) -> Kind {
        match self.meta & KIND {
            0 => Kind::Null,
            1 => Kind::Bool,
            2 => Kind::Number,
            3 => Kind::String,
            4 => Kind::Array,
            _ => Kind::Object,
        }
    }

    #[inline(always)]
    pub(crate) fn name(&self) -> Name {
        Name { start: self.key_start, end: self.key_end, escaped: self.meta & KEY_ESCAPED != 0 }
    }

    #[inline(always)]
    pub(crate) fn escaped(&self) -> bool {
        self.meta & ESCAPED != 0
    }

    /// Members or items directly below.
    #[inline(always)]
    pub(crate) fn count(&self) -> usize {
        (self.meta >> COUNT_SHIFT) as usize
    }
}

impl Name {
    #[inline(always)]
    pub(crate) fn exists(self) -> bool {
        self.start != 0
    }

    #[inline(always)]
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}
