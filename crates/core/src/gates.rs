use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use vpr_types::{Seq, TenantName};

use crate::change::{Change, Committed};
use crate::locks::Hold;
use crate::tenants::Hosted;
use crate::window::CommittedChange;
use crate::{Engine, EngineError};

/// One gate for each collection of a tenant. A write passes those of the collections that it
/// writes; who must be sure that nobody else writes meanwhile closes them.
#[derive(Default)]
pub(crate) struct Gates(RwLock<HashMap<Arc<str>, Arc<RwLock<()>>>>);

impl Gates {
    /// The gates of some collections, in the order of their names.
    pub(crate) fn of<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<Arc<RwLock<()>>> {
        names.map(|name| self.one(name)).collect()
    }

    fn one(&self, name: &str) -> Arc<RwLock<()>> {
        if let Some(gate) = self.0.read().get(name) {
            return gate.clone();
        }
        self.0.write().entry(Arc::from(name)).or_default().clone()
    }
}

/// The collections that somebody holds, as a closure of [`Engine::gated`] sees them.
pub struct Gate<'a> {
    engine: &'a Engine,
    hosted: &'a Hosted,
    /// Sorted by name.
    held: &'a [(&'a str, Hold)],
}

impl Engine {
    /// Runs `inside` while it holds gates of a tenant's collections: nobody else writes to the
    /// `exclusive` ones, and nobody holds the `shared` ones exclusively. What is inside must not
    /// write except through the gate, nor ask for gates again, and is over when the change is queued:
    /// whoever waits for its barrier waits outside.
    ///
    /// # Errors
    /// [`EngineError::NoTenant`]; `inside` was not run then.
    pub fn gated<R>(
        &self,
        tenant: &TenantName,
        exclusive: &[&str],
        shared: &[&str],
        inside: impl FnOnce(&Gate<'_>) -> R,
    ) -> Result<R, EngineError> {
        let hosted = self.tenants.get(tenant)?;
        let shared = shared.iter().filter(|name| !exclusive.contains(name));
        let mut held: Vec<(&str, Hold)> = exclusive.iter().map(|name| (*name, Hold::Exclusive)).collect();
        held.extend(shared.map(|name| (*name, Hold::Shared)));
        held.sort_unstable();
        held.dedup();
        let gates = hosted.gates.of(held.iter().map(|(name, _)| *name));
        let (mut closed, mut passed) = (Vec::new(), Vec::new());
        for (gate, (_, hold)) in gates.iter().zip(&held) {
            match hold {
                Hold::Exclusive => closed.push(gate.write()),
                Hold::Shared => passed.push(gate.read()),
            }
        }
        Ok(inside(&Gate { engine: self, hosted: &hosted, held: &held }))
    }
}

impl Gate<'_> {
    /// Every change of the tenant after `seq` that was accepted, durable or not. Of the collections
    /// that are held exclusively none is missing; of others some may be on their way. `None` when the
    /// window does not reach back to `seq`: [`Engine::pin`] keeps it.
    #[must_use]
    pub fn since(&self, seq: Seq) -> Option<Vec<Arc<CommittedChange>>> {
        self.hosted.window.since(seq)
    }

    /// As [`Engine::commit`], under the gates that are held.
    ///
    /// # Errors
    /// [`EngineError::NotGated`] when it writes to a collection whose gate is not held, or is another
    /// tenant's; else those of [`Engine::commit`].
    pub fn commit(&self, change: Change) -> Result<Committed, EngineError> {
        let held = |name: &str| self.held.binary_search_by_key(&name, |(held, _)| held).is_ok();
        if change.tenant != self.hosted.tenant.name {
            return Err(EngineError::NotGated(change.tenant.to_string()));
        }
        match change.writes.iter().find(|write| !held(write.name.collection())) {
            Some(write) => Err(EngineError::NotGated(write.name.collection().to_owned())),
            None => self.engine.commit_gated(self.hosted, &change),
        }
    }
}
