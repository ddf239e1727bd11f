//! Values are compared as the standard says: dates by containment, quantities with their unit,
//! periods by both of their ends.

use vpr_http_tests::{Client, Database, on_both_databases};

use crate::{ids, put_all, search, server, sorted};

on_both_databases!(date_eq_is_containment, a_period_is_kept_whole, quantities_are_compared_with_their_unit);

fn finds(client: &mut Client, path: &str, expected: &[&str]) {
    let found = search(client, &format!("/fhir/{path}"));
    assert_eq!(sorted(ids(&found, "match")), expected, "{path}");
}

fn encounter(id: &str, period: &str) -> String {
    format!(
        r#"{{"resourceType":"Encounter","id":"{id}","status":"finished","class":{{"code":"AMB"}},"period":{{{period}}}}}"#
    )
}

fn date_eq_is_containment(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let resources = [
        encounter("within", r#""start":"2020-03-05","end":"2020-03-07""#),
        encounter("across", r#""start":"2020-02-20","end":"2020-03-02""#),
        encounter("around", r#""start":"2020-01-01","end":"2020-12-31""#),
        encounter("moment", r#""start":"2020-03-15T10:00:00Z","end":"2020-03-15T10:20:00Z""#),
    ];
    put_all(&mut client, "/fhir", "transaction", &resources);
    finds(&mut client, "Encounter?date=2020-03", &["moment", "within"]);
    finds(&mut client, "Encounter?date=eq2020-03", &["moment", "within"]);
    finds(&mut client, "Encounter?date=ne2020-03", &["across", "around"]);
    finds(&mut client, "Encounter?date=2020", &["across", "around", "moment", "within"]);
    finds(&mut client, "Encounter?date=2020-03-15", &["moment"]);
    // An instant contains no day.
    finds(&mut client, "Encounter?date=2020-03-06T10:00:00Z", &[]);
    server.stop();
}

fn a_period_is_kept_whole(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let resources = [
        encounter("year", r#""start":"2020-01-01","end":"2020-12-31""#),
        encounter("open", r#""start":"2020-06-01""#),
        encounter("begun", r#""end":"2020-02-01""#),
    ];
    put_all(&mut client, "/fhir", "transaction", &resources);
    // One that keeps the start alone misses the year here, one that keeps the end alone there.
    finds(&mut client, "Encounter?date=gt2020-09", &["open", "year"]);
    finds(&mut client, "Encounter?date=lt2020-03", &["begun", "year"]);
    finds(&mut client, "Encounter?date=ge2020-05&date=le2020-05", &["year"]);
    finds(&mut client, "Encounter?date=sa2020-03", &["open"]);
    finds(&mut client, "Encounter?date=eb2020-09", &["begun"]);
    finds(&mut client, "Encounter?date=gt2999", &["open"]);
    finds(&mut client, "Encounter?date=lt1066", &["begun"]);
    // Sorted by the start when rising, by the end when falling.
    let rising = ids(&search(&mut client, "/fhir/Encounter?_sort=date"), "match");
    assert_eq!(rising, ["begun", "year", "open"]);
    let falling = ids(&search(&mut client, "/fhir/Encounter?_sort=-date"), "match");
    assert_eq!(falling, ["open", "year", "begun"]);
    server.stop();
}

fn quantities_are_compared_with_their_unit(database: &Database) {
    let (_folder, server) = server(database);
    let mut client = server.client();
    let weight = |id: &str, value: &str, unit: &str| {
        format!(
            r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"dose"}},"valueQuantity":{{"value":{value},{unit}}}}}"#
        )
    };
    let ucum =
        |code: &str| format!(r#""unit":"{code}","system":"http://unitsofmeasure.org","code":"{code}""#);
    let resources = [
        weight("mg", "5", &ucum("mg")),
        weight("g", "0.005", &ucum("g")),
        weight("kg", "5", &ucum("kg")),
        weight("ml", "5", &ucum("mL")),
        weight("tablets", "5", r#""unit":"tablets""#),
    ];
    put_all(&mut client, "/fhir", "transaction", &resources);
    let of = |value: &str| format!("Observation?value-quantity={value}");
    finds(&mut client, &of("5|http://unitsofmeasure.org|mg"), &["g", "mg"]);
    finds(&mut client, &of("5|http://unitsofmeasure.org|kg"), &["kg"]);
    finds(&mut client, &of("5||tablets"), &["tablets"]);
    finds(&mut client, &of("5||mL"), &["ml"]);
    finds(&mut client, &of("gt1|http://unitsofmeasure.org|g"), &["kg"]);
    finds(&mut client, &of("lt1|http://unitsofmeasure.org|g"), &["g", "mg"]);
    // Without a unit it is the number alone, as the standard says.
    finds(&mut client, &of("5"), &["kg", "mg", "ml", "tablets"]);
    finds(&mut client, &of("5|http://unitsofmeasure.org|mm"), &[]);
    server.stop();
}
