//! `cargo xtask figures`: the table of ten figures in README.md, from what the harnesses published in
//! `target/figures/` and the benchmarks in `docs/`.
//!
//! Nothing is measured here and nothing is made up: a figure that no harness has published is named
//! as not measured yet, with the reason. The values are those of one machine and one moment, so they
//! may be old; CI holds the form alone.
//!
//! Reading order: [`rows`] (which ten, and what each is read from), [`published`] (where figures lie
//! and which commit they are of), [`form`] (what CI holds).

mod form;
mod published;
mod rows;

use std::error::Error;
use std::fs;

use published::Published;

use crate::workspace;

pub(crate) use form::faults;

/// What stands around the table.
const BEGIN: &str = "<!-- figures: written by `cargo xtask figures` -->";
const END: &str = "<!-- end of figures -->";
const HEAD: &str = "| figure | value | commit | how it is taken |\n|---|---|---|---|\n";
/// What a figure is that nobody has taken.
const NOT_YET: &str = "not measured yet";

/// Runs `figures [--check]`.
///
/// # Errors
/// When README.md has no place for the table, cannot be written or, with `--check`, does not have the
/// table's form.
pub(crate) fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let check = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err("figures: the only option is --check".into()),
    };
    let path = workspace::root().join("README.md");
    let readme = fs::read_to_string(&path)?;
    let readme = if check { readme } else { with_table(&readme, &table(&Published::read()?))? };
    let faults = faults(&readme);
    if !faults.is_empty() {
        let what: Vec<String> = faults.iter().map(|(line, what)| format!("line {line}: {what}")).collect();
        return Err(format!("README.md: {}", what.join("; ")).into());
    }
    if !check {
        fs::write(path, readme)?;
    }
    Ok(())
}

