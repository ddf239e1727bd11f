//! What tests share: a simulated world behind the traits of `vpr-types`, deterministic by its seed.
//!
//! [`SimDisk`] is a file system in memory that keeps, beside what a reader sees, what POSIX promises
//! to be there after a power cut, and can be cut at every recorded operation; it also fails
//! operations on demand and fills up. [`SimClock`] and [`SeedEntropy`] replace time and randomness,
//! [`Dice`] draws reproducible choices.
//! Nothing here is linked into the program; only `vpr-types` is used.
//!
//! With the feature `postgres`, the module of that name runs the real one.

mod clock;
mod dice;
mod disk;
mod entropy;
#[cfg(feature = "postgres")]
pub mod postgres;

pub use clock::SimClock;
pub use dice::Dice;
pub use disk::{Fault, Repeat, SECTOR_BYTES, SimDisk};
pub use entropy::SeedEntropy;
