use serde::{Deserialize, Serialize};

use crate::schema::{CMPT, COMP, DAT, DAT_HI, INDEX_TABLES, NUM, REF, REF_REV, SORTK, SPN, STR, TOK, Table};
use crate::sql::Value;

/// One thing that a resource says, in the numbers of the tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Entry {
    /// `tok`
    Token {
        pk: i64,
        #[serde(with = "postcard::fixint::le")]
        hc: i64,
        #[serde(with = "postcard::fixint::le")]
        hs: i64,
    },
    /// `ref`, `ref_rev`
    Reference { pk: i64, tgt: i64 },
    /// `dat`, `dat_hi`, `spn`
    Date { pk: i64, lo: i64, hi: i64 },
    /// `num`, `spn`
    Number { pk: i64, unit: i64, lo: i64, hi: i64 },
    /// `str`
    Text {
        pk: i64,
        norm: String,
        #[serde(with = "postcard::fixint::le")]
        exact: i64,
        rest: String,
    },
    /// `comp`
    Composite {
        pk: i64,
        #[serde(with = "postcard::fixint::le")]
        h: i64,
        lo: [i64; 2],
        hi: [i64; 2],
        s: [i64; 2],
        exact: i64,
        norm: String,
    },
    /// `sortk`
    Sort { pk: i64, lo: Vec<u8>, hi: Vec<u8>, walk: bool },
    /// `cmpt`; `owner` is a rid.
    Compartment { owner: i64 },
    /// A quantity in any unit, where others name its unit: `num` alone, for the walk over its values.
    Amount { pk: i64, lo: i64, hi: i64 },
}

/// Rows that wait to be written, for each index table.
pub(crate) struct Buffers {
    rows: Vec<Vec<Value>>,
}

impl Buffers {
    /// Without rows.
    pub(crate) fn new() -> Self {
        Self { rows: INDEX_TABLES.iter().map(|_| Vec::new()).collect() }
    }

    /// The rows of each table, `columns` of the table wide, in the order of their first columns: so
    /// neighbors in an index are written one after the other. None are left here.
    pub(crate) fn take(
        &mut self,
        columns: impl Fn(&Table, &Table) -> usize,
    ) -> impl Iterator<Item = (&'static Table, &'static Table, Vec<Value>)> {
        INDEX_TABLES
            .iter()
            .zip(&mut self.rows)
            .map(move |((live, old), rows)| (*live, *old, sorted(std::mem::take(rows), columns(live, old))))
    }

    /// Adds a row of the table with what is in all rows.
    pub(crate) fn push(&mut self, table: &'static Table, row: impl IntoIterator<Item = Value>) {
        let at = INDEX_TABLES.iter().position(|(live, _)| std::ptr::eq(*live, table));
        if let Some(rows) = at.and_then(|at| self.rows.get_mut(at)) {
            rows.extend(row);
        }
    }
}

/// Rows in order.
fn sorted(mut rows: Vec<Value>, columns: usize) -> Vec<Value> {
    let row = |at: &usize| &rows[at * columns..(at + 1) * columns];
    if columns == 0 || (1..rows.len() / columns).all(|at| row(&(at - 1)) <= row(&at)) {
        return rows;
    }
    let mut order: Vec<usize> = (0..rows.len() / columns).collect();
    order.sort_unstable_by(|one, other| row(one).cmp(row(other)));
    let mut all = Vec::with_capacity(rows.len());
    for at in order {
        all.extend(
            rows[at * columns..(at + 1) * columns]
                .iter_mut()
                .map(|value| std::mem::replace(value, Value::Null)),
        );
    }
    all
}

/// How much of a row is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All columns of the live table.
    Whole { from_seq: i64 },
    /// The primary key.
    Key,
    /// All columns of the twin.
    Old { from_seq: i64, to_seq: i64 },
}

impl Entry {
    /// Adds the entry's rows for the resource `rid` of type number `resource`.
    pub(crate) fn rows(self, rid: i64, resource: i64, extent: Extent, out: &mut Buffers) {
        let mut push = |table: &'static Table, numbers: &[i64]| {
            out.push(table, numbers.iter().map(|number| Value::Int(*number)).chain(extent.tail()));
        };
        match self {
            Self::Token { pk, hc, hs } => push(&TOK, &[pk, hc, rid, hs]),
            Self::Reference { pk, tgt } => {
                push(&REF, &[pk, tgt, rid]);
                push(&REF_REV, &[rid, pk, tgt]);
            }
            Self::Date { pk, lo, hi } => {
                push(&DAT, &[pk, lo, rid, hi]);
                push(&DAT_HI, &[pk, hi, rid, lo]);
                push(&SPN, &[rid, pk, 0, lo, hi]);
            }
            Self::Number { pk, unit, lo, hi } => {
                push(&NUM, &[pk, unit, lo, rid, hi]);
                push(&SPN, &[rid, pk, unit, lo, hi]);
            }
            Self::Amount { pk, lo, hi } => push(&NUM, &[pk, 0, lo, rid, hi]),
            Self::Compartment { owner } => push(&CMPT, &[owner, resource, rid]),
            Self::Text { pk, norm, exact, rest } => {
                let key = [pk.into(), norm.into(), rid.into(), exact.into()];
                extent.wide(&STR, key, [rest.into()], out);
            }
            Self::Composite { pk, h, lo, hi, s, exact, norm } => {
                let key = [pk, h, rid, lo[0], hi[0], s[0], s[1], lo[1], hi[1], exact].map(Value::Int);
                extent.wide(&COMP, key, [norm.into()], out);
            }
            Self::Sort { pk, lo, hi, walk } => {
                let rest = [lo.into(), hi.into(), i64::from(walk).into()];
                extent.wide(&SORTK, [rid.into(), pk.into()], rest, out);
            }
        }
    }
}

impl Extent {
    fn tail(self) -> impl Iterator<Item = Value> {
        let (from, to) = match self {
            Self::Whole { from_seq } => (Some(from_seq), None),
            Self::Key => (None, None),
            Self::Old { from_seq, to_seq } => (Some(from_seq), Some(to_seq)),
        };
        from.into_iter().chain(to).map(Value::Int)
    }

    /// A row that has columns beside its key.
    fn wide<const K: usize, const R: usize>(
        self,
        table: &'static Table,
        key: [Value; K],
        rest: [Value; R],
        out: &mut Buffers,
    ) {
        let rest = rest.into_iter().filter(|_| self != Self::Key);
        out.push(table, key.into_iter().chain(rest).chain(self.tail()));
    }
}
