//! The JSON reader and writers; `json_body` says what must hold.

#![no_main]

mod json_body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| json_body::check(data));
