//! The binary `vpr`.
mod config;
mod generator;
mod load;
mod temporary;
fn main() {}
