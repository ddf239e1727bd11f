//! The configuration: one typed struct per concern, from a TOML file and the environment.
//!
//! Precedence: command line, environment, file, default. What is not known is refused, with the
//! name of the known key that is most like it; what is known but not built is refused too.

mod concerns;
mod error;
mod keys;
mod load;
mod rules;
mod search;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use concerns::{Config, Environment, LogConfig};
pub(crate) use error::ConfigErrors;
pub(crate) use load::{Loaded, load};
pub(crate) use search::Database;
pub(crate) use table::{effective, reference};
