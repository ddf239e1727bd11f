//! C1, Git and the search index: after any sequence of operations, what is derived is taken away
//! (the index always; journal, directory and feed in all combinations) and made again from Git. The
//! index then says the same, line by line, and answers the same, page by page.
//!
//! Reading order: `life` (a service in this process on one data directory), `sequence` (what is done
//! to it), `picture` (what it says), `loss` (what is taken away), `campaign` (many of them),
//! `planted` (mistakes that must be noticed).
//!
//! `VPR_SEED` chooses other sequences, `VPR_SEQUENCES` how many, `VPR_SOAK=1` the long size.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "tests")]
#![allow(unreachable_pub, reason = "tests")]

mod life;

mod bodies;
mod coverage;
mod sequence;

mod questions;

mod picture;

mod loss;

mod campaign;

mod planted;
