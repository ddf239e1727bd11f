//! Every key there is, declared once: the readers, the help for mistyped names, `vpr config check`
//! and the table of docs/configuration.md all come from here.

/// One key of the configuration.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its place in the file: `section.name`.
    pub(crate) path: &'static str,
    /// The environment variable that sets it.
    pub(crate) variable: &'static str,
    /// What holds when nobody sets it.
    pub(crate) default: Fallback,
    /// Whether its value is never shown.
    pub(crate) secret: bool,
    /// What it decides, in one sentence, for the documentation.
    pub(crate) about: &'static str,
}

/// The value of a key that nobody set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// None.
    Unset,
    /// The same everywhere.
    Always(&'static str),
    /// One value for each environment; an empty one is none.
    ByEnvironment {
        /// With `ENV=development`.
        development: &'static str,
        /// With `ENV=production`.
        production: &'static str,
    },
    /// There is nothing behind the key yet: setting it is refused.
    NotSupported,
}

const fn key(path: &'static str, variable: &'static str, default: Fallback, about: &'static str) -> Key {
    Key { path, variable, default, secret: false, about }
}

const fn later(path: &'static str, variable: &'static str, about: &'static str) -> Key {
    Key { path, variable, default: Fallback::NotSupported, secret: true, about }
}

use Fallback::{Always, ByEnvironment, Unset};

/// All keys, in the order of the documentation.
pub(crate) const KEYS: &[Key] = &[
    key(
        "server.environment",
        "ENV",
        Always("development"),
        "`development` (no authentication, loopback only) or `production`.",
    ),
    key(
        "server.listen",
        "VPR_LISTEN",
        Always("127.0.0.1"),
        "The IP address to listen on; in development only 127.0.0.0/8 and ::1.",
    ),
    key("server.port", "PORT", Always("8000"), "The TCP port; 0 lets the system choose one."),
    key(
        "server.connections_max",
        "VPR_CONNECTIONS_MAX",
        Always("1024"),
        "Connections served at the same time; further ones wait to be accepted.",
    ),
    key(
        "server.header_seconds_max",
        "VPR_HEADER_SECONDS_MAX",
        Always("10"),
        "How long a client may take for the head of a request.",
    ),
    key(
        "server.request_seconds_max",
        "VPR_REQUEST_SECONDS_MAX",
        Always("30"),
        "How long a request may take, its body included.",
    ),
    key(
        "server.drain_seconds_max",
        "VPR_DRAIN_SECONDS_MAX",
        Always("20"),
        "How long a stopping server waits for requests in flight.",
    ),
    key("server.body_bytes_max", "VPR_BODY_BYTES_MAX", Always("64MiB"), "The largest body of a request."),
    key(
        "server.trust_forwarded",
        "VPR_TRUST_FORWARDED",
        Always("false"),
        "Whether `X-Forwarded-Proto`, `-Host` and `-Prefix` decide the base URL of links: only behind a proxy that sets them.",
    ),
    key(
        "server.cors_origins",
        "CORS_ORIGINS",
        Unset,
        "Origins, exactly as browsers send them, whose pages may call the server; commas between them.",
    ),
    key(
        "tenants.default",
        "DEFAULT_TENANT",
        ByEnvironment { development: "default", production: "" },
        "The tenant of requests that name none (`/fhir`).",
    ),
    key(
        "tenants.hosts",
        "VPR_TENANT_HOSTS",
        Unset,
        "Host names that address a tenant: `a.example.org=a,b.example.org=b`.",
    ),
    key(
        "auth.issuer",
        "AUTH_ISSUER",
        Unset,
        "The issuer of access tokens; needed in production, where the server does not start yet.",
    ),
    key(
        "auth.jwks_url",
        "AUTH_JWKS_URL",
        Unset,
        "Where the issuer's keys are, if discovery does not say it.",
    ),
    key("auth.audience", "AUTH_AUDIENCE", Unset, "The audience that access tokens must name."),
    key(
        "store.data_dir",
        "VPR_DATA_DIR",
        Always("./vpr-data"),
        "The data directory: journal, repositories, directory, Unix socket.",
    ),
    key(
        "store.cache_bytes",
        "VPR_CACHE_BYTES",
        Always("64MiB"),
        "Memory for documents that were read lately.",
    ),
    key(
        "store.pending_bytes_max",
        "VPR_PENDING_BYTES_MAX",
        Always("96MiB"),
        "Memory for writes that are durable and not in Git yet.",
    ),
    key(
        "journal.segment_bytes",
        "VPR_JOURNAL_SEGMENT_BYTES",
        Always("64MiB"),
        "The size of one file of the journal: a multiple of 4 KiB from 16 KiB to 1 GiB.",
    ),
    key(
        "journal.segments_max",
        "VPR_JOURNAL_SEGMENTS_MAX",
        Always("64"),
        "How many of these files there may be; when all are full, writes answer 507 until Git has caught up.",
    ),
    key(
        "journal.queue_bytes_max",
        "VPR_JOURNAL_QUEUE_BYTES_MAX",
        Always("256MiB"),
        "Memory for writes that wait to be put into the journal; past it, writes answer 503.",
    ),
    key(
        "search.database_url",
        "DATABASE_URL",
        Unset,
        "The Postgres server of the search index, `postgres://user:password@host/database`; without it the index is embedded, in the data directory's folder `projection`.",
    ),
    key(
        "search.database_owner_url",
        "DATABASE_OWNER_URL",
        Unset,
        "The same server as the role that owns the tables, if `DATABASE_URL` names one that may not create any.",
    ),
    key(
        "search.connections_max",
        "DB_MAX_CONNS",
        Always("10"),
        "Connections to the database server at most.",
    ),
    key("search.connections_min", "DB_MIN_CONNS", Always("1"), "Connections to it that are kept open."),
    key(
        "search.handling",
        "VPR_SEARCH_HANDLING",
        Always("strict"),
        "What becomes of search parameters that are unknown or not supported: `strict` refuses them, `lenient` leaves them out and says so; `Prefer: handling=…` decides for one request.",
    ),
    key("search.seconds_max", "VPR_SEARCH_SECONDS_MAX", Always("10"), "How long one search may take."),
    key(
        "search.wait_seconds_max",
        "VPR_SEARCH_WAIT_SECONDS_MAX",
        Always("5"),
        "How long the answer to a write waits until searches show it, and a search for the writes that were answered; past it, the answer says so in a `Warning`; 0: not at all.",
    ),
    key(
        "search.snapshot_seconds",
        "VPR_SEARCH_SNAPSHOT_SECONDS",
        Always("3600"),
        "How long the pages of a search that was begun can be asked for; past it, they answer 410.",
    ),
    key(
        "search.slow_millis",
        "VPR_SEARCH_SLOW_MILLIS",
        Always("1000"),
        "Searches that take longer are logged, with the names of their parameters and without the values; 0 logs all.",
    ),
    key(
        "audit.mode",
        "VPR_AUDIT",
        ByEnvironment { development: "buffered", production: "durable" },
        "`durable`: an answer waits until the record of the access is on disk; `buffered`: it does not.",
    ),
    key(
        "log.filter",
        "VPR_LOG",
        Always("info"),
        "What is logged: `error`, `warn`, `info`, `debug`, `trace`, or by module (`warn,vpr_core=debug`).",
    ),
    key(
        "log.format",
        "VPR_LOG_FORMAT",
        ByEnvironment { development: "text", production: "json" },
        "`text` or `json`, one line an event, on standard error.",
    ),
    later("store.redis_url", "REDIS_URL", "A Redis server for shared caches."),
    later("store.key_file", "VPR_KEY_FILE", "The key that seals what is stored."),
    later("mllp.address", "MLLP_ADDR", "The address of the HL7 v2 listener."),
    later("grpc.address", "GRPC_ADDR", "The address of the gRPC listener."),
    later("openehr.system_id", "VPR_SYSTEM_ID", "The system id in openEHR version uids."),
    later("openehr.template_dir", "VPR_TEMPLATE_DIR", "Templates that are loaded at the start."),
    later("openehr.rm_version", "VPR_RM_VERSION", "The release of the openEHR reference model."),
    later("fhir.references", "VPR_REFERENCES", "Whether references must have a target."),
];

