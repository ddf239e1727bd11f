//! The public door and the operators', called through their routers over a real data directory.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod app;

mod audit;
mod bad_input;
mod bundles;
mod conditions;
mod failures;
mod history;
mod lifecycle;
mod limits;
mod negotiation;
mod operator;
mod repetition;
mod routes;
mod tenants;
mod validate;
