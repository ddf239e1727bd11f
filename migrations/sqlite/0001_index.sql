-- The index tables of one tenant. Generated from crates/projection/src/schema.rs; a test compares.

CREATE TABLE meta (
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (name)
) WITHOUT ROWID;

CREATE TABLE kinds (
    type INTEGER NOT NULL,
    live INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (type)
);

CREATE TABLE hist (
    seq INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    type INTEGER NOT NULL,
    ver INTEGER NOT NULL,
    time INTEGER NOT NULL,
    op INTEGER NOT NULL,
    object BLOB,
    commit_oid BLOB NOT NULL,
    author TEXT NOT NULL,
    PRIMARY KEY (seq, rid)
) WITHOUT ROWID;
CREATE INDEX hist_type ON hist (type, seq, rid);
CREATE INDEX hist_rid ON hist (rid, seq);

CREATE TABLE byres (
    rid INTEGER NOT NULL,
    keys BLOB NOT NULL,
    PRIMARY KEY (rid)
);

CREATE TABLE res (
    rid INTEGER NOT NULL,
    type INTEGER NOT NULL,
    fid TEXT NOT NULL,
    state INTEGER NOT NULL,
    ver INTEGER NOT NULL,
    last_updated INTEGER NOT NULL,
    author TEXT NOT NULL,
    title TEXT NOT NULL,
    snippet TEXT NOT NULL,
    flags INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    PRIMARY KEY (rid)
);
CREATE UNIQUE INDEX res_fid ON res (type, fid);
CREATE INDEX res_time ON res (type, last_updated, rid) WHERE state = 1;
CREATE INDEX res_rid ON res (type, rid) WHERE state = 1;

CREATE TABLE old_res (
    rid INTEGER NOT NULL,
    type INTEGER NOT NULL,
    fid TEXT NOT NULL,
    state INTEGER NOT NULL,
    ver INTEGER NOT NULL,
    last_updated INTEGER NOT NULL,
    author TEXT NOT NULL,
    title TEXT NOT NULL,
    snippet TEXT NOT NULL,
    flags INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    PRIMARY KEY (rid, from_seq)
) WITHOUT ROWID;
CREATE INDEX old_res_time ON old_res (type, last_updated, rid);
CREATE INDEX old_res_fid ON old_res (type, fid);
CREATE INDEX old_res_rid ON old_res (type, rid);

CREATE TABLE tok (
    pk INTEGER NOT NULL,
    hc INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    hs INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    PRIMARY KEY (pk, hc, rid, hs)
) WITHOUT ROWID;

CREATE TABLE old_tok (
    pk INTEGER NOT NULL,
    hc INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    hs INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    PRIMARY KEY (pk, hc, rid, hs, from_seq)
) WITHOUT ROWID;

CREATE TABLE ref (
    pk INTEGER NOT NULL,
    tgt INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    PRIMARY KEY (pk, tgt, rid)
) WITHOUT ROWID;

CREATE TABLE old_ref (
    pk INTEGER NOT NULL,
    tgt INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    PRIMARY KEY (pk, tgt, rid, from_seq)
) WITHOUT ROWID;

CREATE TABLE ref_rev (
    rid INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    tgt INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    PRIMARY KEY (rid, pk, tgt)
) WITHOUT ROWID;

CREATE TABLE old_ref_rev (
    rid INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    tgt INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    PRIMARY KEY (rid, pk, tgt, from_seq)
) WITHOUT ROWID;

CREATE TABLE dat (
    pk INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    PRIMARY KEY (pk, lo, rid, hi)
) WITHOUT ROWID;

CREATE TABLE old_dat (
    pk INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    PRIMARY KEY (pk, lo, rid, hi, from_seq)
) WITHOUT ROWID;

CREATE TABLE dat_hi (
    pk INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    PRIMARY KEY (pk, hi, rid, lo)
) WITHOUT ROWID;

CREATE TABLE old_dat_hi (
    pk INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    PRIMARY KEY (pk, hi, rid, lo, from_seq)
) WITHOUT ROWID;

CREATE TABLE num (
    pk INTEGER NOT NULL,
    unit INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    PRIMARY KEY (pk, unit, lo, rid, hi)
) WITHOUT ROWID;

CREATE TABLE old_num (
    pk INTEGER NOT NULL,
    unit INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    PRIMARY KEY (pk, unit, lo, rid, hi, from_seq)
) WITHOUT ROWID;

CREATE TABLE spn (
    rid INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    unit INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    PRIMARY KEY (rid, pk, unit, lo, hi)
) WITHOUT ROWID;

CREATE TABLE old_spn (
    rid INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    unit INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    PRIMARY KEY (rid, pk, unit, lo, hi, from_seq)
) WITHOUT ROWID;

CREATE TABLE str (
    pk INTEGER NOT NULL,
    norm TEXT NOT NULL,
    rid INTEGER NOT NULL,
    exact INTEGER NOT NULL,
    rest TEXT NOT NULL,
    from_seq INTEGER NOT NULL,
    PRIMARY KEY (pk, norm, rid, exact)
) WITHOUT ROWID;

CREATE TABLE old_str (
    pk INTEGER NOT NULL,
    norm TEXT NOT NULL,
    rid INTEGER NOT NULL,
    exact INTEGER NOT NULL,
    rest TEXT NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    PRIMARY KEY (pk, norm, rid, exact, from_seq)
) WITHOUT ROWID;

CREATE TABLE comp (
    pk INTEGER NOT NULL,
    h INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    s1 INTEGER NOT NULL,
    s2 INTEGER NOT NULL,
    lo2 INTEGER NOT NULL,
    hi2 INTEGER NOT NULL,
    exact INTEGER NOT NULL,
    norm TEXT NOT NULL,
    from_seq INTEGER NOT NULL,
    PRIMARY KEY (pk, h, rid, lo, hi, s1, s2, lo2, hi2, exact)
) WITHOUT ROWID;

CREATE TABLE old_comp (
    pk INTEGER NOT NULL,
    h INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    s1 INTEGER NOT NULL,
    s2 INTEGER NOT NULL,
    lo2 INTEGER NOT NULL,
    hi2 INTEGER NOT NULL,
    exact INTEGER NOT NULL,
    norm TEXT NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    PRIMARY KEY (pk, h, rid, lo, hi, s1, s2, lo2, hi2, exact, from_seq)
) WITHOUT ROWID;

CREATE TABLE sortk (
    rid INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    lo BLOB NOT NULL,
    hi BLOB NOT NULL,
    walk INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    PRIMARY KEY (rid, pk)
) WITHOUT ROWID;
CREATE INDEX sortk_lo ON sortk (pk, lo, rid) WHERE walk = 1;
CREATE INDEX sortk_hi ON sortk (pk, hi, rid) WHERE walk = 1;

CREATE TABLE old_sortk (
    rid INTEGER NOT NULL,
    pk INTEGER NOT NULL,
    lo BLOB NOT NULL,
    hi BLOB NOT NULL,
    walk INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    PRIMARY KEY (rid, pk, from_seq)
) WITHOUT ROWID;
CREATE INDEX old_sortk_pk ON old_sortk (pk);

CREATE TABLE cmpt (
    owner INTEGER NOT NULL,
    type INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    PRIMARY KEY (owner, type, rid)
) WITHOUT ROWID;

CREATE TABLE old_cmpt (
    owner INTEGER NOT NULL,
    type INTEGER NOT NULL,
    rid INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    PRIMARY KEY (owner, type, rid, from_seq)
) WITHOUT ROWID;
