//! A bit turns (A5): where entries were known to be synced the start is refused by name and offset;
//! behind, what is damaged is dropped and all before it is there.

use std::path::Path;
use std::sync::Arc;

use vpr_journal::{Class, JournalError};
use vpr_testkit::Dice;

use crate::world::{World, options, payload, write};

/// Where groups begin in a segment's bytes, by the format's description: a magic at a block.
fn groups(bytes: &[u8]) -> Vec<u64> {
    (1..bytes.len() / 4096)
        .filter(|block| bytes[block * 4096..].starts_with(b"VPRGROUP"))
        .map(|block| block as u64 * 4096)
        .collect()
}

struct Journal {
    world: World,
    payloads: Vec<Arc<[u8]>>,
    /// Entries before the last group that has any.
    vouched: usize,
}

/// Two segments of groups, a marker in between; the last group is vouched for if `closed`.
fn build(closed: bool) -> Journal {
    let world = World::new(options());
    let (journal, _) = world.open().unwrap();
    while journal.tend() {}
    let mut dice = Dice::new(1);
    let mut payloads = Vec::new();
    for n in 0..7 {
        payloads.push(payload(n, 600 * (n % 4), &mut dice));
        write(&journal, Class::Change, &payloads[n]).unwrap();
        if n == 1 {
            world.clock.advance(200_000);
            journal.tend();
        }
    }
    if closed {
        journal.close().unwrap();
    }
    let vouched = payloads.len() - usize::from(!closed);
    Journal { world, payloads, vouched }
}

/// Flips a bit of every byte that is not zero and of a sample of the others.
fn flip_everywhere(closed: bool) {
    let built = build(closed);
    let files = built.world.disk.files();
    let last_used = files.iter().rposition(|(_, bytes)| !groups(bytes).is_empty()).unwrap();
    assert!(last_used == 1 && files.len() > 2, "two used, one prepared");
    let (mut refused, mut dropped) = (0, 0);
    for (index, (path, bytes)) in files.iter().enumerate() {
        let starts = groups(bytes);
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1;
        // The group that nothing vouches for: the last one of all.
        let doubtful = if index == last_used { *starts.last().unwrap() } else { u64::MAX };
        let written = end.next_multiple_of(4096);
        for offset in (0..written).chain((written..bytes.len() as u64).step_by(509)) {
            let disk = built.world.disk.snapshot();
            disk.flip_bit(Path::new(path), offset, u8::try_from(offset % 8).unwrap());
            let opened = built.world.with_disk(disk).open();
            let used = index <= last_used;
            let in_synced = used && offset < doubtful.min(written);
            match opened {
                Err(JournalError::Corrupt { segment, offset: at, .. }) => {
                    assert!(in_synced, "{path} {offset}: nothing synced is there");
                    let unit = starts.iter().rfind(|start| **start <= offset).copied().unwrap_or(0);
                    assert_eq!((segment, at), (path.clone(), unit), "bit of byte {offset}");
                    refused += 1;
                }
                Ok((journal, replayed)) => {
                    assert!(!in_synced, "{path} {offset}: damage went unnoticed");
                    let kept = if offset >= doubtful && offset < written { built.vouched } else { 7 };
                    assert_eq!(replayed, built.payloads[..kept], "{path} {offset}");
                    let noticed = journal.recovery().dropped_groups == 1;
                    assert!(noticed || index < last_used || offset < 4096, "{path} {offset}");
                    dropped += 1;
                }
                Err(other) => panic!("{path} {offset}: {other}"),
            }
        }
    }
    assert!(refused > 10_000 && dropped > 3_000, "{refused} {dropped}");
}

#[test]
fn a_flipped_bit_under_a_last_group_without_a_witness() {
    flip_everywhere(false);
}

#[test]
fn a_flipped_bit_in_a_closed_journal() {
    flip_everywhere(true);
}

#[test]
fn a_flipped_bit_in_the_only_group_of_the_oldest_segment() {
    let world = World::new(options());
    let (journal, _) = world.open().unwrap();
    let mut dice = Dice::new(1);
    for n in 0..5 {
        // The first fills the segment of the start.
        let len = if n == 0 { 16_000 } else { 500 };
        write(&journal, Class::Change, &payload(n, len, &mut dice)).unwrap();
    }
    let (path, bytes) = &world.disk.files()[0];
    assert_eq!(groups(bytes), [4096]);
    for offset in (4096..4096 + 16_000).step_by(13) {
        let disk = world.disk.snapshot();
        disk.flip_bit(Path::new(path), offset, 1);
        match world.with_disk(disk).open() {
            Err(JournalError::Corrupt { segment, offset: 4096, .. }) => assert_eq!(&segment, path),
            other => panic!("{offset}: {:?}", other.map(|(_, replayed)| replayed.len())),
        }
    }
}
