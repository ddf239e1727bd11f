//! What the database believes about its tables may be old or nothing at all: searches cost the same.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use vpr_http_tests::{Database, Server, on_both_databases, patient, publish};

use crate::{put_all, search};

on_both_databases!(statistics_gone_stale_do_not_change_what_a_page_costs);

/// How much dearer a page may be than with statistics of now.
const FACTOR: u32 = 20;
/// Below it nobody measures anything.
const FLOOR: Duration = Duration::from_millis(5);

const SEARCHES: [&str; 9] = [
    "Observation?patient=Patient/p7&code=http://loinc.org|c3",
    "Observation?code=http://loinc.org|c3&_sort=-date",
    "Observation?subject:Patient.family=Berg7&_sort=-date",
    "Observation?date=ge2020-06&value-quantity=gt10||mg",
    "Observation?code:not=http://loinc.org|c3",
    "Observation?_sort=date",
    "Observation?patient=Patient/p7&_include=Observation:patient",
    "Patient?_has:Observation:patient:code=http://loinc.org|c3",
    "Patient?family=Berg7&_revinclude=Observation:patient",
];

fn observations(patient: usize) -> impl Iterator<Item = String> {
    (0..40).map(move |n| {
        format!(
            r#"{{"resourceType":"Observation","id":"o{patient}-{n}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"c{}"}}]}},"subject":{{"reference":"Patient/p{patient}"}},"effectiveDateTime":"2020-{:02}-{:02}","valueQuantity":{{"value":{n},"unit":"mg"}}}}"#,
            n % 20,
            1 + n % 12,
            1 + (n + patient) % 28,
        )
    })
}

fn fill(server: &Server, patients: std::ops::Range<usize>) {
    let of =
        |n: usize| std::iter::once(patient(&format!("p{n}"), &format!("Berg{n}"))).chain(observations(n));
    let resources: Vec<String> = patients.flat_map(of).collect();
    put_all(&mut server.client(), "/fhir", "transaction", &resources);
}

/// The statistics are made now. No server runs.
fn analyze(database: &Database, data: &Path) {
    if database.is_postgres() {
        let _ = database.ask("ANALYZE");
        return;
    }
    let program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('ANALYZE'); c.commit()";
    let file = data.join("projection/default.sqlite");
    assert!(file.is_file());
    let done = Command::new("python3").args(["-c", program]).arg(file).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// From now on statistics are made when this test says so.
fn leave_statistics_to_the_test(database: &Database) {
    if database.is_postgres() {
        let _ = database.ask(
            "DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relkind = 'r' AND \
             relnamespace = 'vpr_default'::regnamespace LOOP EXECUTE format('ALTER TABLE %s SET \
             (autovacuum_enabled = false)', t); END LOOP; END $$",
        );
    }
}

/// Rows that were read in all tables so far. No server runs, so all is counted.
fn rows_read(database: &Database) -> u64 {
    if !database.is_postgres() {
        return 0;
    }
    let count = || {
        let answer = database.ask(
            "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables",
        );
        answer[0].parse::<u64>().unwrap()
    };
    let mut last = count();
    loop {
        std::thread::sleep(Duration::from_millis(300));
        let now = count();
        if now == last {
            return now;
        }
        last = now;
    }
}

/// The least time of each search, and the rows that all of them read.
fn cost(database: &Database, data: &Path) -> (Vec<Duration>, u64) {
    let before = rows_read(database);
    let server = database.start(data);
    let mut client = server.client();
    let times = SEARCHES.iter().map(|path| {
        let path = format!("/fhir/{path}&_count=20");
        let once = || {
            let started = Instant::now();
            assert!(!search(&mut client, &path)["entry"].items().is_empty(), "{path}");
            started.elapsed()
        };
        std::iter::repeat_with(once).take(7).min().unwrap()
    });
    let times = times.collect();
    server.stop();
    (times, rows_read(database) - before)
}

fn statistics_gone_stale_do_not_change_what_a_page_costs(database: &Database) {
    let mut lines = Vec::new();
    for (name, are_made_when_empty) in [("never made", false), ("made when next to nothing was there", true)]
    {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let database = database.another();
        let server = database.start(&data);
        fill(&server, 0..1);
        leave_statistics_to_the_test(&database);
        server.stop();
        if are_made_when_empty {
            analyze(&database, &data);
        }
        let server = database.start(&data);
        fill(&server, 1..120);
        server.stop();
        let (stale, stale_rows) = cost(&database, &data);
        analyze(&database, &data);
        let (fresh, fresh_rows) = cost(&database, &data);
        let mut line = format!("statistics {name}, on {}; beside it statistics of now", database.name());
        if database.is_postgres() {
            line.push_str(&format!(": {stale_rows} and {fresh_rows} rows read"));
        }
        lines.push(line);
        for ((path, stale), fresh) in SEARCHES.iter().zip(&stale).zip(&fresh) {
            lines.push(format!(
                "  {:7.2} ms, {:7.2} ms: {path}",
                stale.as_secs_f64() * 1e3,
                fresh.as_secs_f64() * 1e3
            ));
            assert!(
                *stale <= FACTOR * (*fresh).max(FLOOR),
                "{name}: {path} takes {stale:?} instead of {fresh:?}"
            );
        }
        assert!(
            stale_rows <= u64::from(FACTOR) * (fresh_rows + 1000),
            "{name}: {stale_rows} rows, not {fresh_rows}"
        );
    }
    publish(&format!("statistics-{}", database.name()), &lines);
}
