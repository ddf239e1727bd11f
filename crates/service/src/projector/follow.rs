use std::sync::Arc;
use std::time::Instant;

use sha2::{Digest, Sha256};
use vpr_core::{CommittedChange, Engine, EngineError, Tenant};
use vpr_projection::ProjectionError;
use vpr_types::{Seq, TenantName};

use super::{Follower, Projector, ProjectorState, convert};

/// Changes that are applied together at the most.
const BATCH_CHANGES: usize = 1000;
/// Bytes of documents whose keys are extracted for one batch, unless a single change has more.
const BATCH_BYTES: usize = 32 * 1024 * 1024;

/// Why a step was not made.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Projector {
    /// Makes one step for a tenant; whether there is more to do at once.
    pub(super) fn follow(&self, engine: &Engine, tenant: &Tenant) -> bool {
        let follower = self.follower(&tenant.name);
        if follower.look().retry_at.is_some_and(|at| Instant::now() < at) {
            return false;
        }
        match self.step(engine, tenant, &follower) {
            Ok(more) => more,
            Err(StepError::Projection(
                error @ (ProjectionError::Unusable(_) | ProjectionError::OutOfOrder { .. }),
            )) => {
                tracing::warn!(tenant = %tenant.name, %error, "the search projection is rebuilt");
                follower.request_rebuild();
                follower.failed(error.to_string());
                false
            }
            Err(error) => {
                if follower.state() != ProjectorState::Unavailable {
                    tracing::warn!(tenant = %tenant.name, %error, "the search projection does not follow");
                }
                follower.failed(error.to_string());
                false
            }
        }
    }

    fn step(&self, engine: &Engine, tenant: &Tenant, follower: &Follower) -> Result<bool, StepError> {
        let name = &tenant.name;
        let before = follower.look();
        if before.rebuild_requested {
            self.empty(engine, tenant, follower)?;
        } else if !before.opened {
            self.projection.open_tenant(name, index_key(tenant))?;
        }
        let applied = self.projection.applied(name);
        let durable = engine.last_durable(name);
        if applied > durable {
            // Another data directory's, or one that was put back to an earlier state.
            return Err(ProjectionError::Unusable("it is ahead of the data".to_owned()).into());
        }
        let changes = bounded(engine.changes(name, applied, BATCH_CHANGES)?);
        let reached = if changes.is_empty() {
            applied
        } else {
            let batch = convert::applied(engine, name, &changes)?;
            self.projection.apply(name, &batch)?
        };
        self.publish(name, follower, reached, durable);
        Ok(reached < engine.last_durable(name))
    }

    /// Empties a projection, so that it is built again from the first change.
    fn empty(&self, engine: &Engine, tenant: &Tenant, follower: &Follower) -> Result<(), StepError> {
        let to = engine.last_durable(&tenant.name);
        follower.change(|progress| {
            progress.state = ProjectorState::Rebuilding;
            progress.rebuilding_to = to;
        });
        if let Err(error) = self.projection.open_tenant(&tenant.name, index_key(tenant)) {
            // What cannot be opened because it is away is not removed.
            if !matches!(error, ProjectionError::Unusable(_)) {
                return Err(error.into());
            }
        }
        self.projection.reset(&tenant.name)?;
        self.projection.open_tenant(&tenant.name, index_key(tenant))?;
        follower.change(|progress| {
            progress.rebuild_requested = false;
            progress.opened = true;
            progress.applied = Seq(0);
            progress.rebuilds += 1;
        });
        Ok(())
    }

    fn publish(&self, name: &TenantName, follower: &Follower, reached: Seq, durable: Seq) {
        let before = follower.look();
        let first = !before.opened;
        // A projection that is new, or far behind, shows next to nothing: it is not searched.
        let rebuilding_to = match before.rebuilding_to {
            to if to > reached => to,
            _ if first && is_far_behind(reached, durable) => durable,
            _ => Seq(0),
        };
        let state =
            if rebuilding_to > reached { ProjectorState::Rebuilding } else { ProjectorState::Following };
        let moved = first
            || before.applied != reached
            || before.state != state
            || before.rebuilding_to != rebuilding_to;
        if !moved {
            return;
        }
        if before.state == ProjectorState::Rebuilding && state == ProjectorState::Following {
            tracing::info!(tenant = %name, seq = reached.0, "the search projection is built");
        }
        if first {
            // Whatever was acknowledged before the start may have been told to somebody.
            follower.tell(durable);
        }
        follower.change(|progress| {
            progress.opened = true;
            progress.applied = reached;
            progress.state = state;
            progress.rebuilding_to = rebuilding_to;
            progress.last_error = None;
            progress.failures = 0;
            progress.retry_at = None;
        });
    }
}

/// Whether a projection that was just opened is built up before it is searched: an empty one shows
/// nothing of what there is, and one that lacks this many changes too little.
fn is_far_behind(reached: Seq, durable: Seq) -> bool {
    (reached == Seq(0) && durable > Seq(0)) || durable.0.saturating_sub(reached.0) > FAR_BEHIND
}

/// See [`is_far_behind`].
const FAR_BEHIND: u64 = 1_000;

/// The changes whose documents are not too many bytes together; at least one.
fn bounded(mut changes: Vec<Arc<CommittedChange>>) -> Vec<Arc<CommittedChange>> {
    let mut bytes = 0_usize;
    let fitting = changes.iter().take_while(|change| {
        let unread = change.documents.iter().filter(|document| document.index.is_none());
        bytes += unread.map(|document| document.row.size as usize).sum::<usize>();
        bytes <= BATCH_BYTES
    });
    let fitting = fitting.count().max(1);
    changes.truncate(fitting);
    changes
}

/// The key of a tenant's hashes: from its namespace, which is drawn at random when it is created.
fn index_key(tenant: &Tenant) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"vpr index key 1");
    hash.update(tenant.namespace.as_bytes());
    hash.finalize().into()
}
