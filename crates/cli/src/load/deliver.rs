//! One request until there is a final answer: repeated while the trouble is passing, always under
//! the same idempotency key; a refused chunk is divided until each culprit stands alone.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Request, Response, StatusCode};

use super::answer::{self, Fate, Refusal, Verdict};
use super::outgoing::Outgoing;
use crate::connection::Connection;

const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What a server's `Retry-After` is followed up to.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(30);

/// Where to and how patiently.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) connection: Connection,
    /// The path of `[base]`, without a slash at the end.
    pub(crate) base: String,
    /// The tenant, for the idempotency keys.
    pub(crate) tenant: String,
    pub(crate) patience: Patience,
}

/// How long one request is tried again while the server is away or busy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// From the first try to the last.
    pub(crate) whole: Duration,
    /// Between the first two tries; each further pause is twice as long, up to 5 s.
    pub(crate) first_pause: Duration,
}

impl Patience {
    /// The usual pauses within that time.
    pub(crate) fn of(whole: Duration) -> Self {
        Self { whole, first_pause: Duration::from_millis(100) }
    }
}

/// What became of one request, or of the parts that it was divided into.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    /// The type and fate of each entry.
    pub(crate) fates: Vec<(String, Fate)>,
    pub(crate) refusals: Vec<Refusal>,
    /// Requests that were answered for good.
    pub(crate) requests: u64,
    /// Tries beyond the first of each.
    pub(crate) resent: u64,
    /// Bytes of the bodies of these requests.
    pub(crate) bytes: u64,
    /// Why nothing further should be sent: the server stayed away, or lets nobody in.
    pub(crate) stop: Option<String>,
}

impl Door {
    /// Sends a request and, if need be, its parts.
    pub(crate) async fn deliver(&self, outgoing: Outgoing) -> Delivery {
        let mut delivery = Delivery::default();
        let mut waiting = vec![outgoing];
        while let Some(outgoing) = waiting.pop() {
            let verdict = match self.insist(&outgoing, &mut delivery).await {
                Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => {
                    delivery.stop = Some("the server asks for credentials (401)".to_owned());
                    return delivery;
                }
                Ok(answer) => answer::read(&outgoing, &answer),
                Err(why) => {
                    delivery.stop = Some(why);
                    return delivery;
                }
            };
            if !(outgoing.is_divisible() && verdict.all_refused()) {
                delivery.add(&outgoing, verdict);
            } else if verdict.culprits.is_empty() {
                waiting.extend(outgoing.halves().into_iter().rev());
            } else {
                waiting.extend(outgoing.without(&verdict.culprits));
                delivery.add_culprits(&outgoing, verdict);
            }
        }
        delivery
    }

    /// Tries until there is an answer that will not change by waiting.
    async fn insist(&self, outgoing: &Outgoing, delivery: &mut Delivery) -> Result<Response<Bytes>, String> {
        let key = outgoing.idempotency_key(&self.tenant);
        let end = Instant::now() + self.patience.whole;
        let mut pause = self.patience.first_pause;
        loop {
            let request = self.request(outgoing, &key)?;
            let (why, wanted) = match self.connection.send(request).await {
                Ok(answer) if is_passing(answer.status()) => {
                    (format!("the server answers {}", answer.status()), retry_after(answer.headers()))
                }
                Ok(answer) => {
                    delivery.requests += 1;
                    delivery.bytes += outgoing.body.len() as u64;
                    return Ok(answer);
                }
                Err(error) if error.is_passing() => (error.to_string(), None),
                Err(error) => return Err(error.to_string()),
            };
            let pause_now = wanted.unwrap_or(pause);
            if Instant::now() + pause_now > end {
                return Err(format!("{why}, for {} s", self.patience.whole.as_secs()));
            }
            tokio::time::sleep(pause_now).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            delivery.resent += 1;
        }
    }

