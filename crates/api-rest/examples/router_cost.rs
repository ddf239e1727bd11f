//! CPU time of one request through the router and the engine, without sockets: run it with
//! `cargo run --release -p vpr-api-rest --example router_cost`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use vpr_api_rest::RestConfig;
use vpr_core::Engine;
use vpr_service::{AuditMode, Service, ServiceConfig};
use vpr_store::disk::RealDisk;
use vpr_store::{StoreOptions, World};
use vpr_types::{SystemClock, SystemEntropy, TenantName};

const AT_ONCE: usize = 64;

fn observation(number: usize) -> String {
    let components: Vec<String> = (0..6)
        .map(|component| {
            format!(
                r#"{{"code":{{"coding":[{{"system":"http://loinc.org","code":"848{component}-6","display":"Part {component}"}}]}},"valueQuantity":{{"value":{number}.{component}0,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"resourceType":"Observation","status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"85354-9"}}]}},"subject":{{"reference":"Patient/p{}"}},"effectiveDateTime":"2026-11-22T10:00:00Z","component":[{}]}}"#,
        number % 50,
        components.join(",")
    )
}

/// User and system time of this process so far, in microseconds.
fn cpu_micros() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10_000
}

async fn measure(name: &str, router: &Router, rounds: usize, request: fn(usize) -> Request<Body>) {
    let (begun, cpu) = (Instant::now(), cpu_micros());
    for round in 0..rounds {
        let tasks: Vec<_> = (0..AT_ONCE)
            .map(|at| {
                let router = router.clone();
                tokio::spawn(async move {
                    let response = router.oneshot(request(round * AT_ONCE + at)).await.unwrap();
                    let status = response.status();
                    response.into_body().collect().await.unwrap();
                    status
                })
            })
            .collect();
        for task in tasks {
            let status = task.await.unwrap();
            assert!(status.is_success() || status.as_u16() == 304, "{name}: {status}");
        }
    }
    let count = (rounds * AT_ONCE) as f64;
    let micros = (cpu_micros() - cpu) as f64 / count;
    println!("{name:<12} {micros:7.1} us CPU each, {:8.0} a second", count / begun.elapsed().as_secs_f64());
}

fn put(number: usize) -> Request<Body> {
    let body = observation(number).replacen('{', &format!("{{\"id\":\"o{number}\","), 1);
    Request::put(format!("/fhir/Observation/o{number}"))
        .header("content-type", "application/fhir+json")
        .body(Body::from(body))
        .unwrap()
}

fn create(number: usize) -> Request<Body> {
    Request::post("/fhir/Observation")
        .header("content-type", "application/fhir+json")
        .body(Body::from(observation(number)))
        .unwrap()
}

fn read(number: usize) -> Request<Body> {
    Request::get(format!("/fhir/Observation/o{}", number % 640)).body(Body::empty()).unwrap()
}

fn not_modified(number: usize) -> Request<Body> {
    Request::get(format!("/fhir/Observation/o{}", number % 640))
        .header("if-none-match", "W/\"1\"")
        .body(Body::empty())
        .unwrap()
}

fn health(_: usize) -> Request<Body> {
    Request::get("/health").body(Body::empty()).unwrap()
}

fn transaction(number: usize) -> Request<Body> {
    let entries: Vec<String> = (0..200)
        .map(|entry| {
            let resource = observation(number * 200 + entry);
            format!(r#"{{"fullUrl":"urn:uuid:05efabf0-4be2-4561-91ce-515484{entry:06}","resource":{resource},"request":{{"method":"POST","url":"Observation"}}}}"#)
        })
        .collect();
    let body = format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#, entries.join(","));
    Request::post("/fhir").header("content-type", "application/fhir+json").body(Body::from(body)).unwrap()
}

#[tokio::main]
async fn main() {
    for audit in [AuditMode::Buffered, AuditMode::Durable] {
        println!("audit {audit}, {AT_ONCE} at once, {} bytes a document", observation(1).len());
        let folder = tempfile::tempdir().unwrap();
        let world = World {
            disk: Arc::new(RealDisk::open(folder.path()).unwrap()),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        };
        let (engine, _) = Engine::open(world, StoreOptions::default()).unwrap();
        let threads = [engine.clone(), engine.clone()];
        let [journal, background] = threads;
        let journal = std::thread::spawn(move || journal.run_journal());
        let background = std::thread::spawn(move || background.run_background());
        let tenant = TenantName::new("default").unwrap();
        engine.wait(engine.create_tenant(&tenant).unwrap()).unwrap();
        let service = Service::open(ServiceConfig { audit, ..ServiceConfig::default() }, engine.clone());
        let router = vpr_api_rest::router(service, RestConfig::development(tenant));
        measure("health", &router, 200, health).await;
        measure("update", &router, 10, put).await;
        measure("read", &router, 400, read).await;
        measure("304", &router, 400, not_modified).await;
        measure("create", &router, 100, create).await;
        measure("200 entries", &router, 1, transaction).await;
        engine.close().unwrap();
        journal.join().unwrap();
        background.join().unwrap();
    }
}
