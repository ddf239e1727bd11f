use std::path::Path;

use super::concerns::{Config, Environment};
use super::source::Source;
use super::{effective, reference};

fn source(
    file: &str,
    variables: &[(&str, &str)],
    arguments: &[(&'static str, &str)],
) -> Result<Source, String> {
    let variables = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let arguments: Vec<_> = arguments.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
    Source::gather(Some((Path::new("vpr.toml"), file)), variables, &arguments).map_err(|e| e.to_string())
}

fn config(file: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    Config::read(&source(file, variables, &[])?).map_err(|e| e.to_string())
}

fn refusal(file: &str, variables: &[(&str, &str)]) -> String {
    config(file, variables).map_or_else(|error| error, |_| panic!("{file:?} {variables:?} was accepted"))
}

#[test]
fn nothing_set_is_development_on_loopback() {
    let config = config("", &[]).unwrap();
    assert_eq!(config.server.environment, Environment::Development);
    assert!(config.server.listen.is_loopback());
    assert_eq!(config.server.port, 8000);
    assert_eq!(config.tenants.default.as_ref().map(|t| t.as_str()), Some("default"));
    assert_eq!(config.audit.to_string(), "buffered");
    config.may_serve().map_err(|e| e.to_string()).unwrap();
}

#[test]
fn the_argument_wins_over_the_environment_and_that_over_the_file() {
    let file = "[server]\nport = 1\n[store]\ndata_dir = \"a\"\n[log]\nfilter = \"warn\"";
    let variables = [("PORT", "2"), ("VPR_DATA_DIR", "b")];
    let source = source(file, &variables, &[("server.port", "3")]).unwrap();
    let config = Config::read(&source).map_err(|e| e.to_string()).unwrap();
    assert_eq!(config.server.port, 3);
    assert_eq!(config.store.data_dir.to_str(), Some("b"));
    assert_eq!(config.log.filter, "warn");
}

#[test]
fn unknown_keys_are_refused_with_the_one_that_was_meant() {
    assert_eq!(
        refusal("[sever]\nport = 1", &[]),
        "vpr.toml: there is no key sever.port; did you mean server.port?"
    );
    assert_eq!(
        refusal("", &[("VPR_DATA_DRI", "x")]),
        "environment: there is no key VPR_DATA_DRI; did you mean VPR_DATA_DIR?"
    );
    assert!(refusal("PORT = 1", &[]).ends_with("did you mean server.port?"));
    assert_eq!(refusal("", &[("VPR_ZZZZZZZZZZ", "1")]), "environment: there is no key VPR_ZZZZZZZZZZ");
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let text = refusal("", &[("VPR_NOPE_NOPE", "1"), ("REDIS_URL", "redis://u:secret@h/d")]);
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("REDIS_URL is set, and is not supported yet"));
    assert!(!text.contains("secret"), "{text}");
    let text = refusal("", &[("PORT", "70000"), ("VPR_LISTEN", "localhost"), ("VPR_AUDIT", "never")]);
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("environment: PORT must be a port number"), "{text}");
}

#[test]
fn foreign_test_and_empty_variables_are_nobodys_business() {
    let tests = ("VPR_TEST_POSTGRES_OWNER_URL", "postgres://u@localhost/d");
    let variables =
        [("HOME", "/x"), ("VPR_TEST_DATA", "/y"), tests, ("VPR_CONFIG", "/z"), ("DATABASE_URL", "")];
    config("", &variables).unwrap();
}

#[test]
fn production_does_not_start_and_says_why() {
    let bare = config("", &[("ENV", "production")]).unwrap();
    assert_eq!(bare.tenants.default, None);
    assert_eq!(bare.audit.to_string(), "durable");
    assert!(bare.may_serve().unwrap_err().to_string().contains("AUTH_ISSUER"));
    let issuer = [("ENV", "production"), ("AUTH_ISSUER", "https://id.example.org/realms/ehr")];
    let text = config("", &issuer).unwrap().may_serve().unwrap_err().to_string();
    assert!(text.contains("not supported yet"), "{text}");
}

#[test]
fn development_never_leaves_the_machine() {
    for (listen, good) in [
        ("127.0.0.1", true),
        ("127.1.2.3", true),
        ("::1", true),
        ("0.0.0.0", false),
        ("::", false),
        ("10.0.0.1", false),
    ] {
        let config = config("", &[("VPR_LISTEN", listen)]).unwrap();
        assert_eq!(config.may_serve().is_ok(), good, "{listen}");
    }
    let config = config("", &[("AUTH_ISSUER", "https://id.example.org")]).unwrap();
    assert!(config.may_serve().is_err(), "an issuer that nobody asks is no protection");
}

#[test]
fn the_effective_configuration_is_a_file_that_gives_itself() {
    let source_of = |text: &str| source(text, &[], &[]).unwrap();
    let first = effective(&source_of("[server]\nport = 9\ncors_origins = [\"https://a\", \"https://b\"]"));
    let second = effective(&source_of(&first));
    let values = |text: &str| {
        text.lines().map(|line| line.split("  # ").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(values(&first), values(&second));
    assert!(first.contains("port = \"9\"  # vpr.toml"), "{first}");
    assert!(first.contains("cors_origins = \"https://a,https://b\""), "{first}");
}

#[test]
fn a_password_in_an_address_is_masked() {
    let shown =
        effective(&source("", &[("AUTH_JWKS_URL", "https://u:secret@id.example.org/k")], &[]).unwrap());
    assert!(!shown.contains("secret") && shown.contains("********@id.example.org"), "{shown}");
}

#[test]
fn the_search_index_is_embedded_unless_a_server_is_named() {
    let search = config("", &[]).unwrap().search;
    assert!(search.database.is_none() && !search.lenient);
    assert_eq!((search.time_max.as_secs(), search.slow.as_millis()), (10, 1000));
    let url = "postgres://vpr:secret@db.example.org:5432/vpr";
    let set = [("DATABASE_URL", url), ("DB_MAX_CONNS", "20"), ("VPR_SEARCH_HANDLING", "lenient")];
    let search = config("", &set).unwrap().search;
    assert!(!format!("{search:?}").contains("secret"), "{search:?}");
    assert!(search.lenient);
    let database = search.database.unwrap();
    assert_eq!((database.address.url(), database.connections_max, database.owner), (url, 20, None));
    for (name, value, why) in [
        ("DATABASE_URL", "mysql://u:secret@h/d", "DATABASE_URL must be a URL that begins with postgres://"),
        ("DATABASE_OWNER_URL", url, "DATABASE_OWNER_URL needs a DATABASE_URL"),
        ("DB_MIN_CONNS", "11", "DB_MIN_CONNS must not be above DB_MAX_CONNS"),
        ("DB_MAX_CONNS", "0", "DB_MAX_CONNS must be a whole number"),
        ("VPR_SEARCH_HANDLING", "loose", "VPR_SEARCH_HANDLING must be strict or lenient"),
        ("VPR_SEARCH_SECONDS_MAX", "0", "VPR_SEARCH_SECONDS_MAX must be"),
    ] {
        let text = refusal("", &[(name, value)]);
        assert!(text.contains(why) && !text.contains("secret"), "{text}");
    }
}

#[test]
fn the_documentation_lists_every_key_as_declared() {
    let document =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md"));
    let document = document.unwrap();
    assert!(document.contains(&reference()), "docs/configuration.md differs from `vpr config keys`");
}
