use vpr_codec::Value;
use vpr_types::Part;

use crate::arguments::TenantArguments;
use crate::config::Config;
use crate::failure::Failure;
use crate::opening::{Absent, Opened};
use crate::operator::{Operator, items, number, text};
use crate::output::Output;

/// `vpr list`
pub(crate) async fn run(config: &Config, arguments: &TenantArguments) -> Result<(), Failure> {
    let tenant = super::tenant(arguments.tenant.as_deref(), config)?;
    let opened = Opened::open(config, Absent::Refuse).await?;
    let operator = Operator(opened.connection.clone());
    let listed = list(&operator, tenant.as_str()).await;
    drop(operator);
    opened.close()?;
    listed
}

async fn list(operator: &Operator, tenant: &str) -> Result<(), Failure> {
    let answer = operator.get(&format!("/tenants/{tenant}/overview")).await?;
    let rows: Vec<_> = items(answer.root(), "records").map(row).collect();
    let mut output = Output::new();
    let heads = [
        "record",
        "patient",
        Part::Demographics.as_str(),
        Part::Clinical.as_str(),
        Part::Coordination.as_str(),
        Part::Registry.as_str(),
        "last change",
    ];
    output.table(heads, &rows)?;
    output.flush()
}

/// One record's line.
fn row(record: Value<'_>) -> [String; 7] {
    let member = |name| text(record, name).unwrap_or_default();
    let count = |part: Part| Some(number::<u64>(record.get("documents")?, part.as_str())?.to_string());
    let [demographics, clinical, coordination, registry] =
        [Part::Demographics, Part::Clinical, Part::Coordination, Part::Registry]
            .map(|part| count(part).unwrap_or_default());
    [member("record"), member("patient"), demographics, clinical, coordination, registry, member("last")]
}
