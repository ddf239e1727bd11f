-- The index tables of one tenant. Generated from crates/projection/src/schema.rs; a test compares.

CREATE TABLE meta (
    name text COLLATE "C" NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE kinds (
    type smallint NOT NULL,
    live bigint NOT NULL,
    changed bigint NOT NULL,
    PRIMARY KEY (type)
);

CREATE TABLE hist (
    seq bigint NOT NULL,
    rid bigint NOT NULL,
    type smallint NOT NULL,
    ver integer NOT NULL,
    time bigint NOT NULL,
    op smallint NOT NULL,
    object bytea,
    commit_oid bytea NOT NULL,
    author text COLLATE "C" NOT NULL,
    PRIMARY KEY (seq, rid)
);
CREATE INDEX hist_type ON hist (type, seq, rid);
CREATE INDEX hist_rid ON hist (rid, seq);

CREATE TABLE byres (
    rid bigint NOT NULL,
    keys bytea NOT NULL,
    PRIMARY KEY (rid)
);

CREATE TABLE res (
    rid bigint NOT NULL,
    type smallint NOT NULL,
    fid text COLLATE "C" NOT NULL,
    state smallint NOT NULL,
    ver integer NOT NULL,
    last_updated bigint NOT NULL,
    author text COLLATE "C" NOT NULL,
    title text COLLATE "C" NOT NULL,
    snippet text COLLATE "C" NOT NULL,
    flags integer NOT NULL,
    from_seq bigint NOT NULL,
    PRIMARY KEY (rid)
);
CREATE UNIQUE INDEX res_fid ON res (type, fid);
CREATE INDEX res_time ON res (type, last_updated, rid) WHERE state = 1;
CREATE INDEX res_rid ON res (type, rid) WHERE state = 1;

CREATE TABLE old_res (
    rid bigint NOT NULL,
    type smallint NOT NULL,
    fid text COLLATE "C" NOT NULL,
    state smallint NOT NULL,
    ver integer NOT NULL,
    last_updated bigint NOT NULL,
    author text COLLATE "C" NOT NULL,
    title text COLLATE "C" NOT NULL,
    snippet text COLLATE "C" NOT NULL,
    flags integer NOT NULL,
    from_seq bigint NOT NULL,
    to_seq bigint NOT NULL,
    PRIMARY KEY (rid, from_seq)
);
CREATE INDEX old_res_time ON old_res (type, last_updated, rid);
CREATE INDEX old_res_fid ON old_res (type, fid);
CREATE INDEX old_res_rid ON old_res (type, rid);

CREATE TABLE tok (
    pk integer NOT NULL,
    hc bigint NOT NULL,
    rid bigint NOT NULL,
    hs bigint NOT NULL,
    from_seq bigint NOT NULL,
    PRIMARY KEY (pk, hc, rid, hs)
);

CREATE TABLE old_tok (
    pk integer NOT NULL,
    hc bigint NOT NULL,
    rid bigint NOT NULL,
    hs bigint NOT NULL,
    from_seq bigint NOT NULL,
    to_seq bigint NOT NULL,
    PRIMARY KEY (pk, hc, rid, hs, from_seq)
);

CREATE TABLE ref (
    pk integer NOT NULL,
    tgt bigint NOT NULL,
    rid bigint NOT NULL,
    from_seq bigint NOT NULL,
    PRIMARY KEY (pk, tgt, rid)
);

CREATE TABLE old_ref (
    pk integer NOT NULL,
    tgt bigint NOT NULL,
    rid bigint NOT NULL,
    from_seq bigint NOT NULL,
    to_seq bigint NOT NULL,
    PRIMARY KEY (pk, tgt, rid, from_seq)
);

CREATE TABLE ref_rev (
    rid bigint NOT NULL,
    pk integer NOT NULL,
    tgt bigint NOT NULL,
    from_seq bigint NOT NULL,
    PRIMARY KEY (rid, pk, tgt)
);

CREATE TABLE old_ref_rev (
    rid bigint NOT NULL,
    pk integer NOT NULL,
    tgt bigint NOT NULL,
    from_seq bigint NOT NULL,
    to_seq bigint NOT NULL,
    PRIMARY KEY (rid, pk, tgt, from_seq)
);

CREATE TABLE dat (
    pk integer NOT NULL,
    lo bigint NOT NULL,
    rid bigint NOT NULL,
    hi bigint NOT NULL,
    from_seq bigint NOT NULL,
    PRIMARY KEY (pk, lo, rid, hi)
);

CREATE TABLE old_dat (
    pk integer NOT NULL,
    lo bigint NOT NULL,
    rid bigint NOT NULL,
    hi bigint NOT NULL,
    from_seq bigint NOT NULL,
    to_seq bigint NOT NULL,
    PRIMARY KEY (pk, lo, rid, hi, from_seq)
);

CREATE TABLE dat_hi (
    pk integer NOT NULL,
    hi bigint NOT NULL,
    rid bigint NOT NULL,
    lo bigint NOT NULL,
    from_seq bigint NOT NULL,
    PRIMARY KEY (pk, hi, rid, lo)
);

CREATE TABLE old_dat_hi (
    pk integer NOT NULL,
    hi bigint NOT NULL,
    rid bigint NOT NULL,
    lo bigint NOT NULL,
    from_seq bigint NOT NULL,
    to_seq bigint NOT NULL,
    PRIMARY KEY (pk, hi, rid, lo, from_seq)
);

CREATE TABLE num (
    pk integer NOT NULL,
    unit bigint NOT NULL,
    lo bigint NOT NULL,
    rid bigint NOT NULL,
    hi bigint NOT NULL,
    from_seq bigint NOT NULL,
    PRIMARY KEY (pk, unit, lo, rid, hi)
);

CREATE TABLE old_num (
    pk integer NOT NULL,
    unit bigint NOT NULL,
    lo bigint NOT NULL,
    rid bigint NOT NULL,
    hi bigint NOT NULL,
    from_seq bigint NOT NULL,
    to_seq bigint NOT NULL,
    PRIMARY KEY (pk, unit, lo, rid, hi, from_seq)
);

CREATE TABLE spn (
    rid bigint NOT NULL,
    pk integer NOT NULL,
    unit bigint NOT NULL,
    lo bigint NOT NULL,
    hi bigint NOT NULL,
    from_seq bigint NOT NULL,
    PRIMARY KEY (rid, pk, unit, lo, hi)
);

CREATE TABLE old_spn (
    rid bigint NOT NULL,
    pk integer NOT NULL,
    unit bigint NOT NULL,
    lo bigint NOT NULL,
    hi bigint NOT NULL,
    from_seq bigint NOT NULL,
    to_seq bigint NOT NULL,
    PRIMARY KEY (rid, pk, unit, lo, hi, from_seq)
);

CREATE TABLE str (
    pk integer NOT NULL,
    norm text COLLATE "C" NOT NULL,
    rid bigint NOT NULL,
    exact bigint NOT NULL,
    rest text COLLATE "C" NOT NULL,
    from_seq bigint NOT NULL,
    PRIMARY KEY (pk, norm, rid, exact)
);

CREATE TABLE old_str (
    pk integer NOT NULL,
    norm text COLLATE "C" NOT NULL,
    rid bigint NOT NULL,
    exact bigint NOT NULL,
    rest text COLLATE "C" NOT NULL,
    from_seq bigint NOT NULL,
    to_seq bigint NOT NULL,
    PRIMARY KEY (pk, norm, rid, exact, from_seq)
);

CREATE TABLE comp (
    pk integer NOT NULL,
    h bigint NOT NULL,
    rid bigint NOT NULL,
    lo bigint NOT NULL,
    hi bigint NOT NULL,
    s1 bigint NOT NULL,
    s2 bigint NOT NULL,
    lo2 bigint NOT NULL,
    hi2 bigint NOT NULL,
    exact bigint NOT NULL,
    norm text COLLATE "C" NOT NULL,
    from_seq bigint NOT NULL,
    PRIMARY KEY (pk, h, rid, lo, hi, s1, s2, lo2, hi2, exact)
);

CREATE TABLE old_comp (
    pk integer NOT NULL,
    h bigint NOT NULL,
    rid bigint NOT NULL,
    lo bigint NOT NULL,
    hi bigint NOT NULL,
    s1 bigint NOT NULL,
    s2 bigint NOT NULL,
    lo2 bigint NOT NULL,
    hi2 bigint NOT NULL,
    exact bigint NOT NULL,
    norm text COLLATE "C" NOT NULL,
    from_seq bigint NOT NULL,
    to_seq bigint NOT NULL,
    PRIMARY KEY (pk, h, rid, lo, hi, s1, s2, lo2, hi2, exact, from_seq)
);

CREATE TABLE sortk (
    rid bigint NOT NULL,
    pk integer NOT NULL,
    lo bytea NOT NULL,
    hi bytea NOT NULL,
    walk smallint NOT NULL,
    from_seq bigint NOT NULL,
    PRIMARY KEY (rid, pk)
);
CREATE INDEX sortk_lo ON sortk (pk, lo, rid) WHERE walk = 1;
CREATE INDEX sortk_hi ON sortk (pk, hi, rid) WHERE walk = 1;

CREATE TABLE old_sortk (
    rid bigint NOT NULL,
    pk integer NOT NULL,
    lo bytea NOT NULL,
    hi bytea NOT NULL,
    walk smallint NOT NULL,
    from_seq bigint NOT NULL,
    to_seq bigint NOT NULL,
    PRIMARY KEY (rid, pk, from_seq)
);
CREATE INDEX old_sortk_pk ON old_sortk (pk);

CREATE TABLE cmpt (
    owner bigint NOT NULL,
    type smallint NOT NULL,
    rid bigint NOT NULL,
    from_seq bigint NOT NULL,
    PRIMARY KEY (owner, type, rid)
);

CREATE TABLE old_cmpt (
    owner bigint NOT NULL,
    type smallint NOT NULL,
    rid bigint NOT NULL,
    from_seq bigint NOT NULL,
    to_seq bigint NOT NULL,
    PRIMARY KEY (owner, type, rid, from_seq)
);
