//! The binary `vpr`.
mod config;
mod connection;
mod failure;
mod generator;
mod load;
mod output;
mod temporary;
fn main() {}