    fn request(&self, outgoing: &Outgoing, key: &str) -> Result<Request<Bytes>, String> {
        let path = match outgoing.target.as_str() {
            "" if self.base.is_empty() => "/".to_owned(),
            "" => self.base.clone(),
            target => format!("{}/{target}", self.base),
        };
        Request::builder()
            .method(outgoing.method.clone())
            .uri(path)
            .header(CONTENT_TYPE, "application/fhir+json")
            .header(ACCEPT, "application/fhir+json")
            .header("prefer", "return=minimal")
            .header("idempotency-key", key)
            .body(outgoing.body.clone())
            .map_err(|error| error.to_string())
    }
}

impl Delivery {
    fn add(&mut self, outgoing: &Outgoing, verdict: Verdict) {
        let types = outgoing.entries.iter().map(|entry| entry.resource_type.clone());
        self.fates.extend(types.zip(verdict.fates));
        self.refusals.extend(verdict.refusals);
    }

    /// Counts the entries of a refused chunk that the server names; the rest is sent again.
    fn add_culprits(&mut self, chunk: &Outgoing, verdict: Verdict) {
        let entries = verdict.culprits.iter().filter_map(|index| chunk.entries.get(*index));
        self.fates.extend(entries.map(|entry| (entry.resource_type.clone(), Fate::Refused)));
        self.refusals.extend(verdict.refusals);
    }
}

