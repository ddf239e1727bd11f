//! Prints the throughput of the reader and the writers on the JSON files named as arguments:
//! `cargo run --release -p vpr-codec --example json_throughput FILE…`

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use vpr_codec::{Json, Limits, MemberScan, Style, Writer, compact, pretty};

const RUN: Duration = Duration::from_millis(60);

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args().skip(1) {
        let given = std::fs::read(&path)?;
        let limits = Limits::default();
        let json = Json::parse(given.clone(), &limits)?;
        println!("{path}: {} bytes, {} values", given.len(), json.values());
        let canonical = write(&json, Style::Canonical);
        let sent = write(&json, Style::Compact);
        measure("parse as given", given.len(), || black_box(Json::parse(given.clone(), &limits).is_ok()));
        measure("parse compact", sent.len(), || black_box(Json::parse(sent.clone(), &limits).is_ok()));
        measure("write canonical (bytes out)", canonical.len(), || {
            !write(&json, Style::Canonical).is_empty()
        });
        measure("write compact (bytes out)", sent.len(), || !write(&json, Style::Compact).is_empty());
        measure("compact (bytes in)", canonical.len(), || !black_box(compact(&canonical)).is_empty());
        measure("pretty (bytes in)", sent.len(), || !black_box(pretty(&sent)).is_empty());
        measure("scan members", canonical.len(), || black_box(MemberScan::new(&canonical).count()) > 0);
    }
    Ok(())
}

fn write(json: &Json, style: Style) -> Vec<u8> {
    let mut writer = Writer::with_capacity(style, json.source().len());
    writer.value(json.root());
    black_box(writer.finish())
}

/// Repeats `work` and prints its rate in the best of ten runs, because others use the machine too;
/// `work` returns whether it did anything.
fn measure(what: &str, bytes: usize, work: impl Fn() -> bool) {
    let mut best = 0f64;
    for _ in 0..10 {
        let begin = Instant::now();
        let mut rounds = 0u32;
        while begin.elapsed() < RUN && work() {
            rounds += 1;
        }
        best = best.max(bytes as f64 * f64::from(rounds) / begin.elapsed().as_secs_f64() / 1e6);
    }
    println!("  {what:<28} {best:>6.0} MB/s");
}
