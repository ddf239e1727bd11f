//! An engine's lives on one simulated disk, stepped from a seed on one thread, with a ledger of what
//! was issued, what was acknowledged or served, and when in the recording of the disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use vpr_core::{Access, Barrier, Engine, EngineError};
use vpr_store::format::AccessAction;
use vpr_store::{JournalOptions, StoreOptions};
use vpr_testkit::{Dice, SimClock, SimDisk};
use vpr_types::{Disk, Seq, Version};

use crate::inspect::{self, Finding, Inspection, Issued, Kind};
use crate::life::Life;
use crate::model::{Answer, Condition, Deed, Place, Plan, Write};
use crate::plan;
use crate::wire::Wire;

/// Small everything, so that short runs recycle segments, check points and join packs.
pub fn options() -> StoreOptions {
    StoreOptions {
        journal: JournalOptions {
            segment_bytes: 28 << 10,
            segments_max: 6,
            group_bytes_max: 12 << 10,
            ..JournalOptions::default()
        },
        hot_commits: 4,
        pending_bytes_max: 100 << 10,
        packs_max: 3,
        ..StoreOptions::default()
    }
}

/// What the runs of a harness passed through.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    pub changes: u64,
    pub transactions: u64,
    pub moves: u64,
    pub deletions: u64,
    pub unchanged: u64,
    pub refused: u64,
    pub repeated: u64,
    pub kept_without_change: u64,
    pub accesses: u64,
    pub full: u64,
    pub clean_stops: u64,
    pub kills: u64,
    pub recycled_segments: u64,
    pub joined_packs: u64,
    pub large_checkpoints: u64,
}

impl Seen {
    pub fn add(&mut self, other: &Self) {
        self.changes += other.changes;
        self.transactions += other.transactions;
        self.moves += other.moves;
        self.deletions += other.deletions;
        self.unchanged += other.unchanged;
        self.refused += other.refused;
        self.repeated += other.repeated;
        self.kept_without_change += other.kept_without_change;
        self.accesses += other.accesses;
        self.full += other.full;
        self.clean_stops += other.clean_stops;
        self.kills += other.kills;
        self.recycled_segments += other.recycled_segments;
        self.joined_packs += other.joined_packs;
        self.large_checkpoints += other.large_checkpoints;
    }
}

impl Seen {
    /// A run that never comes by something says nothing about it.
    pub fn assert_everything(&self) {
        let text = format!("{self:?}");
        assert!(!text.contains(": 0,") && !text.contains(": 0 "), "{text}");
    }
}

/// What came of others' work in the middle of the background's.
#[derive(Default)]
struct Meanwhile {
    accesses: Vec<(String, String, Result<Barrier, EngineError>)>,
    /// Why the journal stopped, if it did.
    failed: Option<String>,
}

impl Meanwhile {
    fn step_journal(&mut self, engine: &Engine) {
        while match engine.step_journal() {
            Ok(more) => more,
            Err(error) => {
                self.failed.get_or_insert(error.to_string());
                false
            }
        } {}
    }
}

pub struct Simulator {
    pub disk: SimDisk,
    pub clock: SimClock,
    pub options: StoreOptions,
    /// Absent only while it is being replaced.
    engine: Option<Engine>,
    pub lives: Vec<Life>,
    pub findings: Vec<Finding>,
    pub seen: Seen,
    /// Why the engine stopped, once it did.
    pub stopped: Option<String>,
    /// The disk fails on purpose: an error that is reported is no finding, and a start that fails
    /// is tried again without faults.
    pub tolerant: bool,
    /// Errors that were reported although the engine went on.
    pub reported: u64,
    /// Starts that were refused because of a fault.
    pub refused_starts: u64,
    pub wire: Wire,
    pub dice: Dice,
    serial: u64,
    pub plans: BTreeMap<u64, Plan>,
    packs: usize,
}