/// What a server says while it is busy, full, or not there behind its proxy.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504 | 507)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::extract::Request as Incoming;

    use super::*;
    use crate::load::outgoing::{Form, Loose};
    use crate::load::place::Place;

    type Seen = Arc<Mutex<Vec<(String, String)>>>;

    /// A server that answers each request by `answer(number of the request, body)`.
    fn door(answer: fn(usize, &str) -> (u16, Option<&'static str>, String)) -> (Door, Seen) {
        door_for(Duration::from_secs(20), answer)
    }

    fn door_for(
        whole: Duration,
        answer: fn(usize, &str) -> (u16, Option<&'static str>, String),
    ) -> (Door, Seen) {
        let seen: Seen = Arc::default();
        let inner = Arc::clone(&seen);
        let router = Router::new().fallback(move |request: Incoming| {
            let seen = Arc::clone(&inner);
            async move {
                let line = format!("{} {}", request.method(), request.uri());
                let key = request.headers()["idempotency-key"].to_str().unwrap().to_owned();
                let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
                let number = seen.lock().unwrap().len();
                seen.lock().unwrap().push((line, key));
                let (status, after, body) = answer(number, std::str::from_utf8(&body).unwrap());
                let mut response = Response::new(axum::body::Body::from(body));
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                if let Some(after) = after {
                    response.headers_mut().insert(RETRY_AFTER, after.parse().unwrap());
                }
                response
            }
        });
        let door = Door {
            connection: Connection::Here(router),
            base: "/fhir".to_owned(),
            tenant: "t".to_owned(),
            patience: Patience { whole, first_pause: Duration::from_millis(5) },
        };
        (door, seen)
    }

    fn loose(id: &str) -> Loose {
        Loose {
            place: Place::file("f").line(id.parse().unwrap_or(0)),
            resource_type: "Patient".to_owned(),
            id: Some(id.to_owned()),
            full_url: None,
            resource: format!(r#"{{"resourceType":"Patient","id":"{id}"}}"#),
        }
    }

    #[tokio::test]
    async fn passing_trouble_is_waited_out_under_the_same_key() {
        let (door, seen) = door(|number, _| match number {
            0 => (503, Some("1"), String::new()),
            1 => (429, None, String::new()),
            2 => (507, None, String::new()),
            _ => (201, None, String::new()),
        });
        let start = Instant::now();
        let delivery = door.deliver(Outgoing::single(loose("1"))).await;
        assert_eq!(delivery.fates, [("Patient".to_owned(), Fate::Accepted)]);
        assert_eq!((delivery.requests, delivery.resent, delivery.stop), (1, 3, None));
        assert!(start.elapsed() >= Duration::from_secs(1), "Retry-After is followed");
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 4);
        assert!(seen.iter().all(|request| *request == seen[0]), "{seen:?}");
        assert_eq!(seen[0].0, "PUT /fhir/Patient/1");
    }

    #[tokio::test]
    async fn patience_ends() {
        let whole = Duration::from_millis(500);
        let (door, seen) = door_for(whole, |_, _| (503, None, String::new()));
        let start = Instant::now();
        let delivery = door.deliver(Outgoing::single(loose("1"))).await;
        assert!(delivery.stop.unwrap().contains("503") && delivery.fates.is_empty());
        assert!(start.elapsed() <= whole);
        assert!((4..9).contains(&seen.lock().unwrap().len()));
    }

    #[tokio::test]
    async fn a_refused_chunk_is_divided_until_the_culprit_stands_alone() {
        let (door, seen) = door(|_, body| {
            let entries = body.matches(r#""request""#).count();
            let bad = body.contains(r#""id":"5""#);
            match (bad, entries) {
                (true, _) => (422, None, String::new()),
                (false, 0) => (200, None, String::new()),
                (false, n) => {
                    let ok = vec![r#"{"response":{"status":"200 OK"}}"#; n].join(",");
                    (200, None, format!(r#"{{"resourceType":"Bundle","entry":[{ok}]}}"#))
                }
            }
        });
        let ids: Vec<String> = (0..8).map(|n| n.to_string()).collect();
        let chunk = Outgoing::transaction(ids.iter().map(|id| loose(id)).collect(), Form::Chunk);
        let delivery = door.deliver(chunk).await;
        let accepted = delivery.fates.iter().filter(|(_, fate)| *fate == Fate::Accepted).count();
        assert_eq!((delivery.fates.len(), accepted), (8, 7));
        assert_eq!(delivery.refusals.len(), 1);
        assert_eq!(delivery.refusals[0].place.line, Some(5));
        assert_eq!(seen.lock().unwrap().len(), 7, "8, 4 + 4, 2 + 2, 1 + 1");
    }

    #[tokio::test]
    async fn culprits_that_the_server_names_are_not_searched_for() {
        let (door, seen) = door(|_, body| {
            let bad = body.contains(r#""id":"5""#);
            let outcome = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"value",
                "diagnostics":"bad","expression":["Bundle.entry[5].resource"]}]}"#;
            let ok =
                vec![r#"{"response":{"status":"200 OK"}}"#; body.matches(r#""request""#).count()].join(",");
            match bad {
                true => (422, None, outcome.to_owned()),
                false => (200, None, format!(r#"{{"resourceType":"Bundle","entry":[{ok}]}}"#)),
            }
        });
        let ids: Vec<String> = (0..8).map(|n| n.to_string()).collect();
        let chunk = Outgoing::transaction(ids.iter().map(|id| loose(id)).collect(), Form::Chunk);
        let delivery = door.deliver(chunk).await;
        let accepted = delivery.fates.iter().filter(|(_, fate)| *fate == Fate::Accepted).count();
        assert_eq!((delivery.fates.len(), accepted, seen.lock().unwrap().len()), (8, 7, 2));
        assert_eq!(delivery.refusals[0].place.line, Some(5));
    }

    #[tokio::test]
    async fn a_bundle_is_never_divided_and_a_closed_door_ends_the_load() {
        let (first, seen) = door(|_, _| (422, None, String::new()));
        let bundle = || Outgoing::transaction(vec![loose("1"), loose("2")], Form::Bundle);
        let delivery = first.deliver(bundle()).await;
        assert_eq!((delivery.fates.len(), seen.lock().unwrap().len()), (2, 1));
        assert_eq!(seen.lock().unwrap()[0].0, "POST /fhir");
        let (closed, _) = door(|_, _| (401, None, String::new()));
        assert!(closed.deliver(bundle()).await.stop.unwrap().contains("401"));
    }
}
