//! The access log (`<tenant>/access/`: who read and did what) and the state log
//! (`<tenant>/state/`: tenant state that is no patient's record), both permanent, each with a
//! dense sequence of its own, in the framing of [`crate::record_file`].

use vpr_types::TenantName;

use crate::format::{AccessEntry, StateEntry};
use crate::record_file::{Record, RecordKind, RecordLog};

impl Record for AccessEntry {
    const KIND: RecordKind = RecordKind { name: "access" };

    fn tenant(&self) -> &TenantName {
        &self.tenant
    }

    fn position(&self) -> u64 {
        self.access_seq
    }
}

impl Record for StateEntry {
    const KIND: RecordKind = RecordKind { name: "state" };

    fn tenant(&self) -> &TenantName {
        &self.tenant
    }

    fn position(&self) -> u64 {
        self.state_seq
    }
}

/// One tenant's access log.
pub type AccessLog = RecordLog<AccessEntry>;

/// One tenant's state log.
pub type StateLog = RecordLog<StateEntry>;