impl Simulator {
    /// A new store on an empty disk.
    pub fn start(options: &StoreOptions, seed: u64) -> Self {
        let disk = SimDisk::new();
        let wire = Wire::new(&disk);
        Self::start_on(disk, wire, options, seed).unwrap()
    }

    /// A new store on an empty disk that something may be planned for.
    pub fn start_on(
        disk: SimDisk,
        wire: Wire,
        options: &StoreOptions,
        seed: u64,
    ) -> Result<Self, EngineError> {
        Self::resume(disk, wire, options, SimClock::default(), Life::new(0), seed)
    }

    /// An engine on what an earlier life left.
    pub fn resume(
        disk: SimDisk,
        wire: Wire,
        options: &StoreOptions,
        clock: SimClock,
        life: Life,
        seed: u64,
    ) -> Result<Self, EngineError> {
        let mut dice = Dice::new(seed);
        let (engine, _) = inspect::open(Arc::new(wire.clone()), &clock, dice.roll(), options)?;
        life.promise(disk.recorded(), life.issued.len());
        let mut simulator = Self {
            disk,
            clock,
            options: options.clone(),
            engine: Some(engine),
            lives: vec![life],
            findings: Vec::new(),
            seen: Seen::default(),
            stopped: None,
            tolerant: false,
            reported: 0,
            refused_starts: 0,
            wire,
            dice,
            // Contents of a resumed store must differ from those before.
            serial: (seed & 0xffff_ffff) << 24,
            plans: BTreeMap::new(),
            packs: 0,
        };
        if simulator.life().model.tenants.is_empty() {
            simulator.create_tenant("a");
        }
        Ok(simulator)
    }

    pub fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    pub fn life(&self) -> &Life {
        self.lives.last().unwrap()
    }

    fn life_mut(&mut self) -> &mut Life {
        self.lives.last_mut().unwrap()
    }

    /// The life whose ledger counts at a position of the recording.
    pub fn life_at(&self, position: usize) -> &Life {
        self.lives.iter().rfind(|life| life.from <= position).unwrap()
    }

    fn find(&mut self, kind: Kind, what: impl Into<String>) {
        self.findings.push(Finding::new(kind, what));
    }

    /// One random step, as long as the engine runs.
    pub fn step(&mut self) {
        if self.stopped.is_some() {
            return;
        }
        if self.life().model.tenants.is_empty() {
            // A kill took its creation.
            self.create_tenant("a");
        }
        match self.dice.below(100) {
            0..46 => self.change(),
            46..54 => self.access(),
            54..72 => self.step_journal(),
            72..80 => {
                let micros = i64::try_from(self.dice.below(400_000)).unwrap();
                self.clock.advance(micros);
            }
            80..90 => self.step_background(),
            90..95 => self.read(),
            95 => self.create_tenant("b"),
            96 => self.materialize(),
            97 => self.close_and_reopen(),
            _ => self.kill_and_reopen(),
        }
    }

    pub fn steps(&mut self, count: u64) {
        for _ in 0..count {
            self.step();
        }
    }

    /// A random change, or an earlier repeatable one again.
    pub fn change(&mut self) {
        if self.life().model.tenants.is_empty() {
            return;
        }
        let again = self.dice.below(100);
        let plan = if again < 6 && !self.plans.is_empty() {
            let at = usize::try_from(self.dice.below(self.plans.len() as u64)).unwrap();
            let mut plan = self.plans.values().nth(at).unwrap().clone();
            if again == 0 {
                plan.repeat = plan.repeat.map(|(key, body)| (key, body + 1));
            }
            plan
        } else {
            plan::random(&self.lives.last().unwrap().model, &mut self.serial, &mut self.dice)
        };
        self.commit(&plan);
    }

