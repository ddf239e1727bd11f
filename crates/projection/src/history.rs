//! Histories of a type and of everything (R4 §3.1.0.12).

use vpr_fhir::ResourceType;
use vpr_fhir::search::Span;
use vpr_types::{Instant, ObjectId, Seq, Version};

use crate::database::Database;
use crate::plan::apart;
use crate::rows::{type_number, type_of};
use crate::sql::{Sql, Value};
use crate::{AppliedOperation, HistoryRow, ProjectionError, meta};

/// Which page of a history is wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HistoryRequest {
    /// One type, or all.
    pub scope: Option<ResourceType>,
    /// The moment that the history stands at; `None`: now. Later pages name the first one's.
    pub at: Option<Seq>,
    /// Only versions that were committed at this instant or later (`_since`).
    pub since: Option<Instant>,
    /// Only versions that were current at some time in this span (`_at`).
    pub period: Option<Span<i64>>,
    /// Only what stands after this place.
    pub before: Option<HistoryPosition>,
    /// At most so many versions.
    pub limit: usize,
    /// Whether the number of all is wanted.
    pub total: bool,
}

/// A place in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HistoryPosition {
    /// The seq of the version before it.
    pub seq: u64,
    /// The resource of the version before it.
    pub rid: i64,
}

/// One page of a history, newest first.
#[derive(Debug, Clone, Default)]
pub struct HistoryPage {
    /// The moment that it stands at.
    pub seq: Seq,
    /// The versions.
    pub rows: Vec<HistoryRow>,
    /// The number of all, if asked for.
    pub total: Option<u64>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<HistoryPosition>,
}

/// One page.
pub(crate) fn history(
    database: &mut dyn Database,
    request: &HistoryRequest,
) -> Result<HistoryPage, ProjectionError> {
    let applied = meta::get_seq(database, meta::name::APPLIED)?;
    let at = request.at.map_or(applied, |at| at.0.cast_signed());
    if at > applied {
        return Err(ProjectionError::BadPosition);
    }
    let chosen = chosen(database, request, at)?;
    let mut page = HistoryPage { seq: Seq(at.cast_unsigned()), ..HistoryPage::default() };
    if request.total {
        let mut sql = Sql::new("SELECT COUNT(*) FROM hist h WHERE ");
        sql.append(&chosen);
        let rows = database.query(&sql.finish(database.dialect()))?;
        if let Some([Value::Int(total)]) = rows.first().map(Vec::as_slice) {
            page.total = Some(total.cast_unsigned());
        }
    }
    if request.limit == 0 {
        return Ok(page);
    }
    let mut sql = Sql::new(
        "SELECT h.seq, h.rid, h.type, r.fid, h.ver, h.time, h.op, h.object, h.commit_oid, h.author FROM hist h \
         CROSS JOIN res r WHERE r.rid = h.rid AND ",
    );
    sql.append(&chosen);
    if let Some(before) = request.before {
        sql.push(" AND (h.seq, h.rid) < (").bind(before.seq.cast_signed()).push(", ");
        sql.bind(before.rid).push(")");
    }
    sql.push(" ORDER BY h.seq DESC, h.rid DESC LIMIT ");
    sql.bind(i64::try_from(request.limit).unwrap_or(i64::MAX).saturating_add(1));
    let mut rows = database.query(&sql.finish(database.dialect()))?;
    let more = rows.len() > request.limit;
    rows.truncate(request.limit);
    for row in rows {
        let (row, place) = read(row)?;
        page.rows.push(row);
        page.next = more.then_some(place);
    }
    Ok(page)
}

/// What must hold of a row `h`.
fn chosen(database: &mut dyn Database, request: &HistoryRequest, at: i64) -> Result<Sql, ProjectionError> {
    let mut sql = Sql::new("h.seq <= ");
    sql.bind(at);
    if let Some(resource) = request.scope {
        sql.push(" AND h.type = ").bind(type_number(resource));
    }
    if let Some(since) = request.since {
        sql.push(" AND h.seq >= ").bind(first_after(database, since.0.saturating_sub(1))?);
    }
    if let Some(Span { low, high }) = request.period {
        // What began before the end, and was not replaced by the beginning.
        sql.push(" AND h.seq < ").bind(first_after(database, high.saturating_sub(1))?);
        sql.push(" AND h.op <> 3 AND NOT EXISTS (SELECT 1 FROM hist n WHERE n.rid = h.rid AND n.seq > h.seq");
        sql.push(" AND n.seq < ").bind(first_after(database, low)?);
        sql.push(apart(database.dialect())).push(")");
    }
    Ok(sql)
}

/// The first seq whose change was committed later than the instant; one more than the last where
/// none was. Times never descend.
pub(crate) fn first_after(database: &mut dyn Database, instant: i64) -> Result<i64, ProjectionError> {
    let last = Sql::new("SELECT COALESCE(MAX(seq), 0) FROM hist");
    let rows = database.query(&last.finish(database.dialect()))?;
    let Some([Value::Int(last)]) = rows.first().map(Vec::as_slice) else { return Ok(1) };
    let (mut low, mut high) = (1, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        // A change may have had no documents: the next one that had some tells the time.
        let mut sql = Sql::new("SELECT seq, time FROM hist WHERE seq >= ");
        sql.bind(middle).push(" ORDER BY seq LIMIT 1");
        let rows = database.query(&sql.finish(database.dialect()))?;
        match rows.first().map(Vec::as_slice) {
            Some([Value::Int(seq), Value::Int(time)]) if *time <= instant => low = seq + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

fn read(row: Vec<Value>) -> Result<(HistoryRow, HistoryPosition), ProjectionError> {
    let damaged = || ProjectionError::Unusable("a row of hist".to_owned());
    let [
        Value::Int(seq),
        Value::Int(rid),
        Value::Int(resource),
        Value::Text(id),
        Value::Int(version),
        Value::Int(time),
        Value::Int(operation),
        object,
        Value::Bytes(commit),
        Value::Text(author),
    ] = <[Value; 10]>::try_from(row).map_err(|_| damaged())?
    else {
        return Err(damaged());
    };
    let object = match object {
        Value::Bytes(bytes) => Some(ObjectId(bytes.try_into().map_err(|_| damaged())?)),
        _ => None,
    };
    let row = HistoryRow {
        resource: type_of(resource).ok_or_else(damaged)?,
        id,
        version: Version(u32::try_from(version).map_err(|_| damaged())?),
        time: Instant(time),
        seq: Seq(seq.cast_unsigned()),
        operation: match operation {
            1 => AppliedOperation::Create,
            2 => AppliedOperation::Update,
            3 => AppliedOperation::Delete,
            _ => return Err(damaged()),
        },
        object,
        commit: ObjectId(commit.try_into().map_err(|_| damaged())?),
        author,
    };
    Ok((row, HistoryPosition { seq: seq.cast_unsigned(), rid }))
}
