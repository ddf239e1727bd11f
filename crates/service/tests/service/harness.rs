use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use vpr_codec::{Json, Limits, Value};
use vpr_core::Engine;
use vpr_policy::Principal;
use vpr_projection::{Place, Projection};
use vpr_service::{
    Answer, AuditMode, Failure, Operation, RequestContext, SearchScope, Service, ServiceConfig, Target,
    WriteOptions,
};
use vpr_store::disk::RealDisk;
use vpr_store::{StoreOptions, World};
use vpr_testkit::postgres::{self, PostgresDatabase};
use vpr_types::{PrincipalId, RequestId, SystemClock, SystemEntropy, TenantName};

pub(crate) const BASE: &str = "http://a.example/fhir";

/// Makes of each function that takes a `&Database` two tests, in the modules `on_sqlite` and
/// `on_postgres`.
macro_rules! on_both_databases {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $test() {
                    super::$test(&$crate::harness::Database::Sqlite).await;
                }
            )+
        }
        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $test() {
                    super::$test(&$crate::harness::Database::postgres()).await;
                }
            )+
        }
    };
}

/// Where the projection is.
pub(crate) enum Database {
    /// In files beside the data directory.
    Sqlite,
    /// On a real server.
    Postgres(PostgresDatabase),
}

/// What drives the connections to Postgres: its callers block the threads of the tests' own.
static CONNECTIONS: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

impl Database {
    /// An empty one; without Postgres the test fails.
    pub(crate) fn postgres() -> Self {
        Self::Postgres(postgres::database().unwrap())
    }

    fn open(&self, folder: &Path) -> Projection {
        let place = match self {
            Self::Sqlite => Place::Sqlite { folder: folder.join("projection") },
            Self::Postgres(urls) => Place::Postgres {
                url: urls.serving_url.clone(),
                owner_url: Some(urls.owner_url.clone()),
                connections_min: 1,
                connections_max: 6,
                runtime: CONNECTIONS.handle().clone(),
            },
        };
        // It waits for its first connections.
        tokio::task::block_in_place(|| Projection::open(place, vpr_projection::Limits::default())).unwrap()
    }
}

/// A running service; it ends in good order when it is dropped.
pub(crate) struct Running {
    pub(crate) service: Service,
    pub(crate) engine: Engine,
    threads: Vec<JoinHandle<()>>,
}

/// Opens the data directory below `folder`.
pub(crate) fn open(folder: &Path, database: &Database) -> Running {
    open_with(folder, database, |_| {})
}

