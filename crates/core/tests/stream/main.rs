//! What comes out of the engine again: the stream of changes, and gates that keep others out while
//! somebody decides by it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]
#![allow(unreachable_pub, reason = "tests")]

mod world;

mod changes;
mod gates;
