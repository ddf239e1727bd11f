//! The crate against stock `git` and libgit2, on a real directory.

mod commits;
mod support;
