//! The simulated world and what tests share.
