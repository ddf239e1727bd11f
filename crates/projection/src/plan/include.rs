use vpr_fhir::ResourceType;
use vpr_fhir::definitions::{SearchParameter, SearchParameterType};

use super::{Planner, Subject, Types, looked_up, numbers};
use crate::ProjectionError;
use crate::rows::{Aspect, pk};
use crate::schema::{REF, REF_REV, RES, state};
use crate::sql::{Dialect, Sql, Statement};

/// Which way references are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// `_include`
    ToTarget,
    /// `_revinclude`
    ToSource,
}

/// References to follow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Following<'a> {
    /// Which way.
    pub(crate) direction: Direction,
    /// The type that refers.
    pub(crate) source: ResourceType,
    /// By which parameter; `None`: any.
    pub(crate) parameter: Option<SearchParameter>,
    /// The types that what is included may have.
    pub(crate) types: &'a [ResourceType],
}

impl Planner<'_> {
    /// Statements that give the rid, type, fid and ver of what the resources refer to, or of what
    /// refers to them, at most `limit` rows each.
    pub(crate) fn include(
        &self,
        following: &Following<'_>,
        rids: &[i64],
        limit: i64,
    ) -> Result<Vec<Statement>, ProjectionError> {
        let (table, here, there) = match following.direction {
            Direction::ToTarget => (&REF_REV, "x.rid", "x.tgt"),
            Direction::ToSource => (&REF, "x.tgt", "x.rid"),
        };
        let types = Types::of(following.types);
        let guard = self.guard(&Subject::row("r", types))?;
        let mut statements = Vec::new();
        for part in self.moment.parts(table) {
            for resources in self.moment.parts(&RES) {
                let mut sql = Sql::new("SELECT DISTINCT r.rid, r.type, r.fid, r.ver FROM ");
                let mut on = Sql::new(here);
                on.push(" = g.rid AND ").append(&parameters(following)).append(&part.counts("x"));
                let (references, on) = looked_up(self.dialect, part.name, "x", &on);
                let ends = Sql::new(&format!("r.rid = {there}"));
                let (rows, ends) = looked_up(self.dialect, resources.name, "r", &ends);
                sql.append(&self.given(rids)).push(" g").append(&references).append(&rows);
                sql.push(" WHERE ").append(&on).push(" AND ").append(&ends);
                sql.push(" AND r.state = ").number(state::LIVE);
                let column = if self.dialect == Dialect::Sqlite { "+r.type" } else { "r.type" };
                sql.push(" AND ").append(&types.is(column)).append(&resources.counts("r"));
                if let Some(guard) = &guard {
                    sql.push(" AND ").append(guard);
                }
                sql.push(" LIMIT ").bind(limit);
                statements.push(sql.finish(self.dialect));
            }
        }
        Ok(statements)
    }

    /// Rids as a table of one column `rid`, in one value.
    fn given(&self, rids: &[i64]) -> Sql {
        let text: Vec<String> = rids.iter().map(i64::to_string).collect();
        let list = format!("[{}]", text.join(","));
        let mut sql = Sql::default();
        match self.dialect {
            Dialect::Sqlite => sql.push("(SELECT value AS rid FROM json_each(").bind(list).push("))"),
            Dialect::Postgres => sql
                .push("(SELECT CAST(value AS bigint) AS rid FROM jsonb_array_elements_text(CAST(")
                .bind(list)
                .push(" AS jsonb)) AS value)"),
        };
        sql
    }
}

fn parameters(following: &Following<'_>) -> Sql {
    if let Some(parameter) = following.parameter {
        let mut sql = Sql::new("x.pk = ");
        sql.bind(pk(following.source, parameter, Aspect::Value));
        return sql;
    }
    let references = following
        .source
        .search_parameters()
        .filter(|parameter| parameter.value_type() == SearchParameterType::Reference)
        .map(|parameter| pk(following.source, parameter, Aspect::Value));
    let mut sql = Sql::new("x.pk IN (");
    sql.append(&numbers(references.chain([-1]))).push(")");
    sql
}
