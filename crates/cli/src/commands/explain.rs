use std::time::Duration;

use vpr_codec::{Json, Style, Value, Writer};

use crate::arguments::ExplainArguments;
use crate::config::Config;
use crate::failure::Failure;
use crate::opening::{Absent, Opened};
use crate::operator::{Operator, items, number, text};
use crate::output::{Output, say};

/// `vpr explain`
pub(crate) async fn run(config: &Config, arguments: &ExplainArguments) -> Result<(), Failure> {
    if !arguments.search.contains('?') {
        let why = "a search has a '?': Observation?code=8867-4, ?_type=Patient or Patient/1/Observation?";
        return Err(Failure::Usage(why.to_owned()));
    }
    let tenant = super::tenant(arguments.tenant.tenant.as_deref(), config)?;
    let opened = Opened::open_searching(config, Absent::Refuse).await?;
    let operator = Operator(opened.connection.clone());
    let path = format!("/tenants/{tenant}/explain");
    let told = operator.post(&path, question(&arguments.search)).await;
    drop(operator);
    opened.close()?;
    print(told?, arguments.json)
}

fn question(search: &str) -> String {
    let mut writer = Writer::new(Style::Compact);
    writer.begin_object();
    writer.key("search");
    writer.string(search);
    writer.end_object();
    String::from_utf8_lossy(&writer.finish()).into_owned()
}

fn print(told: Json, as_json: bool) -> Result<(), Failure> {
    let root = told.root();
    if root.get("stale").and_then(Value::as_bool) == Some(true) {
        say("the search index is behind: the newest changes may be missing");
    }
    let mut output = Output::new();
    if as_json {
        output.line(told.into_source())?;
        return output.flush();
    }
    let (mut statements, mut all) = (0_u64, Duration::ZERO);
    for statement in items(root, "statements") {
        let time = Duration::from_micros(number(statement, "micros").unwrap_or_default());
        let rows: u64 = number(statement, "rows").unwrap_or_default();
        statements += 1;
        all += time;
        output.line(format!(
            "{statements}. {rows} {}, {}",
            if rows == 1 { "row" } else { "rows" },
            millis(time)
        ))?;
        output.line(format!("   {}", text(statement, "statement").unwrap_or_default()))?;
        for step in items(statement, "plan") {
            output.line(format!("     {}", step.as_str().unwrap_or_default()))?;
        }
        output.line("")?;
    }
    let named = if statements == 1 { "statement" } else { "statements" };
    output.line(format!("{statements} {named}, {}", millis(all)))?;
    output.flush()
}

fn millis(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1000.0)
}
