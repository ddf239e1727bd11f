use std::sync::Arc;

use parking_lot::Mutex;
use vpr_types::{Clock, Instant};

/// A clock that stands still until it is told otherwise. Clones share one time.
#[derive(Debug, Clone)]
pub struct SimClock {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    micros: i64,
    micros_per_look: i64,
}

impl SimClock {
    /// Stands at `start`.
    #[must_use]
    pub fn new(start: Instant) -> Self {
        Self { state: Arc::new(Mutex::new(State { micros: start.0, micros_per_look: 0 })) }
    }

    /// Moves on by `micros` after every look at it.
    #[must_use]
    pub fn stepping(start: Instant, micros: i64) -> Self {
        Self { state: Arc::new(Mutex::new(State { micros: start.0, micros_per_look: micros })) }
    }

    /// Jumps, forwards or backwards.
    pub fn set(&self, now: Instant) {
        self.state.lock().micros = now.0;
    }

    /// Moves on by `micros`.
    pub fn advance(&self, micros: i64) {
        self.state.lock().micros += micros;
    }
}

impl Default for SimClock {
    /// Stands at 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self::new(Instant(1_767_225_600_000_000))
    }
}

impl Clock for SimClock {
    fn now(&self) -> Instant {
        let mut state = self.state.lock();
        let now = state.micros;
        state.micros += state.micros_per_look;
        Instant(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_only_when_told_and_its_clones_with_it() {
        let clock = SimClock::default();
        let other = clock.clone();
        assert_eq!(clock.now().to_micros_text(), "2026-01-01T00:00:00.000000Z");
        other.advance(5);
        assert_eq!(clock.now(), other.now());
        clock.set(Instant(3));
        assert_eq!(other.now(), Instant(3));
        let stepping = SimClock::stepping(Instant(0), 10);
        assert_eq!([stepping.now(), stepping.now(), stepping.now()], [Instant(0), Instant(10), Instant(20)]);
    }
}
