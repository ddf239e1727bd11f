//! How fast search keys are extracted.
//!
//! `cargo run --release -p vpr-fhir --example extract_speed -- [--keys] PATH…` takes JSON files and
//! folders of them; resources of bundles count one by one. With `--keys` it prints the keys, one
//! line for each with the file and the parameter, instead of the times.
#![expect(clippy::print_stdout, reason = "it is a program for people")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use vpr_codec::{Json, Limits, Value};
use vpr_fhir::search::{extract, extractor};

const ROUNDS: u32 = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut keys = false;
    let mut files = Vec::new();
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "--keys" => keys = true,
            path => collect(Path::new(path), &mut files)?,
        }
    }
    files.sort();
    if keys { print_keys(&files) } else { measure(&files) }
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

fn print_keys(files: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    for file in files {
        let Ok(json) = Json::parse(fs::read(file)?, &Limits::default()) else { continue };
        let name = file.file_name().unwrap_or_default().display();
        let extracted = extract(json.root());
        for key in extracted.keys {
            println!("{name}\t{}\t{:?}", key.parameter.code(), key.value);
        }
        for (owner, id) in extracted.compartments {
            println!("{name}\t\t{owner}/{id}");
        }
    }
    Ok(())
}

/// The resources of a bundle, or the one itself.
fn resources(root: Value<'_>) -> Vec<Value<'_>> {
    let entries = root.get("entry").into_iter().flat_map(Value::items);
    let entries: Vec<_> = entries.filter_map(|entry| entry.get("resource")).collect();
    if entries.is_empty() { vec![root] } else { entries }
}

fn measure(files: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let mut of_type: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for file in files {
        let Ok(json) = Json::parse(fs::read(file)?, &Limits::default()) else { continue };
        for each in resources(json.root()) {
            let Some(name) = each.get("resourceType").and_then(Value::as_str) else { continue };
            let trees = of_type.entry(name.into_owned()).or_default();
            trees.push(Json::parse(each.raw().as_bytes().to_vec(), &Limits::default())?);
        }
    }
    let start = Instant::now();
    println!("extractor {:016x}, worked out in {:.1?}", extractor(), start.elapsed());
    let start = Instant::now();
    of_type.values().filter_map(|trees| trees.first()).for_each(|tree| drop(extract(tree.root())));
    println!("first resource of each of {} types, with its plan: {:.1?}", of_type.len(), start.elapsed());
    let (mut all, mut resources, mut keys) = (0.0, 0, 0);
    for (name, trees) in &of_type {
        let count: usize = trees.iter().map(|tree| extract(tree.root()).keys.len()).sum();
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            trees.iter().for_each(|tree| drop(black_box(extract(black_box(tree.root())))));
            best = best.min(start.elapsed().as_secs_f64());
        }
        let per = |total: f64| total / trees.len() as f64;
        println!(
            "{name:>28}: {:6} resources, {:6.1} keys, {:8.2} us each",
            trees.len(),
            per(count as f64),
            per(best * 1e6)
        );
        (all, resources, keys) = (all + best, resources + trees.len(), keys + count);
    }
    let each = resources.max(1) as f64;
    println!(
        "{:>28}: {resources:6} resources, {:6.1} keys, {:8.2} us each",
        "all",
        keys as f64 / each,
        all * 1e6 / each
    );
    Ok(())
}
