//! What each call promises.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;

use vpr_journal::{Class, Journal, JournalError, JournalOptions, Step, Ticket};
use vpr_testkit::{Dice, SeedEntropy, SimClock, SimDisk};
use vpr_types::{DirectoryEntry, Disk, DiskFile, OpenMode};

use crate::world::{FOLDER, World, options, payload, write};

fn opened() -> (World, Journal) {
    let world = World::new(options());
    let (journal, replayed) = world.open().unwrap();
    assert!(replayed.is_empty());
    (world, journal)
}

/// A disk that does something else in the middle of the next read.
#[derive(Clone)]
struct HookedDisk {
    disk: SimDisk,
    hook: Hook,
}

type Hook = Arc<parking_lot::Mutex<Option<Box<dyn FnOnce() + Send>>>>;

struct HookedFile {
    file: Arc<dyn DiskFile>,
    hook: Hook,
}

impl Disk for HookedDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(HookedFile { file: self.disk.open(path, mode)?, hook: Arc::clone(&self.hook) }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }
    fn create_directories(&self, path: &Path) -> io::Result<()> {
        self.disk.create_directories(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<DirectoryEntry>> {
        self.disk.list(path)
    }
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_directory(path)
    }
    fn sync_filesystem(&self) -> io::Result<()> {
        self.disk.sync_filesystem()
    }
    fn length(&self, path: &Path) -> io::Result<Option<u64>> {
        self.disk.length(path)
    }
}

impl DiskFile for HookedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let hook = self.hook.lock().take();
        if let Some(hook) = hook {
            hook();
        }
        self.file.read_at(buffer, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.file.write_at(bytes, offset)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }
}

fn files(disk: &SimDisk) -> Vec<String> {
    disk.files().into_iter().map(|(path, _)| path).collect()
}

fn path_of(number: u64) -> PathBuf {
    Path::new(FOLDER).join(format!("{number:016x}.segment"))
}

#[test]
fn the_order_of_the_log_is_that_of_the_reservations() {
    let (world, journal) = opened();
    let slots: Vec<_> = (0..4).map(|_| journal.reserve(Class::Change, 100).unwrap()).collect();
    assert_eq!(slots.iter().map(vpr_journal::Slot::ticket).collect::<Vec<_>>(), [1, 2, 3, 4].map(Ticket));
    let mut slots = slots.into_iter().map(Some).collect::<Vec<_>>();
    let mut fill = |n: usize| slots[n].take().unwrap().fill(vec![u8::try_from(n).unwrap(); 100].into());
    fill(1);
    fill(3);
    assert_eq!(journal.step().unwrap(), Step::Idle, "the first is not filled");
    fill(0);
    assert_eq!(journal.step().unwrap(), Step::Wrote { entries: 2, bytes: 4096 });
    assert_eq!(journal.durable(), Ticket(2));
    assert_eq!(journal.step().unwrap(), Step::Idle);
    fill(2);
    assert_eq!(journal.step().unwrap(), Step::Wrote { entries: 2, bytes: 4096 });
    let (_, replayed) = world.open().unwrap();
    assert_eq!(replayed.iter().map(|payload| payload[0]).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn a_group_is_one_write_and_one_sync_whatever_it_holds() {
    let (world, journal) = opened();
    for _ in 0..5 {
        journal.reserve(Class::Change, 700).unwrap().fill([1; 700].into());
    }
    let before = world.disk.operations();
    assert!(matches!(journal.step().unwrap(), Step::Wrote { entries: 5, .. }));
    assert_eq!(world.disk.operations() - before, 2);
    let stats = journal.stats();
    assert_eq!((stats.groups, stats.entries, stats.bytes), (1, 5, 4096));
}

#[test]
fn a_group_is_bounded() {
    let world = World::new(JournalOptions { group_bytes_max: 8192, ..options() });
    let (journal, _) = world.open().unwrap();
    for _ in 0..7 {
        journal.reserve(Class::Change, 2000).unwrap().fill([1; 2000].into());
    }
    assert_eq!(journal.step().unwrap(), Step::Wrote { entries: 4, bytes: 8192 });
    assert_eq!(journal.step().unwrap(), Step::Wrote { entries: 3, bytes: 8192 });
}

#[test]
fn waiters_are_told_once_and_in_order() {
    let (_, journal) = opened();
    let (tell, told) = channel();
    let ask = |ticket: u64| {
        let tell = tell.clone();
        journal.when_durable(
            Ticket(ticket),
            Box::new(move |outcome| tell.send((ticket, outcome.is_ok())).unwrap()),
        );
    };
    ask(3);
    for n in 1..=2 {
        let slot = journal.reserve(Class::Change, 10).unwrap();
        ask(n);
        slot.fill([0; 10].into());
    }
    assert!(told.try_recv().is_err(), "nothing is durable yet");
    journal.step().unwrap();
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [(1, true), (2, true)]);
    ask(1);
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [(1, true)], "at once");
    journal.wait(Ticket(2)).unwrap();
    drop(journal.reserve(Class::Change, 10).unwrap());
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [(3, false)], "it will never be");
    ask(3);
    ask(2);
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [(3, false), (2, true)]);
}

