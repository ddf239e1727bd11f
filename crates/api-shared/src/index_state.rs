use vpr_service::{ProjectionStatus, ProjectorState};

/// What probes tell of the search index: that of all tenants together, so that nobody learns their
/// names from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexState {
    /// The worst state of any tenant's index.
    pub state: &'static str,
    /// Changes that searches show, of all tenants.
    pub applied: u64,
    /// Changes that are on disk and that searches do not show yet.
    pub behind: u64,
    /// How often an index was built again since the start.
    pub rebuilds: u64,
}

impl IndexState {
    /// What is to be told of these.
    #[must_use]
    pub fn of(all: &[ProjectionStatus]) -> Self {
        let badness = |state| match state {
            ProjectorState::Following => 0,
            ProjectorState::Starting => 1,
            ProjectorState::Rebuilding => 2,
            ProjectorState::Unavailable => 3,
        };
        let worst = all.iter().map(|each| each.state).max_by_key(|state| badness(*state));
        Self {
            state: match worst {
                None => "none",
                Some(ProjectorState::Following) => "following",
                Some(ProjectorState::Starting) => "starting",
                Some(ProjectorState::Rebuilding) => "rebuilding",
                Some(ProjectorState::Unavailable) => "unavailable",
            },
            applied: all.iter().map(|each| each.applied.0).sum(),
            behind: all.iter().map(|each| each.durable.0.saturating_sub(each.applied.0)).sum(),
            rebuilds: all.iter().map(|each| each.rebuilds).sum(),
        }
    }

    /// Whether searches of every tenant are answered.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.state == "following"
    }
}

#[cfg(test)]
mod tests {
    use vpr_types::{Seq, TenantName};

    use super::*;

    #[test]
    fn the_worst_of_all_is_told_and_no_name() {
        let one = |name: &str, state, applied, durable| ProjectionStatus {
            tenant: TenantName::new(name).unwrap(),
            state,
            applied: Seq(applied),
            durable: Seq(durable),
            rebuilding_to: Seq(0),
            rebuilds: 1,
            last_error: None,
        };
        let all =
            [one("a", ProjectorState::Following, 5, 7), one("secret", ProjectorState::Unavailable, 10, 10)];
        let state = IndexState::of(&all);
        assert_eq!(state, IndexState { state: "unavailable", applied: 15, behind: 2, rebuilds: 2 });
        assert!(!state.answers() && IndexState::of(&all[..1]).answers());
        assert_eq!(IndexState::of(&[]).state, "none");
    }
}
