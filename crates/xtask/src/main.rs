//! Development tasks.

mod codegen;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.split_first().map(|(task, rest)| (task.as_str(), rest)) {
        Some(("codegen", rest)) => codegen::run(rest),
        _ => Err("usage: cargo xtask codegen [--check] [--package FILE.tgz]…".into()),
    }
}
