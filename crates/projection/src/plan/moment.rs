use crate::schema::{INDEX_TABLES, Table};
use crate::sql::Sql;

/// The moment that a result set stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The last seq applied, or one since which nothing that matters has changed.
    Now,
    /// An earlier one: rows that were added later do not count, those that were removed later do.
    At(i64),
}

/// A table to read from at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// Its name.
    pub(crate) name: &'static str,
    moment: Moment,
    old: bool,
}

impl Moment {
    /// Where the rows of a table are.
    pub(crate) fn parts(self, table: &'static Table) -> Vec<Part> {
        let mut parts = vec![Part { name: table.name, moment: self, old: false }];
        if self != Self::Now {
            let twin = INDEX_TABLES.iter().find(|(live, _)| std::ptr::eq(*live, table));
            parts.extend(twin.map(|(_, old)| Part { name: old.name, moment: self, old: true }));
        }
        parts
    }
}

impl Part {
    /// Whether it holds removed rows.
    pub(crate) fn is_old(self) -> bool {
        self.old
    }

    /// ` AND …`: the row under the alias counts at the moment.
    pub(crate) fn counts(self, alias: &str) -> Sql {
        let mut sql = Sql::default();
        if let Moment::At(seq) = self.moment {
            sql.push(&format!(" AND {alias}.from_seq <= ")).bind(seq);
            if self.old {
                sql.push(&format!(" AND {alias}.to_seq > ")).bind(seq);
            }
        }
        sql
    }
}
