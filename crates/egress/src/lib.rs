//! The one outbound HTTP client: nothing else in the workspace opens a connection to another
//! process.
//!
//! [`Client::http`] speaks to an HTTP server, [`Client::unix`] to a VPR server of the same machine
//! over its Unix socket. Answers are read whole, within a limit of bytes and of time.
//!
//! What it never does: follow a redirect, send anything again, keep a cookie, or speak TLS
//! (`https://` answers [`EgressError::NotSupported`]). Where it may connect to is decided by who
//! gives the address: today only the operator's command line does. Addresses that come from data
//! (webhooks, JWKS, attachments) need a guard at every connect and are not accepted before there is one.

mod client;
mod error;
mod unix;

pub use client::{Client, Limits};
pub use error::EgressError;
