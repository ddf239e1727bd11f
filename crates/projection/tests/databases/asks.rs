use vpr_testkit::Dice;

use crate::resources::{CODES, DATES, NAMES, NUMBERS, URLS, one};

/// Something to ask for, as a URL.
pub(crate) fn ask(dice: &mut Dice) -> String {
    let resource =
        one(dice, &["Patient", "Observation", "Observation", "Encounter", "RiskAssessment", "ValueSet", ""]);
    let mut parameters: Vec<String> = (0..dice.below(4)).map(|_| criterion(dice, resource)).collect();
    if dice.chance(60) {
        let keys =
            (0..=dice.below(2)).map(|_| format!("{}{}", one(dice, &["", "-"]), sort_key(dice, resource)));
        parameters.push(format!("_sort={}", keys.collect::<Vec<_>>().join(",")));
    }
    if dice.chance(30) {
        parameters.push(inclusion(dice, resource).to_owned());
    }
    format!("{resource}?{}", parameters.join("&"))
}

fn sort_key(dice: &mut Dice, resource: &str) -> &'static str {
    one(
        dice,
        match resource {
            "Patient" => &["family", "birthdate", "gender", "_id", "_lastUpdated"],
            "Observation" => &["date", "code", "value-quantity", "subject", "_id", "_lastUpdated"],
            "Encounter" => &["date", "class", "_lastUpdated"],
            "RiskAssessment" => &["probability", "patient", "_id"],
            "ValueSet" => &["url", "name", "_id"],
            _ => &["_id", "_lastUpdated"],
        },
    )
}

fn inclusion(dice: &mut Dice, resource: &str) -> &'static str {
    one(
        dice,
        match resource {
            "Observation" => &[
                "_include=Observation:subject",
                "_include=Observation:*",
                "_include:iterate=Encounter:patient&_include=Observation:encounter",
            ],
            "Patient" => &["_revinclude=Observation:subject", "_revinclude=Encounter:patient:Patient"],
            "Encounter" => &["_include=Encounter:patient", "_revinclude=Observation:encounter"],
            "RiskAssessment" => &["_include=RiskAssessment:subject"],
            "" => &["_include=RiskAssessment:subject", "_revinclude=Observation:subject"],
            _ => &["_count=3"],
        },
    )
}

fn criterion(dice: &mut Dice, resource: &str) -> String {
    if resource.is_empty() || dice.chance(15) {
        return match dice.below(4) {
            0 => format!("_id={}", one(dice, &["x0", "Y1,x2", "nobody", "90,-3"])),
            1 => format!("_lastUpdated={}2023-11-14T22:13:{:02}Z", comparator(dice), 20 + dice.below(40)),
            2 => format!("_tag={}", token(dice)),
            _ => format!("_tag:not={}", token(dice)),
        };
    }
    match resource {
        "Patient" => match dice.below(9) {
            0 => format!("family={}", one(dice, NAMES)),
            1 => format!("name:exact={}", one(dice, NAMES)),
            2 => format!("name:contains={}", one(dice, &["l", "%", "_", "ULL", "'"])),
            3 => format!("gender:not={}", one(dice, &["male", "female"])),
            4 => format!("identifier={}", token(dice)),
            5 => format!("birthdate={}{}", comparator(dice), &one(dice, DATES)[..4]),
            6 => format!("birthdate:missing={}", dice.chance(50)),
            7 => format!("_has:Observation:subject:code={}", token(dice)),
            _ => format!("_has:Encounter:patient:_has:Observation:encounter:code={}", one(dice, CODES)),
        },
        "Observation" => match dice.below(12) {
            0 => format!("code={}", token(dice)),
            1 => format!("code={},{}", token(dice), token(dice)),
            2 => format!("date={}{}", comparator(dice), one(dice, DATES)),
            3 => format!("value-quantity={}{}", comparator(dice), amount(dice)),
            4 => format!("subject=Patient/{}", one(dice, &["x0", "later1", "x1", "Y2"])),
            5 => format!(
                "patient={}",
                one(dice, &["x0", "Patient/x0/_history/2", "http://other.example/Patient/1"])
            ),
            6 => format!("subject:identifier={}", token(dice)),
            7 => format!("patient.family={}", one(dice, NAMES)),
            8 => format!("encounter.patient.gender={}", one(dice, &["male", "female"])),
            9 => format!("code-value-quantity={}${}{}", one(dice, CODES), comparator(dice), amount(dice)),
            10 => {
                format!("component-code-value-quantity={}${}{}", token(dice), comparator(dice), amount(dice))
            }
            _ => format!("value-string={}", one(dice, NAMES)),
        },
        "Encounter" => match dice.below(3) {
            0 => format!("date={}{}", comparator(dice), one(dice, DATES)),
            1 => format!("class={}", token(dice)),
            _ => format!("subject:Patient.name={}", one(dice, NAMES)),
        },
        "RiskAssessment" => format!("probability={}{}", comparator(dice), one(dice, NUMBERS)),
        _ => match dice.below(4) {
            0 => format!("url={}", one(dice, URLS)),
            1 => format!("url:below={}", one(dice, URLS)),
            2 => format!("url:above={}", one(dice, URLS)),
            _ => format!("name={}", one(dice, NAMES)),
        },
    }
}

fn comparator(dice: &mut Dice) -> &'static str {
    one(dice, &["", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"])
}

fn token(dice: &mut Dice) -> String {
    let (system, code) = (one(dice, URLS), one(dice, CODES));
    match dice.below(4) {
        0 => format!("{system}|{code}"),
        1 => format!("{system}|"),
        2 => format!("|{code}"),
        _ => code.to_owned(),
    }
}

fn amount(dice: &mut Dice) -> String {
    let number = one(dice, NUMBERS);
    match dice.below(3) {
        0 => number.to_owned(),
        1 => format!("{number}||{}", one(dice, &["mg", "g"])),
        _ => format!("{number}|http://unitsofmeasure.org|{}", one(dice, &["mg", "g", "kg"])),
    }
}
