use bytes::Bytes;
use moka::sync::Cache as Moka;
use vpr_types::{DocumentName, TenantName, Version};

/// Rendered versions, as they are sent. A version never changes, so an entry is never stale.
pub(crate) struct Cache(Moka<Key, Bytes>);

/// The tenant is part of the key: no entry can be found from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    tenant: TenantName,
    name: DocumentName,
    version: Version,
}

/// What an entry costs beside its bytes: key, hash table, queues.
const OVERHEAD_BYTES: usize = 300;

impl Cache {
    /// A cache of at most `bytes` bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let weigh = |_: &Key, value: &Bytes| u32::try_from(value.len() + OVERHEAD_BYTES).unwrap_or(u32::MAX);
        Self(Moka::builder().max_capacity(bytes).weigher(weigh).build())
    }

    pub(crate) fn get(&self, tenant: &TenantName, name: &DocumentName, version: Version) -> Option<Bytes> {
        self.0.get(&Key { tenant: tenant.clone(), name: name.clone(), version })
    }

    pub(crate) fn put(&self, tenant: &TenantName, name: &DocumentName, version: Version, rendered: Bytes) {
        self.0.insert(Key { tenant: tenant.clone(), name: name.clone(), version }, rendered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_never_finds_what_another_put() {
        let cache = Cache::new(1 << 20);
        let (a, b) = (TenantName::new("a").unwrap(), TenantName::new("b").unwrap());
        let name = DocumentName::new("Patient", "1").unwrap();
        cache.put(&a, &name, Version(1), Bytes::from_static(b"a"));
        assert_eq!(cache.get(&a, &name, Version(1)), Some(Bytes::from_static(b"a")));
        assert_eq!(cache.get(&b, &name, Version(1)), None);
        assert_eq!(cache.get(&a, &name, Version(2)), None);
        assert_eq!(cache.get(&a, &DocumentName::new("Group", "1").unwrap(), Version(1)), None);
    }

    #[test]
    fn it_holds_no_more_than_it_may() {
        let cache = Cache::new(100_000);
        let tenant = TenantName::new("a").unwrap();
        for number in 0..1000 {
            let name = DocumentName::new("Patient", &number.to_string()).unwrap();
            cache.put(&tenant, &name, Version(1), Bytes::from(vec![0; 1000]));
        }
        cache.0.run_pending_tasks();
        assert!(cache.0.weighted_size() <= 100_000, "{}", cache.0.weighted_size());
    }
}
