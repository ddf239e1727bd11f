//! The binary `vpr`.
fn main() {}
