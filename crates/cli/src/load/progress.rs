//! How far a load is: a bar when somebody watches, else a line every few seconds.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::report::Tally;
use crate::output;

const LINE_EVERY: Duration = Duration::from_secs(5);

/// The display of one load.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    started: Instant,
    last_line: Instant,
    bytes_total: u64,
}

impl Progress {
    /// Starts the display of a load of that many bytes on disk.
    pub(crate) fn new(bytes_total: u64) -> Self {
        let bar = output::is_watched().then(|| {
            let bar = ProgressBar::new(bytes_total);
            let form = "{bar:30} {percent:>3}% of {total_bytes}  {msg}  {eta} left";
            if let Ok(style) = ProgressStyle::with_template(form) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        let now = Instant::now();
        Self { bar, started: now, last_line: now, bytes_total }
    }

    /// Shows how far it is.
    pub(crate) fn update(&mut self, bytes_read: u64, tally: &Tally) {
        let text = || {
            let seconds = self.started.elapsed().as_secs_f64().max(0.001);
            let rate = tally.entries as f64 / seconds;
            let megabytes = tally.bytes as f64 / 1e6 / seconds;
            format!(
                "{} entries, {} refused, {rate:.0}/s, {megabytes:.1} MB/s",
                tally.entries, tally.refusals_total
            )
        };
        if let Some(bar) = &self.bar {
            bar.set_position(bytes_read);
            bar.set_message(text());
        } else if self.last_line.elapsed() >= LINE_EVERY {
            let percent = bytes_read * 100 / self.bytes_total.max(1);
            output::say(format!("{percent}% read: {}", text()));
            self.last_line = Instant::now();
        }
    }

    /// Prints a line above the bar.
    pub(crate) fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => output::say(text),
        }
    }

    /// Takes the display away and tells how long it all took.
    pub(crate) fn finish(self) -> Duration {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.started.elapsed()
    }
}
