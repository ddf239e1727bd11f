use tracing_subscriber::EnvFilter;
use vpr_types::{Clock, SystemClock};

use crate::config::LogConfig;

/// Starts logging to standard error: one line an event, as text or JSON, never patient data.
///
/// Calling it twice changes nothing.
pub(crate) fn start(log: &LogConfig) {
    let filter = EnvFilter::builder().parse_lossy(&log.filter);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_timer(Time)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    let _ = if log.json { lines.json().try_init() } else { lines.try_init() };
}

/// UTC to the microsecond, from the clock that everything else uses.
struct Time;

impl tracing_subscriber::fmt::time::FormatTime for Time {
    fn format_time(&self, writer: &mut tracing_subscriber::fmt::format::Writer<'_>) -> std::fmt::Result {
        writer.write_str(&SystemClock.now().to_micros_text())
    }
}
