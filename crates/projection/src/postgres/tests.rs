use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::runtime::{Builder, Runtime};
use vpr_testkit::postgres::{PostgresDatabase, PostgresServer, database};

use super::*;
use crate::schema::{META, REF, STR, tables};
use crate::sql::{Dialect, Sql, Value};

/// A database with nothing in it, and who uses it.
struct World {
    runtime: Runtime,
    urls: PostgresDatabase,
}

impl World {
    fn new() -> Self {
        Self::on(database().unwrap())
    }

    fn on(urls: PostgresDatabase) -> Self {
        Self { runtime: Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap(), urls }
    }

    fn open(&self) -> Postgres {
        self.open_with(4, Duration::from_secs(5))
    }

    fn open_with(&self, connections_max: u32, time_max: Duration) -> Postgres {
        Postgres::open(&PostgresPlace {
            url: self.urls.serving_url.clone(),
            owner_url: Some(self.urls.owner_url.clone()),
            connections_min: 1,
            connections_max,
            runtime: self.runtime.handle().clone(),
            time_max,
        })
        .unwrap()
    }

    /// Runs statements on a connection of their own; the code of what the server refuses.
    fn run(&self, url: &str, statements: &str) -> Result<u64, String> {
        self.runtime.block_on(async {
            let mut connection = options(url).unwrap().connect().await.unwrap();
            let done = connection.execute(sqlx::raw_sql(AssertSqlSafe(statements))).await;
            connection.close().await.unwrap();
            done.map(|done| done.rows_affected())
                .map_err(|error| error.as_database_error().unwrap().code().unwrap().into_owned())
        })
    }
}

fn tenant(name: &str) -> TenantName {
    TenantName::new(name).unwrap()
}

fn put(postgres: &Postgres, whose: &TenantName, name: &str, value: &[u8]) -> Result<(), ProjectionError> {
    let row = || vec![Value::from(name), Value::from(value.to_vec())];
    postgres.write(whose, &mut |database| database.replace(&META, row()))
}

fn all(postgres: &Postgres, whose: &TenantName, text: &str) -> Result<Vec<Vec<Value>>, ProjectionError> {
    let mut rows = Vec::new();
    postgres.read(whose, &mut |database| {
        rows = database.query(&Sql::new(text).finish(Dialect::Postgres))?;
        Ok(())
    })?;
    Ok(rows)
}

fn meta(postgres: &Postgres, whose: &TenantName) -> Vec<Vec<Value>> {
    all(postgres, whose, "SELECT name, value FROM meta ORDER BY name").unwrap()
}

#[test]
fn rows_are_added_replaced_and_removed() {
    let world = World::new();
    let postgres = world.open();
    let here = tenant("here");
    postgres.open_tenant(&here).unwrap();
    postgres.open_tenant(&here).unwrap();
    let rows = |count: i64| (0..count).flat_map(|at| [1, at / 7, at, 9].map(Value::Int)).collect::<Vec<_>>();
    let keys =
        |from: i64, to: i64| (from..to).flat_map(|at| [1, at / 7, at].map(Value::Int)).collect::<Vec<_>>();
    // More than one statement holds.
    postgres.write(&here, &mut |database| database.insert(&REF, rows(50_001))).unwrap();
    postgres.write(&here, &mut |database| database.delete(&REF, keys(3, 50_000))).unwrap();
    let left = all(&postgres, &here, "SELECT pk, tgt, rid, from_seq FROM ref ORDER BY rid").unwrap();
    let expected = [0, 1, 2, 50_000].map(|at| [1, at / 7, at, 9].map(Value::Int).to_vec());
    assert_eq!(left, expected);
    put(&postgres, &here, "a", b"1").unwrap();
    put(&postgres, &here, "a", b"2").unwrap();
    assert_eq!(meta(&postgres, &here), [vec![Value::from("a"), Value::from(b"2".to_vec())]]);
    postgres.write(&here, &mut |database| database.clear(&REF)).unwrap();
    assert_eq!(all(&postgres, &here, "SELECT count(*) FROM ref").unwrap(), [[Value::Int(0)]]);
}