    /// Asks the engine for a change and holds its answer against the model's.
    pub fn commit(&mut self, plan: &Plan) {
        let result = self.engine().commit(plan::change(plan));
        let answer = match plan::answer(plan, result.as_ref()) {
            Ok(answer) => answer,
            Err(what) => return self.no_answer(result.err(), what),
        };
        let moved = self.count_moves(plan);
        let time =
            result.as_ref().map_or(0, |done| done.outcomes.iter().map(|o| o.time.0).max().unwrap_or(0));
        let life = self.lives.last_mut().unwrap();
        let before = life.model.tenants.get(&plan.tenant).map_or(0, |tenant| tenant.time);
        let expected = life.model.perform(plan, time);
        if answer != expected {
            return self.find(Kind::Wrong, format!("{plan:?} was answered {answer:?}, not {expected:?}"));
        }
        let barrier = match &result {
            Ok(done) => done.barrier,
            Err(EngineError::Precondition { barrier, .. } | EngineError::KeyReused { barrier }) => *barrier,
            Err(_) => Barrier::PASSED,
        };
        let life = self.lives.last_mut().unwrap();
        let rests_on = match &answer {
            Answer::Done { seq: Some(seq), repeated: false, .. } => {
                life.issued.push(Issued::Change { tenant: plan.tenant.clone(), seq: *seq });
                if time < before {
                    self.find(Kind::Wrong, format!("time went back at seq {seq} of {}", plan.tenant));
                }
                self.lives.last().unwrap().issued.len()
            }
            Answer::Done { seq: None, repeated: false, .. } if plan.repeat.is_some() => {
                let key = plan.repeat.unwrap().0;
                life.issued.push(Issued::Key { tenant: plan.tenant.clone(), key });
                life.issued.len()
            }
            Answer::Done { repeated: true, .. } | Answer::KeyReused => {
                let key = plan.repeat.unwrap().0;
                match life.model.tenants[&plan.tenant].keys[&key].seq {
                    Some(seq) => life.count_to(&plan.tenant, seq),
                    None => {
                        let kept = Issued::Key { tenant: plan.tenant.clone(), key };
                        life.issued.iter().position(|issued| *issued == kept).map_or(0, |index| index + 1)
                    }
                }
            }
            Answer::Done { .. } => {
                plan.writes.iter().map(|write| self.head_count(plan, &write.document)).max().unwrap_or(0)
            }
            Answer::Refused { document, .. } => self.head_count(plan, document),
        };
        if let (Some(_), Answer::Done { repeated: false, .. }) = (plan.repeat, &answer) {
            self.plans.insert(plan.repeat.unwrap().0, plan.clone());
        }
        self.count(&answer, moved);
        self.watch(barrier, rests_on);
    }

    fn no_answer(&mut self, error: Option<EngineError>, what: String) {
        match error {
            Some(EngineError::Full | EngineError::Busy) => self.seen.full += 1,
            Some(EngineError::Failed(why)) => self.stopped = Some(why),
            Some(EngineError::Store(_)) if self.tolerant => self.reported += 1,
            _ => self.find(Kind::Wrong, what),
        }
    }

    /// How many entries there are up to the one that made the document's newest version.
    fn head_count(&self, plan: &Plan, document: &str) -> usize {
        let life = self.life();
        let head = life.model.tenants.get(&plan.tenant).and_then(|tenant| tenant.head(document));
        head.map_or(0, |head| life.count_to(&plan.tenant, head.seq))
    }

    fn count_moves(&self, plan: &Plan) -> u64 {
        let Some(tenant) = self.life().model.tenants.get(&plan.tenant) else { return 0 };
        let moves = |write: &&Write| match (&write.deed, tenant.alive(&write.document)) {
            (Deed::Put { place, .. }, Some(alive)) => *place != alive.place,
            _ => false,
        };
        plan.writes.iter().filter(moves).count() as u64
    }

