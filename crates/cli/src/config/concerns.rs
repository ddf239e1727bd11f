//! One typed struct per concern. Each field is read from the key of the same name in [`super::keys`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use vpr_service::AuditMode;
use vpr_types::TenantName;

use super::error::{ConfigError, ConfigErrors};
use super::search::SearchConfig;
use super::source::{Origin, Setting, Source};
use super::{keys, values};

/// Where the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Environment {
    /// No authentication, loopback only.
    Development,
    /// Everything that patients' data needs.
    Production,
}

/// The listener and what a request may cost.
#[derive(Debug, Clone)]
pub(crate) struct ServerConfig {
    pub(crate) environment: Environment,
    pub(crate) listen: IpAddr,
    pub(crate) port: u16,
    pub(crate) connections_max: usize,
    pub(crate) header_time_max: Duration,
    pub(crate) request_time_max: Duration,
    pub(crate) drain_time_max: Duration,
    pub(crate) body_bytes_max: u64,
    pub(crate) trust_forwarded: bool,
    pub(crate) cors_origins: Vec<String>,
}

/// How a request finds its tenant.
#[derive(Debug, Clone)]
pub(crate) struct TenantsConfig {
    pub(crate) default: Option<TenantName>,
    pub(crate) hosts: BTreeMap<String, TenantName>,
}

/// Who issues tokens.
#[derive(Debug, Clone)]
pub(crate) struct AuthConfig {
    pub(crate) issuer: Option<String>,
    /// Whether any key of this concern is set.
    pub(crate) is_set: bool,
}

/// Where and how data is kept.
#[derive(Debug, Clone)]
pub(crate) struct StoreConfig {
    pub(crate) data_dir: PathBuf,
    pub(crate) cache_bytes: u64,
    pub(crate) pending_bytes_max: usize,
}

/// How large the journal may grow.
#[derive(Debug, Clone)]
pub(crate) struct JournalConfig {
    pub(crate) segment_bytes: u64,
    pub(crate) segments_max: u32,
    pub(crate) queue_bytes_max: u64,
}

/// What is logged and how.
#[derive(Debug, Clone)]
pub(crate) struct LogConfig {
    pub(crate) filter: String,
    pub(crate) json: bool,
}

/// Everything.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) server: ServerConfig,
    pub(crate) tenants: TenantsConfig,
    pub(crate) auth: AuthConfig,
    pub(crate) store: StoreConfig,
    pub(crate) journal: JournalConfig,
    pub(crate) search: SearchConfig,
    pub(crate) audit: AuditMode,
    pub(crate) log: LogConfig,
}

impl Config {
    /// Reads every key.
    pub(crate) fn read(source: &Source) -> Result<Self, ConfigErrors> {
        let mut reader = Reader { source, errors: Vec::new() };
        let config = reader.config();
        match config {
            Some(config) if reader.errors.is_empty() => Ok(config),
            _ => Err(ConfigErrors(reader.errors)),
        }
    }
}

/// Reads keys and remembers what is wrong, so that all of it can be said at once.
pub(super) struct Reader<'a> {
    source: &'a Source,
    pub(super) errors: Vec<ConfigError>,
}