/// The text between the markers: the machine, and ten rows.
fn table(published: &Published) -> String {
    let mut text = format!(
        "Taken on {}, where a benchmark's page names no other machine; the commit is the newest one at that time.\n\n{HEAD}",
        published.machine
    );
    for row in rows::ROWS {
        let (value, commit) = match (row.read)(published) {
            Ok(taken) => (taken.value, taken.commit),
            Err(why) => (format!("{NOT_YET}: {why}"), "–".to_owned()),
        };
        let cells = [row.name, &value, &commit, row.how];
        text.push_str(&format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | ")));
    }
    text
}

/// The README with the table in its place.
///
/// # Errors
/// When the markers are not there, once each and in order.
fn with_table(readme: &str, table: &str) -> Result<String, Box<dyn Error>> {
    let (before, rest) = readme.split_once(BEGIN).ok_or_else(|| format!("README.md has no `{BEGIN}`"))?;
    let (_, after) = rest.split_once(END).ok_or_else(|| format!("README.md has no `{END}` after it"))?;
    Ok(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BENCHMARKS: &str = "\
Commit `35d2da79f68f` with uncommitted changes, 2 cores of a Test.
| read by id, warm | 64 | 1 | 1 | 1 | 1 | 1 | a raw limit |
## VPR
- start to ready: 14 ms empty, 963 ms with 373991 resources after a kill
| durable create | 16 | 4251 | 3.41 | 9.25 | 0.373 | 3.0 | 9.7 × libgit2 |
| durable create | 64 | 3710 | 15.82 | 40.42 | 0.451 | 2.6 | 8.5 × libgit2 |
| read by id, warm | 64 | 15628 | 3.85 | 10.37 | 0.097 | 3.1 | 31 % of bare axum |
";

    fn planted() -> Published {
        let mut published = Published::default();
        published.machine = "2 cores of a Test".to_owned();
        for (id, text) in [
            (
                "A1-sqlite",
                "on sqlite: A1 kill -9, 16 writers, seed 1: 200 kills: 0 lost, 0 torn, 0 doubled\n  more",
            ),
            (
                "A1-postgres",
                "on postgres: A1 kill -9, 16 writers, seed 1: 60 kills: 0 lost, 1 torn, 2 doubled",
            ),
            ("A2", "A2 power loss: 5000 states, 0 lost, 0 torn, 0 doubled, 0 wrong"),
            ("C2-sqlite", "C2-sqlite: 9 documents, 0 differences\n2000 searches, 3 found"),
            ("C2-postgres", "C2-postgres: 9 documents, 0 differences\n500 searches, 3 found"),
            ("S4-sqlite", "on sqlite: S4 a form that nobody expected | with a bar"),
        ] {
            published.plant(id, text, if id == "C2-sqlite" { "def" } else { "abc123" });
        }
        published.plant("docs/benchmarks.md", BENCHMARKS, "");
        published
    }

    fn line<'a>(table: &'a str, name: &str) -> &'a str {
        table.lines().find(|line| line.starts_with(&format!("| {name} |"))).unwrap()
    }

    #[test]
    fn figures_are_what_was_published_and_nothing_else() {
        let table = table(&planted());
        let lost = line(&table, "lost writes");
        assert!(lost.contains("0 lost, 0 torn, 0 doubled in 200 kills, index on SQLite"), "{lost}");
        assert!(lost.contains("0 lost, 1 torn, 2 doubled in 60 kills, index on Postgres"), "{lost}");
        assert!(lost.contains("0 lost, 0 torn, 0 doubled in 5,000 power cuts") && lost.contains("`abc123`"));
        let read = line(&table, "read");
        assert!(read.contains("15,628 a second") && read.contains("p99 10.37 ms"), "{read}");
        assert!(read.contains("`35d2da79f68f` with uncommitted changes"), "{read}");
        assert!(line(&table, "write").contains("3,710 a second"), "{table}");
        assert!(line(&table, "cold start").contains("963 ms with 373,991 resources"), "{table}");
        let counts = line(&table, "conformance counts");
        assert!(counts.contains("a form that nobody expected \\| with a bar"), "{counts}");
        assert!(counts.contains("0 in 500 searches on Postgres | `abc123`, `def` |"), "{counts}");
        for (name, why) in
            [("leaks", "no authentication"), ("races", "B1"), ("search", "benchmarks-search.md")]
        {
            let row = line(&table, name);
            assert!(row.contains(NOT_YET) && row.contains(why), "{row}");
        }
    }

    #[test]
    fn searches_are_told_at_the_largest_size_of_each_database() {
        let row =
            |size, p50| format!("| patient + code + date | {size} | {p50} | 2 | 0.3 | 0.4 | 0.25 |  |\n");
        let page =
            |sqlite: &str| format!("Commit `abc`, 2 cores.\n## SQLite\n{sqlite}## Postgres\n{}", row(7, 9));
        let told = |page: &str| {
            let mut published = planted();
            published.plant("docs/benchmarks-search.md", page, "");
            line(&table(&published), "search").to_owned()
        };
        let both = told(&page(&(row(20_000, 1) + &row(200_000, 5))));
        assert!(both.contains("SQLite: p50 5 ms") && both.contains("over 200,000 resources"), "{both}");
        assert!(both.contains("Postgres: p50 9 ms"), "{both}");
        // What one database lacks is not taken from the other.
        assert!(told(&page("")).contains(NOT_YET));
    }

    #[test]
    fn the_table_stands_between_its_markers_and_nothing_else_changes() {
        let readme = format!("# A\n\n{BEGIN}\nwhat stood here\n{END}\n\nafter\n");
        let new = with_table(&readme, &table(&planted())).unwrap();
        assert!(new.starts_with("# A\n") && new.ends_with("\n\nafter\n") && !new.contains("what stood here"));
        assert_eq!(faults(&new), []);
        assert_eq!(with_table(&new, &table(&planted())).unwrap(), new);
        assert!(with_table("# A\n", "").is_err());
        assert!(with_table(&format!("{END}\n{BEGIN}\n"), "").is_err());
    }
}