#[test]
fn text_is_compared_byte_by_byte_and_may_hold_anything() {
    let world = World::new();
    let postgres = world.open();
    let here = tenant("here");
    postgres.open_tenant(&here).unwrap();
    let texts = ["", "Z", "a", "a\u{0}b", "é", "'; DROP TABLE str; --", "\u{10000}", "\u{ffff}"];
    let row =
        |text: &str| [Value::Int(1), text.into(), Value::Int(1), Value::Int(1), "".into(), Value::Int(1)];
    let rows = || texts.iter().flat_map(|text| row(text)).collect();
    postgres.write(&here, &mut |database| database.insert(&STR, rows())).unwrap();
    let found = all(&postgres, &here, "SELECT norm FROM str ORDER BY norm").unwrap();
    let mut expected: Vec<String> = texts.iter().map(|text| text.replace('\0', "\u{1}")).collect();
    expected.sort_unstable();
    assert_eq!(found, expected.into_iter().map(|text| vec![Value::Text(text)]).collect::<Vec<_>>());
    let mut bound = Sql::new("SELECT count(*) FROM str WHERE norm = ");
    bound.bind("a\u{0}b").push(" OR norm > ").bind("\u{ffff}");
    postgres
        .read(&here, &mut |database| {
            let found = database.query(&bound.clone().finish(Dialect::Postgres))?;
            assert_eq!(found, [[Value::Int(2)]]);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_transaction_is_whole_or_not_at_all() {
    let world = World::new();
    let postgres = world.open();
    let here = tenant("here");
    postgres.open_tenant(&here).unwrap();
    let row = |name: &str| vec![Value::from(name), Value::from(Vec::new())];
    let undone = postgres.write(&here, &mut |database| {
        database.insert(&META, row("a"))?;
        Err(ProjectionError::Gone)
    });
    assert!(matches!(undone, Err(ProjectionError::Gone)));
    // Whoever does not look at an error is told at the end.
    let failed = postgres.write(&here, &mut |database| {
        database.insert(&META, row("a"))?;
        let twice = database.insert(&META, row("a"));
        assert!(
            matches!(&twice, Err(ProjectionError::Unusable(why)) if why.contains("23505 in meta")),
            "{twice:?}"
        );
        Ok(())
    });
    assert!(failed.is_err());
    assert_eq!(meta(&postgres, &here), [[]; 0]);
}

#[test]
fn a_search_stands_still_while_others_write() {
    let world = World::new();
    let postgres = world.open();
    let here = tenant("here");
    postgres.open_tenant(&here).unwrap();
    put(&postgres, &here, "a", b"1").unwrap();
    let count = Sql::new("SELECT count(*) FROM meta").finish(Dialect::Postgres);
    postgres
        .read(&here, &mut |database| {
            assert_eq!(database.query(&count)?, [[Value::Int(1)]]);
            put(&postgres, &here, "b", b"1")?;
            assert_eq!(database.query(&count)?, [[Value::Int(1)]]);
            assert!(database.insert(&META, vec!["c".into(), Vec::new().into()]).is_err());
            Ok(())
        })
        .unwrap_err();
    assert_eq!(meta(&postgres, &here).len(), 2);
}

#[test]
fn one_writes_at_a_time_and_sees_what_the_one_before_wrote() {
    let world = World::new();
    let (one, other, third) = (world.open(), world.open(), world.open());
    let (here, there) = (tenant("here"), tenant("there"));
    one.open_tenant(&here).unwrap();
    one.open_tenant(&there).unwrap();
    let (began, begun) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            one.write(&here, &mut |database| {
                began.send(()).unwrap();
                // Another tenant's writer does not wait.
                put(&third, &there, "a", b"1")?;
                thread::sleep(Duration::from_millis(300));
                database.insert(&META, vec!["a".into(), Vec::new().into()])
            })
            .unwrap();
        });
        begun.recv().unwrap();
        other
            .write(&here, &mut |database| {
                let count = Sql::new("SELECT count(*) FROM meta").finish(Dialect::Postgres);
                assert_eq!(database.query(&count)?, [[Value::Int(1)]]);
                Ok(())
            })
            .unwrap();
    });
}

#[test]
fn a_search_that_takes_too_long_is_ended_and_its_connection_serves_on() {
    let world = World::new();
    let postgres = world.open_with(2, Duration::from_millis(100));
    let here = tenant("here");
    postgres.open_tenant(&here).unwrap();
    let begin = Instant::now();
    let slow = all(&postgres, &here, "SELECT 1 FROM pg_sleep(20)");
    assert!(matches!(slow, Err(ProjectionError::TimedOut)), "{slow:?}");
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!(meta(&postgres, &here), [[]; 0]);
    // A change may take longer than a search.
    let statement = Sql::new("SELECT 1 FROM pg_sleep(0.3)").finish(Dialect::Postgres);
    postgres.write(&here, &mut |database| database.query(&statement).map(|_| ())).unwrap();
}

