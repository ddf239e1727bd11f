//! The statements of one page.

use vpr_fhir::ResourceType;
use vpr_fhir::search::{Filter, SortBy};

use super::order::{Column, From, Order, end};
use super::source::{Source, narrowed};
use super::{Planner, Subject, Types, looked_up};
use crate::rows::{Aspect, pk};
use crate::schema::{RES, SORTK, state};
use crate::sql::{Dialect, Sql, Statement};
use crate::{Position, ProjectionError};

/// What a search looks for.
pub(crate) struct Sought<'a> {
    /// The types; none means that nothing is found.
    pub(crate) types: Vec<ResourceType>,
    /// All of them hold.
    pub(crate) filters: Vec<&'a Filter>,
    /// What drives the page, with the place of its filter.
    pub(crate) driver: Option<(usize, Source)>,
    /// What drives the count of all: the narrowest, even where a page is walked.
    pub(crate) counted_by: Option<(usize, Source)>,
}

/// A statement whose rows come in the order of the page: rid, type, fid, ver, sort values.
pub(crate) type Stream = Statement;

/// Statements in phases: the streams of one are merged; the next phase stands behind them all, and
/// is only asked for what the page still lacks.
pub(crate) struct Streams {
    pub(crate) phases: Vec<Vec<Stream>>,
}

/// What all streams of a page share.
struct Shape<'a> {
    order: &'a Order,
    from: Option<From>,
    backwards: bool,
    limit: i64,
}

impl Shape<'_> {
    /// Which way the rids go, where nothing but the order of arrival was asked for.
    fn arrival(&self) -> Option<&'static str> {
        self.order.is_arrival().then_some(if self.backwards { "ASC" } else { "DESC" })
    }
}

/// One stream before its columns are known.
struct Draft<'a> {
    tables: Sql,
    holds: Vec<Sql>,
    types: Types<'a>,
    /// The rid in what is walked: Postgres knows of its order alone.
    rid: &'static str,
    /// The column of the first key, where a table of the stream has it.
    first: Option<Column>,
}

impl<'a> Sought<'a> {
    /// The types that can be found, with what must hold of them.
    pub(crate) fn new(types: &[ResourceType], filters: Vec<&'a Filter>) -> Self {
        Self { types: narrowed(types, &filters), filters, driver: None, counted_by: None }
    }

    /// What must hold beside what drives.
    fn others(&self, driver: Option<&(usize, Source)>) -> impl Iterator<Item = &'a Filter> {
        let driver = driver.filter(|(_, source)| source.exact).map(|(at, _)| *at);
        self.filters.iter().enumerate().filter(move |(at, _)| Some(*at) != driver).map(|(_, filter)| *filter)
    }
}

