use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::oneshot;
use vpr_core::{Barrier, Engine, EngineError};
use vpr_fhir::IssueType;
use vpr_policy::{Authorized, Interaction, Request, decide};
use vpr_types::{Instant, RequestId, Seq, TenantName};

use crate::answer::{Answer, Warning};
use crate::audit::Trail;
use crate::cache::Cache;
use crate::config::{AuditMode, ServiceConfig};
use crate::context::RequestContext;
use crate::failure::{Failure, FailureKind};
use crate::operation::Operation;
use crate::projector::{ProjectionStatus, Projector};
use crate::work::Work;
use vpr_projection::Projection;

/// The choke point. Cheap to clone; all clones are one service.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) config: ServiceConfig,
    pub(crate) engine: Engine,
    pub(crate) cache: Cache,
    pub(crate) projector: Option<Projector>,
    audits_lost: AtomicU64,
}

/// An answer that may not be shown before its barrier.
struct Settled {
    answer: Result<Answer, Failure>,
    barrier: Barrier,
    written: Option<Seq>,
}

impl Service {
    /// A service over an open engine, whose threads the caller runs. It neither searches nor decides
    /// by criteria.
    #[must_use]
    pub fn open(config: ServiceConfig, engine: Engine) -> Self {
        Self::new(config, engine, None)
    }

    /// A service that searches too. The caller runs [`Service::run_projector`] on a thread of its own.
    #[must_use]
    pub fn searching(config: ServiceConfig, engine: Engine, projection: Projection) -> Self {
        let projector = Projector::new(projection, &engine);
        Self::new(config, engine, Some(projector))
    }

    fn new(config: ServiceConfig, engine: Engine, projector: Option<Projector>) -> Self {
        let cache = Cache::new(config.cache_bytes);
        Self(Arc::new(Inner { config, engine, cache, projector, audits_lost: AtomicU64::new(0) }))
    }

    /// Carries changes into the projection until [`Service::stop_projector`]. One thread's whole
    /// work; it begins with what the projection lacks.
    pub fn run_projector(&self) {
        if let Some(projector) = &self.0.projector {
            projector.run(&self.0.engine);
        }
    }

    /// Makes [`Service::run_projector`] return soon. Call it before the engine is closed.
    pub fn stop_projector(&self) {
        if let Some(projector) = &self.0.projector {
            projector.stop();
        }
    }

