//! The ten figures, and what each is read from.

use super::published::Published;

/// A value with the commit that it is of, as Markdown.
pub(super) struct Taken {
    pub(super) value: String,
    pub(super) commit: String,
}

type Read = fn(&Published) -> Result<Taken, String>;

/// A figure of the table.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) read: Read,
    /// How it is taken, or where more of it stands.
    pub(super) how: &'static str,
}

/// Every figure, in the order of the table.
pub(super) const ROWS: &[Row] = &[
    Row { name: "lost writes", read: lost, how: "[kill -9, power cuts](docs/durability.md)" },
    Row { name: "races", read: races, how: "[If-Match, conditional creates](docs/durability.md)" },
    Row { name: "leaks", read: leaks, how: "probes of every route" },
    Row {
        name: "reindex equality",
        read: reindex,
        how: "[rebuilt from Git and compared](docs/durability.md)",
    },
    Row {
        name: "conformance counts",
        read: conformance,
        how: "[R4 examples, searches judged](docs/search.md)",
    },
    Row { name: "read", read, how: "[`cargo xtask bench`](docs/benchmarks.md)" },
    Row { name: "write", read: write, how: "[`cargo xtask bench`](docs/benchmarks.md)" },
    Row { name: "search", read: search, how: "[`cargo xtask bench --search`](docs/benchmarks-search.md)" },
    Row { name: "cold start", read: cold_start, how: "[`cargo xtask bench`](docs/benchmarks.md)" },
    Row { name: "build time", read: build, how: "`cargo xtask test` in a fresh clone" },
];

/// A figure in fewer words: each `#` of the form takes the first number that stands before the next of
/// the words. Where the figure does not say all of these, its first line as it is.
fn shortened(figure: &str, words: &[&str], form: &str) -> String {
    let mut pieces = form.split('#');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for (word, piece) in words.iter().zip(pieces) {
        let Some(number) = number_before(figure, word) else {
            return figure.lines().next().unwrap_or_default().to_owned();
        };
        text.push_str(&grouped(number));
        text.push_str(piece);
    }
    text
}

fn number_before(text: &str, word: &str) -> Option<u64> {
    let words: Vec<&str> =
        text.split_whitespace().map(|word| word.trim_matches([',', ';', ':', '.'])).collect();
    words.windows(2).find(|pair| pair[1] == word).and_then(|pair| pair[0].parse().ok())
}

/// With a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Some figures in one value. All must be there: a part would look like the whole.
fn joined(published: &Published, parts: &[(&str, &[&str], &str)]) -> Result<Taken, String> {
    let (mut values, mut commits) = (Vec::new(), Vec::new());
    for (id, words, form) in parts {
        let (figure, commit) = published.figure(id)?;
        values.push(shortened(figure, words, form));
        let commit = format!("`{commit}`");
        if !commits.contains(&commit) {
            commits.push(commit);
        }
    }
    Ok(Taken { value: values.join("; "), commit: commits.join(", ") })
}

fn lost(published: &Published) -> Result<Taken, String> {
    const WORDS: &[&str] = &["lost", "torn", "doubled", "kills"];
    const CUTS: &[&str] = &["lost", "torn", "doubled", "states"];
    let parts: [(&str, &[&str], &str); 3] = [
        ("A1-sqlite", WORDS, "# lost, # torn, # doubled in # kills, index on SQLite"),
        ("A1-postgres", WORDS, "# lost, # torn, # doubled in # kills, index on Postgres"),
        ("A2", CUTS, "# lost, # torn, # doubled in # power cuts"),
    ];
    joined(published, &parts)
}

fn races(published: &Published) -> Result<Taken, String> {
    let parts: [(&str, &[&str], &str); 4] = [
        (
            "B1-http-sqlite",
            &["clients", "rounds"],
            "exactly one of # concurrent updates succeeds, in # rounds on SQLite",
        ),
        ("B1-http-postgres", &["rounds"], "# rounds on Postgres"),
        (
            "B2-sqlite",
            &["clients", "requests"],
            "exactly one of # concurrent conditional creates creates, in # requests on SQLite",
        ),
        ("B2-postgres", &["requests"], "# requests on Postgres"),
    ];
    joined(published, &parts)
}

fn leaks(_: &Published) -> Result<Taken, String> {
    Err("there is no authentication yet, so there is nobody to leak to".to_owned())
}

