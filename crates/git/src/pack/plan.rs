use std::collections::HashMap;

use vpr_types::ObjectId;

use crate::Error;

/// One candidate for a pack: its id, and the id of its base if it is a delta.
/// Bases are looked for among the candidates of the same `source`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) source: u32,
    pub(crate) id: ObjectId,
    pub(crate) base: Option<ObjectId>,
}

/// Which candidates to write, in an order in which every base stands before its deltas.
///
/// Of several copies of an id the one with the shortest chain is taken. A delta whose own base
/// was dropped as a copy then hangs on the copy that was kept, whose chain is no longer: so no
/// chain grows, and none can become a circle.
///
/// # Errors
/// [`Error::Malformed`] when a base is not among its source's candidates.
pub(crate) fn plan(candidates: &[Candidate]) -> Result<Vec<usize>, Error> {
    let depths = depths(candidates)?;
    let mut best: HashMap<ObjectId, usize> = HashMap::with_capacity(candidates.len());
    for (index, candidate) in candidates.iter().enumerate() {
        best.entry(candidate.id)
            .and_modify(|kept| {
                if depths[index] < depths[*kept] {
                    *kept = index;
                }
            })
            .or_insert(index);
    }
    let mut order = Vec::with_capacity(best.len());
    let mut placed = vec![false; candidates.len()];
    let mut chain = Vec::new();
    for candidate in candidates {
        let mut next = Some(candidate.id);
        while let Some(index) = next.and_then(|id| best.get(&id).copied()).filter(|index| !placed[*index]) {
            placed[index] = true;
            chain.push(index);
            next = candidates[index].base;
        }
        order.extend(chain.drain(..).rev());
    }
    Ok(order)
}

/// The length of each candidate's chain within its source; 0 for whole objects.
fn depths(candidates: &[Candidate]) -> Result<Vec<u32>, Error> {
    let mut known: HashMap<(u32, ObjectId), u32> = HashMap::with_capacity(candidates.len());
    let mut depths = vec![0; candidates.len()];
    let mut open: Vec<usize> = (0..candidates.len()).collect();
    // Stock Git may place a base behind its delta; every round settles at least one link.
    while !open.is_empty() {
        let before = open.len();
        open.retain(|&index| {
            let Candidate { source, id, base } = candidates[index];
            let depth = match base {
                None => 0,
                Some(base) => match known.get(&(source, base)) {
                    Some(depth) => depth + 1,
                    None => return true,
                },
            };
            depths[index] = depth;
            let shortest = known.entry((source, id)).or_insert(depth);
            *shortest = (*shortest).min(depth);
            false
        });
        if open.len() == before {
            return Err(Error::Malformed("the base of a delta is not in its pack"));
        }
    }
    Ok(depths)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Chains as they are met: in each source, objects with few different ids, some a delta of
    /// one that came before.
    fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
        let object = (0..12_u8, prop::option::of(any::<prop::sample::Index>()));
        vec(vec(object, 0..30), 1..4).prop_map(|sources| {
            let mut all: Vec<Candidate> = Vec::new();
            for (source, objects) in (0..).zip(sources) {
                let start = all.len();
                for (id, base) in objects {
                    let earlier = &all[start..];
                    let base = base.filter(|_| !earlier.is_empty()).map(|index| index.get(earlier).id);
                    // What depends on an object is newer than it: its id cannot be its base's base.
                    let id = base.map_or(id, |base| base.0[0] + 1 + id % 3);
                    all.push(Candidate { source, id: ObjectId([id; 20]), base });
                }
            }
            all
        })
    }

    proptest! {
        #[test]
        fn every_id_once_every_base_before_and_no_chain_longer(candidates in candidates()) {
            let order = plan(&candidates).unwrap();
            let depths = depths(&candidates).unwrap();
            let mut placed: HashMap<ObjectId, u32> = HashMap::new();
            for index in order {
                let Candidate { id, base, .. } = candidates[index];
                let depth = base.map_or(0, |base| placed[&base] + 1);
                prop_assert!(placed.insert(id, depth).is_none());
                for (other, before) in candidates.iter().zip(&depths) {
                    prop_assert!(other.id != id || depth <= *before);
                }
            }
            prop_assert!(candidates.iter().all(|candidate| placed.contains_key(&candidate.id)));
        }
    }

    #[test]
    fn two_packs_that_hang_on_each_others_objects_make_no_circle() {
        let id = |n| ObjectId([n; 20]);
        let entry = |source, n, base: Option<u8>| Candidate { source, id: id(n), base: base.map(id) };
        let both = [entry(0, 1, Some(2)), entry(0, 2, None), entry(1, 1, None), entry(1, 2, Some(1))];
        let order = plan(&both).unwrap();
        assert_eq!(order, [2, 1]);
        assert!(plan(&[entry(0, 1, Some(2)), entry(0, 2, Some(1))]).is_err());
        assert!(plan(&[entry(0, 1, Some(2)), entry(1, 2, None)]).is_err(), "another source's base");
    }
}