#[test]
fn a_plan_that_cannot_be_made_spoils_no_later_one() {
    let world = World::new();
    // One connection for searches.
    let postgres = world.open_with(2, Duration::from_secs(5));
    let here = tenant("here");
    postgres.open_tenant(&here).unwrap();
    let plan = |sql: &Sql| {
        let mut steps = Vec::new();
        let asked = postgres.read(&here, &mut |database| {
            steps = database.plan(&sql.clone().finish(Dialect::Postgres))?;
            Ok(())
        });
        asked.map(|()| steps)
    };
    let mut sound = Sql::new("SELECT rid FROM ref WHERE pk = ");
    sound.bind(7);
    for _ in 0..2 {
        let steps = plan(&sound).unwrap();
        assert!(steps.iter().any(|step| step.contains("pk = $1")), "{steps:?}");
        // It can be prepared, and fails when it is planned.
        assert!(plan(&Sql::new("SELECT 1 / 0")).is_err());
    }
}

#[test]
fn more_callers_than_connections_take_turns() {
    let world = World::new();
    let postgres = world.open_with(2, Duration::from_secs(5));
    let here = tenant("here");
    postgres.open_tenant(&here).unwrap();
    thread::scope(|scope| {
        for at in 0..16 {
            let (postgres, here) = (&postgres, &here);
            scope.spawn(move || {
                put(postgres, here, &format!("{at:02}"), b"1").unwrap();
                all(postgres, here, "SELECT 1 FROM pg_sleep(0.01)").unwrap();
            });
        }
    });
    assert_eq!(meta(&postgres, &here).len(), 16);
    assert_eq!((postgres.searches.open_now(), postgres.changes.open_now()), (1, 1));
}

#[test]
fn another_tenants_setting_sees_and_changes_nothing() {
    let world = World::new();
    let postgres = world.open();
    let (here, there) = (tenant("here"), tenant("there"));
    for each in [&here, &there] {
        postgres.open_tenant(each).unwrap();
        put(&postgres, each, "a", b"1").unwrap();
    }
    for url in [&world.urls.serving_url, &world.urls.owner_url] {
        for (setting, expected) in [("SET vpr.tenant = 'here'", 1), ("SET vpr.tenant = 'there'", 0), ("", 0)]
        {
            let among = |rest: &str| format!("{setting}; {}", rest.replace("meta", "\"vpr_here\".meta"));
            assert_eq!(world.run(url, &among("SELECT * FROM meta")), Ok(expected), "{setting}");
            assert_eq!(world.run(url, &among("UPDATE meta SET value = 'x'")), Ok(expected), "{setting}");
            let added = world
                .run(url, &among("INSERT INTO meta VALUES ('b', 'x'); DELETE FROM meta WHERE name = 'b'"));
            assert_eq!(added.is_ok(), expected == 1, "{setting}");
        }
    }
    // Every table is behind the wall.
    let walled = "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = 'vpr_here' AND c.relkind = 'r' AND c.relrowsecurity AND c.relforcerowsecurity \
        AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)";
    let with_migrations = tables().count() as u64 + 1;
    assert_eq!(world.run(&world.urls.serving_url, walled), Ok(with_migrations));
}

#[test]
fn the_serving_role_cannot_take_the_wall_down() {
    let world = World::new();
    let postgres = world.open();
    postgres.open_tenant(&tenant("here")).unwrap();
    for statement in [
        "ALTER TABLE vpr_here.meta DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE vpr_here.meta NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON vpr_here.meta",
        "CREATE POLICY other ON vpr_here.meta USING (true)",
        "ALTER POLICY tenant ON vpr_here.meta USING (true)",
        "TRUNCATE vpr_here.meta",
        "DROP TABLE vpr_here.meta",
        "CREATE TABLE vpr_here.other (a int)",
        "INSERT INTO vpr_here.migrations VALUES (9)",
        "SET SESSION AUTHORIZATION vpr_superuser",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "SET ROLE vpr_owner",
    ] {
        let refused = world.run(&world.urls.serving_url, statement);
        assert_eq!(refused, Err("42501".to_owned()), "{statement}");
    }
}

