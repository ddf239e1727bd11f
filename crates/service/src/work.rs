use bytes::Bytes;
use vpr_codec::Style;
use vpr_fhir::{IssueType, ResourceType};
use vpr_policy::Authorized;
use vpr_store::directory::VersionRow;
use vpr_store::format::ChangeOperation;
use vpr_types::{DocumentName, TenantName};

use crate::answer::Stamp;
use crate::audit::Trail;
use crate::context::RequestContext;
use crate::failure::{Failure, FailureKind};
use crate::operation::Target;
use crate::service::Inner;

/// One interaction that the policy let through. Its methods are the interactions; the tenant they
/// touch is the grant's and no other.
pub(crate) struct Work<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) context: &'a RequestContext,
    pub(crate) grant: Authorized<()>,
    pub(crate) trail: &'a mut Trail,
}

impl Work<'_> {
    pub(crate) fn tenant(&self) -> &TenantName {
        self.grant.tenant()
    }

    /// The bytes of a version as they are sent.
    pub(crate) fn rendered(&self, name: &DocumentName, row: &VersionRow) -> Result<Bytes, Failure> {
        let (inner, tenant) = (self.inner, self.tenant());
        if let Some(rendered) = inner.cache.get(tenant, name, row.version) {
            return Ok(rendered);
        }
        let stored = inner.engine.content(tenant, row)?;
        let rendered = render(&stored, Stamp { version: row.version, time: row.time });
        inner.cache.put(tenant, name, row.version, rendered.clone());
        Ok(rendered)
    }
}

/// Stored bytes with the facts of their version put back.
pub(crate) fn render(stored: &[u8], stamp: Stamp) -> Bytes {
    vpr_fhir::render(stored, stamp.version.0, &stamp.time.to_millis_text(), Style::Compact).into()
}

pub(crate) fn is_deletion(row: &VersionRow) -> bool {
    row.operation == ChangeOperation::Delete
}

/// The type of that name, if resources of it can be stored under it.
pub(crate) fn resource_type(name: &str) -> Result<ResourceType, Failure> {
    let unknown =
        || Failure::new(FailureKind::NotFound, IssueType::NotSupported, "there is no such resource type");
    let known = ResourceType::parse(name).ok_or_else(unknown)?;
    // FHIR R4 §2.35: Parameters have no endpoint of their own.
    if known.name() == "Parameters" { Err(unknown()) } else { Ok(known) }
}

/// The document that a path names.
pub(crate) fn document(target: &Target) -> Result<DocumentName, Failure> {
    let known = resource_type(&target.type_name)?;
    named(known, &target.id)
}

pub(crate) fn named(known: ResourceType, id: &str) -> Result<DocumentName, Failure> {
    DocumentName::new(known.name(), id)
        .map_err(|error| Failure::new(FailureKind::Malformed, IssueType::Value, error.to_string()))
}
