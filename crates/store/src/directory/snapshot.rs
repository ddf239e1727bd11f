use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use redb::{ReadOnlyTable, ReadTransaction, TableDefinition, TableError};
use vpr_types::{Seq, TenantName};

use super::error::{DirectoryError, from_redb};
use super::keys::{Bytes, POSITIONS, Table};

/// The file as of one checkpoint.
pub(super) struct Snapshot {
    transaction: ReadTransaction,
    /// Opening a table costs more than a lookup in it. `None`: the tenant has none.
    tables: RwLock<HashMap<TenantName, Option<Arc<Tables>>>>,
}

/// One tenant's tables.
pub(super) struct Tables {
    pub(super) heads: ReadOnlyTable<Bytes, Bytes>,
    pub(super) versions: ReadOnlyTable<Bytes, Bytes>,
    pub(super) repositories: ReadOnlyTable<Bytes, Bytes>,
    pub(super) idempotency: ReadOnlyTable<Bytes, Bytes>,
    pub(super) aliases: ReadOnlyTable<Bytes, Bytes>,
    pub(super) counts: ReadOnlyTable<Bytes, Bytes>,
}

impl Snapshot {
    pub(super) fn new(transaction: ReadTransaction) -> Self {
        Self { transaction, tables: RwLock::default() }
    }

    pub(super) fn tables(&self, tenant: &TenantName) -> Result<Option<Arc<Tables>>, DirectoryError> {
        if let Some(tables) = self.tables.read().get(tenant) {
            return Ok(tables.clone());
        }
        let tables = self.open(tenant)?.map(Arc::new);
        Ok(self.tables.write().entry(tenant.clone()).or_insert(tables).clone())
    }

    /// All of a tenant's tables come into being in one transaction.
    fn open(&self, tenant: &TenantName) -> Result<Option<Tables>, DirectoryError> {
        let open = |table: Table| {
            let name = table.name(tenant);
            self.transaction.open_table(TableDefinition::<Bytes, Bytes>::new(&name))
        };
        let heads = match open(Table::Heads) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            heads => heads.map_err(from_redb)?,
        };
        Ok(Some(Tables {
            heads,
            versions: open(Table::Versions).map_err(from_redb)?,
            repositories: open(Table::Repositories).map_err(from_redb)?,
            idempotency: open(Table::Idempotency).map_err(from_redb)?,
            aliases: open(Table::Aliases).map_err(from_redb)?,
            counts: open(Table::Counts).map_err(from_redb)?,
        }))
    }

    /// Every tenant with the seq that it is checkpointed to.
    pub(super) fn positions(&self) -> Result<Vec<(TenantName, Seq)>, DirectoryError> {
        use redb::ReadableTable as _;
        let table = self.transaction.open_table(POSITIONS).map_err(from_redb)?;
        let mut positions = Vec::new();
        for row in table.iter().map_err(from_redb)? {
            let (tenant, seq) = row.map_err(from_redb)?;
            let tenant = TenantName::new(tenant.value())
                .map_err(|_| DirectoryError::Damaged("a tenant's name is malformed".to_owned()))?;
            positions.push((tenant, Seq(seq.value())));
        }
        Ok(positions)
    }
}
