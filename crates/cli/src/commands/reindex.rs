use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http::header::HOST;
use indicatif::{ProgressBar, ProgressStyle};
use vpr_codec::{Json, Limits, Value};

use crate::arguments::TenantArguments;
use crate::config::Config;
use crate::failure::Failure;
use crate::lines::Lines;
use crate::opening::{Absent, Opened};
use crate::operator::{self, number, text};
use crate::output::{self, Output};

const LINE_EVERY: Duration = Duration::from_secs(2);

/// `vpr reindex`
pub(crate) async fn run(config: &Config, arguments: &TenantArguments) -> Result<(), Failure> {
    let tenant = super::tenant(arguments.tenant.as_deref(), config)?;
    let opened = Opened::open_searching(config, Absent::Refuse).await?;
    let reindexed = reindex(&opened, tenant.as_str()).await;
    opened.close()?;
    reindexed
}

async fn reindex(opened: &Opened, tenant: &str) -> Result<(), Failure> {
    let path = format!("{}/tenants/{tenant}/reindex", operator::PREFIX);
    let request = Request::post(path).header(HOST, "localhost").body(Bytes::new()).map_err(Failure::of)?;
    let (started, mut lines, mut last) = (Instant::now(), Lines::default(), None);
    let mut display = Display::new();
    let status = opened
        .connection
        .stream(request, &mut |bytes| {
            for line in lines.feed(&bytes) {
                let Ok(json) = Json::parse(line, &Limits::default()) else { continue };
                if let Some(progress) = json.root().get("progress") {
                    display.show(progress);
                }
                last = Some(json);
            }
        })
        .await
        .map_err(Failure::of)?;
    display.finish();
    let report = last.as_ref().and_then(|json| json.root().get("report"));
    let Some(report) = report.filter(|_| status.is_success()) else {
        // A refusal is one object, and not a line.
        let refusal = lines.rest().and_then(|rest| Json::parse(rest, &Limits::default()).ok());
        let why = refusal.as_ref().and_then(|json| text(json.root().get("error")?, "message"));
        return Err(Failure::Failed(
            why.unwrap_or_else(|| "the server went away before it was done".to_owned()),
        ));
    };
    let applied = number::<u64>(report, "applied").unwrap_or_default();
    let seconds = started.elapsed().as_secs_f64();
    let mut output = Output::new();
    output.line(format!(
        "the search index of {tenant} is built: {applied} changes in {seconds:.1} s ({:.0}/s)",
        applied as f64 / seconds.max(0.001)
    ))?;
    output.flush()
}

/// How far it is: a bar when somebody watches, else a line every few seconds.
struct Display {
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Display {
    fn new() -> Self {
        let bar = output::is_watched().then(|| {
            let bar = ProgressBar::new(0);
            if let Ok(style) =
                ProgressStyle::with_template("{bar:30} {pos} of {len} changes  {msg}  {eta} left")
            {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, last_line: Instant::now() }
    }

    fn show(&mut self, progress: Value<'_>) {
        let count = |name| number::<u64>(progress, name).unwrap_or_default();
        let why = text(progress, "error").unwrap_or_default();
        if let Some(bar) = &self.bar {
            bar.set_length(count("durable"));
            bar.set_position(count("applied"));
            bar.set_message(why);
        } else if self.last_line.elapsed() >= LINE_EVERY {
            output::say(format!("{} of {} changes {why}", count("applied"), count("durable")));
            self.last_line = Instant::now();
        }
    }

    fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
