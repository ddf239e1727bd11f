use std::fmt;

/// What a request does, in the words of FHIR's `restful-interaction` and operation names, and
/// what operators do. Every route declares exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Interaction {
    /// FHIR R4 §3.1.0.1.
    Read,
    /// FHIR R4 §3.1.0.2.
    VRead,
    /// FHIR R4 §3.1.0.4.
    Update,
    /// FHIR R4 §3.1.0.7.
    Delete,
    /// FHIR R4 §3.1.0.8.
    Create,
    /// FHIR R4 §3.1.0.12, of one resource.
    HistoryInstance,
    /// FHIR R4 §3.1.0.12, of all resources of a type.
    HistoryType,
    /// FHIR R4 §3.1.0.12, of all resources.
    HistorySystem,
    /// FHIR R4 §3.1.1, among the resources of one type, or of one type in a compartment.
    SearchType,
    /// FHIR R4 §3.1.1, among all resources, or all in a compartment.
    SearchSystem,
    /// FHIR R4 §3.1.0.8.1: a create unless a search finds something. It needs the permission to
    /// search as well, as the other conditional forms do.
    ConditionalCreate,
    /// FHIR R4 §3.1.0.4.3: an update of what a search finds.
    ConditionalUpdate,
    /// FHIR R4 §3.1.0.7.1: the deletion of what a search finds.
    ConditionalDelete,
    /// `$validate`, on a type or an instance.
    Validate,
    /// `$everything` of a patient.
    Everything,
    /// FHIR R4 §3.1.0.11: a Bundle of independent interactions.
    Batch,
    /// FHIR R4 §3.1.0.11: a Bundle that happens wholly or not at all.
    Transaction,
    /// FHIR R4 §3.1.0.10.
    Capabilities,
    /// Operators: the tenants of the data directory.
    ListTenants,
    /// Operators: a new tenant.
    CreateTenant,
    /// Operators: records, commits and versions, without content.
    Inspect,
    /// Operators: the documents of one record, with titles and snippets.
    List,
    /// Operators: the stored bytes of one version.
    Show,
    /// Operators: everything into Git, or everything checked.
    Maintain,
}

/// The class of permission an interaction needs, as SMART App Launch 2 writes it in scopes
/// (`c`, `r`, `u`, `d`, `s`), and what has no resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Nothing: what a client must know before it has a credential.
    None,
    /// `c`
    Create,
    /// `r`
    Read,
    /// `u`
    Update,
    /// `d`
    Delete,
    /// `s`
    Search,
    /// To send a Bundle at all; each entry needs its own.
    Submit,
    /// To be an operator.
    Operate,
}

impl Interaction {
    /// All interactions.
    pub const ALL: [Self; 24] = [
        Self::Read,
        Self::VRead,
        Self::Update,
        Self::Delete,
        Self::Create,
        Self::HistoryInstance,
        Self::HistoryType,
        Self::HistorySystem,
        Self::SearchType,
        Self::SearchSystem,
        Self::ConditionalCreate,
        Self::ConditionalUpdate,
        Self::ConditionalDelete,
        Self::Validate,
        Self::Everything,
        Self::Batch,
        Self::Transaction,
        Self::Capabilities,
        Self::ListTenants,
        Self::CreateTenant,
        Self::Inspect,
        Self::List,
        Self::Show,
        Self::Maintain,
    ];

    /// The code that stands in the audit.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::VRead => "vread",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Create => "create",
            Self::HistoryInstance => "history-instance",
            Self::HistoryType => "history-type",
            Self::HistorySystem => "history-system",
            Self::SearchType => "search-type",
            Self::SearchSystem => "search-system",
            Self::ConditionalCreate => "conditional-create",
            Self::ConditionalUpdate => "conditional-update",
            Self::ConditionalDelete => "conditional-delete",
            Self::Validate => "$validate",
            Self::Everything => "$everything",
            Self::Batch => "batch",
            Self::Transaction => "transaction",
            Self::Capabilities => "capabilities",
            Self::ListTenants => "operator-list-tenants",
            Self::CreateTenant => "operator-create-tenant",
            Self::Inspect => "operator-inspect",
            Self::List => "operator-list",
            Self::Show => "operator-show",
            Self::Maintain => "operator-maintain",
        }
    }

    /// Whether it changes one document.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(self.permission(), Permission::Create | Permission::Update | Permission::Delete)
    }

    /// The search that a conditional form makes first, which must be permitted too.
    #[must_use]
    pub fn search(self) -> Option<Self> {
        match self {
            Self::ConditionalCreate | Self::ConditionalUpdate | Self::ConditionalDelete => {
                Some(Self::SearchType)
            }
            _ => None,
        }
    }

    /// What a principal must be permitted to do it.
    #[must_use]
    pub fn permission(self) -> Permission {
        match self {
            Self::Capabilities => Permission::None,
            Self::Create | Self::ConditionalCreate => Permission::Create,
            Self::Read
            | Self::VRead
            | Self::HistoryInstance
            | Self::HistoryType
            | Self::HistorySystem
            | Self::Validate => Permission::Read,
            Self::SearchType | Self::SearchSystem | Self::Everything => Permission::Search,
            Self::Update | Self::ConditionalUpdate => Permission::Update,
            Self::Delete | Self::ConditionalDelete => Permission::Delete,
            Self::Batch | Self::Transaction => Permission::Submit,
            Self::ListTenants
            | Self::CreateTenant
            | Self::Inspect
            | Self::List
            | Self::Show
            | Self::Maintain => Permission::Operate,
        }
    }
}

impl fmt::Display for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_interaction_has_a_code_of_its_own() {
        let codes: HashSet<_> = Interaction::ALL.iter().map(|each| each.code()).collect();
        assert_eq!(codes.len(), Interaction::ALL.len());
    }
}
