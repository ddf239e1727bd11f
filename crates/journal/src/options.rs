use crate::JournalError;
use crate::format::BLOCK_BYTES;

/// Largest payload of one entry in bytes (1 GiB).
pub(crate) const ENTRY_BYTES_MAX: u64 = 1 << 30;
/// Smallest segment in bytes: its header and three groups.
const SEGMENT_BYTES_MIN: u64 = 4 * BLOCK_BYTES;
/// Largest regular segment in bytes (1 GiB).
const SEGMENT_BYTES_MAX: u64 = 1 << 30;

/// How large the journal is and how it paces itself.
#[derive(Debug, Clone)]
pub struct JournalOptions {
    /// Bytes of one segment file, a multiple of 4 KiB of at least 16 KiB; default 16 MiB.
    /// An entry that is larger gets a segment as long as it needs.
    pub segment_bytes: u64,
    /// All segments together take at most this many times `segment_bytes`; default 256, at least 4.
    pub segments_max: u32,
    /// Prepared segments that changes may not use; default 1.
    pub reserve_segments: u32,
    /// Microseconds without a write after which an empty group is synced behind the last one, so
    /// that damage in it can be told from a torn write; default 100 000.
    pub quiet_micros: i64,
    /// Bytes of one group at the most, unless one entry alone is larger; default 4 MiB.
    pub group_bytes_max: u64,
    /// Bytes that may wait in memory to be written; default 256 MiB.
    pub queue_bytes_max: u64,
    /// Microseconds between attempts to get room from a disk that had none; default 1 000 000.
    pub retry_micros: i64,
    /// Planted bugs.
    #[cfg(feature = "sabotage")]
    pub sabotage: Vec<Sabotage>,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 16 << 20,
            segments_max: 256,
            reserve_segments: 1,
            quiet_micros: 100_000,
            group_bytes_max: 4 << 20,
            queue_bytes_max: 256 << 20,
            retry_micros: 1_000_000,
            #[cfg(feature = "sabotage")]
            sabotage: Vec::new(),
        }
    }
}

impl JournalOptions {
    pub(crate) fn check(&self) -> Result<(), JournalError> {
        let sizes = SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX;
        if !sizes.contains(&self.segment_bytes) || !self.segment_bytes.is_multiple_of(BLOCK_BYTES) {
            return Err(JournalError::Options("segment_bytes: a multiple of 4 KiB from 16 KiB to 1 GiB"));
        }
        if u64::from(self.segments_max) < 3 + u64::from(self.reserve_segments) {
            return Err(JournalError::Options("segments_max: at least three more than reserve_segments"));
        }
        if self.quiet_micros < 0 || self.retry_micros < 0 {
            return Err(JournalError::Options("quiet_micros and retry_micros are not negative"));
        }
        Ok(())
    }

    /// What all segments may take together, in bytes.
    pub(crate) fn capacity_bytes(&self) -> u64 {
        self.segment_bytes.saturating_mul(u64::from(self.segments_max))
    }

    /// How many segments stand prepared when all is well.
    pub(crate) fn ready_wanted(&self) -> usize {
        self.reserve_segments as usize + 1
    }

    #[cfg(feature = "sabotage")]
    pub(crate) fn sabotaged(&self, bug: Sabotage) -> bool {
        self.sabotage.contains(&bug)
    }

    #[cfg(not(feature = "sabotage"))]
    pub(crate) fn sabotaged(&self, _: Sabotage) -> bool {
        false
    }
}

/// Bugs to plant, so that the crash harnesses prove that they can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// Waiters are woken after the write, before the sync.
    AcknowledgeBeforeSync,
    /// Groups are written and never synced.
    SkipSync,
    /// Replayed entries are handed out although the last group may exist in the page cache alone.
    ServeReplayedTailBeforeSync,
    /// Segments are recycled although their entries were not released.
    ReleaseTooEarly,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_contradict_themselves_are_refused() {
        let good = JournalOptions::default();
        assert!(good.check().is_ok());
        for bad in [
            JournalOptions { segment_bytes: 4096 * 3, ..good.clone() },
            JournalOptions { segment_bytes: 4096 * 4 + 1, ..good.clone() },
            JournalOptions { segment_bytes: 2 << 30, ..good.clone() },
            JournalOptions { segments_max: 3, ..good.clone() },
            JournalOptions { quiet_micros: -1, ..good.clone() },
        ] {
            assert!(matches!(bad.check(), Err(JournalError::Options(_))), "{bad:?}");
        }
    }
}
