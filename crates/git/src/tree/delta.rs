use vpr_types::ObjectId;

use super::{compare, parse};
use crate::{Error, OBJECT_BYTES_MAX};

const COPY_MAX: usize = 0xff_ffff;
const INSERT_MAX: usize = 127;
/// A copy takes up to seven bytes and splits an insert: shorter runs are cheaper inserted.
const COPY_WORTH: usize = 16;

/// A Git delta (gitformat-pack, "Deltified representation") that makes `new` from `base`.
///
/// Valid for any two byte strings; small when both are trees that differ in a few entries, or
/// when they share their beginning and end.
#[must_use]
pub fn delta(base: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    write_size(&mut out, base.len());
    write_size(&mut out, new.len());
    let prefix = common(base, new);
    let suffix = common_end(&base[prefix..], &new[prefix..]);
    let mut copies = vec![(0, 0, prefix)];
    if new.len() - prefix - suffix > 64 {
        copies.extend(common_entries(base, new, prefix, suffix));
    }
    copies.push((base.len() - suffix, new.len() - suffix, suffix));

    let mut at = 0;
    for (from, to, length) in copies {
        if length >= COPY_WORTH {
            insert(&mut out, &new[at..to]);
            copy(&mut out, from, length);
            at = to + length;
        }
    }
    insert(&mut out, &new[at..]);
    out
}

fn common(a: &[u8], b: &[u8]) -> usize {
    let blocks = a.chunks_exact(64).zip(b.chunks_exact(64)).take_while(|(x, y)| x == y).count() * 64;
    blocks + a[blocks..].iter().zip(&b[blocks..]).take_while(|(x, y)| x == y).count()
}

fn common_end(a: &[u8], b: &[u8]) -> usize {
    let blocks = a.rchunks_exact(64).zip(b.rchunks_exact(64)).take_while(|(x, y)| x == y).count() * 64;
    let (a, b) = (&a[..a.len() - blocks], &b[..b.len() - blocks]);
    blocks + a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count()
}

/// What entries of two trees have in common, outside the common beginning and end, as
/// (position in base, position in new, length). Empty when either is not a tree.
fn common_entries(base: &[u8], new: &[u8], prefix: usize, suffix: usize) -> Vec<(usize, usize, usize)> {
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    let (mut olds, mut news) = (parse(base), parse(new));
    let (mut old, mut entry) = (olds.next_with_range(), news.next_with_range());
    while let (Some(o), Some(n)) = (&old, &entry) {
        let (Ok((o, from)), Ok((n, to))) = (o, n) else { return Vec::new() };
        let order = compare((o.name, o.mode), (n.name, n.mode));
        if order.is_eq() && to.start >= prefix && to.end <= new.len() - suffix {
            // Mode and name are the same: of a changed entry only the id is new.
            let same = if o.id == n.id { to.len() } else { to.len() - ObjectId::LEN };
            match runs.last_mut() {
                Some((f, t, length)) if *f + *length == from.start && *t + *length == to.start => {
                    *length += same;
                }
                _ => runs.push((from.start, to.start, same)),
            }
        }
        if order.is_le() {
            old = olds.next_with_range();
        }
        if order.is_ge() {
            entry = news.next_with_range();
        }
    }
    runs
}

fn write_size(out: &mut Vec<u8>, mut size: usize) {
    while size > 0x7f {
        out.push(0x80 | (size & 0x7f) as u8);
        size >>= 7;
    }
    out.push(size as u8);
}

fn copy(out: &mut Vec<u8>, mut from: usize, mut length: usize) {
    while length > 0 {
        let part = length.min(COPY_MAX);
        let opcode_at = out.len();
        let mut opcode = 0x80;
        out.push(opcode);
        for (bit, value) in
            (0..4).map(|i| (i, from >> (8 * i))).chain((0..3).map(|i| (i + 4, part >> (8 * i))))
        {
            let byte = (value & 0xff) as u8;
            if byte != 0 {
                opcode |= 1 << bit;
                out.push(byte);
            }
        }
        out[opcode_at] = opcode;
        from += part;
        length -= part;
    }
}

fn insert(out: &mut Vec<u8>, bytes: &[u8]) {
    for part in bytes.chunks(INSERT_MAX) {
        out.push(part.len() as u8);
        out.extend_from_slice(part);
    }
}

