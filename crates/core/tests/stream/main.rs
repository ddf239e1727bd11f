//! The engine among threads: the stream of changes that comes out of it, gates that keep others out
//! while somebody decides by it, and how it stops.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]
#![allow(unreachable_pub, reason = "tests")]

mod world;

mod changes;
mod gates;
mod stop;
