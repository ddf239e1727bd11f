//! What an answer depends on.

use std::collections::BTreeSet;

use crate::ResourceType;
use crate::search::{Filter, Query, Scope};

impl Filter {
    /// Whether [`crate::search::matches`] always decides it: it has no chain and no `_has`.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Not(inner) => inner.is_local(),
            Self::All(filters) | Self::Any(filters) => filters.iter().all(Self::is_local),
            Self::Chain { .. } | Self::Has { .. } => false,
            _ => true,
        }
    }

    /// The types of other resources whose change may change whether a resource fulfills it: the
    /// targets of chains and the sources of `_has`, at any depth.
    #[must_use]
    pub fn touches(&self) -> BTreeSet<ResourceType> {
        let mut found = BTreeSet::new();
        self.collect(&mut found);
        found
    }

    fn collect(&self, found: &mut BTreeSet<ResourceType>) {
        match self {
            Self::Not(inner) => inner.collect(found),
            Self::All(filters) | Self::Any(filters) => filters.iter().for_each(|each| each.collect(found)),
            Self::Chain { target: other, filter, .. } | Self::Has { source: other, filter, .. } => {
                found.insert(*other);
                filter.collect(found);
            }
            _ => {}
        }
    }
}

impl Query {
    /// The types whose change may change which resources are matches: those that are searched and
    /// those that [`Filter::touches`] names. What is included does not count.
    #[must_use]
    pub fn touches(&self) -> BTreeSet<ResourceType> {
        let mut found: BTreeSet<_> = match &self.scope {
            Scope::All => return ResourceType::all().collect(),
            Scope::Types(types) => types.iter().copied().collect(),
        };
        self.filters.iter().for_each(|filter| filter.collect(&mut found));
        found
    }

    /// Whether one resource's own keys decide whether it is a match.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.filters.iter().all(Filter::is_local)
    }
}
