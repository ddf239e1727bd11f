//! Queries as they are written, changed at random: the body of the fuzz target judges them.

#[allow(clippy::expect_used, reason = "what the fuzz target expects is what is tested")]
#[path = "../../../../fuzz/fuzz_targets/search_body.rs"]
mod search_body;

const SEEDS: &[&str] = &[
    "1name=eve&gender:not=male&birthdate=ge1970-01-01&_count=10&_sort=-birthdate,name",
    "1general-practitioner:Practitioner.name:contains=x,y&_has:Observation:patient:code=http://loinc.org|1234-5",
    "1identifier=http://m|a\\,b\\|c&active:missing=false&_id=1,2&_lastUpdated=lt2024-05-06T07:08:09.123Z",
    "3code-value-quantity=http://loinc.org|2823-3$gt5.4|http://unitsofmeasure.org|mmol/L&date=ap2024&subject=Patient/1",
    "3_include=Observation:subject:Patient&_revinclude:iterate=Provenance:target&_elements=code,value&_total=accurate",
    "0_type=Patient,Organization&_tag=http://t|x&_profile:below=http://p&_summary=data&_contained=false",
    "5url:above=http://a/b&url=http://a|2&version=1&_format=json&_pretty=true&status=active,draft",
    "4active=true&_security=|R&_source=urn:oid:1.2.3&name=&nonsense=1&_text=x",
];

const PIECES: &[&str] = &[
    ",",
    "$",
    "|",
    "\\",
    "&",
    "=",
    ".",
    ":",
    "-",
    "true",
    "_has:",
    "Patient",
    "link",
    "ne",
    "2024-02",
    "1e400",
    "_type=",
    "_id",
    ":missing",
    "*",
    "ü",
    "\u{301}",
    "\0",
    "_include=",
    "name",
];

/// A fixed sequence that looks random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

fn mutate(text: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(text.len() + 1);
    let end = (at + dice.below(12)).min(text.len());
    let piece = PIECES[dice.below(PIECES.len())];
    match dice.below(5) {
        0 => drop(text.drain(at..end)),
        1 => drop(text.splice(at..at, piece.bytes())),
        2 => drop(text.splice(at..end, piece.bytes())),
        3 => {
            let copy = text[at..end].to_vec();
            let to = dice.below(text.len() + 1);
            text.splice(to..to, copy);
        }
        _ => text.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << dice.below(7)),
    }
}

#[test]
fn mutated_queries_are_read_as_promised() {
    let wanted = std::env::var("VPR_FHIR_MUTATIONS").ok().and_then(|count| count.parse().ok());
    let mut dice = Dice(3_1_1);
    for round in 0..wanted.unwrap_or(60_000) {
        let mut text = SEEDS[round % SEEDS.len()].as_bytes().to_vec();
        for _ in 0..dice.below(5) {
            mutate(&mut text, &mut dice);
        }
        search_body::check(&text);
    }
}
