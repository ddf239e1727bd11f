//! Counters for Prometheus. Labels are route templates, methods and statuses: nothing of a request.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use vpr_service::Health;

use crate::index_state::IndexState;

/// What is counted at the door.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Request, Counter>,
    durations: Family<Action, Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    action: &'static str,
    method: &'static str,
    status: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Action {
    action: &'static str,
}

/// From 50 microseconds to 13 seconds, each four times the one before.
fn buckets() -> Histogram {
    Histogram::new((0..10).map(|power| 0.000_05 * 4_f64.powi(power)))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("vpr");
        let requests = Family::<Request, Counter>::default();
        let durations = Family::<Action, Histogram>::new_with_constructor(buckets);
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from the request's head to the answer's head",
            Unit::Seconds,
            durations.clone(),
        );
        Self { registry: Mutex::new(registry), requests, durations }
    }
}

impl Metrics {
    /// Counts an answer.
    pub fn answered(&self, action: &'static str, method: &'static str, status: u16, took: Duration) {
        self.requests.get_or_create(&Request { action, method, status: u32::from(status) }).inc();
        self.durations.get_or_create(&Action { action }).observe(took.as_secs_f64());
    }

    /// The text that Prometheus scrapes (OpenMetrics 1.0), the state of the journal and of the search
    /// index included.
    #[must_use]
    pub fn scrape(&self, health: &Health, index: &IndexState, audits_lost: u64) -> String {
        let mut text = String::new();
        if let Ok(registry) = self.registry.lock() {
            // Writing into a String does not fail.
            let _ = encode(&mut text, &registry);
        }
        let end = "# EOF\n";
        text.truncate(text.len() - if text.ends_with(end) { end.len() } else { 0 });
        for (name, kind, help, value) in [
            ("vpr_ready", "gauge", "Whether requests are acknowledged", u64::from(health.is_ready())),
            (
                "vpr_store_full",
                "gauge",
                "Whether writes are refused for want of room",
                u64::from(health.full),
            ),
            ("vpr_journal_used_bytes", "gauge", "Bytes of the journal in use", health.journal_used),
            (
                "vpr_journal_capacity_bytes",
                "gauge",
                "Bytes that the journal may use",
                health.journal_capacity,
            ),
            ("vpr_unmaterialized_commits", "gauge", "Commits not in Git yet", health.unmaterialized as u64),
            ("vpr_audits_lost", "counter", "Accesses answered without an audit entry", audits_lost),
            ("vpr_journal_groups", "counter", "Groups written, one sync each", health.groups),
            ("vpr_journal_entries", "counter", "Entries written", health.entries),
            ("vpr_journal_last_sync_micros", "gauge", "Length of the last sync", health.last_sync_micros),
            ("vpr_search_answering", "gauge", "Whether searches are answered", u64::from(index.answers())),
            ("vpr_search_applied_changes", "gauge", "Changes that searches show", index.applied),
            ("vpr_search_behind_changes", "gauge", "Changes that searches do not show yet", index.behind),
            ("vpr_search_rebuilds", "counter", "Search indexes built again", index.rebuilds),
        ] {
            let sample = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
            let _ = write!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}\n{sample} {value}\n");
        }
        text.push_str(end);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_answered_can_be_scraped() {
        let metrics = Metrics::default();
        metrics.answered("read", "GET", 200, Duration::from_micros(70));
        metrics.answered("read", "GET", 404, Duration::from_micros(40));
        let health = Health { groups: 7, ..Health::default() };
        let index = IndexState { state: "following", applied: 40, behind: 2, rebuilds: 1 };
        let text = metrics.scrape(&health, &index, 3);
        for line in [
            "vpr_http_requests_total{action=\"read\",method=\"GET\",status=\"200\"} 1\n",
            "vpr_http_requests_total{action=\"read\",method=\"GET\",status=\"404\"} 1\n",
            "vpr_http_request_duration_seconds_count{action=\"read\"} 2\n",
            "vpr_http_request_duration_seconds_bucket{le=\"0.00005\",action=\"read\"} 1\n",
            "vpr_journal_groups_total 7\n",
            "vpr_ready 1\n",
            "vpr_search_behind_changes 2\n",
            "vpr_search_rebuilds_total 1\n",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n") && text.matches("# EOF").count() == 1);
    }
}
