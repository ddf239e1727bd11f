use std::time::Duration;

/// What one load came to.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) connections: usize,
    /// How many operations ended in the time; a bundle counts once for each entry.
    pub(super) operations: u64,
    pub(super) wall: Duration,
    /// CPU of the server in that time; `None` for a raw limit without one.
    pub(super) server_cpu: Option<Duration>,
    /// Of each request, sorted.
    pub(super) latencies: Vec<Duration>,
    /// Entries in one group of the journal: changes, and what the audit keeps of reads.
    pub(super) entries_per_group: Option<f64>,
}

impl Figure {
    pub(super) fn per_second(&self) -> f64 {
        self.operations as f64 / self.wall.as_secs_f64()
    }

    /// Milliseconds of server CPU for one operation.
    pub(super) fn cpu_ms(&self) -> Option<f64> {
        let cpu = self.server_cpu?;
        (self.operations > 0).then(|| cpu.as_secs_f64() * 1000.0 / self.operations as f64)
    }

    /// The latency that `percent` of the requests did not exceed, in milliseconds.
    pub(super) fn percentile_ms(&self, percent: f64) -> f64 {
        percentile(&self.latencies, percent).as_secs_f64() * 1000.0
    }
}

/// The value at `percent` of a sorted sample; zero of an empty one.
pub(super) fn percentile(sorted: &[Duration], percent: f64) -> Duration {
    let rank = (sorted.len() as f64 * percent / 100.0).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_of_the_sample() {
        let sample: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&sample, 50.0), Duration::from_millis(100));
        assert_eq!(percentile(&sample, 99.0), Duration::from_millis(198));
        assert_eq!(percentile(&sample, 100.0), Duration::from_millis(200));
        assert_eq!(percentile(&sample[..1], 50.0), Duration::from_millis(1));
        assert_eq!(percentile(&[], 50.0), Duration::ZERO);
    }

    #[test]
    fn cpu_is_shared_among_operations() {
        let figure = Figure {
            name: "x".into(),
            connections: 1,
            operations: 4000,
            wall: Duration::from_secs(2),
            server_cpu: Some(Duration::from_secs(1)),
            latencies: Vec::new(),
            entries_per_group: None,
        };
        assert!((figure.per_second() - 2000.0).abs() < 1e-9);
        assert!(figure.cpu_ms().is_some_and(|ms| (ms - 0.25).abs() < 1e-9));
    }
}
