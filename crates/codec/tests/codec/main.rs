//! The JSON reader and writers, judged from outside.

// Helpers outside `#[test]` functions are tests too.
#![allow(clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod corpus;
mod grammar;
mod limits;
mod mutation;
mod places;
mod random;
mod written;

#[path = "../../../../fuzz/fuzz_targets/json_body.rs"]
mod json_body;

use vpr_codec::{Json, JsonError, JsonErrorKind, Limits};

fn parse(text: impl AsRef<[u8]>) -> Result<Json, JsonError> {
    Json::parse(text.as_ref(), &Limits::default())
}

fn kind(text: impl AsRef<[u8]>) -> JsonErrorKind {
    let text = text.as_ref();
    match parse(text) {
        Ok(_) => panic!("accepted: {}", String::from_utf8_lossy(text)),
        Err(error) => error.kind,
    }
}
