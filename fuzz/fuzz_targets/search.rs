//! The reader of searches; `search_body` says what must hold.

#![no_main]

mod search_body;

libfuzzer_sys::fuzz_target!(|data: &[u8]| search_body::check(data));
