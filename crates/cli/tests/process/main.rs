//! The built binary as a process: what an operator types, sees and gets as an exit status.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says what it expects by unwrapping")]
#![allow(clippy::print_stderr, reason = "a test says what it left out")]

mod bulk;
mod demo;
mod harness;
mod load;
mod records;
mod refusals;
mod serve;
