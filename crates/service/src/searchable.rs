use vpr_fhir::IssueType;
use vpr_projection::ProjectionError;
use vpr_types::TenantName;

use crate::failure::{Failure, FailureKind};
use crate::projector::{ProjectionStatus, Projector, ProjectorState};
use crate::search::{BadCursor, Seal};
use crate::service::Inner;
use crate::work::Work;

impl Inner {
    /// The projector; without one there is no search.
    pub(crate) fn projector(&self) -> Result<&Projector, Failure> {
        self.projector.as_ref().ok_or_else(|| Failure::not_supported("this process does not search"))
    }

    /// Where a tenant's projection stands.
    pub(crate) fn projection(&self, tenant: &TenantName) -> Result<ProjectionStatus, Failure> {
        let durable = self.engine.last_durable(tenant);
        Ok(self.projector()?.follower(tenant).status(tenant, durable))
    }

    /// Refuses while a tenant's projection shows next to nothing, or cannot be asked.
    pub(crate) fn searchable(&self, tenant: &TenantName) -> Result<(), Failure> {
        let away = |text: &str| Err(Failure::new(FailureKind::Unavailable, IssueType::Transient, text));
        let most = self.config.search.searchable_wait_max;
        match self.projector()?.follower(tenant).started_blocking(most) {
            ProjectorState::Following => Ok(()),
            ProjectorState::Starting => away("the search index is being opened; try again"),
            ProjectorState::Rebuilding => away("the search index is being rebuilt; try again later"),
            ProjectorState::Unavailable => away("the search index is not available; reads and writes go on"),
        }
    }

    /// What a failure of the projection means to a caller; damage that is met has it built again.
    pub(crate) fn noticed(&self, tenant: &TenantName, error: ProjectionError) -> Failure {
        if let (ProjectionError::Unusable(_), Some(projector)) = (&error, &self.projector) {
            projector.rebuild(tenant);
        }
        Failure::from(error)
    }
}

impl Work<'_> {
    fn seal(&self) -> Result<Seal, Failure> {
        let epoch = self.inner.projector()?.projection.epoch(self.tenant())?;
        let tenant = self.inner.engine.tenant(self.tenant()).ok_or_else(Failure::no_tenant)?;
        let whose = (&tenant.name, tenant.namespace.as_bytes());
        Ok(Seal::new((&epoch.id, &epoch.secret), whose, &self.grant.principal().id))
    }

    /// A page link's cursor.
    pub(crate) fn cursor<T: serde::Serialize>(&self, payload: &T) -> Result<String, Failure> {
        let too_long =
            || Failure::new(FailureKind::Malformed, IssueType::TooLong, "the query is too long to be paged");
        self.seal()?.seal(payload).ok_or_else(too_long)
    }

    /// What a page link's cursor carries.
    pub(crate) fn followed<T: serde::de::DeserializeOwned>(&self, cursor: &str) -> Result<T, Failure> {
        self.inner.searchable(self.tenant())?;
        self.seal()?.open(cursor).map_err(|bad| match bad {
            BadCursor::Gone => gone(),
            BadCursor::Broken => Failure::malformed("the page link was altered, or given to somebody else"),
        })
    }
}

fn gone() -> Failure {
    let text = "the page is no longer kept; begin the search again";
    Failure::new(FailureKind::Gone, IssueType::Expired, text)
}

impl From<ProjectionError> for Failure {
    fn from(error: ProjectionError) -> Self {
        match error {
            ProjectionError::Gone => gone(),
            ProjectionError::BadPosition => Self::malformed("the page link does not fit the search"),
            ProjectionError::TooCostly(text) => {
                Self::new(FailureKind::Unprocessable, IssueType::TooCostly, text)
            }
            ProjectionError::TimedOut => Self::new(
                FailureKind::Unavailable,
                IssueType::Timeout,
                "the search took longer than it may; ask for less",
            ),
            error => {
                tracing::error!(%error, "a search failed");
                let text = "the search index is not available; reads and writes go on";
                Self::new(FailureKind::Unavailable, IssueType::Transient, text)
            }
        }
    }
}
