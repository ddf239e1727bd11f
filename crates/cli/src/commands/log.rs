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
        let commits = commits(&operator, tenant.as_str(), &record, arguments).await?;
        let mut output = Output::new();
        for commit in &commits {
            if arguments.full { full(commit, &mut output)? } else { short(commit, &mut output)? }
        }
        output.flush()
    };
    let printed = printed.await;
    drop(operator);
    opened.close()?;
    printed
}

struct Commit {
    id: String,
    part: String,
    author: String,
    time: String,
    subject: String,
    message: String,
    /// `None` only in a commit that vpr did not write.
    seq: Option<u64>,
}

/// The commits of all parts asked for, newest first: git's times are whole seconds, the seq is exact.
async fn commits(
    operator: &Operator,
    tenant: &str,
    record: &str,
    arguments: &LogArguments,
) -> Result<Vec<Commit>, Failure> {
    let all = match record {
        "registry" => &[Part::Registry][..],
        _ => &[Part::Demographics, Part::Clinical, Part::Coordination],
    };
    let mut commits = Vec::new();
    let wanted = |part: &&Part| arguments.part.as_deref().is_none_or(|name| name == part.as_str());
    for part in all.iter().filter(wanted) {
        let path = format!("/tenants/{tenant}/records/{record}/log?part={part}&limit={}", arguments.limit);
        let answer = operator.get(&path).await?;
        commits.extend(items(answer.root(), "commits").map(Commit::read));
    }
    commits.sort_by_key(|commit| std::cmp::Reverse(commit.seq));
    commits.truncate(usize::try_from(arguments.limit).unwrap_or(usize::MAX));
    Ok(commits)
}

impl Commit {
    fn read(value: Value<'_>) -> Self {
        let member = |name| text(value, name).unwrap_or_default();
        let message = member("message");
        Self {
            seq: trailer(&message, "VPR-Seq").and_then(|seq| seq.parse().ok()),
            time: trailer(&message, "VPR-Time").map_or_else(|| member("time"), str::to_owned),
            id: member("commit"),
            part: member("part"),
            author: member("author"),
            subject: member("subject"),
            message,
        }
    }
}

/// One line: seq, time, author, part, what.
fn short(commit: &Commit, output: &mut Output) -> Result<(), Failure> {
    let Commit { time, author, part, subject, .. } = commit;
    let seq = commit.seq.map_or_else(|| "-".to_owned(), |seq| seq.to_string());
    output.line(format!("{seq:>6}  {time}  {author:<14}  {part:<12}  {subject}"))
}

fn full(commit: &Commit, output: &mut Output) -> Result<(), Failure> {
    output.line(format!("commit {}", commit.id))?;
    output.line(format!("part   {}", commit.part))?;
    output.line(format!("author {}", commit.author))?;
    output.line(format!("time   {}\n", commit.time))?;
    for line in commit.message.trim_end().lines() {
        output.line(format!("    {line}").trim_end())?;
    }
    output.line("")
}

/// The value of a trailer of a commit message.
fn trailer<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.lines().rev().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}
