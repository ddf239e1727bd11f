//! One file for each command: what it asks, and how it prints the answer.

mod config;
mod demo;
mod diff;
mod explain;
mod list;
mod load;
mod log;
mod openapi;
mod reindex;
mod sample;
mod serve;
mod show;
mod tenant;
mod verify;

use vpr_types::TenantName;

use crate::arguments::{Arguments, Command};
use crate::config::{Config, Loaded, load as load_config};
use crate::failure::Failure;

/// Reads the configuration and does what the command line says.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        // These need no data directory, and no configuration that could be wrong.
        Command::Sample(sample) => return sample::run(&sample),
        Command::Openapi => return openapi::run(),
        Command::Config(crate::arguments::ConfigCommand::Keys) => return config::keys(),
        _ => {}
    }
    if arguments.data_dir.is_some() && matches!(arguments.command, Command::Demo(_)) {
        let why = "a demonstration keeps its data in a folder of its own: name it with --dir";
        return Err(Failure::Usage(why.to_owned()));
    }
    let serving = matches!(arguments.command, Command::Serve(_) | Command::Demo(_));
    let mut loaded = load_config(arguments.config.as_deref(), &overrides(&arguments))?;
    if !serving && loaded.is_default("log.filter") {
        // A command's answer is its output; the log of a server would only stand in between.
        loaded.config.log.filter = "warn".to_owned();
    }
    crate::logging::start(&loaded.config.log);
    dispatch(arguments.command, loaded).await
}

async fn dispatch(command: Command, loaded: Loaded) -> Result<(), Failure> {
    let config = &loaded.config;
    match command {
        Command::Serve(arguments) => serve::run(config, &arguments).await,
        Command::Demo(arguments) => demo::run(loaded.config, &arguments).await,
        Command::Load(arguments) => load::run(config, &arguments).await,
        Command::Tenant(arguments) => tenant::run(config, arguments).await,
        Command::List(arguments) => list::run(config, &arguments).await,
        Command::Log(arguments) => log::run(config, &arguments).await,
        Command::Show(arguments) => show::run(config, &arguments).await,
        Command::Diff(arguments) => diff::run(config, &arguments).await,
        Command::Explain(arguments) => explain::run(config, &arguments).await,
        Command::Verify => verify::run(config).await,
        Command::Reindex(arguments) => reindex::run(config, &arguments).await,
        Command::Config(_) => config::check(&loaded),
        Command::Sample(arguments) => sample::run(&arguments),
        Command::Openapi => openapi::run(),
    }
}

/// What the command line sets of the configuration.
fn overrides(arguments: &Arguments) -> Vec<(&'static str, String)> {
    let mut set = Vec::new();
    if let Some(data) = &arguments.data_dir {
        set.push(("store.data_dir", data.display().to_string()));
    }
    let serve = match &arguments.command {
        Command::Serve(serve) => serve,
        Command::Demo(demo) => &demo.serve,
        _ => return set,
    };
    if let Some(listen) = serve.listen {
        set.push(("server.listen", listen.to_string()));
    }
    if let Some(port) = serve.port {
        set.push(("server.port", port.to_string()));
    }
    set
}

/// The tenant that a command is about.
fn tenant(named: Option<&str>, config: &Config) -> Result<TenantName, Failure> {
    match named {
        Some(name) => TenantName::new(name).map_err(|error| Failure::Usage(format!("--tenant: the {error}"))),
        None => config.tenants.default.clone().ok_or_else(|| {
            Failure::Usage("name the tenant with --tenant; there is no default one here".to_owned())
        }),
    }
}
