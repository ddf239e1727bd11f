//! Kill, restart, check, again and again on one data directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::database::Database;
use crate::dice::Dice;
use crate::git::{Repository, repositories};
use crate::http::Client;
use crate::ledger::{Account, Findings, Writer, audit_with_git};
use crate::server::Server;

/// The places to die at, in the order of a change's way (`FAILPOINTS` of the store).
pub const FAILPOINTS: [&str; 9] = [
    "commit-reserved",
    "commit-filled",
    "materialize-staged",
    "materialize-packs",
    "materialize-refs",
    "checkpoint-feed",
    "checkpoint-directory",
    "checkpoint-released",
    "open-replayed",
];

/// A small journal, so that it fills up, is checkpointed and recycled within seconds.
const SMALL_JOURNAL: [(&str, &str); 2] =
    [("VPR_JOURNAL_SEGMENT_BYTES", "1MiB"), ("VPR_JOURNAL_SEGMENTS_MAX", "8")];
/// How answers wait for their audit: by turns as in production and as in development.
const AUDITS: [(&str, &str); 2] = [("VPR_AUDIT", "durable"), ("VPR_AUDIT", "buffered")];
/// How long a named place is waited for before the server is killed wherever it is.
const FAILPOINT_WAIT: Duration = Duration::from_secs(2);
/// How long the checks after a restart may take before the next kill.
const CHECK_WAIT: Duration = Duration::from_secs(60);
/// Writes of each writer after a restart that follow each other at once, and the pause before each
/// further one.
const AT_FULL_SPEED: u32 = 40;
const SLOW: Duration = Duration::from_millis(20);
/// Between the last connection of a dying process and its end.
const END_WAIT: Duration = Duration::from_millis(500);
/// Between two looks with `git fsck`, and how many repositories each.
const FSCK_EVERY: u64 = 25;
const FSCK_SAMPLE: usize = 6;

/// Writers on one data directory, and what became of its server.
pub struct Campaign {
    database: Database,
    folder: tempfile::TempDir,
    dice: Dice,
    writers: Vec<Writer>,
    kills: u64,
    by_place: BTreeMap<&'static str, u64>,
    fscks: u64,
    looks: Findings,
}

/// What a campaign came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Kills in all.
    pub kills: u64,
    /// Kills at each named place.
    pub by_place: BTreeMap<&'static str, u64>,
    /// Repositories that stock git checked.
    pub fscks: u64,
    /// Documents acknowledged, deleted ones included.
    pub documents: usize,
    /// What the writers and stock git found.
    pub findings: Findings,
}

impl Campaign {
    /// Writers that have written nothing yet.
    ///
    /// # Panics
    /// When there is no room for temporary files.
    #[must_use]
    pub fn new(database: &Database, writers: usize, seed: u64, transactions_only: bool) -> Self {
        Self {
            database: database.another(),
            folder: tempfile::tempdir().unwrap(),
            dice: Dice::new(seed),
            writers: (0..writers).map(|number| Writer::new(number, seed, transactions_only)).collect(),
            kills: 0,
            by_place: BTreeMap::new(),
            fscks: 0,
            looks: Findings::default(),
        }
    }

