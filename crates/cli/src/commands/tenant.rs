use crate::arguments::TenantCommand;
use crate::config::Config;
use crate::failure::Failure;
use crate::opening::{Absent, Opened};
use crate::operator::{Operator, items, text};
use crate::output::Output;

/// `vpr tenant create|list`
pub(crate) async fn run(config: &Config, command: TenantCommand) -> Result<(), Failure> {
    match command {
        TenantCommand::Create { name } => {
            let opened = Opened::open(config, Absent::Create).await?;
            let created = create(&opened, &name).await;
            opened.close()?;
            created
        }
        TenantCommand::List => {
            let opened = Opened::open(config, Absent::Refuse).await?;
            let listed = list(&opened).await;
            opened.close()?;
            listed
        }
    }
}

async fn create(opened: &Opened, name: &str) -> Result<(), Failure> {
    let name = vpr_types::TenantName::new(name).map_err(|error| Failure::Usage(format!("the {error}")))?;
    let body = format!(r#"{{"name":"{name}"}}"#);
    Operator(opened.connection.clone()).post("/tenants", body).await?;
    let mut output = Output::new();
    output.line(format!("tenant {name} is created"))?;
    output.flush()
}

async fn list(opened: &Opened) -> Result<(), Failure> {
    let answer = Operator(opened.connection.clone()).get("/tenants").await?;
    let mut rows: Vec<_> = items(answer.root(), "tenants")
        .map(|tenant| ["name", "created"].map(|name| text(tenant, name).unwrap_or_default()))
        .collect();
    rows.sort();
    let mut output = Output::new();
    output.table(["tenant", "created"], &rows)?;
    output.flush()
}
