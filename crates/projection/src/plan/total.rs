use super::page::{RES_TIME, Sought};
use super::{Moment, Planner, Types, numbers};
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
        let others = self.others(sought, types)?;
        if self.moment == Moment::Now && others.is_empty() {
            if let Some((_, source)) = sought.driver.as_ref().filter(|(_, source)| source.checked) {
                let mut sql = Sql::new("SELECT COUNT(DISTINCT rid) FROM (");
                sql.append(&source.union()).push(") u");
                return Ok(vec![sql.finish(self.dialect)]);
            }
            if sought.driver.is_none() {
                let mut sql =
                    Sql::new("SELECT CAST(COALESCE(SUM(live), 0) AS bigint) FROM kinds WHERE type IN (");
                sql.append(&numbers(sought.types.iter().map(|each| type_number(*each)))).push(")");
                return Ok(vec![sql.finish(self.dialect)]);
            }
        }
        let mut statements = Vec::new();
        for part in self.moment.parts(&RES) {
            let (tables, mut holds) = match &sought.driver {
                Some((_, source)) => self.driven_parts(source, types, part.is_old()),
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
