//! The documents of a record as lists show them, from the index alone: through the operators' socket
//! and `vpr list`.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use vpr_http_tests::{Database, Json, Server, on_both_databases, put};

on_both_databases! {
    a_list_shows_what_is_there_newest_first,
    pages_hold_still_and_belong_to_their_list,
    what_makes_no_sense_is_refused,
    a_rebuilt_index_lists_the_same,
}

const LIST: &str = "/operator/tenants/default/list";
const LIST_COUNT_MAX: usize = 1_000;

/// Patient a with a Condition, two versions of an Observation, a Task, what was deleted, and a Patient
/// b of whom nothing may be listed.
fn filled(database: &Database, data: &Path) -> Server {
    let server = database.start(data);
    let mut client = server.client();
    put(&mut client, "Patient/a", r#""name":[{"family":"Quarz","given":["Ada"]}],"birthDate":"1971-02-03""#);
    put(&mut client, "Patient/b", r#""name":[{"family":"Feldspat"}]"#);
    let code = |text: &str| format!(r#""code":{{"text":"{text}"}}"#);
    let subject = r#""subject":{"reference":"Patient/a"}"#;
    let refuted = r#""verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"refuted"}]}"#;
    put(&mut client, "Condition/c", &format!(r#"{},{subject},{refuted}"#, code("Gneisitis")));
    let value = |value: &str, status: &str| {
        format!(
            r#""status":"{status}",{},{subject},"effectiveDateTime":"2024-05-06T07:08:09Z","valueQuantity":{{"value":{value},"unit":"mol"}}"#,
            code("Basaltose")
        )
    };
    put(&mut client, "Observation/o", &value("5.40", "preliminary"));
    put(&mut client, "Observation/gone", &value("1", "final"));
    assert_eq!(client.delete("/fhir/Observation/gone").send().status / 100, 2);
    put(
        &mut client,
        "Task/t",
        r#""status":"requested","intent":"order","description":"Call Ada","for":{"reference":"Patient/a"}"#,
    );
    let other = format!(r#""status":"final",{},"subject":{{"reference":"Patient/b"}}"#, code("Else"));
    put(&mut client, "Observation/other", &other);
    put(&mut client, "Observation/o", &value("5.60", "corrected"));
    server
}

fn list(server: &Server, question: &str) -> Json {
    let answer = server.operator().get(&format!("{LIST}?{question}")).send();
    assert_eq!(answer.status, 200, "{question}: {}", answer.text());
    answer.json()
}

fn text(json: &Json) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

/// Each line as `name@version title | snippet | flags`.
fn lines(page: &Json) -> Vec<String> {
    let line = |each: &Json| {
        let flags: Vec<String> = each["flags"].items().iter().map(text).collect();
        let version = each["version"].as_count().unwrap();
        assert!(text(&each["time"]).starts_with("20") && !text(&each["author"]).is_empty(), "{each}");
        let [name, title, snippet] = ["name", "title", "snippet"].map(|member| text(&each[member]));
        format!("{name}@{version} {title} | {snippet} | {}", flags.join(","))
    };
    page["documents"].items().iter().map(line).collect()
}

const EXPECTED: [&str; 4] = [
    "Observation/o@2 Basaltose | 5.60 mol, 2024-05-06 | final,amended",
    "Task/t@1 Call Ada |  | ",
    "Condition/c@1 Gneisitis |  | refuted",
    "Patient/a@1 Ada Quarz | born 1971-02-03 | ",
];

fn a_list_shows_what_is_there_newest_first(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = filled(database, &data);
    assert_eq!(lines(&list(&server, "record=Patient/a")), EXPECTED);
    assert_eq!(lines(&list(&server, "record=Patient/a&type=Task")), EXPECTED[1..2]);
    assert_eq!(lines(&list(&server, "record=Patient/a&type=Encounter")), [""; 0]);
    assert_eq!(lines(&list(&server, "record=Patient/b")).len(), 2);
    // A Task is in no compartment, whatever lists of its record show (FHIR R4, CompartmentDefinition).
    let mut client = server.client();
    assert_eq!(client.get("/fhir/Patient/a/Task").send().status, 404);
    for path in ["/fhir/Patient/a/*", "/fhir/Patient/a/$everything"] {
        let answer = client.get(path).send();
        assert!(answer.status == 200 && !answer.text().contains("Task/t"), "{path}: {}", answer.text());
    }
    let run = |arguments: &[&str]| {
        let done = database.command(&data).args(arguments).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    let said = run(&["list", "Patient/a"]);
    assert_eq!(said.lines().count(), 5, "{said}");
    for (line, expected) in said.lines().skip(1).zip(EXPECTED) {
        let (name, _) = expected.split_once('@').unwrap();
        let title = expected.split_once(' ').unwrap().1.split_once(" |").unwrap().0;
        assert!(line.starts_with(name) && line.contains(title), "{said}");
    }
    let uuid = run(&["list"]);
    let uuid = uuid.lines().find(|line| line.contains("Patient/a")).unwrap();
    let uuid = uuid.split_whitespace().next().unwrap();
    assert_eq!(run(&["list", uuid]), said);
    assert_eq!(run(&["list", "--limit", "2", "--type", "Observation", "Patient/a"]).lines().count(), 2);
    for word in ["Quarz", "Gneisitis", "Basaltose", "Call Ada"] {
        assert!(!server.log().contains(word), "a title in the log");
        assert!(!client.get("/metrics").send().text().contains(word), "a title in the metrics");
    }
    server.stop();
    assert_eq!(run(&["list", "Patient/a"]), said, "without a server");
}

fn pages_hold_still_and_belong_to_their_list(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let server = filled(database, &folder.path().join("data"));
    let first = list(&server, "record=Patient/a&count=1");
    let mut found = lines(&first);
    let mut next = text(&first["next"]);
    // Everything changes meanwhile.
    let mut client = server.client();
    put(&mut client, "Patient/a", r#""name":[{"family":"Other"}]"#);
    put(
        &mut client,
        "Task/t",
        r#""status":"draft","intent":"order","description":"x","for":{"reference":"Patient/a"}"#,
    );
    assert_eq!(client.delete("/fhir/Condition/c").send().status / 100, 2);
    put(
        &mut client,
        "Observation/new",
        r#""status":"final","code":{"text":"n"},"subject":{"reference":"Patient/a"}"#,
    );
    assert!(lines(&list(&server, "record=Patient/a"))[0].starts_with("Observation/new"));
    for wrong in
        ["record=Patient/b&count=1", "record=Patient/a&count=2", "record=Patient/a&count=1&type=Task"]
    {
        let answer = server.operator().get(&format!("{LIST}?{wrong}&cursor={next}")).send();
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text());
    }
    while !next.is_empty() {
        let page = list(&server, &format!("record=Patient/a&count=1&cursor={next}"));
        found.extend(lines(&page));
        next = text(&page["next"]);
        assert!(found.len() <= EXPECTED.len(), "{found:?}");
    }
    assert_eq!(found, EXPECTED);
    server.stop();
}

fn what_makes_no_sense_is_refused(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = filled(database, &data);
    for (question, status) in [
        ("", 400),
        ("record=", 400),
        ("record=a", 400),
        ("record=registry", 400),
        ("record=Observation/o", 400),
        ("record=Patient/a/b", 400),
        ("record=Patient/nobody", 404),
        ("record=Patient/a&type=Nonsense", 404),
        ("record=Patient/a&type=Quarz", 404),
        ("record=Patient/a&type=CodeSystem", 404),
        ("record=Patient/a&count=0", 400),
        (&format!("record=Patient/a&count={}", LIST_COUNT_MAX + 1), 400),
        ("record=Patient/a&count=99999999999999999999999", 400),
        ("record=Patient/a&count=-1", 400),
        ("record=Patient/a&cursor=x", 400),
        ("record=Patient/a&typ=Task", 400),
    ] {
        let answer = server.operator().get(&format!("{LIST}?{question}")).send();
        assert_eq!(answer.status, status, "{question}: {}", answer.text());
        assert!(!answer.text().contains("Quarz"), "{}", answer.text());
    }
    assert_eq!(lines(&list(&server, &format!("record=Patient/a&count={LIST_COUNT_MAX}"))), EXPECTED);
    let other = server.operator().get("/operator/tenants/nobody/list?record=Patient/a").send();
    assert_eq!(other.status, 404, "{}", other.text());
    assert_eq!(server.client().get(&format!("{LIST}?record=Patient/a")).send().status, 404, "not in public");
    for (arguments, code) in [
        (&["list", "registry"][..], 2),
        (&["list", "Patient/"], 2),
        (&["list", "Patient/a b"], 2),
        (&["list", "--limit", "0", "Patient/a"], 2),
        (&["list", "--limit", "100001", "Patient/a"], 2),
        (&["list", "--type", "Observation"], 2),
        (&["list", "--type", "No such", "Patient/a"], 2),
        (&["list", "--type", "Nonsense", "Patient/a"], 1),
        (&["list", "Patient/nobody"], 1),
        (&["list", "4be0d073-b3f4-43e1-aa70-5131896df402"], 1),
    ] {
        let done = database.command(&data).args(arguments).output().unwrap();
        assert_eq!(
            done.status.code(),
            Some(code),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
    server.stop();
}

fn a_rebuilt_index_lists_the_same(database: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = filled(database, &data);
    let before = list(&server, "record=Patient/a").to_string();
    server.stop();
    database.lose(&data);
    let server = database.start(&data);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while server.client().get("/fhir/Patient").send().status != 200 {
        assert!(std::time::Instant::now() < deadline, "the index is not built");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(list(&server, "record=Patient/a").to_string(), before, "from Git alone");
    server.stop();
}
