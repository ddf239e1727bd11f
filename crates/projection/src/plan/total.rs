use super::page::{RES_TIME, Sought};
use super::{Moment, Planner, Subject, Types, numbers};
use crate::ProjectionError;
use crate::rows::type_number;
use crate::schema::RES;
use crate::sql::{Sql, Statement};

impl Planner<'_> {
    /// Statements whose numbers together are how many there are.
    pub(crate) fn total(&self, sought: &Sought<'_>) -> Result<Vec<Statement>, ProjectionError> {
        if sought.types.is_empty() {
            return Ok(Vec::new());
        }
        let types = Types::of(&sought.types);
        let driver = sought.counted_by.as_ref();
        let others = self.others(sought, driver, &Subject::row("r", types))?;
        if self.moment == Moment::Now && others.is_empty() {
            if let Some((_, source)) = driver.filter(|(_, source)| source.checked) {
                // Not COUNT(DISTINCT …), which sorts what an index has in order.
                let mut sql = Sql::new("SELECT COUNT(*) FROM (SELECT DISTINCT rid FROM (");
                sql.append(&source.union()).push(") u) c");
                return Ok(vec![sql.finish(self.dialect)]);
            }
            if driver.is_none() {
                let mut sql =
                    Sql::new("SELECT CAST(COALESCE(SUM(live), 0) AS bigint) FROM kinds WHERE type IN (");
                sql.append(&numbers(sought.types.iter().map(|each| type_number(*each)))).push(")");
                return Ok(vec![sql.finish(self.dialect)]);
            }
        }
        let mut statements = Vec::new();
        for part in self.moment.parts(&RES) {
            let (tables, mut holds) = match driver {
                Some((_, source)) => self.driven_parts(source, types, part.is_old(), None),
                None => self.scanned_parts(types, part.is_old(), &RES_TIME),
            };
            holds.extend(others.clone());
            let mut sql = Sql::new("SELECT COUNT(*) FROM ");
            sql.append(&tables).push(" WHERE ").append(&Sql::join(&holds, " AND ", "1 = 1"));
            statements.push(sql.finish(self.dialect));
        }
        Ok(statements)
    }
}