#[test]
fn an_unfilled_slot_stops_the_journal_for_good() {
    let (world, journal) = opened();
    write(&journal, Class::Change, b"before").unwrap();
    drop(journal.reserve(Class::Change, 10).unwrap());
    assert!(matches!(journal.failed(), Some(JournalError::Failed(_))));
    assert!(matches!(journal.step(), Err(JournalError::Failed(_))));
    assert!(matches!(journal.reserve(Class::Access, 1), Err(JournalError::Failed(_))));
    assert!(matches!(journal.wait(Ticket(2)), Err(JournalError::Failed(_))));
    assert!(matches!(journal.close(), Err(JournalError::Failed(_))));
    assert!(!journal.tend());
    assert!(journal.run().is_err());
    journal.run_background();
    let (_, replayed) = world.open().unwrap();
    assert_eq!(replayed, [b"before"[..].into()]);
}

#[test]
fn a_failed_sync_is_never_repeated_and_nobody_is_acknowledged() {
    let (world, journal) = opened();
    let slot = journal.reserve(Class::Change, 10).unwrap();
    let ticket = slot.ticket();
    slot.fill([7; 10].into());
    world.disk.fail_operation(
        world.disk.operations() + 2,
        vpr_testkit::Fault::Eio,
        vpr_testkit::Repeat::Once,
    );
    assert!(matches!(journal.step(), Err(JournalError::Failed(_))));
    let operations = world.disk.operations();
    assert!(matches!(journal.step(), Err(JournalError::Failed(_))));
    assert_eq!(world.disk.operations(), operations, "the disk is left alone");
    assert!(journal.wait(ticket).is_err());
    assert_eq!(journal.durable(), Ticket(0));

    // The page cache shows the entry, the platter never got it: the next start rescues it.
    let killed = world.with_disk(world.disk.snapshot());
    let (again, replayed) = killed.open().unwrap();
    assert_eq!(replayed.len(), 1);
    assert_eq!(again.recovery().rescued_entries, 1);
    for seed in 0..20 {
        let (_, replayed) = killed.with_disk(killed.disk.power_cut(seed)).open().unwrap();
        assert_eq!(replayed.len(), 1, "what was served stays");
    }
}

