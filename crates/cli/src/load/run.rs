//! The load itself: one thread reads and plans, several requests are in flight.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

use super::answer::Refusal;
use super::deliver::{Delivery, Door};
use super::documents::{self, Piece};
use super::files::Found;
use super::limits::{IN_FLIGHT_BYTES_MAX, Limits};
use super::outgoing::Outgoing;
use super::plan::{Planned, Planner};
use super::progress::Progress;
use super::report::Tally;
use crate::failure::Failure;

/// Permits are counted in units of this many bytes, so that a large budget fits their counter.
const PERMIT_BYTES: usize = 1024;

/// How a load is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Requests in flight.
    pub(crate) jobs: usize,
    pub(crate) limits: Limits,
}

/// Loads what was found and counts. Ends early, with [`Tally::stopped`], when the server stays
/// away or the operator interrupts; what is in flight then is waited for.
pub(crate) async fn load(found: Found, door: Door, options: Options) -> Result<(Tally, Duration), Failure> {
    let mut tally = Tally::default();
    found.skipped.iter().for_each(|path| tally.skip(path.display()));
    let mut progress = Progress::new(found.files.iter().map(|file| file.length).sum());
    let bytes_read = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let (planned, reader) = spawn_reader(found, options, &bytes_read, &stop);

    let mut flight = Flight::new(door, options.jobs);
    let mut planned = Some(planned);
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    loop {
        flight.launch();
        if tally.stopped.is_some() && planned.take().is_some() {
            stop.store(true, Ordering::Relaxed);
            flight.forget_waiting();
        }
        if planned.is_none() && flight.is_empty() {
            break;
        }
        tokio::select! {
            next = receive(planned.as_mut()), if flight.has_room() && planned.is_some() => match next {
                Some((Planned::Send(outgoing), permit)) => flight.take(outgoing, permit),
                Some((Planned::Refused { place, resource_type, why }, _)) => {
                    let refusal = Refusal { place, resource_type, why };
                    show(&refusal, &progress);
                    tally.refuse(refusal);
                }
                Some((Planned::Skipped { place }, _)) => tally.skip(place),
                None => planned = None,
            },
            Some(landed) = flight.landed() => {
                let delivery = landed?;
                delivery.refusals.iter().for_each(|refusal| show(refusal, &progress));
                tally.add(delivery);
            }
            _ = interrupts.recv() => match &tally.stopped {
                None => tally.stopped = Some("interrupted".to_owned()),
                // The second time the operator means it: requests in flight are left alone.
                Some(_) => break,
            },
            _ = tick.tick() => progress.update(bytes_read.load(Ordering::Relaxed), &tally),
        }
    }
    reader.join().map_err(|_| Failure::Failed("the reading thread died".to_owned()))?;
    Ok((tally, progress.finish()))
}

fn show(refusal: &Refusal, progress: &Progress) {
    progress.line(&format!("refused {}: {}", refusal.place, refusal.why));
}

type Received = (Planned, Option<OwnedSemaphorePermit>);

async fn receive(planned: Option<&mut mpsc::Receiver<Received>>) -> Option<Received> {
    planned?.recv().await
}

