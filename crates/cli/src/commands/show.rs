use crate::arguments::ShowArguments;
use crate::config::Config;
use crate::failure::Failure;
use crate::opening::{Absent, Opened};
use crate::operator::{self, Operator};
use crate::output::Output;

/// `vpr show`
pub(crate) async fn run(config: &Config, arguments: &ShowArguments) -> Result<(), Failure> {
    let (name, version) = split(&arguments.document)?;
    let document = operator::document(name)?;
    let tenant = super::tenant(arguments.tenant.tenant.as_deref(), config)?;
    let opened = Opened::open(config, Absent::Refuse).await?;
    let operator = Operator(opened.connection.clone());
    let shown = async {
        let versions = operator.versions(tenant.as_str(), &arguments.record, &document).await?;
        let newest = versions.first().map_or(1, |line| line.version);
        let wanted = version.unwrap_or(newest);
        match operator.content(tenant.as_str(), &document, wanted).await? {
            Some(bytes) => {
                let mut output = Output::new();
                output.bytes(&bytes)?;
                output.flush()
            }
            None => Err(Failure::Failed(format!("version {wanted} of {document} is its deletion"))),
        }
    };
    let shown = shown.await;
    drop(operator);
    opened.close()?;
    shown
}

fn split(document: &str) -> Result<(&str, Option<u32>), Failure> {
    match document.split_once('@') {
        None => Ok((document, None)),
        Some((name, version)) => match version.parse() {
            Ok(version) => Ok((name, Some(version))),
            Err(_) => Err(Failure::Usage("a version is a whole number: Type/id@2".to_owned())),
        },
    }
}
