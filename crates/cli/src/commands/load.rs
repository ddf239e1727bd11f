use std::sync::Arc;
use std::time::Duration;

use vpr_egress::{Client, Limits as AnswerLimits};

use crate::arguments::LoadArguments;
use crate::config::Config;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::load::{self, Door, Limits, Options, Patience};
use crate::opening::{Absent, Opened};
use crate::output::{Output, say};

/// `vpr load`
pub(crate) async fn run(config: &Config, arguments: &LoadArguments) -> Result<(), Failure> {
    let found = load::find(&arguments.paths).map_err(Failure::of)?;
    let patience = Patience::of(Duration::from_secs(arguments.patience));
    let (door, opened) = match &arguments.to {
        Some(url) => (remote(url, arguments.tenant.as_deref(), patience)?, None),
        None => {
            let tenant = super::tenant(arguments.tenant.as_deref(), config)?;
            let opened = Opened::open_searching(config, Absent::Create).await?;
            opened.ensure_default_tenant(config)?;
            let door = Door {
                connection: opened.connection.clone(),
                base: format!("/t/{tenant}/fhir"),
                tenant: tenant.to_string(),
                patience,
            };
            (door, Some(opened))
        }
    };
    let jobs = if arguments.in_order { 1 } else { usize::from(arguments.jobs) };
    let result = load::load(found, door, Options { jobs, limits: Limits::default() }).await;
    if opened.as_ref().is_some_and(Opened::is_here) {
        say("bringing what is loaded into the repositories");
    }
    // Done whatever became of the load.
    let closed = opened.map_or(Ok(()), Opened::close);
    let (tally, took) = result?;
    closed?;
    if let Some(file) = &arguments.report {
        let failed = |error| Failure::Failed(format!("{}: {error}", file.display()));
        std::fs::write(file, tally.to_json(took)?).map_err(failed)?;
    }
    tally.print(took, &mut Output::new())?;
    if tally.is_clean() { Ok(()) } else { Err(Failure::Said) }
}

/// Another server. A URL without a path is the server's root; one with a path is the FHIR base.
fn remote(url: &str, tenant: Option<&str>, patience: Patience) -> Result<Door, Failure> {
    let client = Client::http(url, AnswerLimits::default())
        .map_err(|error| Failure::Failed(format!("--to: {error}")))?;
    let path = url.parse::<http::Uri>().map(|uri| uri.path().trim_end_matches('/').to_owned());
    let path = path.map_err(Failure::of)?;
    let base = match (tenant, path.as_str()) {
        (None, "") => "/fhir".to_owned(),
        (None, path) => path.to_owned(),
        (Some(tenant), "") => format!("/t/{tenant}/fhir"),
        (Some(_), _) => {
            let why = "--tenant goes with a --to that is the server's root; this one has a path already";
            return Err(Failure::Usage(why.to_owned()));
        }
    };
    Ok(Door { connection: Connection::There(Arc::new(client)), tenant: base.clone(), base, patience })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_the_path_of_the_url_or_the_usual_one() {
        let base = |url, tenant| {
            remote(url, tenant, Patience::of(Duration::from_secs(1)))
                .map(|door| door.base)
                .map_err(|e| e.to_string())
        };
        assert_eq!(base("http://h:8000", None).unwrap(), "/fhir");
        assert_eq!(base("http://h:8000/", Some("a")).unwrap(), "/t/a/fhir");
        assert_eq!(base("http://h/x/fhir/", None).unwrap(), "/x/fhir");
        assert!(base("http://h/fhir", Some("a")).unwrap_err().contains("root"));
        assert!(base("https://h/fhir", None).unwrap_err().contains("not supported yet"));
    }
}
