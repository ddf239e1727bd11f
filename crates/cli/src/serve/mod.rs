//! `vpr serve`: listeners, signals, and the order in which things stop.

mod files;
mod http1;
mod loopback;
mod ports;
mod running;

pub(crate) use running::Running;
