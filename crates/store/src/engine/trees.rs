use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use vpr_types::{ObjectId, RepositoryId};

/// Recently read and written trees, so that the next write to the same place reads nothing.
/// Two generations: what was not asked for while one filled up is forgotten with the next.
pub(super) struct TreeCache {
    generation_bytes_max: usize,
    state: Mutex<Generations>,
}

type Trees = HashMap<(RepositoryId, ObjectId), Arc<[u8]>>;

#[derive(Default)]
struct Generations {
    young: Trees,
    old: Trees,
    young_bytes: usize,
}

impl TreeCache {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { generation_bytes_max: bytes_max / 2, state: Mutex::default() }
    }

    pub(super) fn get(&self, repository: &RepositoryId, id: &ObjectId) -> Option<Arc<[u8]>> {
        let key = (repository.clone(), *id);
        let mut state = self.state.lock();
        if let Some(tree) = state.young.get(&key) {
            return Some(tree.clone());
        }
        let tree = state.old.remove(&key)?;
        self.keep(&mut state, key, tree.clone());
        Some(tree)
    }

    pub(super) fn insert(&self, repository: &RepositoryId, id: ObjectId, tree: Arc<[u8]>) {
        self.keep(&mut self.state.lock(), (repository.clone(), id), tree);
    }

    fn keep(&self, state: &mut Generations, key: (RepositoryId, ObjectId), tree: Arc<[u8]>) {
        // Name, key and the map's own share of an entry.
        let bytes = tree.len() + 160;
        if state.young_bytes + bytes > self.generation_bytes_max {
            state.old = std::mem::take(&mut state.young);
            state.young_bytes = 0;
        }
        if state.young.insert(key, tree).is_none() {
            state.young_bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use vpr_types::TenantName;

    use super::*;

    #[test]
    fn it_stays_within_its_bytes_and_keeps_what_is_used() {
        let cache = TreeCache::new(20_000);
        let repository = RepositoryId::registry(TenantName::new("a").unwrap());
        let id = |n: u8| ObjectId([n; 20]);
        cache.insert(&repository, id(0), Arc::from(vec![0; 1000]));
        for n in 1..100 {
            cache.insert(&repository, id(n), Arc::from(vec![n; 1000]));
            assert!(cache.get(&repository, &id(0)).is_some(), "used all the time, yet forgotten at {n}");
        }
        assert!(cache.get(&repository, &id(1)).is_none());
        let state = cache.state.lock();
        assert!(state.young.len() + state.old.len() <= 18);
    }

    #[test]
    fn two_repositories_share_nothing() {
        let cache = TreeCache::new(20_000);
        let of = |name| RepositoryId::registry(TenantName::new(name).unwrap());
        cache.insert(&of("a"), ObjectId([1; 20]), Arc::from([1_u8].as_slice()));
        assert!(cache.get(&of("b"), &ObjectId([1; 20])).is_none());
    }
}
