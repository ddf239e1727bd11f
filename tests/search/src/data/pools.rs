//! The values that documents are made of: few, so that several documents share them, and awkward.

/// Names and other texts: accents composed and decomposed, ligatures, other scripts, and every
/// character that separates something in a URL or a search value.
pub(super) const TEXTS: [&str; 26] = [
    "Müller",
    "Mu\u{308}ller",
    "MULLER",
    "Mullerova",
    "Meyer",
    "meyer",
    "O'Neil",
    "de la Cruz",
    "Straße",
    "Łukasz",
    "Nguyễn",
    "Smith,Jones",
    "Smith",
    "A|B",
    "Cost$2",
    "back\\slash",
    "per%cent&amp=x+y",
    "Ångström",
    "Σίσυφος",
    "東京",
    "ﬁnn",
    "Eve",
    "Severine",
    "Éva",
    "x",
    "_under_score",
];

pub(super) const CODES: [&str; 14] =
    ["a1", "A1", "b,2", "c|3", "d$4", "e\\5", "8867-4", "8480-6", "final", "true", "kg", "x y", "é", "01"];

pub(super) const SYSTEMS: [&str; 7] = [
    "http://loinc.org",
    "http://snomed.info/sct",
    "urn:oid:1.2.3",
    "http://x.example/cs",
    "http://x.example/CS",
    "http://x.example/a,b",
    "http://hl7.org/fhir/administrative-gender",
];

pub(super) const URIS: [&str; 12] = [
    "http://x.example/a",
    "http://x.example/a/b",
    "http://x.example/a/bc",
    "http://x.example/a/b/c",
    "http://x.example/A",
    "http://x.example/a,b",
    "http://x.example/a$b",
    "http://x.example",
    "urn:oid:1.2.3.4",
    "urn:oid:1.2.3.45",
    "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
    "https://y.example/fhir/ValueSet/v?x=1",
];

pub(super) const CANONICALS: [&str; 8] = [
    "http://x.example/q",
    "http://x.example/q|1.0",
    "http://x.example/q|2.0",
    "http://x.example/q|1",
    "http://x.example/q/part",
    "http://y.example/Q",
    "http://x.example/q#frag",
    "http://y.example/a,b|1",
];

pub(super) const DATES: [&str; 15] = [
    "2020",
    "2019",
    "2020-02",
    "2020-03",
    "2020-12",
    "2020-02-28",
    "2020-02-29",
    "2020-03-01",
    "2019-12-31",
    "2020-01-01",
    "1969-12-31",
    "1970-01-01",
    "1899-05-06",
    "2024-06-15",
    "2031-07-08",
];

pub(super) const TIMES: [&str; 12] = [
    "2020-02-29T00:00:00Z",
    "2020-02-29T23:59:59Z",
    "2020-02-29T23:30:00-01:00",
    "2020-03-01T00:30:00+01:00",
    "2020-02-29T12:00:00.123Z",
    "2020-02-29T12:00:00.5+05:30",
    "2020-02-29T12:00:00.000Z",
    "2020-02-29T12:00:00Z",
    "2020-01-01T00:00:00+14:00",
    "2019-12-31T20:15:00-11:00",
    "1969-12-31T23:59:59.999Z",
    "2024-06-15T08:09:10+02:00",
];

pub(super) const DECIMALS: [&str; 22] = [
    "0",
    "1",
    "1.0",
    "1.00",
    "0.1",
    "0.10",
    "0.05",
    "2.5",
    "5.4",
    "5.40",
    "5.35",
    "5.45",
    "99.5",
    "100",
    "100.0",
    "100.4",
    "100.5",
    "-3",
    "-3.5",
    "5400",
    "0.0054",
    "12345.678",
];