    /// Where the search projection of each tenant stands; nothing without a projection.
    #[must_use]
    pub fn projections(&self) -> Vec<ProjectionStatus> {
        let tenants = self.0.engine.tenants();
        tenants.iter().filter_map(|tenant| self.0.projection(&tenant.name).ok()).collect()
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn shared(&self) -> Arc<Inner> {
        Arc::clone(&self.0)
    }

    /// Does `operation`: decides, runs, audits, and answers when what the answer rests on (and its
    /// audit entry, if so configured) is on disk.
    ///
    /// # Errors
    /// [`Failure`]; it too is answered only when what it rests on is on disk.
    pub async fn perform(&self, context: RequestContext, operation: Operation) -> Result<Answer, Failure> {
        let tenant = context.tenant.clone();
        let settled = if operation.weight() <= self.0.config.inline_bytes_max {
            self.0.settle(&context, operation)
        } else {
            // Audited on the thread that runs it, so that a caller who goes away is audited too.
            let inner = Arc::clone(&self.0);
            let run = move || inner.settle(&context, operation);
            tokio::task::spawn_blocking(run).await.map_err(|_| Failure::internal())?
        };
        self.release(settled.barrier).await?;
        let mut answer = settled.answer;
        if let Some(seq) = settled.written {
            let warning = self.searchable(&tenant, seq).await;
            if let (Ok(answer), Some(_)) = (&mut answer, warning) {
                answer.warning = warning;
            }
        }
        answer
    }

    /// Waits until searches show the write `seq`; what to tell the caller if they do not yet.
    async fn searchable(&self, tenant: &TenantName, seq: Seq) -> Option<Warning> {
        let follower = self.0.projector.as_ref()?.follower(tenant);
        let most = self.0.config.search.searchable_wait_max;
        let shown = most.is_zero() || follower.reached(seq, most).await;
        follower.tell(seq);
        (!shown).then_some(Warning::NotYetSearchable)
    }

    /// Audits a request that was refused before it became an operation.
    ///
    /// # Errors
    /// [`Failure`] when the refusal cannot be audited; it is the answer then.
    pub async fn refuse(&self, context: &RequestContext, refused: Refused<'_>) -> Result<(), Failure> {
        if self.0.engine.tenant(&context.tenant).is_none() || !context.principal.belongs_to(&context.tenant) {
            return Ok(());
        }
        let mut trail = Trail::new(refused.interaction, refused.action);
        trail.name(refused.type_name, refused.id);
        let barrier = self.0.append(context, trail, refused.status)?;
        self.release(barrier).await
    }

    /// Waits until `barrier` is passed.
    pub(crate) async fn release(&self, barrier: Barrier) -> Result<(), Failure> {
        if self.0.engine.is_durable(barrier) {
            return Ok(());
        }
        let (sender, receiver) = oneshot::channel();
        let wake = move |result| {
            // Nobody listens any more when the caller went away.
            let _ = sender.send(result);
        };
        self.0.engine.when_durable(barrier, Box::new(wake));
        match receiver.await {
            Ok(result) => Ok(result?),
            Err(_) => Err(Failure::from(EngineError::Failed("the journal stopped".into()))),
        }
    }

    /// The server's clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.0.engine.now()
    }

    /// An id for a request whose caller named none.
    #[must_use]
    pub fn new_request_id(&self) -> Option<RequestId> {
        RequestId::new(&self.0.engine.new_id().ok()?)
    }

    /// How many accesses were answered since the start without an audit entry: only where the
    /// audit is buffered and the journal has no room left.
    #[must_use]
    pub fn audits_lost(&self) -> u64 {
        self.0.audits_lost.load(Ordering::Relaxed)
    }

    /// Whether the engine can do its work.
    #[must_use]
    pub fn health(&self) -> vpr_core::Health {
        self.0.engine.health()
    }
}

/// A request that was refused before it became an operation.
#[derive(Debug, Clone, Copy)]
pub struct Refused<'a> {
    /// The interaction or operation that it would have been.
    pub interaction: &'a str,
    /// Its class in the audit.
    pub action: vpr_store::format::AccessAction,
    /// The type in its path.
    pub type_name: Option<&'a str>,
    /// The id in its path.
    pub id: Option<&'a str>,
    /// What it was answered with.
    pub status: u16,
}

impl Inner {
    /// Everything but waiting.
    fn settle(&self, context: &RequestContext, operation: Operation) -> Settled {
        let interaction = operation.interaction();
        let mut trail = Trail::of(interaction);
        let (type_name, id) = operation.named();
        trail.name(type_name, id);
        let answer = self.run(context, operation, &mut trail);
        let status = answer.as_ref().map_or_else(|failure| failure.kind.status(), |answer| answer.status);
        let (barrier, written) = (trail.barrier, trail.written);
        if self.engine.tenant(&context.tenant).is_none() || !context.principal.belongs_to(&context.tenant) {
            // A tenant's audit holds what happened in the tenant.
            return Settled { answer, barrier, written };
        }
        match self.append(context, trail, status) {
            Ok(audited) => Settled { answer, barrier: barrier.max(audited), written },
            // What failed by itself gives nothing out, and says better why.
            Err(failure) => Settled { answer: answer.and(Err(failure)), barrier, written },
        }
    }

