//! A real Postgres for tests, in a temporary folder, on a free port of the loopback interface.
//!
//! [`database`] gives a test a database of its own, on the server that the environment names
//! (`cargo xtask test` starts one for all) or else on one that this process starts.
//! [`PostgresServer`] is a server of its own, to be killed and started again.
//! No server outlives the process that started it, however that ends.

mod account;
mod database;
mod guard;
mod programs;
mod psql;
mod server;

pub use database::{OWNER_URL, PostgresDatabase, SERVING_URL, database};
pub use programs::find as programs;
pub use server::PostgresServer;

#[cfg(test)]
mod tests;
