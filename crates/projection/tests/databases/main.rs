//! The same changes and the same questions to both databases: every answer must be the same, page
//! by page.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod asks;
mod equal;
mod listings;
mod processes;
mod resources;
mod world;