#[test]
fn only_a_role_without_ways_around_the_wall_is_held_by_it() {
    let server = PostgresServer::start().unwrap();
    let urls = PostgresDatabase { owner_url: server.owner_url(), serving_url: server.serving_url() };
    let world = World::on(urls);
    world.open().open_tenant(&tenant("here")).unwrap();
    let role = |url: &str| serving_role(url, world.runtime.handle()).unwrap();
    let serving = role(&server.serving_url());
    assert!(serving.is_held(), "{serving:?}");
    let owner = role(&server.owner_url());
    assert!(owner.owner && !owner.superuser && !owner.is_held(), "{owner:?}");
    let superuser = role(&server.superuser_url());
    assert!(superuser.superuser && !superuser.is_held(), "{superuser:?}");
    let name = &serving.name;
    for (given, taken) in [
        (format!("ALTER ROLE {name} BYPASSRLS"), format!("ALTER ROLE {name} NOBYPASSRLS")),
        (format!("ALTER ROLE {name} CREATEROLE"), format!("ALTER ROLE {name} NOCREATEROLE")),
        (format!("GRANT {} TO {name}", owner.name), format!("REVOKE {} FROM {name}", owner.name)),
        (
            format!("ALTER SCHEMA vpr_here OWNER TO {name}"),
            format!("ALTER SCHEMA vpr_here OWNER TO {}", owner.name),
        ),
    ] {
        world.run(&server.superuser_url(), &given).unwrap();
        assert!(!role(&server.serving_url()).is_held(), "{given}");
        world.run(&server.superuser_url(), &taken).unwrap();
        assert!(role(&server.serving_url()).is_held(), "{taken}");
    }
}

#[test]
fn a_server_that_goes_away_is_unavailable_until_it_is_back() {
    let mut server = PostgresServer::start().unwrap();
    let urls = PostgresDatabase { owner_url: server.owner_url(), serving_url: server.serving_url() };
    let world = World::on(urls);
    let postgres = world.open();
    let here = tenant("here");
    postgres.open_tenant(&here).unwrap();
    put(&postgres, &here, "a", b"1").unwrap();
    // Several are idle when it goes.
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| all(&postgres, &here, "SELECT 1 FROM pg_sleep(0.2)").unwrap());
        }
    });
    let broken = postgres.write(&here, &mut |database| {
        database.insert(&META, vec!["b".into(), Vec::new().into()])?;
        server.kill().unwrap();
        Ok(())
    });
    assert!(matches!(broken, Err(ProjectionError::Unavailable(_))), "{broken:?}");
    for _ in 0..3 {
        let away = all(&postgres, &here, "SELECT 1");
        assert!(matches!(away, Err(ProjectionError::Unavailable(_))), "{away:?}");
    }
    assert!(matches!(put(&postgres, &here, "c", b"1"), Err(ProjectionError::Unavailable(_))));
    server.restart().unwrap();
    assert_eq!(meta(&postgres, &here), [vec![Value::from("a"), Value::from(b"1".to_vec())]]);
    put(&postgres, &here, "c", b"1").unwrap();
    // It went and came back while nobody asked.
    server.kill().unwrap();
    server.restart().unwrap();
    assert_eq!(meta(&postgres, &here).len(), 2);
    put(&postgres, &here, "d", b"1").unwrap();
}

#[test]
fn migrations_need_the_owner_and_later_ones_are_left_alone() {
    let world = World::new();
    let here = tenant("here");
    let alone = Postgres::open(&PostgresPlace {
        url: world.urls.serving_url.clone(),
        owner_url: None,
        connections_min: 0,
        connections_max: 2,
        runtime: world.runtime.handle().clone(),
        time_max: Duration::from_secs(5),
    })
    .unwrap();
    let refused = alone.open_tenant(&here);
    assert!(
        matches!(&refused, Err(ProjectionError::Unavailable(why)) if why.contains("owner")),
        "{refused:?}"
    );
    world.open().open_tenant(&here).unwrap();
    alone.open_tenant(&here).unwrap();
    let later = "SET vpr.tenant = 'here'; INSERT INTO vpr_here.migrations VALUES (999)";
    world.run(&world.urls.owner_url, later).unwrap();
    assert!(matches!(alone.open_tenant(&here), Err(ProjectionError::Unusable(_))));
    // What cannot be used is removed by who made it, and by nobody else.
    let refused = alone.discard(&here);
    assert!(
        matches!(&refused, Err(ProjectionError::Unusable(why)) if why.contains("vpr_here")),
        "{refused:?}"
    );
    world.open().discard(&here).unwrap();
    world.open().open_tenant(&here).unwrap();
    alone.open_tenant(&here).unwrap();
}

#[test]
fn two_processes_may_open_a_tenant_at_once() {
    let world = World::new();
    let here = tenant("here");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| world.open().open_tenant(&here).unwrap());
        }
    });
}
