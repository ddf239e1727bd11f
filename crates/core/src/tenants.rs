use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use parking_lot::RwLock;
use uuid::Uuid;
use vpr_codec::{Json, Limits};
use vpr_store::format::{DocumentChange, Provenance};
use vpr_store::{Store, encode_blob};
use vpr_types::{DocumentName, Instant, PrincipalId, RepositoryId, TenantName};

use crate::change::{Action, Change, Content, DocumentWrite, Home, Precondition};
use crate::gates::Gates;
use crate::window::{Bounds, Window};
use crate::{Barrier, Engine, EngineError};

/// An organization: its name and what its registry says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its name.
    pub name: TenantName,
    /// The random namespace that its record UUIDs are derived in.
    pub namespace: Uuid,
    /// When it was created.
    pub created: Instant,
}

/// The collection of what the registry says of the tenant itself.
const COLLECTION: &str = "_tenant";
const ID: &str = "tenant";

impl Tenant {
    fn to_bytes(&self) -> Vec<u8> {
        format!(
            "{{\n  \"format\": 1,\n  \"name\": \"{}\",\n  \"namespace\": \"{}\",\n  \"created\": \"{}\",\n  \"sealed\": false\n}}\n",
            self.name, self.namespace, self.created
        )
        .into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let json = Json::parse(bytes.to_vec(), &Limits::default()).ok()?;
        let text = |key: &str| json.root().get(key)?.as_str().map(|text| text.into_owned());
        Some(Self {
            name: TenantName::new(&text("name")?).ok()?,
            namespace: text("namespace")?.parse().ok()?,
            created: Instant::parse(&text("created")?)?,
        })
    }
}

/// A tenant with what the engine keeps of it in memory.
pub(crate) struct Hosted {
    pub(crate) tenant: Tenant,
    pub(crate) gates: Gates,
    pub(crate) window: Window,
}

/// The tenants of this data directory, in memory: few, and needed by every request.
#[derive(Default)]
pub(crate) struct Tenants {
    hosted: RwLock<BTreeMap<TenantName, Arc<Hosted>>>,
    /// Bytes of all windows.
    window_bytes: Arc<AtomicUsize>,
}

impl Tenants {
    /// Reads what every registry says of its tenant.
    pub(crate) fn load(store: &Store) -> Result<Self, EngineError> {
        let all = Self::default();
        for name in store.tenants() {
            let document = document()?;
            let damaged =
                || EngineError::Failed(format!("the registry of tenant {name} does not say its namespace"));
            let row = store.directory().head(&name, &document).map_err(|e| EngineError::Store(e.into()))?;
            let object = row.and_then(|row| row.object).ok_or_else(damaged)?;
            let bytes =
                store.read_blob(&RepositoryId::registry(name.clone()), &object).map_err(EngineError::from)?;
            let tenant =
                Tenant::from_bytes(&bytes).filter(|tenant| tenant.name == name).ok_or_else(damaged)?;
            let hosted = all.host(store, tenant);
            all.hosted.write().insert(name, hosted);
        }
        Ok(all)
    }

    /// The window begins behind what was accepted before.
    fn host(&self, store: &Store, tenant: Tenant) -> Arc<Hosted> {
        let last = store.last_accepted(&tenant.name);
        let window = Window::new(last, Bounds::default(), self.window_bytes.clone());
        Arc::new(Hosted { tenant, gates: Gates::default(), window })
    }

    pub(crate) fn get(&self, name: &TenantName) -> Result<Arc<Hosted>, EngineError> {
        self.hosted.read().get(name).cloned().ok_or_else(|| EngineError::NoTenant(name.clone()))
    }

    pub(crate) fn all(&self) -> Vec<Tenant> {
        self.hosted.read().values().map(|hosted| hosted.tenant.clone()).collect()
    }
}

fn document() -> Result<DocumentName, EngineError> {
    DocumentName::new(COLLECTION, ID).map_err(|error| EngineError::Failed(error.to_string()))
}

impl Engine {
    /// Creates a tenant: draws its namespace and commits it to the new registry.
    ///
    /// # Errors
    /// [`EngineError::TenantExists`], or what [`Engine::commit`] answers.
    pub fn create_tenant(&self, name: &TenantName) -> Result<Barrier, EngineError> {
        let mut tenants = self.tenants.hosted.write();
        if tenants.contains_key(name) {
            return Err(EngineError::TenantExists(name.clone()));
        }
        let namespace = uuid::Builder::from_random_bytes(self.random()?).into_uuid();
        let tenant = Tenant { name: name.clone(), namespace, created: self.now() };
        let author = PrincipalId::new("operator").ok_or_else(|| EngineError::Failed("operator".into()))?;
        let write = DocumentWrite {
            name: document()?,
            precondition: Precondition::Unused,
            action: Action::Put {
                home: Home::Registry,
                content: Content {
                    blob: encode_blob(&tenant.to_bytes())?,
                    details: DocumentChange::default(),
                    index: None,
                },
                even_if_equal: false,
            },
        };
        let change = Change {
            tenant: name.clone(),
            provenance: Provenance {
                author,
                role: None,
                registration: None,
                care_location: None,
                on_behalf_of: None,
                purpose: None,
                request: "tenant-create".into(),
            },
            writes: vec![write],
            repeat: None,
        };
        let hosted = self.tenants.host(&self.store, tenant);
        let committed = self.commit_in(&hosted, &change)?;
        tenants.insert(name.clone(), hosted);
        Ok(committed.barrier)
    }

    /// All tenants, by name.
    #[must_use]
    pub fn tenants(&self) -> Vec<Tenant> {
        self.tenants.all()
    }

    /// One tenant.
    #[must_use]
    pub fn tenant(&self, name: &TenantName) -> Option<Tenant> {
        self.tenants.get(name).ok().map(|hosted| hosted.tenant.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_registry_says_of_a_tenant_reads_back() {
        let tenant = Tenant {
            name: TenantName::new("st-olav").unwrap(),
            namespace: Uuid::from_u128(7),
            created: Instant(1_795_369_200_123_456),
        };
        assert_eq!(Tenant::from_bytes(&tenant.to_bytes()), Some(tenant));
        assert_eq!(Tenant::from_bytes(b"{}"), None);
    }
}
