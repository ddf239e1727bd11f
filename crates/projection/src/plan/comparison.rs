//! Comparators (R4 §3.1.1.4.5) on the columns `lo` and `hi`.

use vpr_fhir::definitions::Comparator;
use vpr_fhir::search::{Compared, QuantityTest, Span};

use crate::ProjectionError;
use crate::rows::{IndexKey, UnitName, float};
use crate::schema::{DAT, DAT_HI, Table};
use crate::sql::Sql;

/// `text` with a value for each `?`.
pub(super) fn filled(text: &str, values: &[i64]) -> Sql {
    let mut sql = Sql::default();
    let mut values = values.iter();
    for (at, part) in text.split('?').enumerate() {
        if at > 0 {
            sql.bind(values.next().copied().unwrap_or_default());
        }
        sql.push(part);
    }
    sql
}

/// A date of a row, its end excluded, with one that is asked for. `lo` and `hi` are expressions.
pub(super) fn dates(asked: &Compared<Span<i64>>, lo: &str, hi: &str) -> Sql {
    let Span { low, high } = asked.span;
    let (text, values) = match asked.comparator {
        Comparator::Eq => (format!("({lo} >= ? AND {hi} <= ?)"), vec![low, high]),
        Comparator::Ne => (format!("({lo} < ? OR {hi} > ?)"), vec![low, high]),
        Comparator::Gt => (format!("{hi} > ?"), vec![high]),
        Comparator::Lt => (format!("{lo} < ?"), vec![low]),
        Comparator::Ge => (format!("({hi} > ? OR ({lo} >= ? AND {hi} <= ?))"), vec![high, low, high]),
        Comparator::Le => (format!("({lo} < ? OR ({lo} >= ? AND {hi} <= ?))"), vec![low, low, high]),
        Comparator::Sa => (format!("{lo} >= ?"), vec![high]),
        Comparator::Eb => (format!("{hi} <= ?"), vec![low]),
        Comparator::Ap => (format!("({lo} < ? AND {hi} > ?)"), vec![high, low]),
    };
    filled(&text, &values)
}

/// The index that finds dates that pass, with the range to look in; the range alone may be too wide.
pub(super) fn date_range(asked: &Compared<Span<i64>>) -> Option<(&'static Table, Sql)> {
    let Span { low, high } = asked.span;
    Some(match asked.comparator {
        Comparator::Eq => (&DAT, filled("k.lo >= ? AND k.lo <= ?", &[low, high])),
        Comparator::Ne => return None,
        Comparator::Lt => (&DAT, filled("k.lo < ?", &[low])),
        Comparator::Le => (&DAT, filled("k.lo <= ?", &[high])),
        Comparator::Sa => (&DAT, filled("k.lo >= ?", &[high])),
        Comparator::Gt => (&DAT_HI, filled("k.hi > ?", &[high])),
        // What is contained ends after the beginning, or is empty.
        Comparator::Ge => (&DAT_HI, filled("k.hi >= ?", &[low])),
        Comparator::Eb => (&DAT_HI, filled("k.hi <= ?", &[low])),
        Comparator::Ap => (&DAT_HI, filled("k.hi > ?", &[low])),
    })
}

/// A number of a row, its end included, with one that is asked for, its end excluded.
pub(super) fn numbers(asked: &Compared<Span<f64>>, lo: &str, hi: &str) -> Sql {
    let (low, high, exact) = (float(asked.span.low), float(asked.span.high), float(asked.exact));
    let (text, values) = match asked.comparator {
        Comparator::Eq => (format!("({lo} >= ? AND {hi} < ?)"), vec![low, high]),
        Comparator::Ne => (format!("({lo} < ? OR {hi} >= ?)"), vec![low, high]),
        Comparator::Gt => (format!("{hi} > ?"), vec![exact]),
        Comparator::Ge => (format!("{hi} >= ?"), vec![exact]),
        Comparator::Lt => (format!("{lo} < ?"), vec![exact]),
        Comparator::Le => (format!("{lo} <= ?"), vec![exact]),
        Comparator::Sa => (format!("{lo} > ?"), vec![exact]),
        Comparator::Eb => (format!("{hi} < ?"), vec![exact]),
        Comparator::Ap => (format!("({lo} < ? AND {hi} >= ?)"), vec![high, low]),
    };
    filled(&text, &values)
}

/// The range of `lo` in which numbers that pass are found; it may be too wide.
pub(super) fn number_range(asked: &Compared<Span<f64>>) -> Sql {
    let (low, high, exact) = (float(asked.span.low), float(asked.span.high), float(asked.exact));
    match asked.comparator {
        Comparator::Eq => filled("k.lo >= ? AND k.lo < ?", &[low, high]),
        Comparator::Lt | Comparator::Eb => filled("k.lo < ?", &[exact]),
        Comparator::Le => filled("k.lo <= ?", &[exact]),
        Comparator::Sa => filled("k.lo > ?", &[exact]),
        Comparator::Ap => filled("k.lo < ?", &[high]),
        Comparator::Ne | Comparator::Gt | Comparator::Ge => Sql::new("1 = 1"),
    }
}

/// The hash of a unit, and what the values in it are compared with.
pub(super) type InUnit = (i64, Compared<Span<f64>>);

/// The units under which a quantity is looked up, each with what its value is compared with.
///
/// A quantity that has a canonical form is compared by it, when what is asked for has one too; all
/// others as written.
pub(super) fn units(key: &IndexKey, asked: &QuantityTest) -> Result<Vec<InUnit>, ProjectionError> {
    let mut units = Vec::new();
    if let Some((value, unit)) = &asked.canonical {
        units.push((key.unit(UnitName::Canonical(unit)), *value));
    }
    match (&asked.system, &asked.code) {
        (None, None) => units.push((key.unit(UnitName::Any), asked.value)),
        (Some(_), None) => {
            return Err(ProjectionError::TooCostly("a quantity with a system needs a code".to_owned()));
        }
        (Some(system), Some(code)) => {
            units.push((key.unit(UnitName::SystemAndCode(system, code)), asked.value));
        }
        (None, Some(code)) => {
            units.push((key.unit(UnitName::Code(code)), asked.value));
            if asked.canonical.is_none() {
                units.push((key.unit(UnitName::UnitBesideCanonical(code)), asked.value));
            }
        }
    }
    Ok(units)
}
