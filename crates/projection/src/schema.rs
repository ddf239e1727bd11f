//! The tables, declared once for both databases.
//!
//! Every index row carries the seq that added it (`from_seq`); when a later version does not say the
//! same any more, the row moves to its twin `old_…` with the seq that removed it (`to_seq`), for as
//! long as pages of earlier moments are kept.
//!
//! `pk` is a parameter on a type ([`crate::rows::Dictionary`]); hashes are keyed with the tenant's
//! index key; dates are microseconds, half-open; numbers are order-preserving integers of f64.

#[cfg(test)]
mod ddl;

/// What a column holds. Integers are bound and read as `i64`, whatever their width on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 16 bits.
    Small,
    /// 32 bits.
    Int,
    /// 64 bits.
    Big,
    /// Text, compared byte by byte.
    Text,
    /// Bytes.
    Bytes,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) kind: Kind,
    /// Whether it may hold nothing.
    pub(crate) nullable: bool,
}

/// An index beside the primary key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Index {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its columns.
    pub(crate) columns: &'static [&'static str],
    /// Whether two rows may not be equal in them.
    pub(crate) unique: bool,
    /// Only rows of which this holds.
    pub(crate) filter: Option<&'static str>,
}

/// A table. The primary key is the first `key` columns; of a twin, `from_seq` as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Table {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its columns, in the order in which rows are given.
    pub(crate) columns: &'static [Column],
    /// How many columns the primary key has.
    pub(crate) key: usize,
    /// The other indexes.
    pub(crate) indexes: &'static [Index],
    /// Whether the primary key is one integer, which SQLite keeps as the rowid.
    pub(crate) rowid: bool,
    /// Whether it holds removed rows: `from_seq` is then the last column of the key, for a row may
    /// come and go again.
    pub(crate) twin: bool,
}

