//! `vpr load`: from files to acknowledged writes.
//!
//! [`files`] finds them, [`documents`] reads them as a stream of JSON texts, [`plan`] makes requests
//! of these, [`run`] keeps several in flight and [`report`] counts. Nothing is written to disk but
//! the report.

mod files;
mod kind;
mod place;

mod documents;
mod expand;
mod tar_reader;

mod outgoing;
mod plan;

mod answer;
mod deliver;
mod progress;
mod report;
mod run;
mod texts;

mod limits;

#[cfg(test)]
mod tests;

pub(crate) use deliver::{Door, Patience};
pub(crate) use files::find;
pub(crate) use limits::Limits;
pub(crate) use run::{Options, load};
pub(crate) use texts::load_texts;