fn reindex(published: &Published) -> Result<Taken, String> {
    const WORDS: &[&str] = &["differences", "lines", "searches", "sequences"];
    const FORM: &str = "# differences in # lines of index and # searches after # sequences";
    let parts: [(&str, &[&str], &str); 3] = [
        ("C1-sqlite", WORDS, &format!("{FORM} on SQLite")),
        ("C1-postgres", WORDS, &format!("{FORM} on Postgres")),
        (
            "C1-store",
            &["differences", "rebuilds"],
            "# differences in # rebuilds of journal, directory and feed",
        ),
    ];
    joined(published, &parts)
}

fn conformance(published: &Published) -> Result<Taken, String> {
    let parts: [(&str, &[&str], &str); 3] = [
        (
            "S4-sqlite",
            &["of", "accepted", "refused"],
            "R4 examples: # of # come back equal, the other # break R4 and are refused",
        ),
        (
            "C2-sqlite",
            &["differences", "searches"],
            "# differences from a naive evaluator in # searches on SQLite",
        ),
        ("C2-postgres", &["differences", "searches"], "# in # searches on Postgres"),
    ];
    joined(published, &parts)
}

/// The cells of the last row of a benchmark's table that begins with these: the one at the largest size.
fn cells(page: &str, section: &str, first: &[&str]) -> Option<Vec<String>> {
    let lines = page.lines().skip_while(|line| !line.starts_with(section)).skip(1);
    let lines = lines.take_while(|line| !line.starts_with("## "));
    let rows = lines.filter(|line| line.starts_with('|')).map(|line| {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<String>>()
    });
    rows.filter(|row| row.len() > first.len() && row.iter().zip(first).all(|(cell, first)| cell == first))
        .last()
}

/// A load of `docs/benchmarks.md` at 64 connections.
fn load(published: &Published, name: &str) -> Result<Taken, String> {
    let path = "docs/benchmarks.md";
    let (page, commit) = published.page(path)?;
    let row = cells(page, "## VPR", &[name, "64"]).filter(|row| row.len() >= 8);
    let row = row.ok_or_else(|| format!("{path} has no `{name}` at 64 connections"))?;
    let per_second = row[2].parse().map_or_else(|_| row[2].clone(), grouped);
    let limit = if row[7].is_empty() { String::new() } else { format!(", {}", row[7]) };
    let value =
        format!("{per_second} a second, p50 {} ms, p99 {} ms, {} ms CPU{limit}", row[3], row[4], row[5]);
    Ok(Taken { value, commit })
}

fn read(published: &Published) -> Result<Taken, String> {
    load(published, "read by id, warm")
}

fn write(published: &Published) -> Result<Taken, String> {
    load(published, "durable create")
}

fn search(published: &Published) -> Result<Taken, String> {
    let (path, name) = ("docs/benchmarks-search.md", "patient + code + date");
    let (page, commit) = published.page(path)?;
    let mut values = Vec::new();
    for database in ["SQLite", "Postgres"] {
        let row = cells(page, &format!("## {database}"), &[name]).filter(|row| row.len() >= 6);
        let row = row.ok_or_else(|| format!("{path} has no `{name}` on {database}"))?;
        let resources = row[1].parse().map_or_else(|_| row[1].clone(), grouped);
        let of_database =
            if database == "Postgres" { format!(" and {} of Postgres", row[5]) } else { String::new() };
        values.push(format!(
            "{database}: p50 {} ms, p99 {} ms, {} ms CPU{of_database} over {resources} resources",
            row[2], row[3], row[4]
        ));
    }
    Ok(Taken { value: format!("{name}, {}", values.join("; ")), commit })
}

fn cold_start(published: &Published) -> Result<Taken, String> {
    let path = "docs/benchmarks.md";
    let (page, commit) = published.page(path)?;
    let line = page.lines().find_map(|line| line.strip_prefix("- start to ready: "));
    let line = line.ok_or_else(|| format!("{path} has no start to ready"))?;
    let words: Vec<String> =
        line.split(' ').map(|word| word.parse().map_or_else(|_| word.to_owned(), grouped)).collect();
    Ok(Taken { value: words.join(" "), commit })
}

fn build(published: &Published) -> Result<Taken, String> {
    let (figure, commit) = published
        .figure("build-time")
        .map_err(|_| "it is taken where nothing is built yet, as in CI, and written there".to_owned())?;
    Ok(Taken { value: figure.trim().to_owned(), commit: format!("`{commit}`") })
}