    /// Appends what `trail` gathered; the barrier to wait for, as configured.
    pub(crate) fn append(
        &self,
        context: &RequestContext,
        trail: Trail,
        status: u16,
    ) -> Result<Barrier, Failure> {
        let mut barrier = Barrier::PASSED;
        for access in trail.into_accesses(context, status) {
            match self.engine.access(access) {
                Ok(appended) => barrier = barrier.max(appended),
                Err(EngineError::Full | EngineError::Busy) if self.config.audit == AuditMode::Buffered => {
                    if self.audits_lost.fetch_add(1, Ordering::Relaxed) == 0 {
                        tracing::error!("accesses go unaudited: the journal has no room for them");
                    }
                }
                // What must be audited and cannot be is not given out.
                Err(EngineError::Full | EngineError::Busy) => {
                    let text = "the access cannot be audited for want of room; try again later";
                    return Err(Failure::new(FailureKind::Unavailable, IssueType::Transient, text));
                }
                Err(error) => return Err(Failure { kind: FailureKind::Unavailable, ..Failure::from(error) }),
            }
        }
        Ok(match self.config.audit {
            AuditMode::Durable => barrier,
            AuditMode::Buffered => Barrier::PASSED,
        })
    }

    fn run(
        &self,
        context: &RequestContext,
        operation: Operation,
        trail: &mut Trail,
    ) -> Result<Answer, Failure> {
        if self.engine.tenant(&context.tenant).is_none() {
            return Err(Failure::no_tenant());
        }
        let interaction = operation.interaction();
        let (grant, operation) = authorize(context, interaction, operation)?.split();
        if let Some(search) = interaction.search() {
            authorize(context, search, ())?;
        }
        if let Operation::Bundle { body, options } = operation {
            return self.bundle(context, body, &options, trail);
        }
        Work { inner: self, context, grant, trail }.run(operation)
    }
}

impl Work<'_> {
    fn run(&mut self, operation: Operation) -> Result<Answer, Failure> {
        match operation {
            Operation::Capabilities => Ok(Answer::new(200)),
            Operation::Read { target, conditions } => self.read(&target, &conditions),
            Operation::VRead { target, version, conditions } => self.vread(&target, &version, &conditions),
            Operation::HistoryInstance { target, query } => self.history(&target, &query),
            Operation::Create { type_name, body, if_none_exist, options } => {
                self.create(&type_name, body, if_none_exist.as_deref(), &options)
            }
            Operation::ConditionalUpdate { type_name, criteria, body, conditions, options } => {
                self.conditional_update(&type_name, &criteria, body, &conditions, &options)
            }
            Operation::ConditionalDelete { type_name, criteria, options } => {
                self.conditional_delete(&type_name, &criteria, &options)
            }
            Operation::Search { scope, parameters, handling } => self.search(&scope, &parameters, handling),
            Operation::Everything { target, parameters } => self.everything(&target, &parameters),
            Operation::HistoryType { type_name, query } => self.history_of_type(&type_name, &query),
            Operation::HistorySystem { query } => self.history_of_all(&query),
            Operation::Update { target, body, conditions, options } => {
                self.update(&target, body, conditions, &options)
            }
            Operation::Delete { target, conditions, options } => self.delete(&target, conditions, &options),
            Operation::Validate { type_name, id, body, mode, profile } => {
                self.validate(&type_name, id.as_deref(), body, mode.as_deref(), profile)
            }
            // Each of its entries is decided on its own.
            Operation::Bundle { .. } => Err(Failure::internal()),
        }
    }
}

/// Asks the policy, about the search that a conditional form makes as well.
pub(crate) fn permitted(
    context: &RequestContext,
    interaction: Interaction,
) -> Result<Authorized<()>, Failure> {
    if let Some(search) = interaction.search() {
        authorize(context, search, ())?;
    }
    authorize(context, interaction, ())
}

/// Asks the policy.
pub(crate) fn authorize<T>(
    context: &RequestContext,
    interaction: Interaction,
    what: T,
) -> Result<Authorized<T>, Failure> {
    let request = Request {
        principal: &context.principal,
        tenant: &context.tenant,
        purpose: context.purpose.as_ref(),
        interaction,
    };
    Ok(decide(&request, what)?)
}
