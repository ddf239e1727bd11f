/// Mixes a name with the seed of its type. The same function as in the generator, which chose the
/// seeds so that no two names of one type meet in a slot.
#[inline]
pub(crate) fn hash(name: &[u8], seed: u32) -> u32 {
    let (head, tail) = match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        (Some(head), Some(tail)) => (u32::from_le_bytes(*head), u32::from_le_bytes(*tail)),
        _ => {
            let short = name.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
            (short, short)
        }
    };
    let middle = u32::from(name.get(name.len() / 2).copied().unwrap_or_default());
    let length = (name.len() as u32) << 27;
    let mixed = (head ^ middle.rotate_left(13)).wrapping_mul(0x9e37_79b1) ^ tail.wrapping_add(length);
    (mixed ^ mixed >> 15).wrapping_mul(seed)
}