    fn count(&mut self, answer: &Answer, moved: u64) {
        let seen = &mut self.seen;
        match answer {
            Answer::Done { repeated: true, .. } => seen.repeated += 1,
            Answer::Done { seq: None, .. } => seen.kept_without_change += 1,
            Answer::Done { seq: Some(_), outcomes, .. } => {
                seen.changes += 1;
                seen.transactions += u64::from(outcomes.len() > 1);
                seen.moves += moved;
                seen.deletions += outcomes.iter().filter(|(word, _)| *word == "deleted").count() as u64;
                seen.unchanged += outcomes.iter().filter(|(word, _)| *word == "unchanged").count() as u64;
            }
            Answer::Refused { .. } | Answer::KeyReused => seen.refused += 1,
        }
    }

    /// Notes when in the recording an answer that rests on the first `count` entries may be shown.
    fn watch(&self, barrier: Barrier, count: usize) {
        let (promises, disk) = (self.life().promises(), self.disk.clone());
        let note = move |result: Result<(), EngineError>| {
            if result.is_ok() {
                promises.add(disk.recorded(), count);
            }
        };
        self.engine().when_durable(barrier, Box::new(note));
    }

    pub fn access(&mut self) {
        if let Some((name, access)) = self.next_access() {
            let asked = self.engine().access(access.clone());
            self.note_access(name, access.request, asked);
        }
    }

    /// An access to one of the tenants, if there is one.
    fn next_access(&mut self) -> Option<(String, Access)> {
        let names: Vec<String> = self.life().model.tenants.keys().cloned().collect();
        if names.is_empty() {
            return None;
        }
        let name = names[usize::try_from(self.dice.below(names.len() as u64)).unwrap()].clone();
        self.serial += 1;
        let access = Access {
            tenant: plan::tenant(&name),
            principal: "dr-ada".into(),
            purpose: Some("TREAT".into()),
            request: format!("access-{}", self.serial),
            action: AccessAction::Read,
            interaction: "read".into(),
            documents: vec![(plan::document("Patient/1"), Some(Version(1)))],
            collection: None,
            status: 200,
        };
        Some((name, access))
    }

    fn note_access(&mut self, name: String, request: String, asked: Result<Barrier, EngineError>) {
        match asked {
            Ok(barrier) => {
                let life = self.life_mut();
                let accesses = &mut life.model.tenants.get_mut(&name).unwrap().accesses;
                accesses.push(request);
                let number = accesses.len();
                life.issued.push(Issued::Access { tenant: name, number });
                let count = life.issued.len();
                self.seen.accesses += 1;
                self.watch(barrier, count);
            }
            Err(error) => {
                let what = error.to_string();
                self.no_answer(Some(error), what);
            }
        }
    }

    /// Creates a tenant unless it is there; the document that says so is learned, not predicted.
    pub fn create_tenant(&mut self, name: &str) {
        if self.life().model.tenants.contains_key(name) {
            return;
        }
        let tenant = plan::tenant(name);
        let made = self.engine().create_tenant(&tenant);
        let learned = made.and_then(|barrier| {
            let document = plan::document("_tenant/tenant");
            let row = self.engine().version(&tenant, &document, Version(1))?.map(|found| found.row);
            let row = row.ok_or_else(|| EngineError::Failed("a created tenant is not there".into()))?;
            Ok((barrier, self.engine().content(&tenant, &row)?, row.time.0))
        });
        match learned {
            Ok((barrier, content, time)) => {
                let write = Write {
                    document: "_tenant/tenant".into(),
                    condition: Condition::Unused,
                    deed: Deed::Put { place: Place::Registry, content, even_if_equal: false },
                };
                let author = "operator".to_owned();
                let plan = Plan { tenant: name.to_owned(), author, writes: vec![write], repeat: None };
                let life = self.life_mut();
                life.model.perform(&plan, time);
                life.issued.push(Issued::Change { tenant: name.to_owned(), seq: 1 });
                let count = life.issued.len();
                self.watch(barrier, count);
            }
            Err(error) => {
                let what = error.to_string();
                self.no_answer(Some(error), what);
            }
        }
    }

