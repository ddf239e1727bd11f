use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{machine, workspace};

/// Pages that benchmarks write.
const PAGES: [&str; 2] = ["docs/benchmarks.md", "docs/benchmarks-search.md"];

/// A figure as its harness wrote it.
struct Figure {
    text: String,
    commit: String,
}

/// Everything that harnesses have written: `target/figures/<id>.txt` by id, pages by path.
#[derive(Default)]
pub(super) struct Published {
    figures: BTreeMap<String, Figure>,
    pub(super) machine: String,
}

impl Published {
    /// # Errors
    /// When the folder is there and cannot be read.
    pub(super) fn read() -> Result<Self, Box<dyn Error>> {
        let root = workspace::root();
        let mut published = Self { machine: machine::name(), ..Self::default() };
        let folder = root.join("target/figures");
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry?.path();
            let Some(id) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".txt")) else {
                continue;
            };
            let commit = newest_commit(&root, fs::metadata(&path)?.modified()?);
            published.figures.insert(id.to_owned(), Figure { text: fs::read_to_string(&path)?, commit });
        }
        for page in PAGES {
            let text = fs::read_to_string(root.join(page)).unwrap_or_default();
            if !text.is_empty() {
                published.figures.insert(page.to_owned(), Figure { text, commit: String::new() });
            }
        }
        Ok(published)
    }

    /// What a harness wrote, and the commit.
    ///
    /// # Errors
    /// Which figure there is not.
    pub(super) fn figure(&self, id: &str) -> Result<(&str, &str), String> {
        let figure = self.figures.get(id).ok_or_else(|| format!("nobody has published the figure {id}"))?;
        Ok((&figure.text, &figure.commit))
    }

    /// A page of a benchmark and the commit that it names.
    ///
    /// # Errors
    /// Which page there is not, or that it names no commit.
    pub(super) fn page(&self, path: &str) -> Result<(&str, String), String> {
        let page = self.figures.get(path).ok_or_else(|| format!("nobody has written {path}"))?;
        let line = page.text.lines().find_map(|line| line.strip_prefix("Commit "));
        let commit = line.and_then(|line| line.split(',').next());
        Ok((&page.text, commit.ok_or_else(|| format!("{path} names no commit"))?.to_owned()))
    }

    #[cfg(test)]
    pub(super) fn plant(&mut self, id: &str, text: &str, commit: &str) {
        self.figures.insert(id.to_owned(), Figure { text: text.to_owned(), commit: commit.to_owned() });
    }
}

/// The newest commit of that time: harnesses run on what is checked out.
fn newest_commit(root: &Path, time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut git = Command::new("git");
    git.args(["rev-list", "-1", "--abbrev-commit", "--abbrev=12"]);
    git.arg(format!("--before={seconds}")).arg("HEAD").current_dir(root);
    let output = git.output().ok().filter(|output| output.status.success());
    let commit = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    commit.filter(|commit| !commit.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}
