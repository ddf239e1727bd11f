//! What is taken away from a home where nobody lives.

use std::path::Path;
use std::process::Command;

use vpr_testkit::postgres::{self, PostgresDatabase};
use vpr_types::TenantName;

use crate::life::{Home, Index};

/// What the store derives, each with a bit of its own.
const DERIVED: [&str; 3] = ["journal", "directory", "feed"];

/// How many combinations of them there are.
pub const COMBINATIONS: u64 = 1 << DERIVED.len();

/// Takes away what the combination says; its name.
pub fn take_derived(home: &Home, combination: u64) -> String {
    let mut taken = Vec::new();
    for (bit, name) in DERIVED.into_iter().enumerate() {
        if combination & (1 << bit) == 0 {
            continue;
        }
        let folder = match name {
            "feed" => home.data().join(home.tenant.as_str()).join(name),
            name => home.data().join(name),
        };
        assert!(empty(&folder) > 0, "there is no {name} at {}", folder.display());
        taken.push(name);
    }
    if taken.is_empty() { "the index alone".to_owned() } else { format!("the index, {}", taken.join(", ")) }
}

/// Removes the files of a folder; how many there were.
fn empty(folder: &Path) -> usize {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let files = files.filter(|entry| entry.file_type().unwrap().is_file());
    files.map(|entry| std::fs::remove_file(entry.path()).unwrap()).count()
}

/// Takes away what the index holds: its files, or the rows of all its tables.
pub fn take_index(home: &Home, index: &Index) {
    match index {
        Index::Sqlite => {
            assert!(empty(&home.projection()) > 0, "there is no index");
        }
        Index::Postgres(database) => {
            let tables = ask(
                database,
                &home.tenant,
                "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() \
                 AND tablename <> 'migrations'",
            );
            assert!(tables.len() > 20, "{tables:?}");
            ask(database, &home.tenant, &format!("TRUNCATE {}", tables.join(", ")));
        }
    }
}

/// Asks Postgres itself, as the owner of a tenant's tables; one line a row.
pub fn ask(database: &PostgresDatabase, tenant: &TenantName, statements: &str) -> Vec<String> {
    // The owner is held by the policies of the tables as everybody is.
    let statements = format!("SET search_path = 'vpr_{tenant}'; SET vpr.tenant = '{tenant}'; {statements}");
    let mut psql = Command::new(postgres::programs().unwrap().join("psql"));
    psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
    let output = psql.args(["--dbname", &database.owner_url, "--command", &statements]).output().unwrap();
    assert!(output.status.success(), "{statements}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}
