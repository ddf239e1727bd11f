//! Test harness, simulator and generators
