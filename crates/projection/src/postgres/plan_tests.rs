//! The plans that Postgres makes, whatever its statistics say.

use std::sync::Arc;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::runtime::Builder;
use vpr_codec::Json;
use vpr_fhir::ResourceType;
use vpr_fhir::search::{ParseOptions, Query, Scope, SearchLimits, extract, parse};
use vpr_testkit::postgres::PostgresServer;
use vpr_types::{Instant, ObjectId, Seq, Version};

use super::*;
use crate::explain::Recording;
use crate::search::search;
use crate::tenant::Tenant;
use crate::{
    AppliedChange, AppliedDocument, AppliedOperation, Epoch, Limits, PageRequest, Place, Projection,
};

const ASKED: &[&str] = &[
    "Observation?",
    "Observation?patient=p7",
    "Observation?patient=p7&code=http://a.example|c3&_sort=-date",
    "Observation?code=c3&_sort=date",
    "Observation?code:not=c3&date=ge2020",
    "Observation?value-quantity=gt5&_sort=value-quantity",
    "Observation?patient.family=Fam&code=c3",
    "Observation?patient.gender=male",
    "Observation?code-value-quantity=c3$gt1",
    "Observation?patient=p7&_include=Observation:patient",
    "Patient?gender:not=male&_sort=birthdate",
    "Patient?name:contains=am&gender=female",
    "Patient?family=Fam&_sort=family",
    "Patient?birthdate:missing=true",
    "Patient?_has:Observation:patient:code=c3&gender=female",
    "Patient?identifier=http://a.example|7&_revinclude=Observation:patient",
    "Patient?_id=p7",
];

fn read(url: &str) -> Query {
    let (resource, rest) = url.split_once('?').unwrap();
    let pairs: Vec<(String, String)> = rest
        .split('&')
        .filter_map(|each| each.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let limits = SearchLimits::default();
    let options = ParseOptions { lenient: false, base: "http://b.example", now: Instant(0), limits };
    parse(Scope::Types(vec![ResourceType::parse(resource).unwrap()]), &pairs, &options).unwrap()
}

fn document(resource: &str, id: &str, version: u32, rest: &str) -> AppliedDocument {
    let text = format!(r#"{{"resourceType":"{resource}","id":"{id}",{rest}}}"#);
    let json = Json::parse(text, &vpr_codec::Limits::default()).unwrap();
    AppliedDocument {
        resource: ResourceType::parse(resource).unwrap(),
        id: id.to_owned(),
        version: Version(version),
        operation: if version == 1 { AppliedOperation::Create } else { AppliedOperation::Update },
        object: None,
        commit: ObjectId([version as u8; 20]),
        extracted: Some(Arc::new(extract(json.root()))),
    }
}

fn changes() -> Vec<AppliedChange> {
    let patient = |at: u64, version| {
        let rest = format!(
            r#""name":[{{"family":"Fam{at}"}}],"gender":"{}","birthDate":"1980-01-{:02}","identifier":[{{"system":"http://a.example","value":"{at}"}}]"#,
            if at.is_multiple_of(2) { "male" } else { "female" },
            1 + at % 28,
        );
        document("Patient", &format!("p{at}"), version, &rest)
    };
    let observation = |at: u64, version| {
        let rest = format!(
            r#""subject":{{"reference":"Patient/p{}"}},"code":{{"coding":[{{"system":"http://a.example","code":"c{}"}}]}},"effectiveDateTime":"2021-01-{:02}","valueQuantity":{{"value":{at}}}"#,
            at % 10,
            at % 5,
            1 + at % 28,
        );
        document("Observation", &format!("o{at}"), version, &rest)
    };
    let mut all = Vec::new();
    for version in 1..=2 {
        for at in 0..40 {
            let documents = vec![patient(at, version), observation(at, version)];
            let seq = all.len() as u64 + 1;
            all.push(AppliedChange {
                seq: Seq(seq),
                time: Instant(seq.cast_signed() * 1_000_000),
                author: String::new(),
                documents,
            });
        }
    }
    all
}

/// What reads more than it gives, again and again.
const WASTEFUL: &[&str] =
    &["Seq Scan", "Materialize", "Hash Join", "Merge", "Bitmap", "Hash Anti", "Hash Semi"];

#[test]
fn plans_do_not_follow_the_statistics() {
    let server = PostgresServer::start().unwrap();
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let here = TenantName::new("here").unwrap();
    let limits = Limits { rows_driven_max: 10, ..Limits::default() };
    let place = Place::Postgres {
        url: server.serving_url(),
        owner_url: Some(server.owner_url()),
        connections_min: 0,
        connections_max: 2,
        runtime: runtime.handle().clone(),
    };
    let projection = Projection::open(place, limits).unwrap();
    projection.open_tenant(&here, [7; 32]).unwrap();
    projection.apply(&here, &changes()).unwrap();
    let postgres = Postgres::open(&PostgresPlace {
        url: server.serving_url(),
        owner_url: None,
        connections_min: 0,
        connections_max: 2,
        runtime: runtime.handle().clone(),
        time_max: limits.search_time_max,
    })
    .unwrap();
    let superuser = |statement: String| {
        runtime.block_on(async {
            let mut connection = PgConnection::connect(&server.superuser_url()).await.unwrap();
            connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.unwrap();
            connection.close().await.unwrap();
        });
    };
    let mut plans = 0;
    // Never counted; counted; counted when there were hardly any or very many rows.
    for (pages, rows) in [(0, -1), (-1, -1), (1, 1), (1_000_000, 1), (1, 1_000), (1, 10_000_000)] {
        superuser(match (pages, rows) {
            (-1, _) => "ANALYZE".to_owned(),
            _ => format!(
                "UPDATE pg_class SET relpages = {pages}, reltuples = {rows} \
                 WHERE relnamespace = 'vpr_here'::regnamespace AND relkind IN ('r', 'i')"
            ),
        });
        for (url, at) in ASKED.iter().flat_map(|url| [(url, None), (url, Some(Seq(60)))]) {
            let mut asked = Vec::new();
            // One that has not counted anything yet.
            let tenant = Tenant::new([7; 32], Epoch { id: [0; 8], secret: [0; 32] }, 0);
            postgres
                .read(&here, &mut |database| {
                    let mut recording = Recording::new(database);
                    let request = PageRequest { at, limit: 5, total: true, ..PageRequest::default() };
                    search(&mut recording, &tenant, &read(url), None, &request, &limits)?;
                    asked = recording.statements;
                    Ok(())
                })
                .unwrap();
            for statement in asked {
                let (text, plan) = (statement.text, statement.steps.join("\n"));
                let small = plan.replace("Seq Scan on kinds", "");
                let wasteful = WASTEFUL.iter().find(|word| small.contains(**word));
                assert!(wasteful.is_none(), "{pages} {rows} {url}\n{text}\n{plan}");
                // Whoever walks in the order of the page stops as soon as it is full.
                let walks = [
                    "s.lo AS v0 FROM sortk s",
                    "s.hi AS v0 FROM sortk s",
                    "r.last_updated AS v0 FROM res r",
                    "ORDER BY w.rid",
                    "SELECT r.rid, r.type, r.fid, r.ver FROM res r",
                ];
                let walks = walks.iter().any(|walk| text.contains(walk));
                let now = at.is_none();
                assert!(!(walks && now && plan.contains("Sort")), "{url}\n{text}\n{plan}");
                plans += 1;
            }
        }
    }
    assert!(plans > 500, "{plans}");
}