    fn environment(&self) -> Vec<(&'static str, &'static str)> {
        let audit = AUDITS[usize::try_from(self.kills / 2 % 2).unwrap()];
        SMALL_JOURNAL.into_iter().chain([audit]).collect()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Kills until there were that many or the time is over, then looks at everything.
    ///
    /// # Panics
    /// When the server does not start again.
    #[must_use]
    pub fn run(mut self, kills: u64, time_max: Duration) -> Outcome {
        let started = Instant::now();
        while self.kills < kills && started.elapsed() < time_max {
            match self.kills % 2 {
                0 => self.kill_at_a_place(FAILPOINTS[usize::try_from(self.kills / 2 % 9).unwrap()]),
                _ => self.kill_at_random(),
            }
            if self.kills.is_multiple_of(FSCK_EVERY) {
                self.look_with_git(FSCK_SAMPLE);
            }
        }
        self.finish()
    }

    fn kill_at_a_place(&mut self, place: &'static str) {
        let times = match place {
            "commit-reserved" | "commit-filled" => 1 + self.dice.below(150),
            "open-replayed" => 1,
            _ => 1 + self.dice.below(2),
        };
        let failpoint = format!("{place}:{times}");
        let mut environment: Vec<(&str, &str)> = self.environment();
        environment.push(("VPR_FAILPOINT", &failpoint));
        self.kills += 1;
        match self.database.try_start(&self.data(), &environment) {
            Err(ended) => {
                assert!(ended.was_killed(), "the server ended with {}:\n{}", ended.status, ended.log);
                *self.by_place.entry(place).or_default() += 1;
            }
            Ok(mut server) => {
                if self.write_until(&mut server, &mut |server, started| {
                    // Git is written when it is asked for, not when the test happens to be slow.
                    let _ = server.operator().post("/operator/materialize", "").try_send();
                    std::thread::sleep(Duration::from_millis(40));
                    started.elapsed() > FAILPOINT_WAIT
                }) {
                    *self.by_place.entry(place).or_default() += 1;
                }
            }
        }
    }

    fn kill_at_random(&mut self) {
        self.kills += 1;
        if self.dice.below(6) == 0 {
            let delay = Duration::from_micros(self.dice.below(60_000));
            self.database.kill_while_starting(&self.data(), &self.environment(), delay);
            return;
        }
        let mut server = self.database.start_with(&self.data(), &self.environment());
        let delay = Duration::from_micros(2_000 + self.dice.below(60_000));
        self.write_until(&mut server, &mut |_, started| {
            std::thread::sleep(delay.saturating_sub(started.elapsed()));
            true
        });
    }

    /// Lets all writers settle, check and write until `is_time` says so or the server has died by
    /// itself; then the server is dead. Answers whether it died by itself.
    fn write_until(
        &mut self,
        server: &mut Server,
        is_time: &mut dyn FnMut(&Server, Instant) -> bool,
    ) -> bool {
        let (ready, gone) = (AtomicUsize::new(0), AtomicBool::new(false));
        let count = self.writers.len();
        std::thread::scope(|scope| {
            for writer in &mut self.writers {
                let mut client = server.client();
                let (ready, gone) = (&ready, &gone);
                scope.spawn(move || {
                    let _ = writer.settle(&mut client).and_then(|()| {
                        writer.check(&mut client)?;
                        ready.fetch_add(1, Ordering::SeqCst);
                        write_on(writer, &mut client)
                    });
                    gone.store(true, Ordering::SeqCst);
                });
            }
            let checking = Instant::now();
            while ready.load(Ordering::SeqCst) < count
                && !gone.load(Ordering::SeqCst)
                && checking.elapsed() < CHECK_WAIT
            {
                std::thread::sleep(Duration::from_millis(1));
            }
            let started = Instant::now();
            let mut over = false;
            while !over && !gone.load(Ordering::SeqCst) {
                over = is_time(server, started);
            }
            let by_itself = !over && server.ends_within(END_WAIT);
            server.kill();
            by_itself
        })
    }

    /// Starts a server, brings everything into Git and has stock git check some repositories.
    fn look_with_git(&mut self, sample: usize) {
        let server = self.database.start_with(&self.data(), &self.environment());
        server.materialize();
        let all = repositories(&self.data(), "default");
        let chosen: Vec<Repository> =
            (0..sample.min(all.len())).map(|_| self.dice.pick(&all).clone()).collect();
        self.fsck(&chosen);
        server.stop();
    }

    fn fsck(&mut self, repositories: &[Repository]) {
        for repository in repositories {
            self.fscks += 1;
            if let Some(wrong) = repository.fsck() {
                self.looks.torn += 1;
                self.looks.details.push(wrong);
            }
        }
    }

    fn finish(mut self) -> Outcome {
        let server = self.database.start_with(&self.data(), &self.environment());
        std::thread::scope(|scope| {
            for writer in &mut self.writers {
                let mut client = server.client();
                scope.spawn(move || {
                    writer.settle(&mut client).unwrap();
                    writer.account.forget_checks();
                    writer.check(&mut client).unwrap();
                });
            }
        });
        let index_faults = server.index_faults();
        if index_faults > 0 {
            self.looks.doubled(format!("the search index named {index_faults} resources that do not match"));
        }
        server.stop();
        let data = self.data();
        let accounts: Vec<&Account> = self.writers.iter().map(|writer| &writer.account).collect();
        audit_with_git(&data, "default", &accounts, &mut self.looks);
        let all = repositories(&data, "default");
        let step = 1 + all.len() / 60;
        let chosen: Vec<Repository> = all.into_iter().step_by(step).collect();
        self.fsck(&chosen);
        verify(&data);
        let mut outcome = Outcome {
            kills: self.kills,
            by_place: self.by_place,
            fscks: self.fscks,
            documents: accounts_len(&self.writers),
            findings: self.looks,
        };
        for writer in self.writers {
            outcome.findings += writer.findings;
        }
        outcome
    }
}

impl Outcome {
    /// The figure in lines, under its name.
    #[must_use]
    pub fn lines(&self, name: &str) -> Vec<String> {
        let f = &self.findings;
        let places: Vec<_> = self.by_place.iter().map(|(place, count)| format!("{place} {count}")).collect();
        vec![
            format!("{name}: {} kills: {} lost, {} torn, {} doubled", self.kills, f.lost, f.torn, f.doubled),
            format!("  at named places: {}", places.join(", ")),
            format!(
                "  {} writes acknowledged to {} documents; {} versions read, read by version and found in histories",
                f.acknowledged, self.documents, f.checked
            ),
            format!(
                "  {} requests without an answer ({} had taken effect), {} answers replayed by their key, \
                 {} unanswered transactions found whole or absent",
                f.unanswered, f.had_taken_effect, f.replayed, f.transactions_settled
            ),
            format!(
                "  {} times a document searched for by id and by content, found as acknowledged",
                f.searched
            ),
            format!("  {} repositories checked with stock git fsck --strict", self.fscks),
        ]
    }

    /// Adds another campaign's.
    pub fn add(&mut self, other: Self) {
        self.kills += other.kills;
        for (place, count) in other.by_place {
            *self.by_place.entry(place).or_default() += count;
        }
        self.fscks += other.fscks;
        self.documents += other.documents;
        self.findings += other.findings;
    }
}

/// Writes until the server goes away: at full speed first, then slowly, so that a place that takes
/// long to reach does not make more work for the checks than they have time for.
fn write_on(writer: &mut Writer, client: &mut Client) -> std::io::Result<()> {
    for count in 0.. {
        writer.write(client)?;
        if count >= AT_FULL_SPEED {
            std::thread::sleep(SLOW);
        }
    }
    Ok(())
}

fn accounts_len(writers: &[Writer]) -> usize {
    writers.iter().map(|writer| writer.account.len()).sum()
}

/// `vpr verify`: repositories, directory and feed say the same.
fn verify(data: &Path) {
    let done = crate::program().arg("--data-dir").arg(data).arg("verify").output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "vpr verify: {said}");
}