impl Reader<'_> {
    fn config(&mut self) -> Option<Config> {
        // Every concern is read before the first `?`, so that no error hides another.
        let (server, tenants, auth) = (self.server(), self.tenants(), self.auth());
        let (store, journal, search) = (self.store(), self.journal(), self.search());
        let (audit, log) = (self.required("audit.mode", values::parsed), self.log());
        Some(Config {
            server: server?,
            tenants: tenants?,
            auth,
            store: store?,
            journal: journal?,
            search: search?,
            audit: audit?,
            log: log?,
        })
    }

    fn server(&mut self) -> Option<ServerConfig> {
        let environment = self.required("server.environment", |text| match text {
            "development" => Ok(Environment::Development),
            "production" => Ok(Environment::Production),
            _ => Err("must be development or production".to_owned()),
        });
        let listen = self.required("server.listen", |text| {
            text.parse().map_err(|_| "must be an IP address without a port".to_owned())
        });
        let port = self.required("server.port", |text| {
            text.parse().map_err(|_| "must be a port number from 0 to 65535".to_owned())
        });
        let connections_max = self.required("server.connections_max", |t| values::within(t, 1, 1_000_000));
        let header_time_max = self.required("server.header_seconds_max", |t| values::seconds(t, 600));
        let request_time_max = self.required("server.request_seconds_max", |t| values::seconds(t, 3_600));
        let drain_time_max = self.required("server.drain_seconds_max", |t| values::seconds(t, 3_600));
        let body_bytes_max = self.required("server.body_bytes_max", |text| {
            values::bytes(text, 1_024, vpr_types::limits::BODY_BYTES_MAX as u64)
        });
        let trust_forwarded = self.required("server.trust_forwarded", values::truth);
        let cors_origins = self.optional("server.cors_origins", values::origins);
        Some(ServerConfig {
            environment: environment?,
            listen: listen?,
            port: port?,
            connections_max: usize::try_from(connections_max?).unwrap_or(usize::MAX),
            header_time_max: header_time_max?,
            request_time_max: request_time_max?,
            drain_time_max: drain_time_max?,
            body_bytes_max: body_bytes_max?,
            trust_forwarded: trust_forwarded?,
            cors_origins: cors_origins.unwrap_or_default(),
        })
    }

    fn tenants(&mut self) -> Option<TenantsConfig> {
        let default =
            self.optional("tenants.default", |text| TenantName::new(text).map_err(|e| e.to_string()));
        let hosts = self.optional("tenants.hosts", values::hosts).unwrap_or_default();
        Some(TenantsConfig { default, hosts })
    }

    fn auth(&mut self) -> AuthConfig {
        let mut url = |path| self.optional(path, values::web_address);
        let (issuer, keys) = (url("auth.issuer"), url("auth.jwks_url"));
        let audience = self.optional("auth.audience", |text| Ok(text.to_owned()));
        let is_set = issuer.is_some() || keys.is_some() || audience.is_some();
        AuthConfig { issuer, is_set }
    }

    fn store(&mut self) -> Option<StoreConfig> {
        let data_dir = self.required("store.data_dir", |text| Ok(PathBuf::from(text)));
        let cache_bytes = self.required("store.cache_bytes", |text| values::bytes(text, 0, 1 << 40));
        let pending = self.required("store.pending_bytes_max", |text| values::bytes(text, 1 << 20, 1 << 40));
        let pending_bytes_max = usize::try_from(pending?).unwrap_or(usize::MAX);
        Some(StoreConfig { data_dir: data_dir?, cache_bytes: cache_bytes?, pending_bytes_max })
    }

    fn journal(&mut self) -> Option<JournalConfig> {
        let segment_bytes = self.required("journal.segment_bytes", |text| {
            let bytes = values::bytes(text, 16 << 10, 1 << 30)?;
            if bytes.is_multiple_of(4 << 10) {
                Ok(bytes)
            } else {
                Err("must be a multiple of 4KiB".to_owned())
            }
        });
        let segments_max = self.required("journal.segments_max", |text| values::within(text, 4, 1 << 20));
        let queue = self.required("journal.queue_bytes_max", |text| values::bytes(text, 1 << 20, 1 << 40));
        let segments_max = u32::try_from(segments_max?).ok()?;
        Some(JournalConfig { segment_bytes: segment_bytes?, segments_max, queue_bytes_max: queue? })
    }

    fn log(&mut self) -> Option<LogConfig> {
        let filter = self.required("log.filter", values::log_filter);
        let json = self.required("log.format", |text| match text {
            "json" => Ok(true),
            "text" => Ok(false),
            _ => Err("must be text or json".to_owned()),
        });
        Some(LogConfig { filter: filter?, json: json? })
    }

    pub(super) fn required<T>(
        &mut self,
        path: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.optional(path, parse);
        if value.is_none() && self.source.get(path).is_none() {
            let why = "must be set".to_owned();
            self.errors.push(ConfigError::Invalid { name: path, origin: Origin::Default, why });
        }
        value
    }

    pub(super) fn optional<T>(
        &mut self,
        path: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let Setting { text, origin } = self.source.get(path)?;
        match parse(text.trim()) {
            Ok(value) => Some(value),
            Err(why) => {
                let variable = keys::by_path(path).map_or(path, |key| key.variable);
                let name = if origin == Origin::Environment { variable } else { path };
                self.errors.push(ConfigError::Invalid { name, origin, why });
                None
            }
        }
    }
}