/// Variables with our prefix that are no keys: the file itself, and what only tests read.
pub(crate) fn is_other_variable(name: &str) -> bool {
    name == "VPR_CONFIG" || name.starts_with("VPR_TEST_") || vpr_store::TEST_VARIABLES.contains(&name)
}

/// The key at `path`.
pub(crate) fn by_path(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The key that `variable` sets.
pub(crate) fn by_variable(variable: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.variable == variable)
}

/// The key whose name, in the file or in the environment, is most like `name`, if any is near.
pub(crate) fn nearest(name: &str) -> Option<&'static Key> {
    let wanted = name.to_ascii_lowercase();
    let last = wanted.rsplit('.').next().unwrap_or(&wanted).to_owned();
    let distance = |key: &Key| {
        let variable = key.variable.to_ascii_lowercase();
        let name = key.path.rsplit('.').next().unwrap_or(key.path);
        [
            strsim::damerau_levenshtein(&wanted, key.path),
            strsim::damerau_levenshtein(&wanted, &variable),
            strsim::damerau_levenshtein(&last, name),
            strsim::damerau_levenshtein(&last, &variable),
        ]
        .into_iter()
        .min()
        .unwrap_or(usize::MAX)
    };
    let best = KEYS.iter().min_by_key(|key| distance(key))?;
    (distance(best) <= 1 + last.len() / 4).then_some(best)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_path_and_each_variable_is_declared_once() {
        let paths: BTreeSet<_> = KEYS.iter().map(|key| key.path).collect();
        let variables: BTreeSet<_> = KEYS.iter().map(|key| key.variable).collect();
        assert_eq!((paths.len(), variables.len()), (KEYS.len(), KEYS.len()));
        for key in KEYS {
            assert_eq!(key.path.split('.').count(), 2, "{}", key.path);
            assert!(key.about.ends_with('.'), "{}", key.path);
        }
    }

    #[test]
    fn a_mistyped_name_leads_to_the_key_that_was_meant() {
        let path = |name: &str| nearest(name).map(|key| key.path);
        assert_eq!(path("VPR_DATADIR"), Some("store.data_dir"));
        assert_eq!(path("VPR_AUDITS"), Some("audit.mode"));
        assert_eq!(path("server.prot"), Some("server.port"));
        assert_eq!(path("sever.port"), Some("server.port"));
        assert_eq!(path("PORT"), Some("server.port"));
        assert_eq!(path("data_dir"), Some("store.data_dir"));
        assert_eq!(path("VPR_COMPLETELY_DIFFERENT"), None);
    }
}