fn spawn_reader(
    found: Found,
    options: Options,
    bytes_read: &Arc<AtomicU64>,
    stop: &Arc<AtomicBool>,
) -> (mpsc::Receiver<Received>, std::thread::JoinHandle<()>) {
    let (sender, receiver) = mpsc::channel(options.jobs * 2);
    let (bytes_read, stop) = (Arc::clone(bytes_read), Arc::clone(stop));
    let runtime = tokio::runtime::Handle::current();
    let budget = Arc::new(Semaphore::new(IN_FLIGHT_BYTES_MAX / PERMIT_BYTES));
    let reader = std::thread::spawn(move || {
        let mut planner = Planner::default();
        let mut send = |piece: Piece| -> ControlFlow<()> {
            for planned in planner.take(piece) {
                let permit = match &planned {
                    Planned::Send(outgoing) => {
                        let wanted = outgoing.body.len().min(IN_FLIGHT_BYTES_MAX) / PERMIT_BYTES;
                        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
                        runtime.block_on(Arc::clone(&budget).acquire_many_owned(wanted)).ok()
                    }
                    _ => None,
                };
                if stop.load(Ordering::Relaxed) || sender.blocking_send((planned, permit)).is_err() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        };
        for file in &found.files {
            if documents::read(file, &options.limits, &bytes_read, &mut send).is_break() {
                return;
            }
        }
    });
    (receiver, reader)
}

/// The requests in flight. Two that write the same resource are never in flight together, so that
/// what comes later in the files is what stands in the end; one with conditional references waits for
/// those that write the types it looks for. One that has to wait holds up those behind it, so that
/// their order stays.
struct Flight {
    door: Door,
    jobs: usize,
    tasks: JoinSet<(Claims, Delivery)>,
    writing: HashSet<String>,
    /// How many requests in flight write resources of a type.
    types: HashMap<String, usize>,
    waiting: Option<Waiting>,
}

/// A request that is the next to be sent.
struct Waiting {
    outgoing: Outgoing,
    permit: Option<OwnedSemaphorePermit>,
    looked_for: BTreeSet<String>,
}

/// What a request in flight writes.
struct Claims {
    names: Vec<String>,
    types: BTreeSet<String>,
}

impl Flight {
    fn new(door: Door, jobs: usize) -> Self {
        let (writing, types) = (HashSet::new(), HashMap::new());
        Self { door, jobs, tasks: JoinSet::new(), writing, types, waiting: None }
    }

    fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.waiting.is_none()
    }

    fn has_room(&self) -> bool {
        self.waiting.is_none() && self.tasks.len() < self.jobs
    }

    fn take(&mut self, outgoing: Outgoing, permit: Option<OwnedSemaphorePermit>) {
        let looked_for = outgoing.looked_for();
        self.waiting = Some(Waiting { outgoing, permit, looked_for });
    }

    fn forget_waiting(&mut self) {
        self.waiting = None;
    }

    /// Sends what waits, if nothing that it writes or looks for is being written.
    fn launch(&mut self) {
        let free = |waiting: &mut Waiting| {
            let mut names = waiting.outgoing.entries.iter().filter_map(|e| e.identity.as_ref());
            names.all(|name| !self.writing.contains(name))
                && !waiting.looked_for.iter().any(|kind| self.types.contains_key(kind))
        };
        let Some(Waiting { outgoing, permit, .. }) = self.waiting.take_if(free) else { return };
        let claims = Claims {
            names: outgoing.entries.iter().filter_map(|entry| entry.identity.clone()).collect(),
            types: outgoing.entries.iter().map(|entry| entry.resource_type.clone()).collect(),
        };
        self.writing.extend(claims.names.iter().cloned());
        for kind in &claims.types {
            *self.types.entry(kind.clone()).or_default() += 1;
        }
        let door = self.door.clone();
        self.tasks.spawn(async move {
            let delivery = door.deliver(outgoing).await;
            drop(permit);
            (claims, delivery)
        });
    }

    async fn landed(&mut self) -> Option<Result<Delivery, Failure>> {
        let (claims, delivery) = match self.tasks.join_next().await? {
            Ok(landed) => landed,
            Err(error) => return Some(Err(Failure::of(error))),
        };
        for name in &claims.names {
            self.writing.remove(name);
        }
        for kind in &claims.types {
            if let Some(count) = self.types.get_mut(kind) {
                *count -= 1;
            }
        }
        self.types.retain(|_, count| *count > 0);
        Some(Ok(delivery))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::Router;
    use axum::extract::Request;

    use super::*;
    use crate::connection::Connection;
    use crate::load::deliver::Patience;
    use crate::load::files;

    #[derive(Debug, Default)]
    struct Seen {
        now: usize,
        most: usize,
        log: Vec<String>,
        clashes: usize,
        writing: HashSet<String>,
    }

    /// A server that takes 10 ms for a request and notes which ones overlap.
    fn slow_server() -> (Router, Arc<Mutex<Seen>>) {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let inner = Arc::clone(&seen);
        let router = Router::new().fallback(move |request: Request| {
            let seen = Arc::clone(&inner);
            async move {
                let path = request.uri().path().to_owned();
                let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
                let status = if body.windows(3).any(|w| w == b"bad") { 422_u16 } else { 201 };
                {
                    let mut seen = seen.lock().unwrap();
                    seen.now += 1;
                    seen.most = seen.most.max(seen.now);
                    seen.clashes += usize::from(!seen.writing.insert(path.clone()));
                    seen.log.push(format!("{path} {}", String::from_utf8_lossy(&body)));
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
                let mut seen = seen.lock().unwrap();
                seen.now -= 1;
                seen.writing.remove(&path);
                http::StatusCode::from_u16(status).unwrap()
            }
        });
        (router, seen)
    }

    async fn run(texts: &[&str], jobs: usize) -> (Tally, Arc<Mutex<Seen>>) {
        let folder = tempfile::tempdir().unwrap();
        for (index, text) in texts.iter().enumerate() {
            std::fs::write(folder.path().join(format!("{index:03}.json")), text).unwrap();
        }
        let (router, seen) = slow_server();
        let door = Door {
            connection: Connection::Here(router),
            base: String::new(),
            tenant: "t".to_owned(),
            patience: Patience::of(Duration::from_secs(1)),
        };
        let found = files::find(&[folder.path().to_owned()]).unwrap();
        let options = Options { jobs, limits: Limits::default() };
        (load(found, door, options).await.unwrap().0, seen)
    }

    #[tokio::test]
    async fn several_requests_are_in_flight_but_never_two_for_one_resource() {
        let text = |id: usize, n: usize| format!(r#"{{"resourceType":"Patient","id":"{id}","x":{n}}}"#);
        let texts: Vec<String> = (0..60).map(|n| text(n % 7, n)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (tally, seen) = run(&texts, 4).await;
        let seen = seen.lock().unwrap();
        assert_eq!((tally.entries, tally.requests, tally.is_clean()), (60, 60, true));
        assert_eq!((seen.most, seen.clashes), (4, 0));
        for id in 0..7 {
            let last = seen.log.iter().rfind(|line| line.starts_with(&format!("/Patient/{id} "))).unwrap();
            let newest = (0..60).rfind(|n| n % 7 == id).unwrap();
            assert!(last.ends_with(&format!(r#""x":{newest}}}"#)), "{last}");
        }
    }

    #[tokio::test]
    async fn what_looks_for_something_waits_until_it_is_written() {
        let organization = r#"{"resourceType":"Organization","id":"o"}"#;
        let looking = |id: &str| {
            format!(
                r#"{{"resourceType":"Patient","id":"{id}","managingOrganization":{{"reference" : "Organization?name=x"}}}}"#
            )
        };
        let (first, second) = (looking("a"), looking("b"));
        let (_, seen) = run(&[r#"{"resourceType":"Flag","id":"f"}"#, organization, &first, &second], 8).await;
        let seen = seen.lock().unwrap();
        assert_eq!(seen.most, 2, "the flag and the organization, then both patients: {:?}", seen.log);
        assert!(seen.log[..2].iter().all(|line| !line.contains("Patient")), "{:?}", seen.log);
    }

    #[tokio::test]
    async fn one_job_keeps_the_order_of_everything() {
        let texts: Vec<String> = (0..20).map(|n| format!(r#"{{"resourceType":"Flag","x":{n}}}"#)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (_, seen) = run(&texts, 1).await;
        let seen = seen.lock().unwrap();
        assert_eq!(seen.most, 1);
        assert!(seen.log.iter().zip(&texts).all(|(line, text)| line.ends_with(text)));
    }

    #[tokio::test]
    async fn refusals_are_counted_and_the_rest_goes_on() {
        let good = r#"{"resourceType":"Patient","id":"a"}"#;
        let bad = r#"{"resourceType":"Patient","id":"bad"}"#;
        let (tally, _) = run(&[good, "nonsense", bad, r#"{"resourceType":"Flag"}"#], 8).await;
        assert_eq!((tally.refusals_total, tally.is_clean()), (2, false));
        let counts = tally.types["Patient"];
        assert_eq!((counts.accepted, counts.refused, tally.types["Flag"].accepted), (1, 1, 1));
        let report: serde_json::Value =
            serde_json::from_str(&tally.to_json(Duration::from_secs(2)).unwrap()).unwrap();
        assert_eq!(report["total"]["accepted"], 2);
        assert_eq!(report["complete"], true);
        let mut files: Vec<_> =
            report["refused"].as_array().unwrap().iter().map(|r| r["file"].as_str().unwrap()).collect();
        files.sort_unstable();
        assert!(files[0].ends_with("001.json") && files[1].ends_with("002.json"), "{files:?}");
    }
}
