//! How fast resources are parsed, validated, written in canonical form and rendered.
//!
//! `cargo run --release -p vpr-fhir --example validate_throughput -- [--issues] PATH…` takes JSON
//! files and folders of them; resources of bundles count one by one. With `--issues` it prints what
//! was found instead of the times.
#![expect(clippy::print_stdout, reason = "it is a program for people")]

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use vpr_codec::{Json, Limits, Style, Value};
use vpr_fhir::{Edits, ValidateOptions, canonical, home, references, render, validate};

const OPTIONS: ValidateOptions = ValidateOptions { conditional_references: true };

fn main() -> Result<(), Box<dyn Error>> {
    let mut issues = false;
    let mut files = Vec::new();
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "--issues" => issues = true,
            path => collect(Path::new(path), &mut files)?,
        }
    }
    files.sort();
    if issues { print_issues(&files) } else { measure(&files) }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if path.extension().is_some_and(|extension| extension == "json") {
        files.push(path.to_owned());
    }
    Ok(())
}

fn print_issues(files: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    for file in files {
        let json = match Json::parse(fs::read(file)?, &Limits::default()) {
            Ok(json) => json,
            Err(error) => {
                println!("{}: {error}", file.display());
                continue;
            }
        };
        for issue in validate(json.root(), &OPTIONS) {
            let name = file.file_name().unwrap_or_default().display();
            let (severity, code) = (issue.severity.code(), issue.code.code());
            println!(
                "{name}:{}:{}: {severity} {code} {}: {}",
                issue.line, issue.column, issue.expression, issue.text
            );
        }
    }
    Ok(())
}

/// The resources of a bundle, or the one itself.
fn resources<'a>(root: Value<'a>) -> Vec<Value<'a>> {
    let entries: Vec<_> = root
        .get("entry")
        .into_iter()
        .flat_map(Value::items)
        .filter_map(|entry| entry.get("resource"))
        .collect();
    if entries.is_empty() { vec![root] } else { entries }
}

fn measure(files: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let mut texts = Vec::new();
    for file in files {
        let Ok(json) = Json::parse(fs::read(file)?, &Limits::default()) else { continue };
        texts.extend(resources(json.root()).into_iter().map(|each| each.raw().as_bytes().to_vec()));
    }
    let bytes: usize = texts.iter().map(Vec::len).sum();
    println!("{} resources, {} bytes each on average", texts.len(), bytes / texts.len().max(1));
    let mut trees = Vec::new();
    let time = timed(|| {
        trees = texts.iter().filter_map(|text| Json::parse(text.clone(), &Limits::default()).ok()).collect();
    });
    print(time, texts.len(), bytes, "parse (with a copy of the text)");
    let print_best = |what: &str, run: &dyn Fn()| {
        let best = (0..3).map(|_| timed(run)).min().unwrap_or_default();
        print(best, texts.len(), bytes, what);
    };
    let each = |run: &dyn Fn(Value<'_>)| trees.iter().for_each(|tree| run(tree.root()));
    print_best("validate", &|| each(&|root| drop(black_box(validate(root, &OPTIONS)))));
    print_best("canonical", &|| each(&|root| drop(black_box(canonical(root, &Edits::default())))));
    print_best("home", &|| each(&|root| drop(black_box(home(root, &Edits::default())))));
    print_best("references", &|| each(&|root| drop(black_box(references(root)))));
    let stored: Vec<_> = trees.iter().map(|tree| canonical(tree.root(), &Edits::default())).collect();
    let time = "2026-11-22T17:40:00.123Z";
    print_best("render compact", &|| {
        stored.iter().for_each(|text| drop(black_box(render(text, 3, time, Style::Compact))))
    });
    Ok(())
}

fn timed(mut run: impl FnMut()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn print(time: Duration, count: usize, bytes: usize, what: &str) {
    let each = time.as_secs_f64() * 1e6 / count.max(1) as f64;
    println!("{what:>32}: {each:8.2} us each, {:6.0} MB/s", bytes as f64 / 1e6 / time.as_secs_f64());
}
