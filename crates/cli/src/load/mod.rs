//! `vpr load`: from files to acknowledged writes.
//!
//! [`files`] finds them, [`documents`] reads them as a stream of JSON texts, [`plan`] makes requests
//! of these, [`run`] keeps several in flight and [`report`] counts. Nothing is written to disk but
//! the report.

mod documents;
mod expand;
mod files;
mod kind;
mod limits;
mod outgoing;
mod place;
mod plan;
mod tar_reader;
#[cfg(test)]
mod tests;
