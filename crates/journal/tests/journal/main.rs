//! The journal from outside: what it promises, under power cuts, faults, full disks, rot and threads.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod world;

mod contract;
mod disk_full;
mod faults;
mod golden;
mod model;
mod power_loss;
mod rot;
mod threads;
