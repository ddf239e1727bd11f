//! What carries durable changes into the search projection, and what waits for it.
//!
//! One thread follows the changes of every tenant in their order ([`Projector::run`]). A database
//! that is away is tried again, ever more seldom; a projection that is damaged, outdated or ahead of
//! the data is emptied and built again from the feed and Git. Nothing else is ever needed for it.

mod convert;
mod follow;
mod progress;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, RwLock};
use vpr_core::Engine;
use vpr_projection::Projection;
use vpr_types::TenantName;

pub(crate) use convert::{extracted, in_memory};
pub(crate) use progress::Follower;
pub use progress::{ProjectionStatus, ProjectorState};

/// Carries changes into the projection. Shared by whoever runs it, waits for it and asks it.
pub(crate) struct Projector {
    pub(crate) projection: Projection,
    followers: RwLock<BTreeMap<TenantName, Arc<Follower>>>,
    bell: Arc<Bell>,
    stopped: AtomicBool,
}

/// Wakes the projector.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    heard: Condvar,
}

/// How long the projector sleeps when nobody wakes it.
const IDLE: Duration = Duration::from_millis(500);

impl Bell {
    fn ring(&self) {
        let mut rung = self.rung.lock();
        if !*rung {
            *rung = true;
            self.heard.notify_one();
        }
    }

    fn listen(&self, most: Duration) {
        let mut rung = self.rung.lock();
        if !*rung {
            self.heard.wait_for(&mut rung, most);
        }
        *rung = false;
    }
}

impl Projector {
    /// A projector that is woken by the engine's changes; [`Projector::run`] does its work.
    pub(crate) fn new(projection: Projection, engine: &Engine) -> Self {
        let bell = Arc::new(Bell::default());
        let rope = Arc::clone(&bell);
        engine.on_change(Box::new(move || rope.ring()));
        Self { projection, followers: RwLock::default(), bell, stopped: AtomicBool::new(false) }
    }

    /// Follows the changes of all tenants until [`Projector::stop`].
    pub(crate) fn run(&self, engine: &Engine) {
        while !self.stopped.load(Ordering::Acquire) {
            let mut more = false;
            for tenant in engine.tenants() {
                more |= self.follow(engine, &tenant);
                if self.stopped.load(Ordering::Acquire) {
                    return;
                }
            }
            if !more {
                self.bell.listen(IDLE);
            }
        }
    }

    /// Makes [`Projector::run`] return after the batch it is at.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.bell.ring();
    }

    /// Has a tenant's projection emptied and built again.
    pub(crate) fn rebuild(&self, tenant: &TenantName) {
        self.follower(tenant).request_rebuild();
        self.bell.ring();
    }

    /// Where the projection of a tenant stands.
    pub(crate) fn follower(&self, tenant: &TenantName) -> Arc<Follower> {
        if let Some(follower) = self.followers.read().get(tenant) {
            return Arc::clone(follower);
        }
        Arc::clone(self.followers.write().entry(tenant.clone()).or_default())
    }
}
