use crate::Ticket;

/// How much of the journal is in use. Materialize and release before it runs full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pressure {
    /// Bytes that entries hold on to, queued ones included.
    pub used_bytes: u64,
    /// Bytes there could be: the configured size, or what exists while the disk is full.
    pub capacity_bytes: u64,
    /// The first entry that the oldest segment holds; `None` when it holds none.
    pub oldest_held_ticket: Option<Ticket>,
}

/// Counters since the start of the process, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Groups with entries that were written and synced.
    pub groups: u64,
    /// Entries in them.
    pub entries: u64,
    /// Bytes of them on disk.
    pub bytes: u64,
    /// Empty groups written after a quiet spell or at a clean stop.
    pub markers: u64,
    /// How long the last sync of a group took, in microseconds.
    pub last_sync_micros: i64,
    /// Segments that a writer or the journal's thread had to wait for: few after the first one.
    pub inline_segments: u64,
    /// Segments prepared or recycled in the background.
    pub background_segments: u64,
    /// Failed attempts of background work; the journal goes on without them.
    pub background_errors: u64,
    /// Bytes that wait to be written.
    pub queued_bytes: u64,
    /// Segments that stand prepared.
    pub ready_segments: u64,
    /// Segments that hold entries, with the one being written.
    pub held_segments: u64,
}