    /// Reads one document in one of the ways there are.
    fn read(&mut self) {
        let life = self.lives.last().unwrap();
        if life.model.tenants.is_empty() {
            return;
        }
        let at = usize::try_from(self.dice.below(life.model.tenants.len() as u64)).unwrap();
        let (name, tenant) = life.model.tenants.iter().nth(at).unwrap();
        let at = usize::try_from(self.dice.below(tenant.documents.len() as u64)).unwrap();
        let (document, versions) = tenant.documents.iter().nth(at).unwrap();
        let wanted = &versions[usize::try_from(self.dice.below(versions.len() as u64)).unwrap()];
        let (name, document) = (plan::tenant(name), plan::document(document));
        let (found, wanted) = match self.dice.below(3) {
            0 => (self.engine().read(&name, &document), versions.last().unwrap()),
            1 => (self.engine().version(&name, &document, Version(wanted.number)), wanted),
            _ => (self.engine().as_of(&name, &document, Seq(wanted.seq)), wanted),
        };
        let difference = match &found {
            Ok(Some(found)) => {
                let content = found.row.object.map(|_| self.engine().content(&name, &found.row)).transpose();
                match content {
                    Ok(content) => inspect::difference(
                        self.engine(),
                        name.as_str(),
                        &found.row,
                        content.as_deref(),
                        wanted,
                    )
                    .map(|what| (Kind::Wrong, what)),
                    Err(error) => Some((Kind::Refused, error.to_string())),
                }
            }
            Ok(None) => Some((Kind::Wrong, format!("{document} is not found"))),
            Err(error) => Some((Kind::Refused, error.to_string())),
        };
        let seq = wanted.seq;
        if let Ok(Some(found)) = &found
            && self.engine().is_durable(found.barrier)
        {
            // It could have been shown by now.
            life.promise(self.disk.recorded(), life.count_to(name.as_str(), seq));
        }
        match difference {
            Some((Kind::Refused, _)) if self.tolerant => self.reported += 1,
            Some((kind, what)) => self.find(kind, what),
            None => {}
        }
    }

    pub fn step_journal(&mut self) {
        let step = self.engine().step_journal();
        self.note_stop(step.map(drop));
    }

    pub fn step_background(&mut self) {
        let meanwhile = self.dice.chance(30).then(|| self.interrupt());
        let mut rounds = 1 + self.dice.below(6);
        while rounds > 0 && self.stopped.is_none() {
            rounds -= 1;
            match self.engine().step_background() {
                Ok(true) => {}
                Ok(false) => rounds = 0,
                Err(error) => self.note_stop(Err(error)),
            }
        }
        self.wire.uninterrupted();
        if let Some(meanwhile) = meanwhile {
            let mut meanwhile = meanwhile.lock().unwrap();
            for (name, request, asked) in meanwhile.accesses.drain(..) {
                self.note_access(name, request, asked);
            }
            if let Some(why) = meanwhile.failed.take() {
                self.stopped.get_or_insert(why);
            }
        }
        self.look_around();
    }

    /// Some changes are queued, and while the background is in the middle of its work the journal's
    /// thread writes them, and accesses come, at times so many that they use up the prepared room and
    /// take what is free. Gives where it will stand what came of it.
    fn interrupt(&mut self) -> Arc<Mutex<Meanwhile>> {
        for _ in 0..self.dice.below(5) {
            self.change();
        }
        let count = if self.dice.chance(40) { 30 } else { self.dice.below(3) };
        let mut accesses: Vec<_> = (0..count).filter_map(|_| self.next_access()).collect();
        let meanwhile: Arc<Mutex<Meanwhile>> = Arc::default();
        let (engine, told) = (self.engine().clone(), meanwhile.clone());
        let work = move || {
            let mut told = told.lock().unwrap();
            told.step_journal(&engine);
            for (name, access) in accesses.drain(..) {
                let request = access.request.clone();
                let asked = engine.access(access);
                let full = asked.is_err();
                told.accesses.push((name, request, asked));
                told.step_journal(&engine);
                if full {
                    break;
                }
            }
        };
        self.wire.interrupt(1 + self.dice.below(80), Box::new(work));
        meanwhile
    }

