use std::fmt;

/// What an entry is for. It decides who may use the reserve when the disk is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Class {
    /// A change of documents: refused once only the reserve is left.
    Change = 1,
    /// An access record: may use the reserve, so that audited reads go on.
    Access = 2,
    /// Tenant state: may use the reserve.
    State = 3,
    /// A mark of the owner's own: may use the reserve.
    Marker = 4,
}

impl Class {
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        [Self::Change, Self::Access, Self::State, Self::Marker].into_iter().find(|class| *class as u8 == byte)
    }

    pub(crate) fn may_use_reserve(self) -> bool {
        self != Self::Change
    }
}

/// An entry's number in this process: 1, 2, 3 … without gaps, replayed entries first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Ticket(pub u64);

/// Where an entry stands: valid until its segment is released, within one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// The segment's number.
    pub segment: u64,
    /// The byte in its file at which the entry begins.
    pub offset: u64,
    /// Bytes of the payload.
    pub len: u32,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes at {} of segment {}", self.len, self.offset, self.segment)
    }
}

/// One entry found at start; it is durable.
#[derive(Debug, Clone, Copy)]
pub struct Replayed<'a> {
    /// Its number in this process.
    pub ticket: Ticket,
    /// What it is for.
    pub class: Class,
    /// The bytes it was filled with.
    pub payload: &'a [u8],
    /// Where it stands.
    pub address: Address,
}