#[test]
fn entries_are_read_back_by_address_and_checked() {
    let world = World::new(JournalOptions { segments_max: 30, ..options() });
    let (journal, _) = world.open().unwrap();
    let mut dice = Dice::new(4);
    let payloads: Vec<_> = (0..30).map(|n| payload(n, 300 * n, &mut dice)).collect();
    for payload in &payloads {
        write(&journal, Class::Change, payload).unwrap();
    }
    let slot = journal.reserve(Class::Change, 1).unwrap();
    assert_eq!(journal.address(slot.ticket()), None, "not yet written");
    slot.fill([1].into());
    let check = |journal: &Journal| {
        for (ticket, payload) in (1..).map(Ticket).zip(&payloads) {
            let address = journal.address(ticket).unwrap();
            assert_eq!(&journal.read(address).unwrap(), payload);
        }
    };
    check(&journal);
    let (journal, _) = world.open().unwrap();
    check(&journal);

    let address = journal.address(Ticket(5)).unwrap();
    world.disk.flip_bit(&path_of(address.segment), address.offset + 100, 3);
    match journal.read(address) {
        Err(JournalError::Corrupt { segment, offset, .. }) => {
            assert_eq!(segment, path_of(address.segment).display().to_string());
            assert_eq!(offset, address.offset);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn released_segments_are_used_again_and_their_addresses_end() {
    let (world, journal) = opened();
    while journal.tend() {}
    let mut dice = Dice::new(5);
    let mut last = None;
    for n in 0..400 {
        let ticket = write(&journal, Class::Change, &payload(n, 1500, &mut dice)).unwrap();
        last.get_or_insert(journal.address(ticket).unwrap());
        journal.release(Ticket(ticket.0.saturating_sub(3)));
        while journal.tend() {}
    }
    assert!(files(&world.disk).len() <= 6, "{:?}", files(&world.disk));
    assert!(world.disk.used_bytes() <= 6 * (32 << 10));
    assert_eq!(journal.stats().inline_segments, 0, "nobody waited for a segment");
    assert!(matches!(journal.read(last.unwrap()), Err(JournalError::NotHeld(_))));
    assert_eq!(journal.address(Ticket(1)), None);
    let oldest = journal.pressure().oldest_held_ticket.unwrap();
    assert!(oldest > Ticket(380), "{oldest:?}");
    let (_, replayed) = world.open().unwrap();
    assert_eq!(replayed.len() as u64, 400 - oldest.0 + 1);
}

#[test]
fn a_segment_that_goes_while_it_is_read_is_not_called_damaged() {
    let disk = HookedDisk { disk: SimDisk::new(), hook: Arc::default() };
    let journal = Journal::open(
        Arc::new(disk.clone()),
        Arc::new(SimClock::default()),
        Arc::new(SeedEntropy::new(1)),
        Path::new(FOLDER),
        options(),
        &mut |_| Ok(()),
    )
    .unwrap();
    while journal.tend() {}
    for n in 0..20 {
        write(&journal, Class::Change, &payload(n, 3000, &mut Dice::new(1))).unwrap();
    }
    // In a regular segment, whose file is used again.
    let address = journal.address(Ticket(6)).unwrap();
    assert_eq!(address.segment, 2);
    journal.release(Ticket(20));
    let going = journal.clone();
    *disk.hook.lock() = Some(Box::new(move || while going.tend() {}));
    assert!(matches!(journal.read(address), Err(JournalError::NotHeld(_))));
    assert!(disk.hook.lock().is_none(), "it was read");
}

#[test]
fn failed_background_work_costs_no_capacity() {
    let world = World::new(JournalOptions { segments_max: 5, ..options() });
    let (journal, _) = world.open().unwrap();
    while journal.tend() {}
    for round in 0..=10 {
        for n in 0..8 {
            write(&journal, Class::Change, &payload(n, 3000, &mut Dice::new(1))).unwrap();
        }
        journal.release(journal.durable());
        if round == 0 {
            // The short segment of the start goes: only regular ones are used again.
            while journal.tend() {}
            continue;
        }
        // Renames, syncs the folder, writes zeros: there the disk fails.
        world.disk.fail_operation(
            world.disk.operations() + 3,
            vpr_testkit::Fault::Eio,
            vpr_testkit::Repeat::Once,
        );
        journal.tend();
        assert_eq!(journal.stats().background_errors, round, "the fault struck");
        world.clock.advance(1_000_001);
        while journal.tend() {}
    }
    assert!(journal.failed().is_none());
}

#[test]
fn nothing_that_was_not_released_ever_goes() {
    let (world, journal) = opened();
    for n in 0..40 {
        write(&journal, Class::Change, &payload(n, 1500, &mut Dice::new(1))).unwrap();
        while journal.tend() {}
    }
    journal.release(Ticket(0));
    while journal.tend() {}
    assert_eq!(world.open().unwrap().1.len(), 40);
}

#[test]
fn an_empty_group_vouches_for_the_last_one_after_a_quiet_spell() {
    let (world, journal) = opened();
    while journal.tend() {}
    let markers = || journal.stats().markers;
    world.clock.advance(200_000);
    journal.tend();
    assert_eq!(markers(), 0, "nothing to vouch for");
    write(&journal, Class::Change, b"x").unwrap();
    world.clock.advance(99_999);
    journal.tend();
    assert_eq!(markers(), 0, "not yet quiet");
    world.clock.advance(1);
    journal.tend();
    assert_eq!(markers(), 1);
    world.clock.advance(200_000);
    journal.tend();
    assert_eq!(markers(), 1, "once");
    let (journal, replayed) = world.open().unwrap();
    assert_eq!((replayed.len(), journal.recovery().rescued_entries), (1, 0), "it was known to be synced");
    assert_eq!(journal.recovery().groups, 1);
}

#[test]
fn what_is_reserved_is_not_quiet() {
    let (world, journal) = opened();
    write(&journal, Class::Change, b"x").unwrap();
    let slot = journal.reserve(Class::Change, 10).unwrap();
    world.clock.advance(200_000);
    journal.tend();
    assert_eq!(journal.stats().markers, 0, "the room is promised to the slot");
    slot.fill([1; 10].into());
}

#[test]
fn a_rescued_group_gets_its_witness_too() {
    let (world, journal) = opened();
    write(&journal, Class::Change, b"x").unwrap();
    drop(journal);
    let (journal, _) = world.open().unwrap();
    assert_eq!(journal.recovery().rescued_entries, 1);
    world.clock.advance(200_000);
    journal.tend();
    assert_eq!(journal.stats().markers, 1);
    drop(journal);
    let (journal, replayed) = world.open().unwrap();
    assert_eq!((replayed.len(), journal.recovery().rescued_entries), (1, 0));
}

#[test]
fn a_closed_journal_says_so_and_starts_clean() {
    let (world, journal) = opened();
    for _ in 0..3 {
        journal.reserve(Class::Change, 10).unwrap().fill([1; 10].into());
    }
    journal.close().unwrap();
    assert_eq!(journal.durable(), Ticket(3), "what was filled is written");
    journal.close().unwrap();
    assert!(matches!(journal.reserve(Class::Access, 1), Err(JournalError::Closed)));
    assert!(matches!(journal.wait(Ticket(4)), Err(JournalError::Closed)));
    assert_eq!(journal.step().unwrap(), Step::Closed);
    journal.run().unwrap();
    journal.run_background();
    let (journal, replayed) = world.open().unwrap();
    assert_eq!(replayed.len(), 3);
    assert_eq!((journal.recovery().rescued_entries, journal.recovery().dropped_groups), (0, 0));
}

#[test]
fn starting_without_writing_does_not_grow_the_journal() {
    let world = World::new(options());
    for round in 0..10 {
        let (journal, _) = world.open().unwrap();
        while journal.tend() {}
        if round == 0 {
            write(&journal, Class::Change, b"only").unwrap();
        }
        if round % 2 == 0 {
            journal.close().unwrap();
        }
    }
    let (_, replayed) = world.open().unwrap();
    assert_eq!(replayed, [b"only"[..].into()]);
    assert!(files(&world.disk).len() <= 4, "{:?}", files(&world.disk));
}

#[test]
fn limits_are_kept() {
    let world = World::new(JournalOptions { queue_bytes_max: 9_950, ..options() });
    let (journal, _) = world.open().unwrap();
    assert!(matches!(
        journal.reserve(Class::Change, (1 << 30) + 1),
        Err(JournalError::TooLarge { bytes: 0x4000_0001 })
    ));
    let slots: Vec<_> = (0..2).map(|_| journal.reserve(Class::Change, 4_900).unwrap()).collect();
    assert!(matches!(journal.reserve(Class::Access, 1), Err(JournalError::Busy)));
    for slot in slots {
        slot.fill([1; 10].into());
    }
    assert!(journal.reserve(Class::Change, 4_900).is_ok_and(|slot| {
        slot.fill([2].into());
        true
    }));
    assert!(matches!(journal.step().unwrap(), Step::Wrote { entries: 3, .. }));
    assert_eq!(journal.stats().queued_bytes, 0);
}

#[test]
fn an_entry_larger_than_a_segment_gets_one_as_long_as_it_needs() {
    let world = World::new(JournalOptions { segments_max: 30, ..options() });
    let (journal, _) = world.open().unwrap();
    let mut dice = Dice::new(9);
    let sizes = [100, 33_000, 70_000, 50, 31_000, 100_000];
    let payloads: Vec<_> = sizes.iter().enumerate().map(|(n, size)| payload(n, *size, &mut dice)).collect();
    for payload in &payloads {
        write(&journal, Class::Change, payload).unwrap();
    }
    for (n, payload) in (1..).zip(&payloads) {
        assert_eq!(&journal.read(journal.address(Ticket(n)).unwrap()).unwrap(), payload);
    }
    assert_eq!(world.open().unwrap().1, payloads);
    // A payload longer than was announced is no different.
    let (journal, _) = world.open().unwrap();
    journal.reserve(Class::State, 10).unwrap().fill(payload(6, 40_000, &mut dice));
    assert!(matches!(journal.step().unwrap(), Step::Wrote { .. }));
    assert_eq!(world.open().unwrap().1.len(), 7);
}

#[test]
fn the_owner_can_refuse_an_entry() {
    let (world, journal) = opened();
    write(&journal, Class::State, b"x").unwrap();
    let refused = Journal::open(
        Arc::new(world.disk.clone()),
        Arc::new(SimClock::default()),
        Arc::new(SeedEntropy::new(9)),
        Path::new(FOLDER),
        options(),
        &mut |entry| {
            assert_eq!((entry.class, entry.payload), (Class::State, &b"x"[..]));
            Err("not mine".into())
        },
    );
    assert!(matches!(refused, Err(JournalError::Refused(error)) if error.to_string() == "not mine"));
    assert_eq!(world.open().unwrap().1.len(), 1, "and nothing is lost by it");
}

/// A journal of several held segments, closed.
fn long_journal() -> World {
    let (world, journal) = opened();
    for n in 0..40 {
        write(&journal, Class::Change, &payload(n, 3000, &mut Dice::new(2))).unwrap();
    }
    journal.close().unwrap();
    assert!(journal.stats().held_segments > 3);
    world
}

fn refusal(world: &World) -> (String, u64) {
    match world.open().map(|(_, replayed)| replayed.len()) {
        Err(JournalError::Corrupt { segment, offset, .. }) => (segment, offset),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_segment_is_named() {
    let world = long_journal();
    world.disk.remove_file(&path_of(2)).unwrap();
    assert_eq!(refusal(&world), (path_of(2).display().to_string(), 0));
}

#[test]
fn a_segment_under_another_name_is_named() {
    let world = long_journal();
    let bytes = &world.disk.files()[2].1;
    let file = world.disk.open(&path_of(2), OpenMode::ReadWrite).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    assert_eq!(refusal(&world), (path_of(2).display().to_string(), 0));
}

#[test]
fn a_shortened_segment_is_named() {
    let world = long_journal();
    let file = world.disk.open(&path_of(2), OpenMode::ReadWrite).unwrap();
    file.set_len(12_288).unwrap();
    assert_eq!(refusal(&world), (path_of(2).display().to_string(), 12_288));
}

#[test]
fn a_file_that_lost_its_end_is_not_taken_for_a_shorter_journal() {
    let (world, journal) = opened();
    for _ in 0..3 {
        write(&journal, Class::Change, b"x").unwrap();
    }
    world.disk.open(&path_of(1), OpenMode::ReadWrite).unwrap().set_len(8192).unwrap();
    assert_eq!(
        refusal(&world),
        (path_of(1).display().to_string(), 8192),
        "two groups are gone without a trace"
    );
}

#[test]
fn what_an_earlier_use_of_a_file_left_is_never_taken_for_new() {
    let world = long_journal();
    let segments = world.disk.files();
    // Groups of the first segment behind those of the last one, as if zeroing had been skipped.
    let last = segments.iter().rposition(|(_, bytes)| bytes[4096..4104] == *b"VPRGROUP").unwrap();
    let (path, bytes) = &segments[last];
    let end = bytes.chunks(4096).rposition(|block| block.iter().any(|b| *b != 0)).unwrap() + 1;
    let file = world.disk.open(Path::new(path), OpenMode::ReadWrite).unwrap();
    file.write_all_at(&segments[0].1[4096..20_480], end as u64 * 4096).unwrap();
    let (journal, replayed) = world.open().unwrap();
    assert_eq!(replayed.len(), 40);
    assert_eq!(journal.recovery().dropped_at, Some((path.clone(), end as u64 * 4096)));
}

#[test]
fn a_later_format_is_refused_by_name() {
    let world = World::new(options());
    drop(world.open().unwrap());
    let mut block = world.disk.files()[0].1[..4096].to_vec();
    block[8] = 2;
    let checksum = xxhash_rust::xxh3::xxh3_64(&block[..4088]);
    block[4088..].copy_from_slice(&checksum.to_le_bytes());
    world.disk.open(&path_of(1), OpenMode::ReadWrite).unwrap().write_all_at(&block, 0).unwrap();
    assert!(matches!(world.open(), Err(JournalError::Format { found: 2, .. })));
}

#[test]
fn files_of_others_are_left_alone() {
    let (world, journal) = opened();
    write(&journal, Class::Change, b"x").unwrap();
    world.disk.open(Path::new("journal/notes.txt"), OpenMode::CreateNew).unwrap();
    world.disk.open(Path::new("journal/0000000000000009.spare"), OpenMode::CreateNew).unwrap();
    assert_eq!(world.open().unwrap().1.len(), 1);
    let files = files(&world.disk);
    assert!(files.contains(&"journal/notes.txt".to_owned()) && !files.iter().any(|f| f.ends_with(".spare")));
}
