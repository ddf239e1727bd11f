//! Invented names, and a handful of well-known codes.

/// Given names and the administrative gender that goes with them.
pub(crate) const GIVEN: &[(&str, &str)] = &[
    ("Åse", "female"),
    ("Zoé", "female"),
    ("Łucja", "female"),
    ("Núria", "female"),
    ("Ayşe", "female"),
    ("Chloë", "female"),
    ("Þórdís", "female"),
    ("Mária", "female"),
    ("Ngọc", "female"),
    ("Inês", "female"),
    ("Søren", "male"),
    ("Jürgen", "male"),
    ("Ștefan", "male"),
    ("Đorđe", "male"),
    ("René", "male"),
    ("Iñaki", "male"),
    ("Tomáš", "male"),
    ("Göran", "male"),
    ("João", "male"),
    ("Mātīss", "male"),
];

/// Family names.
pub(crate) const FAMILY: &[&str] = &[
    "Ødegård",
    "Vörösmarty",
    "Peñalba",
    "Çelikkol",
    "Großhans",
    "Kłosińska",
    "Ó Brádaigh",
    "Fauré-Lemaître",
    "Sjöstrand",
    "Žukauskas",
    "Brânză",
    "Nguyễn-Åberg",
    "Étchegaray",
    "Hæstad",
    "Çınarlı",
    "Dvořáčková",
    "Groß-Müller",
    "Lõhmus",
    "Mañas",
    "Šimůnek",
];

/// Towns that are on no map.
pub(crate) const TOWNS: &[&str] =
    &["Lårvika", "Santa Brígida del Río", "Böckenau", "Île-aux-Pins", "Žlutá Hora"];

/// Streets in them.
pub(crate) const STREETS: &[&str] =
    &["Ågatan", "Rue de l’Écluse", "Mühlweg", "Calle del Níspero", "Úzká", "Fjøsveien"];

/// A code with its system's display text.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) code: &'static str,
    pub(crate) display: &'static str,
}

/// Conditions, in SNOMED CT.
pub(crate) const CONDITIONS: &[Code] = &[
    Code { code: "38341003", display: "Hypertensive disorder, systemic arterial" },
    Code { code: "44054006", display: "Diabetes mellitus type 2" },
    Code { code: "195967001", display: "Asthma" },
    Code { code: "10509002", display: "Acute bronchitis" },
    Code { code: "36971009", display: "Sinusitis" },
    Code { code: "271737000", display: "Anemia" },
];

/// A measurement: its code in LOINC, its unit in UCUM, and its usual range in tenths of the unit.
#[derive(Debug)]
pub(crate) struct Measurement {
    pub(crate) code: Code,
    pub(crate) unit: &'static str,
    pub(crate) ucum: &'static str,
    pub(crate) tenths: (u64, u64),
    pub(crate) category: &'static str,
}

const fn measurement(
    code: &'static str,
    display: &'static str,
    (unit, ucum): (&'static str, &'static str),
    tenths: (u64, u64),
    category: &'static str,
) -> Measurement {
    Measurement { code: Code { code, display }, unit, ucum, tenths, category }
}

/// What is measured, besides the blood pressure.
pub(crate) const MEASUREMENTS: &[Measurement] = &[
    measurement("8867-4", "Heart rate", ("beats/minute", "/min"), (520, 1_100), "vital-signs"),
    measurement("9279-1", "Respiratory rate", ("breaths/minute", "/min"), (120, 220), "vital-signs"),
    measurement("8310-5", "Body temperature", ("°C", "Cel"), (361, 389), "vital-signs"),
    measurement("29463-7", "Body weight", ("kg", "kg"), (480, 1_050), "vital-signs"),
    measurement("8302-2", "Body height", ("cm", "cm"), (1_490, 1_980), "vital-signs"),
    measurement("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", ("%", "%"), (48, 92), "laboratory"),
    measurement("718-7", "Hemoglobin [Mass/volume] in Blood", ("g/dL", "g/dL"), (102, 171), "laboratory"),
];
