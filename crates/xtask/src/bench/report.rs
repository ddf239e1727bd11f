use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::figures::Figure;

/// Everything that one run measured.
#[derive(Default)]
pub(super) struct Report {
    pub(super) fdatasync: (Duration, Duration),
    pub(super) started_in: Duration,
    /// With everything that was written, after a kill.
    pub(super) restarted_in: Duration,
    pub(super) resources: u64,
    pub(super) resident_idle_mb: u64,
    pub(super) resident_loaded_mb: u64,
    raw: Vec<Figure>,
    figures: Vec<Figure>,
}

impl Report {
    pub(super) fn raw(&mut self, figure: Figure) {
        self.raw.push(figure);
    }

    /// Adds a figure; `wrote` says that its operations left resources behind.
    pub(super) fn add(&mut self, figure: Figure, wrote: bool) {
        self.resources += if wrote { figure.operations } else { 0 };
        self.figures.push(figure);
    }

    pub(super) fn print(&self) {
        println!("{}", self.tables());
    }

    /// Writes `docs/benchmarks.md`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, root: &Path) -> Result<(), Box<dyn Error>> {
        let text = format!(
            "# Benchmarks\n\nWritten by `cargo xtask bench`; do not edit.\nCommit {}, {}.\n\n{}",
            commit(root),
            machine(),
            self.tables()
        );
        fs::write(root.join("docs/benchmarks.md"), text)?;
        Ok(())
    }

    fn tables(&self) -> String {
        let mut out = String::new();
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let (append, overwrite) = self.fdatasync;
        let _ = writeln!(
            out,
            "Client and server share the machine; keep-alive connections; release build; every write is acknowledged after its `fdatasync`."
        );
        let _ = writeln!(
            out,
            "Latency is of a request, as the client saw it; CPU is the server's, of an operation.\n"
        );
        out.push_str("## Raw limits of this machine, in the same run\n\n");
        let _ = writeln!(
            out,
            "- `fdatasync` of 4 KiB, p50: {:.2} ms appended, {:.2} ms overwritten",
            ms(append),
            ms(overwrite)
        );
        out.push('\n');
        rows(&mut out, &self.raw, |_| String::new());
        out.push_str("\n## VPR\n\n");
        let _ = writeln!(
            out,
            "- start to ready: {:.0} ms empty, {:.0} ms with {} resources after a kill\n- resident memory: {} MB idle, {} MB after the load\n",
            ms(self.started_in),
            ms(self.restarted_in),
            self.resources,
            self.resident_idle_mb,
            self.resident_loaded_mb
        );
        rows(&mut out, &self.figures, |figure| self.ratio(figure));
        out
    }

    /// A figure against the raw limit that bounds it; an entry of a transaction has none.
    fn ratio(&self, figure: &Figure) -> String {
        let limit = |name: &str| {
            let of_that_name = self.raw.iter().filter(|raw| raw.name.contains(name));
            let raw = of_that_name.max_by_key(|raw| raw.connections == figure.connections)?;
            Some(figure.per_second() / raw.per_second())
        };
        if figure.name.contains("read") {
            limit("bare").map_or_else(String::new, |ratio| format!("{:.0} % of bare axum", ratio * 100.0))
        } else if figure.name.contains("create") {
            limit("libgit2").map_or_else(String::new, |ratio| format!("{ratio:.1} × libgit2"))
        } else {
            String::new()
        }
    }
}

fn rows(out: &mut String, figures: &[Figure], ratio: impl Fn(&Figure) -> String) {
    out.push_str(
        "| what | connections | a second | p50 ms | p99 ms | CPU ms | entries a group | against the limit |\n",
    );
    out.push_str("|---|---:|---:|---:|---:|---:|---:|---|\n");
    for figure in figures {
        let number = |value: Option<f64>, digits: usize| {
            value.map_or_else(String::new, |value| format!("{value:.digits$}"))
        };
        let _ = writeln!(
            out,
            "| {} | {} | {:.0} | {:.2} | {:.2} | {} | {} | {} |",
            figure.name,
            figure.connections,
            figure.per_second(),
            figure.percentile_ms(50.0),
            figure.percentile_ms(99.0),
            number(figure.cpu_ms(), 3),
            number(figure.entries_per_group, 1),
            ratio(figure)
        );
    }
}

pub(super) fn commit(root: &Path) -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).current_dir(root).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".into());
    let changed =
        git(&["status", "--porcelain", "--", "crates", "Cargo.lock"]).is_some_and(|text| !text.is_empty());
    if changed { format!("`{commit}` with uncommitted changes") } else { format!("`{commit}`") }
}

pub(super) fn machine() -> String {
    crate::machine::name()
}
