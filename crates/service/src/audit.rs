use vpr_core::{Access, Barrier};
use vpr_fhir::ResourceType;
use vpr_policy::Interaction;
use vpr_store::format::AccessAction;
use vpr_types::{DocumentName, Seq, Version, limits};

use crate::context::RequestContext;

/// What a request touched, gathered while it runs: its audit entries, and the barrier of
/// everything that its answer rests on.
#[derive(Debug)]
pub(crate) struct Trail {
    own: Record,
    /// The parts of a Bundle that are accesses of their own, with their statuses.
    parts: Vec<(Record, u16)>,
    /// Nothing may be shown before.
    pub(crate) barrier: Barrier,
    /// Bytes of documents read for the answer so far.
    read_bytes: usize,
    /// The newest change that the request made.
    pub(crate) written: Option<Seq>,
}

#[derive(Debug, Clone)]
struct Record {
    interaction: String,
    action: AccessAction,
    documents: Vec<(DocumentName, Option<Version>)>,
    collection: Option<String>,
}

impl Trail {
    pub(crate) fn of(interaction: Interaction) -> Self {
        Self::new(interaction.code(), action(interaction))
    }

    pub(crate) fn new(interaction: &str, action: AccessAction) -> Self {
        let interaction = interaction.to_owned();
        let own = Record { interaction, action, documents: Vec::new(), collection: None };
        Self { own, parts: Vec::new(), barrier: Barrier::PASSED, read_bytes: 0, written: None }
    }

    /// A Bundle turned out to be a batch.
    pub(crate) fn is(&mut self, interaction: Interaction) {
        self.own.interaction = interaction.code().to_owned();
        self.own.action = action(interaction);
    }

    /// Notes what the request names. Names that have not the form of one are not repeated.
    pub(crate) fn name(&mut self, type_name: Option<&str>, id: Option<&str>) {
        let Some(known) = type_name.and_then(ResourceType::parse) else { return };
        match id.map(|id| DocumentName::new(known.name(), id)) {
            Some(Ok(name)) => self.own.documents = vec![(name, None)],
            _ => self.own.collection = Some(known.name().to_owned()),
        }
    }

    /// Notes a document that was touched, and the version given out.
    pub(crate) fn touched(&mut self, name: &DocumentName, version: Option<Version>) {
        self.own.collection = None;
        match self.own.documents.last_mut() {
            Some((last, known @ None)) if last == name => *known = version,
            _ => self.own.documents.push((name.clone(), version)),
        }
    }

    /// Notes a document that was given out beside what the request names: one of a page.
    pub(crate) fn shown(&mut self, name: &DocumentName, version: Version) {
        self.own.documents.push((name.clone(), Some(version)));
    }

    /// Notes the position of what was written: searches show it when they have come so far.
    pub(crate) fn wrote(&mut self, seq: Option<Seq>) {
        self.written = self.written.max(seq);
    }

    /// Whatever is answered may not be shown before `barrier`.
    pub(crate) fn wait_for(&mut self, barrier: Barrier) {
        self.barrier = self.barrier.max(barrier);
    }

    /// Counts a document that was read for the answer; `false` when the answer is full. A Bundle of
    /// small requests can ask for any number of large documents.
    pub(crate) fn has_room_for(&mut self, bytes: usize) -> bool {
        self.read_bytes = self.read_bytes.saturating_add(bytes);
        self.read_bytes <= limits::ANSWER_BYTES_MAX
    }

    /// The trail of a part of a Bundle, to be given back to [`Trail::part`].
    pub(crate) fn begin_part(&self, interaction: Interaction) -> Self {
        Self { read_bytes: self.read_bytes, ..Self::of(interaction) }
    }

    /// Notes a part of a Bundle as an access of its own.
    pub(crate) fn part(&mut self, part: Trail, status: u16) {
        self.read_bytes = part.read_bytes;
        self.wait_for(part.barrier);
        self.wrote(part.written);
        self.parts.push((part.own, status));
    }

    /// The audit entries, the request's own first.
    pub(crate) fn into_accesses(self, context: &RequestContext, status: u16) -> impl Iterator<Item = Access> {
        let Self { own, parts, .. } = self;
        std::iter::once((own, status)).chain(parts).map(move |(record, status)| Access {
            tenant: context.tenant.clone(),
            principal: context.principal.id.as_str().to_owned(),
            purpose: context.purpose.as_ref().map(|purpose| purpose.as_str().to_owned()),
            request: context.request.as_str().to_owned(),
            action: record.action,
            interaction: record.interaction,
            documents: record.documents,
            collection: record.collection,
            status,
        })
    }
}

/// The class of an interaction in the audit (HL7 audit-event-action).
#[must_use]
pub fn action(interaction: Interaction) -> AccessAction {
    match interaction {
        Interaction::Create | Interaction::ConditionalCreate => AccessAction::Create,
        Interaction::Read
        | Interaction::VRead
        | Interaction::HistoryInstance
        | Interaction::HistoryType
        | Interaction::HistorySystem
        | Interaction::Capabilities
        | Interaction::ListTenants
        | Interaction::Inspect
        | Interaction::List
        | Interaction::Show => AccessAction::Read,
        Interaction::Update | Interaction::ConditionalUpdate => AccessAction::Update,
        Interaction::Delete | Interaction::ConditionalDelete => AccessAction::Delete,
        Interaction::Validate
        | Interaction::Everything
        | Interaction::SearchType
        | Interaction::SearchSystem
        | Interaction::Batch
        | Interaction::Transaction
        | Interaction::CreateTenant
        | Interaction::Maintain => AccessAction::Execute,
    }
}