/// Applies a Git delta.
///
/// # Errors
/// [`Error::Malformed`] when it was not made from a base of this length, copies from outside of
/// it, does not give the size that it claims, or claims more than [`OBJECT_BYTES_MAX`].
pub fn apply_delta(base: &[u8], delta: &[u8]) -> Result<Vec<u8>, Error> {
    const BROKEN: Error = Error::Malformed("a delta is broken");
    let mut input = delta;
    if read_size(&mut input)? != base.len() {
        return Err(Error::Malformed("a delta is not made from its base"));
    }
    let size = read_size(&mut input)?;
    if size > OBJECT_BYTES_MAX {
        return Err(Error::Malformed("an object claims more bytes than allowed"));
    }
    // A short delta may claim much; what it really gives is bounded by its copies of the base.
    let mut out = Vec::with_capacity(size.min(base.len() + delta.len()));
    while let Some((&opcode, rest)) = input.split_first() {
        input = rest;
        let part = if opcode & 0x80 != 0 {
            let mut field = |bits: std::ops::Range<u8>| -> Result<usize, Error> {
                let mut value = 0;
                for (place, bit) in bits.enumerate() {
                    if opcode & (1 << bit) != 0 {
                        let (&byte, rest) = input.split_first().ok_or(BROKEN)?;
                        input = rest;
                        value |= usize::from(byte) << (8 * place);
                    }
                }
                Ok(value)
            };
            let from = field(0..4)?;
            let length = match field(4..7)? {
                0 => 0x1_0000,
                length => length,
            };
            base.get(from..from + length).ok_or(BROKEN)?
        } else {
            // Opcode 0 is reserved: an insert of nothing is refused like everything unknown.
            let length = usize::from(opcode);
            let (part, rest) = input.split_at_checked(length).filter(|_| length > 0).ok_or(BROKEN)?;
            input = rest;
            part
        };
        if out.len() + part.len() > size {
            return Err(BROKEN);
        }
        out.extend_from_slice(part);
    }
    if out.len() == size { Ok(out) } else { Err(BROKEN) }
}

fn read_size(input: &mut &[u8]) -> Result<usize, Error> {
    let mut size: u64 = 0;
    for shift in (0..=35).step_by(7) {
        let (&byte, rest) = input.split_first().ok_or(Error::Malformed("a delta is broken"))?;
        *input = rest;
        size |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return usize::try_from(size).map_err(|_| Error::Malformed("a delta is broken"));
        }
    }
    Err(Error::Malformed("a delta is broken"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_delta_makes_new_from_base(
            start in prop::collection::vec(any::<u8>(), 0..300),
            old in prop::collection::vec(any::<u8>(), 0..300),
            new in prop::collection::vec(any::<u8>(), 0..300),
            end in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let (base, new) = ([&start[..], &old, &end].concat(), [&start[..], &new, &end].concat());
            prop_assert_eq!(apply_delta(&base, &delta(&base, &new)).unwrap(), new);
        }

        #[test]
        fn bytes_that_are_no_delta_never_panic(base in prop::collection::vec(any::<u8>(), 0..40),
                                               delta in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = apply_delta(&base, &delta);
        }
    }

    #[test]
    fn copies_longer_than_their_field_are_split() {
        let base: Vec<u8> = (0..20_000_000_u32).map(|i| (i ^ (i >> 11)) as u8).collect();
        let new = [&base[..], b"more"].concat();
        let delta = delta(&base, &new);
        assert!(delta.len() < 40, "{}", delta.len());
        assert_eq!(apply_delta(&base, &delta).unwrap(), new);
        // The size field of a copy being absent means 0x10000.
        assert_eq!(
            apply_delta(&base[..0x1_0000], &[0x80, 0x80, 4, 0x80, 0x80, 4, 0x80]).unwrap(),
            base[..0x1_0000]
        );
    }

    #[test]
    fn claims_are_checked() {
        let good = delta(b"0123456789abcdefXXXX", b"0123456789abcdefYYYY");
        assert!(apply_delta(b"0123456789abcdefXXX", &good).is_err(), "another base");
        for length in 0..good.len() {
            assert!(apply_delta(b"0123456789abcdefXXXX", &good[..length]).is_err(), "{length}");
        }
        // Base size 1, result size 64 MiB + 1 byte, and a reserved opcode.
        assert!(apply_delta(b"x", &[1, 0x81, 0x80, 0x80, 0x20, 0x90, 1]).is_err());
        assert!(apply_delta(b"x", &[1, 1, 0, 1, b'y']).is_err());
    }
}
