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