const fn small(name: &'static str) -> Column {
    Column { name, kind: Kind::Small, nullable: false }
}
const fn int(name: &'static str) -> Column {
    Column { name, kind: Kind::Int, nullable: false }
}
const fn big(name: &'static str) -> Column {
    Column { name, kind: Kind::Big, nullable: false }
}
const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text, nullable: false }
}
const fn bytes(name: &'static str) -> Column {
    Column { name, kind: Kind::Bytes, nullable: false }
}
const fn index(name: &'static str, columns: &'static [&'static str]) -> Index {
    Index { name, columns, unique: false, filter: None }
}

/// Declares a table whose rows are kept as long as pages of earlier moments are, and its twin.
macro_rules! index_tables {
    ($($(#[$doc:meta])* $live:ident, $old:ident = $name:literal, $old_name:literal,
        [$($column:expr),* $(,)?], key $key:literal, [$($index:expr),* $(,)?], [$($old_index:expr),* $(,)?];)*) => {
        $(
            $(#[$doc])*
            pub(crate) static $live: Table = Table {
                name: $name,
                columns: &[$($column,)* big("from_seq")],
                key: $key,
                indexes: &[$($index),*],
                rowid: $key == 1,
                twin: false,
            };
            /// What was removed from it.
            pub(crate) static $old: Table = Table {
                name: $old_name,
                columns: &[$($column,)* big("from_seq"), big("to_seq")],
                key: $key,
                indexes: &[$($old_index),*],
                rowid: false,
                twin: true,
            };
        )*
        /// The index tables with their twins.
        pub(crate) static INDEX_TABLES: &[(&Table, &Table)] = &[$((&$live, &$old)),*];
    };
}

index_tables! {
    /// Resources: one row for each that is, was, or is referred to. `state`: see [`state`].
    /// `rid` ascends in the order in which resources were first heard of. `author` made the current
    /// version; `title`, `snippet` and `flags` are its [`vpr_fhir::listing::Listing`].
    RES, OLD_RES = "res", "old_res",
        [
            big("rid"), small("type"), text("fid"), small("state"), int("ver"), big("last_updated"),
            text("author"), text("title"), text("snippet"), int("flags"),
        ], key 1,
        [
            Index { name: "res_fid", columns: &["type", "fid"], unique: true, filter: None },
            Index { name: "res_time", columns: &["type", "last_updated", "rid"], unique: false, filter: Some("state = 1") },
            Index { name: "res_rid", columns: &["type", "rid"], unique: false, filter: Some("state = 1") },
        ],
        [
            index("old_res_time", &["type", "last_updated", "rid"]),
            index("old_res_fid", &["type", "fid"]),
            index("old_res_rid", &["type", "rid"]),
        ];
    /// Tokens: `hc` = code, `hs` = system; of identifiers a row of its own for the system alone.
    TOK, OLD_TOK = "tok", "old_tok",
        [int("pk"), big("hc"), big("rid"), big("hs")], key 4, [], [];
    /// References: `tgt` = the target's rid, or a negative hash of what is no resource here.
    REF, OLD_REF = "ref", "old_ref",
        [int("pk"), big("tgt"), big("rid")], key 3, [], [];
    /// The same by source.
    REF_REV, OLD_REF_REV = "ref_rev", "old_ref_rev",
        [big("rid"), int("pk"), big("tgt")], key 3, [], [];
    /// Dates by their beginning.
    DAT, OLD_DAT = "dat", "old_dat",
        [int("pk"), big("lo"), big("rid"), big("hi")], key 4, [], [];
    /// Dates by their end.
    DAT_HI, OLD_DAT_HI = "dat_hi", "old_dat_hi",
        [int("pk"), big("hi"), big("rid"), big("lo")], key 4, [], [];
    /// Numbers (`unit` 0) and quantities (`unit` = hash of one way to name the unit, or 0 for any).
    NUM, OLD_NUM = "num", "old_num",
        [int("pk"), big("unit"), big("lo"), big("rid"), big("hi")], key 5, [], [];
    /// Dates, numbers and quantities by resource, for the test of a resource that another filter found.
    /// A quantity whose unit has a name has no row for any unit: rows that are not in canonical units
    /// (`unit` not negative) answer for it.
    SPN, OLD_SPN = "spn", "old_spn",
        [big("rid"), int("pk"), big("unit"), big("lo"), big("hi")], key 5, [], [];
    /// Strings (`norm` folded) and URIs (as written), cut to what an index can hold; the rest of the
    /// text in `rest`; `exact` = hash of the whole as written.
    STR, OLD_STR = "str", "old_str",
        [int("pk"), text("norm"), big("rid"), big("exact"), text("rest")], key 4, [], [];
    /// Composites in one row: `h`, `s1` = the first part's code and system, `s2` = the second part's
    /// code, unit or target, with its system in `exact`; values in `lo` to `hi2`, text in `norm`. `rid`
    /// stands before the values, so that the test of one resource is one seek.
    COMP, OLD_COMP = "comp", "old_comp",
        [
            int("pk"), big("h"), big("rid"), big("lo"), big("hi"), big("s1"), big("s2"), big("lo2"),
            big("hi2"), big("exact"), text("norm"),
        ], key 10, [], [];
    /// The smallest and the largest value of each parameter that a resource has a value of, as bytes
    /// that compare in the value's order; `walk` = 1: of a kind that results are walked by. Where `walk`
    /// is 0, an empty `hi` is `lo` again.
    SORTK, OLD_SORTK = "sortk", "old_sortk",
        [big("rid"), int("pk"), bytes("lo"), bytes("hi"), small("walk")], key 2,
        [
            Index { name: "sortk_lo", columns: &["pk", "lo", "rid"], unique: false, filter: Some("walk = 1") },
            Index { name: "sortk_hi", columns: &["pk", "hi", "rid"], unique: false, filter: Some("walk = 1") },
        ],
        [index("old_sortk_pk", &["pk"])];
    /// Compartments by owner.
    CMPT, OLD_CMPT = "cmpt", "old_cmpt",
        [big("owner"), small("type"), big("rid")], key 3, [], [];
}

/// Facts of the projection itself, by name.
pub(crate) static META: Table = Table {
    name: "meta",
    columns: &[text("name"), bytes("value")],
    key: 1,
    indexes: &[],
    rowid: false,
    twin: false,
};
/// For each type: how many resources live, and the last seq that touched one.
pub(crate) static KINDS: Table = Table {
    name: "kinds",
    columns: &[small("type"), big("live"), big("changed")],
    key: 1,
    indexes: &[],
    rowid: true,
    twin: false,
};
/// Every version of every resource, and where it comes from: the object that holds its content, the
/// commit that made it, and the commit's author.
pub(crate) static HIST: Table = Table {
    name: "hist",
    columns: &[
        big("seq"),
        big("rid"),
        small("type"),
        int("ver"),
        big("time"),
        small("op"),
        Column { name: "object", kind: Kind::Bytes, nullable: true },
        bytes("commit_oid"),
        text("author"),
    ],
    key: 2,
    indexes: &[index("hist_type", &["type", "seq", "rid"]), index("hist_rid", &["rid", "seq"])],
    rowid: false,
    twin: false,
};
/// What each living resource's index rows are, so that a new version writes only what differs.
pub(crate) static BYRES: Table = Table {
    name: "byres",
    columns: &[big("rid"), bytes("keys")],
    key: 1,
    indexes: &[],
    rowid: true,
    twin: false,
};

/// The tables without twins.
pub(crate) static OTHER_TABLES: &[&Table] = &[&META, &KINDS, &HIST, &BYRES];

/// `res.state`
pub(crate) mod state {
    /// Referred to, never seen.
    pub(crate) const UNSEEN: i64 = 0;
    /// Has a current version.
    pub(crate) const LIVE: i64 = 1;
    /// Deleted.
    pub(crate) const DELETED: i64 = 2;
}

/// All tables.
pub(crate) fn tables() -> impl Iterator<Item = &'static Table> {
    OTHER_TABLES.iter().copied().chain(INDEX_TABLES.iter().flat_map(|(live, old)| [*live, *old]))
}

impl Table {
    /// The columns of the primary key, in its order.
    pub(crate) fn key_columns(&self) -> impl Iterator<Item = &'static Column> {
        let from_seq = self.columns.iter().filter(|column| self.twin && column.name == "from_seq");
        self.columns[..self.key].iter().chain(from_seq)
    }
}
