use std::sync::Arc;

use vpr_codec::{Json, Limits};
use vpr_core::{CommittedChange, CommittedDocument, Engine, EngineError};
use vpr_fhir::ResourceType;
use vpr_fhir::search::{Extracted, extract};
use vpr_projection::{AppliedChange, AppliedDocument, AppliedOperation};
use vpr_store::format::ChangeOperation;
use vpr_types::TenantName;

/// Documents to be read and extracted before that is worth several threads.
const ALONE_MAX: usize = 32;

/// The changes as the projection takes them. What the registry says of the tenant itself is no
/// resource and is left out; keys that are not in memory are extracted again from what is stored.
pub(super) fn applied(
    engine: &Engine,
    tenant: &TenantName,
    changes: &[Arc<CommittedChange>],
) -> Result<Vec<AppliedChange>, EngineError> {
    let mut unread: Vec<(&CommittedDocument, Option<Arc<Extracted>>)> = changes
        .iter()
        .flat_map(|change| &change.documents)
        .filter(|document| document.row.object.is_some() && in_memory(document).is_none())
        .map(|document| (document, None))
        .collect();
    read_all(engine, tenant, &mut unread)?;
    let mut read = unread.into_iter().filter_map(|(_, extracted)| extracted);
    let convert = |change: &Arc<CommittedChange>| AppliedChange {
        seq: change.seq,
        time: change.time,
        author: change.author.as_str().to_owned(),
        documents: change
            .documents
            .iter()
            .filter_map(|document| {
                // In the order of `unread`, whether or not it is a resource.
                let extracted = match (document.row.object.is_some(), in_memory(document)) {
                    (true, None) => read.next(),
                    (_, known) => known,
                };
                one(document, extracted)
            })
            .collect(),
    };
    Ok(changes.iter().map(convert).collect())
}

fn one(document: &CommittedDocument, extracted: Option<Arc<Extracted>>) -> Option<AppliedDocument> {
    let operation = match document.row.operation {
        ChangeOperation::Create => AppliedOperation::Create,
        ChangeOperation::Update | ChangeOperation::MovedOut => AppliedOperation::Update,
        ChangeOperation::Delete => AppliedOperation::Delete,
    };
    Some(AppliedDocument {
        resource: ResourceType::parse(document.name.collection())?,
        id: document.name.id().to_owned(),
        version: document.row.version,
        operation,
        object: document.row.object,
        commit: document.row.commit,
        extracted,
    })
}

/// What a document says to searches, if it is still in memory.
pub(crate) fn in_memory(document: &CommittedDocument) -> Option<Arc<Extracted>> {
    document.index.clone()?.downcast::<Extracted>().ok()
}

/// What a version says to searches, from memory or from what is stored.
pub(crate) fn extracted(
    engine: &Engine,
    tenant: &TenantName,
    document: &CommittedDocument,
) -> Result<Arc<Extracted>, EngineError> {
    if let Some(known) = in_memory(document) {
        return Ok(known);
    }
    let stored = engine.content(tenant, &document.row)?;
    let broken = |_| EngineError::Failed(format!("{} is stored in a form that is no JSON", document.name));
    let json = Json::parse(stored.to_vec(), &Limits::default()).map_err(broken)?;
    Ok(Arc::new(extract(json.root())))
}

fn read_all(
    engine: &Engine,
    tenant: &TenantName,
    unread: &mut [(&CommittedDocument, Option<Arc<Extracted>>)],
) -> Result<(), EngineError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let part = unread.len().div_ceil(threads).max(ALONE_MAX);
    let read = |part: &mut [(&CommittedDocument, Option<Arc<Extracted>>)]| {
        part.iter_mut().try_for_each(|(document, slot)| {
            *slot = Some(extracted(engine, tenant, document)?);
            Ok(())
        })
    };
    std::thread::scope(|scope| {
        let mut parts = unread.chunks_mut(part);
        let Some(own) = parts.next() else { return Ok(()) };
        let others: Vec<_> = parts.map(|part| scope.spawn(|| read(part))).collect();
        let mut result = read(own);
        for other in others {
            let died = || Err(EngineError::Failed("a thread that extracts died".to_owned()));
            result = result.and(other.join().unwrap_or_else(|_| died()));
        }
        result
    })
}
