use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http::header::HOST;
use vpr_codec::{Json, Limits, Value};

use crate::config::Config;
use crate::failure::Failure;
use crate::lines::Lines;
use crate::opening::{Absent, Opened};
use crate::operator::{self, items, number, text};
use crate::output::{Output, say};

const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// `vpr verify`
pub(crate) async fn run(config: &Config) -> Result<(), Failure> {
    let opened = Opened::open(config, Absent::Refuse).await?;
    let verified = verify(&opened).await;
    opened.close()?;
    verified
}

async fn verify(opened: &Opened) -> Result<(), Failure> {
    let path = format!("{}/verify", operator::PREFIX);
    let request = Request::post(path).header(HOST, "localhost").body(Bytes::new()).map_err(Failure::of)?;
    let mut lines = Lines::default();
    let mut last = None;
    let mut shown = Instant::now();
    let status = opened
        .connection
        .stream(request, &mut |bytes| {
            for line in lines.feed(&bytes) {
                if let Ok(json) = Json::parse(line, &Limits::default()) {
                    if let Some(progress) = json.root().get("progress")
                        && shown.elapsed() >= PROGRESS_EVERY
                    {
                        say(step(progress));
                        shown = Instant::now();
                    }
                    last = Some(json);
                }
            }
        })
        .await
        .map_err(Failure::of)?;
    let Some(json) = last.filter(|_| status.is_success()) else {
        return Err(Failure::Failed(format!("the verification gave no report ({status})")));
    };
    if let Some(report) = json.root().get("report") {
        return print(report);
    }
    let error = json.root().get("error");
    let why = error.and_then(|error| text(error, "message"));
    Err(Failure::Failed(why.unwrap_or_else(|| "the verification ended without a report".to_owned())))
}

fn step(progress: Value<'_>) -> String {
    let count = |name| number::<u64>(progress, name).unwrap_or_default();
    let tenant = text(progress, "tenant").unwrap_or_default();
    format!("checking {tenant}: {} of {} repositories", count("done"), count("total"))
}

fn print(report: Value<'_>) -> Result<(), Failure> {
    let mut output = Output::new();
    for (name, value) in report.members() {
        if value.number_text().is_some() {
            output.line(format!("{name:<20} {}", value.raw()))?;
        }
    }
    for item in items(report, "damage") {
        output.line(format!("damaged: {}", item.as_str().unwrap_or_default()))?;
    }
    let good = report.get("ok").and_then(Value::as_bool) == Some(true);
    output.line(if good { "everything is as it was written" } else { "damage was found" })?;
    output.flush()?;
    if good { Ok(()) } else { Err(Failure::Said) }
}
