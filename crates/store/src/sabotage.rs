//! Bugs planted on purpose and places to die at, to show that the harnesses catch what they should.
//! Only with the feature `sabotage`, which no shipped binary has.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Which bugs are planted in the engine; the journal's own stand in its options.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sabotage {
    /// The journal lets segments go before Git and feed have passed them.
    pub release_before_checkpoint: bool,
    /// Refs are written before the packs that they point into.
    pub refs_before_packs: bool,
}

/// Names of the places where [`failpoint`] can kill the process, in the order of a change's way.
pub const FAILPOINTS: [&str; 9] = [
    "commit-reserved",
    "commit-filled",
    "materialize-staged",
    "materialize-packs",
    "materialize-refs",
    "checkpoint-feed",
    "checkpoint-directory",
    "checkpoint-released",
    "open-replayed",
];

/// The environment variables that this feature listens to.
pub(crate) const VARIABLES: [&str; 1] = ["VPR_FAILPOINT"];

/// Kills the process when `VPR_FAILPOINT` is `<name>:<n>` and this is the n-th time it comes by.
pub(crate) fn failpoint(name: &str) {
    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("VPR_FAILPOINT").ok()?;
        let (name, count) = text.split_once(':')?;
        Some((name.to_owned(), count.parse().ok()?))
    });
    if let Some((wanted, count)) = wanted
        && wanted == name
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *count
    {
        // As `kill -9` would: no destructor, no flush.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}
