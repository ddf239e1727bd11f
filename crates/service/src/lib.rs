//! The choke point: operation, decision, run
