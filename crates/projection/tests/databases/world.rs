use std::sync::Arc;

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use vpr_codec::Json;
use vpr_fhir::ResourceType;
use vpr_fhir::search::{ParseOptions, Query, Scope, SearchLimits, extract, parse};
use vpr_projection::{
    AppliedChange, AppliedDocument, AppliedOperation, Limits, Place, Projection, ProjectionError,
};
use vpr_testkit::postgres::{PostgresDatabase, database};
use vpr_types::{Instant, ObjectId, Seq, TenantName, Version};

/// When the first change is committed; each next one a second later.
pub(crate) const BEGIN: Instant = Instant(1_700_000_000_000_000);

/// One projection on each database.
pub(crate) struct World {
    pub(crate) sqlite: Projection,
    pub(crate) postgres: Projection,
    pub(crate) tenant: TenantName,
    pub(crate) urls: PostgresDatabase,
    pub(crate) runtime: Runtime,
    /// Goes with the files in it when the world does.
    folder: TempDir,
}

impl World {
    pub(crate) fn new(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let urls = database().unwrap();
        let place = Place::Postgres {
            url: urls.serving_url.clone(),
            owner_url: Some(urls.owner_url.clone()),
            connections_min: 1,
            connections_max: 4,
            runtime: runtime.handle().clone(),
        };
        let postgres = Projection::open(place, limits).unwrap();
        let sqlite = Projection::open(Place::Sqlite { folder: folder.path().to_owned() }, limits).unwrap();
        let tenant = TenantName::new("north").unwrap();
        for each in [&sqlite, &postgres] {
            each.open_tenant(&tenant, [7; 32]).unwrap();
        }
        Self { sqlite, postgres, tenant, urls, runtime, folder }
    }

    /// SQLite's file.
    pub(crate) fn file(&self) -> std::path::PathBuf {
        self.folder.path().join(format!("{}.sqlite", self.tenant))
    }

    pub(crate) fn both(&self) -> [&Projection; 2] {
        [&self.sqlite, &self.postgres]
    }

    /// Applies to both.
    pub(crate) fn apply(&self, changes: &[AppliedChange]) {
        let applied = self.both().map(|each| each.apply(&self.tenant, changes).unwrap());
        assert_eq!(applied[0], applied[1]);
    }

    /// What both say, which must be the same.
    pub(crate) fn same<T: PartialEq + std::fmt::Debug>(
        &self,
        about: &dyn std::fmt::Debug,
        ask: impl Fn(&Projection) -> Result<T, ProjectionError>,
    ) -> T {
        let [sqlite, postgres] =
            self.both().map(|each| ask(each).unwrap_or_else(|error| panic!("{about:?}: {error}")));
        if sqlite != postgres {
            let (one, other) = (format!("{sqlite:#?}"), format!("{postgres:#?}"));
            let only = |these: &str, those: &str| {
                let those: Vec<&str> = those.lines().collect();
                these.lines().filter(|line| !those.contains(line)).take(20).collect::<Vec<_>>().join("\n")
            };
            let (one, other) = (only(&one, &other), only(&other, &one));
            panic!("{about:?}\nonly SQLite:\n{one}\nonly Postgres:\n{other}");
        }
        postgres
    }
}

/// A new version of a resource, or its end.
pub(crate) fn document(
    resource: &str,
    id: &str,
    version: u32,
    operation: AppliedOperation,
    json: Option<&str>,
) -> AppliedDocument {
    let says = |text: &str| {
        let json = Json::parse(text, &vpr_codec::Limits::default()).unwrap();
        Arc::new(extract(json.root()))
    };
    AppliedDocument {
        resource: ResourceType::parse(resource).unwrap(),
        id: id.to_owned(),
        version: Version(version),
        operation,
        object: json.map(|text| ObjectId([text.len() as u8; 20])),
        commit: ObjectId([version as u8; 20]),
        extracted: json.map(says),
    }
}

pub(crate) fn change(seq: u64, documents: Vec<AppliedDocument>) -> AppliedChange {
    let time = Instant(BEGIN.0 + seq.cast_signed() * 1_000_000);
    AppliedChange { seq: Seq(seq), time, author: "somebody".to_owned(), documents }
}

/// What a URL asks: `Observation?code=a&_sort=date`, or `?_type=…`.
pub(crate) fn query(url: &str) -> Query {
    let (resource, parameters) = url.split_once('?').unwrap();
    let scope = match resource {
        "" => Scope::All,
        one => Scope::Types(vec![ResourceType::parse(one).unwrap()]),
    };
    let parameters: Vec<(String, String)> = parameters
        .split('&')
        .filter(|each| !each.is_empty())
        .map(|each| each.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let options = ParseOptions {
        lenient: false,
        base: "http://here.example/fhir",
        now: Instant(BEGIN.0 + 60_000_000),
        limits: SearchLimits::default(),
    };
    parse(scope, &parameters, &options).unwrap_or_else(|faults| panic!("{url}: {faults:?}"))
}