    pub fn materialize(&mut self) {
        match self.engine().materialize() {
            Err(EngineError::Full) => self.seen.full += 1,
            done => self.note_stop(done),
        }
        self.look_around();
    }

    fn note_stop(&mut self, result: Result<(), EngineError>) {
        if let Err(error) = result {
            self.stopped.get_or_insert(error.to_string());
        }
    }

    /// Sees in passing what the background has done, for the report on coverage.
    fn look_around(&mut self) {
        let list = |folder: &str| self.disk.snapshot().list(Path::new(folder)).unwrap_or_default();
        let packs =
            list("a/registry/objects/pack").iter().filter(|entry| entry.name.ends_with(".pack")).count();
        self.seen.joined_packs += u64::from(packs < self.packs);
        self.seen.recycled_segments = self.wire.recycled();
        self.seen.large_checkpoints = self.wire.syncs_of_all();
        self.packs = packs;
    }

    /// A clean stop: everything issued is durable and in Git.
    pub fn close_and_reopen(&mut self) {
        match self.engine().close() {
            Ok(()) => {
                let life = self.life();
                life.promise(self.disk.recorded(), life.issued.len());
                self.seen.clean_stops += 1;
                self.reopen();
            }
            Err(EngineError::Full) => self.kill_and_reopen(),
            Err(error) => self.stopped = Some(error.to_string()),
        }
    }

    /// `kill -9`: what the page cache holds survives, what the process held does not.
    pub fn kill_and_reopen(&mut self) {
        self.seen.kills += 1;
        self.wire.cut();
        self.reopen();
    }

    fn reopen(&mut self) {
        let at = self.disk.recorded();
        let life = self.lives.last().unwrap();
        let inspection =
            inspect::inspect(&self.disk.snapshot(), &self.clock, &self.options, &life.expected(at));
        let next = life.next(at, at, &inspection);
        self.findings.extend(inspection.findings);
        drop(self.engine.take());
        let mut opened = self.open_again();
        if self.tolerant && opened.is_err() {
            self.refused_starts += 1;
            self.disk.clear_faults();
            opened = self.open_again();
        }
        match opened {
            Ok(engine) => {
                let life = self.lives.last().unwrap();
                next.promise(self.disk.recorded(), next.issued.len());
                self.plans.retain(|key, plan| {
                    next.model.tenants.get(&plan.tenant).is_some_and(|tenant| tenant.keys.contains_key(key))
                });
                let mut findings = inspect::compare(&engine, &life.model, &next.model, true);
                if self.tolerant {
                    findings.retain(|finding| finding.kind != Kind::Refused);
                }
                self.findings.extend(findings);
                self.engine = Some(engine);
                self.lives.push(next);
            }
            Err(error) => {
                self.find(Kind::Refused, format!("the start was refused: {error}"));
                self.stopped = Some(error.to_string());
            }
        }
    }

    fn open_again(&mut self) -> Result<Engine, EngineError> {
        self.wire.cut();
        self.wire = self.wire.again();
        let disk = Arc::new(self.wire.clone());
        inspect::open(disk, &self.clock, self.dice.roll(), &self.options).map(|(engine, _)| engine)
    }

    /// The next life of a crash at `position` that left `inspection`, on a disk of its own.
    pub fn life_after(&self, position: usize, inspection: &Inspection) -> Life {
        self.life_at(position).next(position, 0, inspection)
    }

    /// Everything queued becomes durable.
    pub fn drain(&mut self) {
        while self.stopped.is_none() {
            match self.engine().step_journal() {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => self.note_stop(Err(error)),
            }
        }
    }
}
