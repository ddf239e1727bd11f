use vpr_codec::Value;
use vpr_types::Part;

use crate::arguments::LogArguments;
use crate::config::Config;
use crate::failure::Failure;
use crate::opening::{Absent, Opened};
use crate::operator::{Operator, items, text};
use crate::output::Output;

/// `vpr log`
pub(crate) async fn run(config: &Config, arguments: &LogArguments) -> Result<(), Failure> {
    if arguments.part.as_deref().is_some_and(|part| Part::parse(part).is_none()) {
        return Err(Failure::Usage("a part is demographics, clinical or coordination".to_owned()));
    }
    let tenant = super::tenant(arguments.tenant.tenant.as_deref(), config)?;
    let opened = Opened::open(config, Absent::Refuse).await?;
    let operator = Operator(opened.connection.clone());
    let printed = async {
        let record = operator.record(tenant.as_str(), &arguments.record).await?;
        let part = arguments.part.as_ref().map(|part| format!("&part={part}")).unwrap_or_default();
        let path = format!("/tenants/{tenant}/records/{record}/log?limit={}{part}", arguments.limit);
        let answer = operator.get(&path).await?;
        let mut output = Output::new();
        for commit in items(answer.root(), "commits") {
            if arguments.full { full(commit, &mut output)? } else { short(commit, &mut output)? }
        }
        output.flush()
    };
    let printed = printed.await;
    drop(operator);
    opened.close()?;
    printed
}

/// One line: seq, time, author, part, what.
fn short(commit: Value<'_>, output: &mut Output) -> Result<(), Failure> {
    let member = |name| text(commit, name).unwrap_or_default();
    let message = member("message");
    let seq = trailer(&message, "VPR-Seq").unwrap_or("-");
    let time = trailer(&message, "VPR-Time").map_or_else(|| member("time"), str::to_owned);
    let line =
        format!("{seq:>6}  {time}  {:<14}  {:<12}  {}", member("author"), member("part"), member("subject"));
    output.line(line.trim_end())
}

fn full(commit: Value<'_>, output: &mut Output) -> Result<(), Failure> {
    let member = |name| text(commit, name).unwrap_or_default();
    output.line(format!("commit {}", member("commit")))?;
    output.line(format!("part   {}", member("part")))?;
    output.line(format!("author {}", member("author")))?;
    output.line(format!("time   {}\n", member("time")))?;
    for line in member("message").trim_end().lines() {
        output.line(format!("    {line}").trim_end())?;
    }
    output.line("")
}

/// The value of a trailer of a commit message.
fn trailer<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.lines().rev().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}
