//! How many files the process may have open: connections must never leave the store without one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that the store may want at once: packs, segments, logs, folders that are synced.
const STORE_FILES: u64 = 768;

/// Raises the limit of open files as far as this process may, and answers how many connections may
/// then be open at once: at most `wanted`, at least one.
pub(super) fn connections_within_limit(wanted: usize) -> usize {
    let before = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: before.maximum, maximum: before.maximum };
    let limit = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => before.maximum,
        Err(_) => before.current,
    };
    let connections = share_of(limit, wanted);
    if connections < wanted {
        tracing::warn!(
            open_files = limit,
            connections,
            wanted,
            "fewer connections than configured: the limit of open files (ulimit -n) leaves no more"
        );
    }
    connections
}

/// What a limit (`None`: no limit) leaves for connections.
fn share_of(limit: Option<u64>, wanted: usize) -> usize {
    let Some(limit) = limit else { return wanted };
    let left = limit.saturating_sub(STORE_FILES).max(limit / 4).max(1);
    wanted.min(usize::try_from(left).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_gets_its_files_first() {
        assert_eq!(share_of(None, 1024), 1024);
        assert_eq!(share_of(Some(1 << 20), 1024), 1024);
        assert_eq!(share_of(Some(1024), 1024), 256);
        assert_eq!(share_of(Some(64), 1024), 16);
        assert_eq!(share_of(Some(0), 1024), 1);
    }
}
