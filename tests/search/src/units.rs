//! The few UCUM units that the data uses, with factors from the UCUM tables written by hand.

use crate::exact::Exact;

/// UCUM.
pub(crate) const UCUM: &str = "http://unitsofmeasure.org";

/// What a unit measures, and how many of the base unit one of it is; `None` for units that this
/// table does not know.
#[must_use]
pub(crate) fn unit(code: &str) -> Option<(&'static str, Exact)> {
    let exact = |of, top, bottom| Some((of, Exact::ratio(top, bottom)));
    match code {
        "g" => exact("mass", 1, 1),
        "mg" => exact("mass", 1, 1_000),
        "ug" => exact("mass", 1, 1_000_000),
        "kg" => exact("mass", 1_000, 1),
        "m" => exact("length", 1, 1),
        "cm" => exact("length", 1, 100),
        "mm" => exact("length", 1, 1_000),
        "km" => exact("length", 1_000, 1),
        "[in_i]" => exact("length", 254, 10_000),
        "L" => exact("volume", 1, 1),
        "dL" => exact("volume", 1, 10),
        "mL" | "cm3" => exact("volume", 1, 1_000),
        "s" => exact("time", 1, 1),
        "min" => exact("time", 60, 1),
        "h" => exact("time", 3_600, 1),
        "d" => exact("time", 86_400, 1),
        "wk" => exact("time", 604_800, 1),
        "a" => exact("time", 31_557_600, 1),
        "g/L" | "mg/mL" => exact("concentration", 1, 1),
        "mg/dL" => exact("concentration", 1, 100),
        "mg/L" => exact("concentration", 1, 1_000),
        "/min" => exact("rate", 1, 60),
        "/s" | "Hz" => exact("rate", 1, 1),
        "kPa" => exact("pressure", 1_000, 1),
        "mm[Hg]" => exact("pressure", 133_322, 1_000),
        "%" => exact("share", 1, 100),
        _ => None,
    }
}

/// Units of UCUM that the data uses and this table does not convert.
#[must_use]
pub(crate) fn is_other_unit(code: &str) -> bool {
    matches!(code, "Cel" | "mmol/L")
}

/// The units of each kind of measure that the data uses.
pub(crate) const MEASURES: [&[&str]; 9] = [
    &["mg", "g", "kg", "ug"],
    &["cm", "m", "mm", "[in_i]", "km"],
    &["mL", "L", "dL", "cm3"],
    &["min", "h", "s", "d"],
    &["mg/dL", "g/L", "mg/mL", "mg/L"],
    &["/min", "/s", "Hz"],
    &["mm[Hg]", "kPa"],
    &["%"],
    &["a", "wk", "d"],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_convert() {
        let amount = |number: &str, code: &str| {
            let (measure, factor) = unit(code).unwrap();
            (measure, Exact::parse(number).0 * factor)
        };
        assert_eq!(amount("1500", "mg"), amount("1.5", "g"));
        assert_eq!(amount("1", "[in_i]"), amount("2.54", "cm"));
        assert_eq!(amount("36.5", "mL"), amount("0.0365", "L"));
        assert_eq!(amount("2", "d"), amount("2880", "min"));
        assert_eq!(amount("90", "mg/dL"), amount("0.9", "g/L"));
        assert_eq!(amount("1", "mm[Hg]"), amount("0.133322", "kPa"));
        assert_ne!(amount("1", "g").0, amount("1", "m").0);
        assert!(unit("furlong").is_none());
        assert!(MEASURES.iter().flat_map(|each| each.iter()).all(|code| unit(code).is_some()));
    }
}