impl Planner<'_> {
    /// The statements of a page of at most `limit` rows.
    pub(crate) fn page(
        &self,
        sought: &Sought<'_>,
        order: &Order,
        position: Option<&Position>,
        limit: i64,
    ) -> Result<Streams, ProjectionError> {
        let from = position.map(|position| order.from(position)).transpose()?;
        let backwards = position.is_some_and(|position| position.backwards);
        let shape = Shape { order, from, backwards, limit };
        if sought.types.is_empty() {
            return Ok(Streams { phases: Vec::new() });
        }
        let types = Types::of(&sought.types);
        let others = |types| self.others(sought, sought.driver.as_ref(), &Subject::row("r", types));
        if let Some((_, source)) = &sought.driver {
            if let Some(walk) = source.walk.as_ref().filter(|_| order.is_arrival()) {
                let draft = self.walked(walk, sought, types)?;
                let stream = self.stream(&shape, draft, shape.from.as_ref(), true);
                return Ok(Streams { phases: vec![vec![stream]] });
            }
            let mut streams = Vec::new();
            for old in self.olds() {
                let mut draft = self.driven(source, types, old, shape.arrival());
                draft.holds.extend(others(types)?);
                streams.push(self.stream(&shape, draft, shape.from.as_ref(), false));
            }
            return Ok(Streams { phases: vec![streams] });
        }
        match (order.first().map(|first| &first.by), &sought.types[..]) {
            (Some(SortBy::Parameter(parameter)), [one]) if order.can_walk(&sought.types) => {
                self.walk_parameter(&shape, sought, pk(*one, *parameter, Aspect::Value), *one)
            }
            (Some(SortBy::Parameter(_)), _) => {
                let mut streams = Vec::new();
                for old in self.olds() {
                    let mut draft = self.scanned(types, old, &RES_TIME);
                    draft.holds.extend(others(types)?);
                    streams.push(self.stream(&shape, draft, shape.from.as_ref(), false));
                }
                Ok(Streams { phases: vec![streams] })
            }
            (by, each) => {
                let index = match by {
                    None => &RES_RID,
                    Some(SortBy::Id) => &RES_FID,
                    Some(_) => &RES_TIME,
                };
                let mut streams = Vec::new();
                for one in each {
                    let types = Types::One(*one);
                    let others = others(types)?;
                    for old in self.olds() {
                        let mut draft = self.scanned(types, old, index);
                        draft.holds.extend(others.clone());
                        streams.push(self.stream(&shape, draft, shape.from.as_ref(), true));
                    }
                }
                Ok(Streams { phases: vec![streams] })
            }
        }
    }

    /// Walks an index of `sortk`, then what has no value of the first key (or the other way round).
    fn walk_parameter(
        &self,
        shape: &Shape<'_>,
        sought: &Sought<'_>,
        pk: i64,
        one: ResourceType,
    ) -> Result<Streams, ProjectionError> {
        let types = Types::One(one);
        let driver = sought.driver.as_ref();
        let others = self.others(sought, driver, &Subject::row("r", types))?;
        // Asked of the index row, before its resource is looked up.
        let walked = self.others(sought, driver, &Subject::found("s.rid", "r", types))?;
        let Some(key) = shape.order.first() else { return Ok(Streams { phases: Vec::new() }) };
        let column = end(key);
        // `None`: no place; `Some(None)`: a place among those without a value.
        let place = shape.from.as_ref().map(|from| from.values.first().and_then(Option::as_ref));
        let mut having = Vec::new();
        let from = shape.from.as_ref().filter(|_| place.flatten().is_some());
        for part in self.moment.parts(&SORTK) {
            let mut tables = Sql::new(part.name);
            tables.push(" s");
            if self.dialect == Dialect::Sqlite {
                tables.push(match (part.is_old(), column) {
                    (false, "lo") => " INDEXED BY sortk_lo",
                    (false, _) => " INDEXED BY sortk_hi",
                    (true, _) => " INDEXED BY old_sortk_pk",
                });
            }
            let (rows, on) = looked_up(self.dialect, RES.name, "r", &Sql::new("r.rid = s.rid"));
            tables.append(&rows);
            let mut sql = Sql::new("s.pk = ");
            sql.bind(pk).push(" AND s.walk = 1").append(&part.counts("s"));
            let mut row = on;
            row.push(" AND r.state = ").number(state::LIVE);
            row.append(&self.moment.parts(&RES)[0].counts("r"));
            let mut holds = vec![sql];
            holds.extend(walked.clone());
            holds.push(row);
            let first = Some(Column { sql: Sql::new(&format!("s.{column}")), nullable: false });
            let draft = Draft { tables, holds, types, rid: "s.rid", first };
            having.push(self.stream(shape, draft, from, true));
        }
        let value = shape.order.column(self, key, types);
        let is_null = |not: &str| {
            let mut sql = value.sql.clone();
            sql.push(" IS ").push(not).push("NULL");
            sql
        };
        if self.olds().count() > 1 {
            let mut draft = self.scanned(types, true, &RES_TIME);
            draft.holds.push(is_null("NOT "));
            draft.holds.extend(others.clone());
            having.push(self.stream(shape, draft, from, false));
        }
        let mut missing = Vec::new();
        let from = shape.from.as_ref().filter(|_| place == Some(None));
        for old in self.olds() {
            let mut draft = self.scanned(types, old, &RES_TIME);
            draft.holds.push(is_null(""));
            draft.holds.extend(others.clone());
            missing.push(self.stream(shape, draft, from, false));
        }
        let phases = match (shape.backwards, place) {
            (false, Some(None)) => vec![missing],
            (false, _) => vec![having, missing],
            (true, Some(Some(_))) => vec![having],
            (true, _) => vec![missing, having],
        };
        Ok(Streams { phases })
    }

    /// Whether to read removed rows of `res`: no, then, at an earlier moment, yes.
    fn olds(&self) -> impl Iterator<Item = bool> {
        self.moment.parts(&RES).into_iter().map(|part| part.is_old())
    }

    /// Everything beside the driver that must hold of the subject.
    pub(super) fn others(
        &self,
        sought: &Sought<'_>,
        driver: Option<&(usize, Source)>,
        subject: &Subject<'_>,
    ) -> Result<Vec<Sql>, ProjectionError> {
        let mut all = Vec::new();
        for filter in sought.others(driver) {
            all.push(self.condition(filter, subject)?);
        }
        all.extend(self.guard(subject)?);
        Ok(all)
    }

    /// What an index gives in the order of arrival, tested before its resources are looked up.
    fn walked<'t>(
        &self,
        walk: &Sql,
        sought: &Sought<'_>,
        types: Types<'t>,
    ) -> Result<Draft<'t>, ProjectionError> {
        let (rows, on) = looked_up(self.dialect, RES.name, "r", &Sql::new("r.rid = w.rid"));
        let mut tables = Sql::new("(");
        tables.append(walk).push(") w").append(&rows);
        let mut holds = self.others(sought, sought.driver.as_ref(), &Subject::found("w.rid", "r", types))?;
        let mut row = on;
        row.push(" AND ").append(&types.is(if self.dialect == Dialect::Sqlite {
            "+r.type"
        } else {
            "r.type"
        }));
        row.push(" AND r.state = ").number(state::LIVE).append(&self.moment.parts(&RES)[0].counts("r"));
        holds.push(row);
        Ok(Draft { tables, holds, types, rid: "w.rid", first: None })
    }

    /// Rows of `res` (or what was removed) that the source names; in the order of arrival, or
    /// against it, where `arrival` asks for that.
    fn driven<'t>(
        &self,
        source: &Source,
        types: Types<'t>,
        old: bool,
        arrival: Option<&'static str>,
    ) -> Draft<'t> {
        let (tables, holds) = self.driven_parts(source, types, old, arrival);
        let rid = if arrival.is_some() && self.dialect == Dialect::Postgres { "d.rid" } else { "r.rid" };
        Draft { tables, holds, types, rid, first: None }
    }

    /// The tables and conditions of rows `r` that the source names.
    pub(super) fn driven_parts(
        &self,
        source: &Source,
        types: Types<'_>,
        old: bool,
        arrival: Option<&'static str>,
    ) -> (Sql, Vec<Sql>) {
        let part = self.moment.parts(&RES)[usize::from(old)];
        let mut tables = Sql::default();
        let mut sql = Sql::default();
        match self.dialect {
            Dialect::Sqlite => {
                // Without other indexes only the rid is left to begin with.
                tables.push(part.name).push(if old { " r" } else { " r NOT INDEXED" });
                sql.push("r.rid IN (").append(&source.union()).push(")");
                sql.push(" AND ").append(&types.is("+r.type"));
            }
            Dialect::Postgres => {
                let on = Sql::new("r.rid = d.rid");
                let (rows, on) = looked_up(self.dialect, part.name, "r", &on);
                tables.push("(SELECT DISTINCT rid FROM (").append(&source.union()).push(") u");
                if let Some(direction) = arrival {
                    tables.push(" ORDER BY rid ").push(direction);
                }
                tables.push(") d").append(&rows);
                sql.append(&on).push(" AND ").append(&types.is("r.type"));
            }
        }
        sql.push(" AND r.state = ").number(state::LIVE).append(&part.counts("r"));
        (tables, vec![sql])
    }

    /// All rows of the types.
    fn scanned<'t>(&self, types: Types<'t>, old: bool, index: &ScanIndex) -> Draft<'t> {
        let (tables, holds) = self.scanned_parts(types, old, index);
        Draft { tables, holds, types, rid: "r.rid", first: None }
    }

    /// The tables and conditions of all rows `r` of the types.
    pub(super) fn scanned_parts(&self, types: Types<'_>, old: bool, index: &ScanIndex) -> (Sql, Vec<Sql>) {
        let part = self.moment.parts(&RES)[usize::from(old)];
        let mut tables = Sql::new(part.name);
        tables.push(" r");
        if self.dialect == Dialect::Sqlite {
            tables.push(" INDEXED BY ").push(if old { index.old } else { index.live });
        }
        let mut sql = types.is("r.type");
        sql.push(" AND r.state = ").number(state::LIVE).append(&part.counts("r"));
        (tables, vec![sql])
    }

    /// Finishes a stream. `range`: the first key is a column of the index that is walked.
    fn stream(&self, shape: &Shape<'_>, draft: Draft<'_>, from: Option<&From>, range: bool) -> Stream {
        let order = shape.order;
        let rid = draft.rid;
        let mut columns: Vec<Column> =
            order.keys().iter().map(|key| order.column(self, key, draft.types)).collect();
        if let Some(first) = draft.first {
            columns[0] = first;
        }
        let mut sql = Sql::new("SELECT r.rid, r.type, r.fid, r.ver");
        for (at, column) in columns.iter().enumerate() {
            sql.push(", ").append(&column.sql).push(&format!(" AS v{at}"));
        }
        sql.push(" FROM ").append(&draft.tables).push(" WHERE ");
        let mut holds = draft.holds;
        if let Some(from) = from {
            if range && columns.len() > 1 {
                holds.extend(order.first_beyond(from, &columns[0], shape.backwards));
            }
            holds.push(order.beyond(from, &columns, rid, shape.backwards));
        }
        sql.append(&Sql::join(&holds, " AND ", "1 = 1"));
        sql.append(&order.by(&columns, rid, shape.backwards)).push(" LIMIT ").bind(shape.limit);
        sql.finish(self.dialect)
    }
}

/// Indexes that hold all rows of a type.
pub(super) struct ScanIndex {
    live: &'static str,
    old: &'static str,
}

/// In the order of time.
pub(super) static RES_TIME: ScanIndex = ScanIndex { live: "res_time", old: "old_res_time" };
/// In the order of arrival.
static RES_RID: ScanIndex = ScanIndex { live: "res_rid", old: "old_res_rid" };
/// In the order of ids.
static RES_FID: ScanIndex = ScanIndex { live: "res_fid", old: "old_res_fid" };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_indexes_are_there() {
        let has =
            |table: &crate::schema::Table, name: &str| table.indexes.iter().any(|each| each.name == name);
        for index in [&RES_TIME, &RES_FID, &RES_RID] {
            assert!(has(&RES, index.live) && has(&crate::schema::OLD_RES, index.old));
        }
    }
}
