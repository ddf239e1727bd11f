use std::io;

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An I/O error. Of a write, the first half may have been done; a sync loses the dirty pages.
    Eio,
    /// No space left. Only operations that can need space fail with it.
    Enospc,
    /// Reads and writes do half of what was asked, at least a byte; other operations are untouched.
    Short,
    /// Interrupted: nothing was done. Sticky, it hits every second operation, so that repeating ends.
    Eintr,
}

/// How often a planned fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// One operation.
    Once,
    /// That operation and all after it.
    Sticky,
}

/// What an operation does to the disk, as far as faults care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    Read,
    Write,
    /// Looks at names or lengths.
    Look,
    /// Changes names or lengths, or syncs.
    Change,
}

#[derive(Default)]
pub(super) struct Faults {
    planned: Vec<(u64, Fault, Repeat)>,
    hit: u64,
}

impl Faults {
    pub(super) fn plan(&mut self, n: u64, fault: Fault, repeat: Repeat) {
        self.planned.push((n, fault, repeat));
    }

    pub(super) fn hit(&self) -> u64 {
        self.hit
    }

    /// The fault that strikes operation number `n`, if one does.
    pub(super) fn strike(&mut self, n: u64, nature: Nature) -> Option<Fault> {
        let fault = self.planned.iter().find_map(|&(at, fault, repeat)| {
            let due = match (repeat, fault) {
                (Repeat::Once, _) => n == at,
                (Repeat::Sticky, Fault::Eintr) => n >= at && (n - at).is_multiple_of(2),
                (Repeat::Sticky, _) => n >= at,
            };
            let fits = match fault {
                Fault::Eio | Fault::Eintr => true,
                Fault::Enospc => matches!(nature, Nature::Write | Nature::Change),
                Fault::Short => matches!(nature, Nature::Write | Nature::Read),
            };
            (due && fits).then_some(fault)
        });
        self.hit += u64::from(fault.is_some());
        fault
    }
}

impl Fault {
    pub(super) fn error(self) -> io::Error {
        io::Error::from_raw_os_error(match self {
            Self::Eio => 5,
            Self::Enospc => 28,
            Self::Short | Self::Eintr => 4,
        })
    }
}
