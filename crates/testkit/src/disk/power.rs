//! What a power cut leaves of a kernel.

use std::collections::BTreeMap;

use super::content::Content;
use super::kernel::{DirectoryNode, FileNode, Kernel, Node, NodeId, ROOT, Unsynced};
use crate::Dice;

/// The unit that a disk writes whole or not at all, in bytes.
pub const SECTOR_BYTES: u64 = 512;

/// How much of what was not synced survives, in percent: the ends are drawn as often as the middle,
/// because most bugs live there.
const KEPT_PERCENT: [u64; 6] = [0, 100, 50, 50, 10, 90];

/// One possible disk after the power went away at this moment.
pub(super) fn cut(mut kernel: Kernel, dice: &mut Dice) -> Kernel {
    let names_kept = choose(dice);
    let data_kept = choose(dice);
    let happened: Vec<_> =
        std::mem::take(&mut kernel.names).into_iter().filter(|_| dice.chance(names_kept)).collect();
    kernel.make_durable(happened);

    let mut nodes = BTreeMap::new();
    let mut reachable = vec![ROOT];
    while let Some(id) = reachable.pop() {
        let node = match kernel.nodes.get(&id) {
            Some(Node::Directory(directory)) => {
                reachable.extend(directory.durable.values());
                let names = directory.durable.clone();
                Node::Directory(DirectoryNode { live: names.clone(), durable: names })
            }
            Some(Node::File(file)) => {
                let content = surviving(file, data_kept, &mut seeded(dice, id));
                Node::File(FileNode { live: content.clone(), durable: content, unsynced: Vec::new() })
            }
            None => continue,
        };
        nodes.insert(id, node);
    }
    Kernel { nodes, names: Vec::new(), next: kernel.next }
}

fn choose(dice: &mut Dice) -> u64 {
    let sides = KEPT_PERCENT.len() as u64;
    let index = dice.below(sides);
    KEPT_PERCENT.into_iter().nth(super::content::usize_of(index)).unwrap_or(50)
}

fn seeded(dice: &mut Dice, id: NodeId) -> Dice {
    Dice::new(dice.roll() ^ id)
}

fn surviving(file: &FileNode, kept: u64, dice: &mut Dice) -> Content {
    // Changes of one file's length reach the disk in their order; its sectors in any.
    let mut lengths = 0;
    let mut length = file.durable.len();
    for change in &file.unsynced {
        let after = match change {
            Unsynced::Write { offset, data } => length.max(offset + data.len()),
            Unsynced::Length(length) => *length,
        };
        lengths += u64::from(after != length);
        length = after;
    }
    let mut lengths_left = match kept {
        0 => 0,
        100 => lengths,
        _ => dice.below(lengths + 1),
    };

    let mut content = file.durable.clone();
    let mut length = content.len();
    let mut seen = length;
    for change in &file.unsynced {
        let after = match change {
            Unsynced::Write { offset, data } => seen.max(offset + data.len()),
            Unsynced::Length(length) => *length,
        };
        let length_happened = after != seen && lengths_left > 0;
        seen = after;
        if length_happened {
            lengths_left -= 1;
            length = after;
        }
        match change {
            Unsynced::Length(to) if length_happened => content.set_len(*to),
            Unsynced::Length(_) => {}
            Unsynced::Write { offset, data } => {
                let whole = dice.chance(30).then(|| dice.chance(kept));
                let end = offset + data.len();
                let mut start = *offset;
                while start < end {
                    let stop = end.min((start / SECTOR_BYTES + 1) * SECTOR_BYTES);
                    if whole.unwrap_or_else(|| dice.chance(kept)) {
                        content.write(start, &data.part(start - offset, stop - offset));
                    }
                    start = stop;
                }
            }
        }
    }
    content.set_len(length);
    content
}
