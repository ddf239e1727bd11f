//! Random sequences of calls and crashes against a list in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use proptest::prelude::*;
use vpr_journal::{Class, JournalError, Slot, Step};
use vpr_testkit::Dice;

use crate::world::{World, options, payload};

#[derive(Debug, Clone)]
enum Action {
    Reserve {
        len: usize,
        access: bool,
    },
    /// Fills one of the slots that are open.
    Fill(usize),
    Step,
    Tend,
    Quiet,
    /// Releases so many of a hundred durable entries.
    Release(usize),
    Kill,
    PowerCut(u64),
    Close,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (prop_oneof![9 => 0..2_000usize, 2 => 2_000..9_000usize, 1 => 30_000..50_000usize], any::<bool>())
            .prop_map(|(len, access)| Action::Reserve { len, access }),
        6 => (0..9usize).prop_map(Action::Fill),
        5 => Just(Action::Step),
        4 => Just(Action::Tend),
        1 => Just(Action::Quiet),
        2 => (0..=100usize).prop_map(Action::Release),
        1 => Just(Action::Kill),
        1 => any::<u64>().prop_map(Action::PowerCut),
        1 => Just(Action::Close),
    ]
}

/// The trivial model: what was reserved and is not gone, how much of it is durable, how much released.
#[derive(Default)]
struct Model {
    entries: Vec<Arc<[u8]>>,
    durable: usize,
    released: usize,
    /// Entries of the whole life, for payloads that are never alike.
    born: usize,
}

impl Model {
    /// A start handed out `replayed`.
    fn replayed(&mut self, replayed: Vec<Arc<[u8]>>) -> Result<(), TestCaseError> {
        let gone = (0..=self.released).find(|gone| {
            let end = gone + replayed.len();
            end >= self.durable && self.entries.get(*gone..end) == Some(&replayed[..])
        });
        prop_assert!(
            gone.is_some(),
            "{} of {} entries, {} durable, {} released",
            replayed.len(),
            self.entries.len(),
            self.durable,
            self.released
        );
        self.durable = replayed.len();
        self.entries = replayed;
        self.released = 0;
        Ok(())
    }
}

fn run(actions: &[Action], seed: u64) -> Result<(), TestCaseError> {
    let mut world = World::new(options());
    world.disk.stop_recording();
    let mut dice = Dice::new(seed);
    let mut model = Model::default();
    let (mut journal, _) = world.open().unwrap();
    let mut open: VecDeque<(Slot, Arc<[u8]>)> = VecDeque::new();
    for action in actions {
        match action {
            Action::Reserve { len, access } => {
                let class = if *access { Class::Access } else { Class::Change };
                match journal.reserve(class, (*len).max(16) as u64) {
                    Ok(slot) => {
                        let payload = payload(model.born, *len, &mut dice);
                        model.born += 1;
                        model.entries.push(Arc::clone(&payload));
                        prop_assert_eq!(slot.ticket().0, model.entries.len() as u64);
                        open.push_back((slot, payload));
                    }
                    Err(JournalError::Full) => {}
                    Err(error) => return Err(TestCaseError::fail(error.to_string())),
                }
            }
            Action::Fill(index) if !open.is_empty() => {
                let (slot, payload) = open.remove(index % open.len()).unwrap();
                slot.fill(payload);
            }
            Action::Fill(_) => {}
            Action::Step => {
                let before = journal.durable().0;
                let step = journal.step().unwrap();
                let after = journal.durable().0;
                let next_is_filled = open.front().is_none_or(|(slot, _)| slot.ticket().0 > before + 1)
                    && before < model.entries.len() as u64;
                match step {
                    Step::Wrote { entries, .. } => prop_assert_eq!(after, before + entries),
                    Step::Idle => prop_assert!(
                        !open.iter().all(|(slot, _)| slot.ticket().0 != before + 1)
                            || before == model.entries.len() as u64,
                        "idle with work: {}",
                        next_is_filled
                    ),
                    Step::Blocked => prop_assert_eq!(before, after),
                    Step::Closed => prop_assert!(false, "closed"),
                }
                prop_assert!(open.iter().all(|(slot, _)| slot.ticket().0 > after), "wrote an unfilled slot");
                model.durable = model.durable.max(usize::try_from(after).unwrap());
                if after > 0 && model.released < model.durable {
                    let index = model.released
                        + usize::try_from(dice.below((model.durable - model.released) as u64)).unwrap();
                    let address = journal.address(vpr_journal::Ticket(index as u64 + 1)).unwrap();
                    prop_assert_eq!(&journal.read(address).unwrap(), &model.entries[index]);
                }
            }
            Action::Tend => drop(journal.tend()),
            Action::Quiet => {
                world.clock.advance(150_000);
                journal.tend();
            }
            Action::Release(percent) => {
                let count = model.durable * percent / 100;
                journal.release(vpr_journal::Ticket(count as u64));
                model.released = model.released.max(count);
            }
            Action::Kill | Action::PowerCut(_) | Action::Close => {
                for (slot, payload) in open.drain(..) {
                    slot.fill(payload);
                }
                if let Action::Close = action {
                    match journal.close() {
                        Ok(()) => prop_assert_eq!(journal.durable().0, model.entries.len() as u64),
                        Err(JournalError::Full) => {}
                        Err(error) => return Err(TestCaseError::fail(error.to_string())),
                    }
                    model.durable = usize::try_from(journal.durable().0).unwrap();
                }
                let disk = match action {
                    Action::PowerCut(seed) => world.disk.power_cut(*seed),
                    _ => world.disk.snapshot(),
                };
                disk.stop_recording();
                world = world.with_disk(disk);
                let replayed;
                (journal, replayed) = world.open().map_err(|error| TestCaseError::fail(error.to_string()))?;
                model.replayed(replayed)?;
            }
        }
    }
    for (slot, payload) in open {
        slot.fill(payload);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_behaves_like_a_list(actions in prop::collection::vec(action(), 1..120), seed in any::<u64>()) {
        run(&actions, seed)?;
    }
}
