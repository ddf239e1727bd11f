//! The binary `vpr`: command line, configuration, serving, and commands at the data directory.
//!
//! [`arguments`] is the command line, [`commands`] has one file for each command, [`config`] says
//! what can be set, [`serve`] and [`node`] run a server
//! with its [`search_index`], [`load`] reads what is to be loaded,
//! [`generator`] invents patients. All commands at a data directory go through one [`connection`]:
//! in this process when its lock is free, else to the server that holds it.

mod arguments;
mod commands;
mod config;

mod node;
mod search_index;
mod serve;

mod connection;
mod lines;
mod opening;
mod operator;

mod generator;
mod load;

mod failure;
mod logging;
mod output;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use failure::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(commands::run(arguments)),
        Err(error) => Err(Failure::of(error)),
    };
    let Err(failure) = done else { return ExitCode::SUCCESS };
    if !matches!(failure, Failure::Said | Failure::ReaderGone) {
        output::say(format!("vpr: {failure}"));
    }
    failure.code()
}