pub(crate) fn open_with(
    folder: &Path,
    database: &Database,
    change: impl FnOnce(&mut ServiceConfig),
) -> Running {
    let data = folder.join("data");
    std::fs::create_dir_all(&data).unwrap();
    let disk = RealDisk::open(&data).unwrap();
    let world =
        World { disk: Arc::new(disk), clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    let (engine, _) = Engine::open(world, StoreOptions::default()).unwrap();
    let projection = database.open(folder);
    let mut config = ServiceConfig { audit: AuditMode::Buffered, ..ServiceConfig::default() };
    change(&mut config);
    let service = Service::searching(config, engine.clone(), projection);
    let (journal, background, projector) = (engine.clone(), engine.clone(), service.clone());
    let threads = vec![
        std::thread::spawn(move || journal.run_journal()),
        std::thread::spawn(move || background.run_background()),
        std::thread::spawn(move || projector.run_projector()),
    ];
    for tenant in ["a", "b"].map(|name| TenantName::new(name).unwrap()) {
        if engine.tenant(&tenant).is_none() {
            let barrier = engine.create_tenant(&tenant).unwrap();
            engine.wait(barrier).unwrap();
        }
    }
    Running { service, engine, threads }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.service.stop_projector();
        let _ = self.engine.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Running {
    pub(crate) async fn perform(&self, operation: Operation) -> Result<Answer, Failure> {
        self.service.perform(context("a", "dev"), operation).await
    }

    pub(crate) async fn create(&self, type_name: &str, body: &str) -> String {
        let answer = self.perform(create(type_name, body, None)).await.unwrap();
        assert_eq!(answer.status, 201);
        answer.location.unwrap().0.id().to_owned()
    }

    pub(crate) async fn search(&self, type_name: &str, query: &str) -> Result<Page, u16> {
        let scope = match type_name {
            "" => SearchScope::System,
            name => SearchScope::Type(name.to_owned()),
        };
        self.search_in(scope, query).await
    }

    pub(crate) async fn search_in(&self, scope: SearchScope, query: &str) -> Result<Page, u16> {
        let parameters = vpr_service::pairs(query).unwrap();
        let answer = self.perform(Operation::Search { scope, parameters, handling: None }).await;
        answer.map(|answer| Page::of(&answer)).map_err(|failure| failure.kind.status())
    }

    /// Waits until the projection shows everything that is durable.
    pub(crate) async fn settle(&self) {
        for _ in 0..2000 {
            let all = self.service.projections();
            if all
                .iter()
                .all(|one| one.applied == one.durable && one.state == vpr_service::ProjectorState::Following)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the projection does not catch up: {:?}", self.service.projections());
    }
}

pub(crate) fn context(tenant: &str, principal: &str) -> RequestContext {
    let tenant = TenantName::new(tenant).unwrap();
    RequestContext {
        request: RequestId::new("r").unwrap(),
        principal: Principal::development(PrincipalId::new(principal).unwrap(), tenant.clone()),
        tenant,
        purpose: None,
        received: vpr_types::Instant(0),
        base: BASE.to_owned(),
    }
}

pub(crate) fn create(type_name: &str, body: &str, if_none_exist: Option<&str>) -> Operation {
    Operation::Create {
        type_name: type_name.to_owned(),
        body: body.as_bytes().to_vec(),
        if_none_exist: if_none_exist.map(str::to_owned),
        options: WriteOptions::default(),
    }
}

pub(crate) fn update(type_name: &str, id: &str, body: &str) -> Operation {
    Operation::Update {
        target: Target { type_name: type_name.to_owned(), id: id.to_owned() },
        body: body.as_bytes().to_vec(),
        conditions: vpr_service::WriteConditions::default(),
        options: WriteOptions::default(),
    }
}

pub(crate) fn delete(type_name: &str, id: &str) -> Operation {
    Operation::Delete {
        target: Target { type_name: type_name.to_owned(), id: id.to_owned() },
        conditions: vpr_service::WriteConditions::default(),
        options: WriteOptions::default(),
    }
}

pub(crate) fn bundle(kind: &str, entries: &[String]) -> Operation {
    let body = format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{}]}}"#, entries.join(","));
    Operation::Bundle { body: body.into_bytes(), options: WriteOptions::default() }
}

pub(crate) fn patient(value: &str) -> String {
    format!(r#"{{"resourceType":"Patient","identifier":[{{"system":"http://ids","value":"{value}"}}]}}"#)
}

pub(crate) fn json(answer: &Answer) -> Json {
    Json::parse(answer.body.as_ref().unwrap().to_vec(), &Limits::default()).unwrap()
}

pub(crate) fn text(value: Value<'_>, path: &[&str]) -> Option<String> {
    let found = path.iter().try_fold(value, |value, name| value.get(name))?;
    Some(found.as_str()?.into_owned())
}

/// A searchset or a history, as its reader sees it.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) total: Option<String>,
    /// `Type/id` of each entry with its mode; `OperationOutcome outcome` for one.
    pub(crate) entries: Vec<String>,
    pub(crate) versions: Vec<String>,
    links: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200);
        let json = json(answer);
        let root = json.root();
        let mut page = Self {
            total: root.get("total").and_then(Value::number_text).map(str::to_owned),
            entries: Vec::new(),
            versions: Vec::new(),
            links: Vec::new(),
            text: json.source().to_owned(),
        };
        for link in root.get("link").into_iter().flat_map(Value::items) {
            page.links.push((text(link, &["relation"]).unwrap(), text(link, &["url"]).unwrap()));
        }
        for entry in root.get("entry").into_iter().flat_map(Value::items) {
            let mode = text(entry, &["search", "mode"]).or_else(|| text(entry, &["request", "method"]));
            let name = match text(entry, &["fullUrl"]) {
                Some(url) => url.strip_prefix(&format!("{BASE}/")).unwrap().to_owned(),
                None => text(entry, &["resource", "resourceType"]).unwrap(),
            };
            page.entries.push(format!("{name} {}", mode.unwrap()));
            page.versions.extend(text(entry, &["resource", "meta", "versionId"]));
        }
        page
    }

    pub(crate) fn link(&self, relation: &str) -> Option<&str> {
        self.links.iter().find(|(each, _)| each == relation).map(|(_, url)| url.as_str())
    }

    /// The query of a link.
    pub(crate) fn query(&self, relation: &str) -> Option<&str> {
        self.link(relation)?.split_once('?').map(|(_, query)| query)
    }
}
