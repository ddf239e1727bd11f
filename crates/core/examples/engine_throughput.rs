//! Durable writes and reads of the engine alone on a real disk:
//! `cargo run --release -p vpr-core --example engine_throughput -- <folder> [writers] [seconds]`.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use vpr_core::{Action, Change, Content, DocumentWrite, Engine, Home, Precondition};
use vpr_store::disk::RealDisk;
use vpr_store::format::{DocumentChange, Provenance};
use vpr_store::{StoreOptions, World, encode_blob};
use vpr_types::{DocumentName, Part, PrincipalId, SystemClock, SystemEntropy, TenantName};

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("a folder is needed")?;
    let writers: u64 = arguments.next().map_or(Ok(64), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(5), |text| text.parse())?;
    std::fs::create_dir_all(&folder)?;
    let world = World {
        disk: Arc::new(RealDisk::open(std::path::Path::new(&folder))?),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    let (engine, _) = Engine::open(world, StoreOptions::default())?;
    let (journal, background) = (engine.clone(), engine.clone());
    let journal = std::thread::spawn(move || journal.run_journal());
    let background = std::thread::spawn(move || background.run_background());
    let tenant = TenantName::new("bench")?;
    if engine.tenant(&tenant).is_none() {
        engine.wait(engine.create_tenant(&tenant)?)?;
    }
    let (stop, written) = (AtomicBool::new(false), AtomicU64::new(0));
    let begin = Instant::now();
    let cpu = cpu_seconds();
    let latencies = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..writers)
            .map(|writer| {
                let (engine, tenant, stop, written) = (&engine, &tenant, &stop, &written);
                scope.spawn(move || work(engine, tenant, writer, stop, written))
            })
            .collect();
        std::thread::sleep(Duration::from_secs(seconds));
        stop.store(true, Ordering::Relaxed);
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|_| Ok(Vec::new())))
            .collect::<Result<Vec<_>, _>>()
    })?;
    let elapsed = begin.elapsed().as_secs_f64();
    let cpu = cpu_seconds() - cpu;
    let mut latencies: Vec<u64> = latencies.into_iter().flatten().collect();
    latencies.sort_unstable();
    let at =
        |share: f64| latencies.get((latencies.len() as f64 * share) as usize).copied().unwrap_or_default();
    let health = engine.health();
    println!(
        "{writers} writers: {:.0} durable writes/s, p50 {} us, p99 {} us, {:.1} writes a group, last sync {} us, \
         {:.0} us of CPU a write",
        written.load(Ordering::Relaxed) as f64 / elapsed,
        at(0.5),
        at(0.99),
        health.entries as f64 / health.groups.max(1) as f64,
        health.last_sync_micros,
        cpu * 1e6 / written.load(Ordering::Relaxed).max(1) as f64,
    );
    let begin = Instant::now();
    engine.materialize()?;
    println!("materialized the rest in {:.2} s", begin.elapsed().as_secs_f64());
    engine.close()?;
    let _ = (journal.join(), background.join());
    Ok(())
}

/// Processor time of this process, user and system, in ticks of 10 ms.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn work(
    engine: &Engine,
    tenant: &TenantName,
    writer: u64,
    stop: &AtomicBool,
    written: &AtomicU64,
) -> Result<Vec<u64>, Failure> {
    let mut latencies = Vec::new();
    let mut round = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        round += 1;
        let begin = Instant::now();
        let id = engine.new_id()?;
        let text = format!("{{\n  \"id\": \"{id}\",\n  \"text\": \"{}\"\n}}\n", "observation ".repeat(120));
        let home =
            Home::Record { key: format!("Patient/{}", (writer * 31 + round) % 500), part: Part::Clinical };
        let content =
            Content { blob: encode_blob(text.as_bytes())?, details: DocumentChange::default(), index: None };
        let write = DocumentWrite {
            name: DocumentName::new("Observation", &id)?,
            precondition: Precondition::Unused,
            action: Action::Put { home, content, even_if_equal: false },
        };
        let provenance = Provenance {
            author: PrincipalId::new("bench").ok_or("bench")?,
            role: None,
            registration: None,
            care_location: None,
            on_behalf_of: None,
            purpose: None,
            request: id,
        };
        let change = Change { tenant: tenant.clone(), provenance, writes: vec![write], repeat: None };
        engine.wait(engine.commit(change)?.barrier)?;
        latencies.push(u64::try_from(begin.elapsed().as_micros())?);
        written.fetch_add(1, Ordering::Relaxed);
    }
    Ok(latencies)
}
