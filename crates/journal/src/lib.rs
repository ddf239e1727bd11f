//! The append-only, checksummed log in which every write becomes durable.
//!
//! Many callers reserve slots and fill them; one thread takes all that is filled, writes it as one
//! group, syncs the file once and wakes them ([`Journal::step`], [`Journal::run`]). Segments of the
//! log are prepared, zeroed and recycled in the background ([`Journal::tend`]).
//!
//! What holds:
//! - An entry is acknowledged ([`Journal::wait`], [`Journal::when_durable`]) only after the
//!   `fdatasync` of its group returned. No failed sync is ever repeated: the first error of a
//!   group's write or sync stops the journal for good, and replay at the next start settles it.
//! - The order of entries is the order of the calls of [`Journal::reserve`]. After a crash a prefix
//!   of them is there, each whole or absent, and every acknowledged one is in it.
//! - Damage where entries were known to be synced refuses the start and names file and offset;
//!   damage behind is a torn write and is dropped. `docs/decisions/0002-journal.md` has the rule.
//! - Nothing replayed is handed out before it is certain to survive a power cut.
//! - Payloads are opaque bytes: this crate knows neither tenants nor documents.
//!
//! It is synchronous and touches the world through `Disk`, `Clock` and `Entropy` alone, so that a
//! simulator can step it through crashes and faults from a seed.

#![cfg_attr(
    not(feature = "sabotage"),
    expect(unreachable_pub, reason = "Sabotage is exported by its feature")
)]

mod journal;

mod background;
mod maker;
mod recovery;
mod scan;
mod writer;

mod room;
mod state;
mod waiters;

mod entry;
mod error;
mod format;
mod options;
mod segment;
mod stats;

pub use entry::{Address, Class, Replayed, Ticket};
pub use error::{BoxError, JournalError};
pub use journal::{Journal, Slot, Step};
pub use options::JournalOptions;
#[cfg(feature = "sabotage")]
pub use options::Sabotage;
pub use recovery::RecoveryReport;
pub use stats::{Pressure, Stats};
