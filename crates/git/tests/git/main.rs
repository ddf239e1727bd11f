//! The crate against stock `git` and libgit2 on a real directory, and against the simulated disk.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

mod commits;
mod concatenation;
mod crashes;
mod damage;
mod foreign;
mod packs;
mod support;
mod trees;
