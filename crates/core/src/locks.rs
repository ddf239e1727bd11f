use std::hash::{DefaultHasher, Hash, Hasher};

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A fixed number of locks that names are spread over. Two names may share one, which costs
/// waiting, never correctness. Whoever needs several takes them through [`Stripes::lock`], which
/// sorts them, so that no two writers wait for each other.
pub(crate) struct Stripes {
    stripes: Vec<RwLock<()>>,
}

/// How a name is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hold {
    /// With others who only name it.
    Shared,
    /// Alone.
    Exclusive,
}

/// What [`Stripes::lock`] holds until it is dropped.
#[expect(dead_code, reason = "guards are held, not read")]
pub(crate) enum Held<'a> {
    Shared(RwLockReadGuard<'a, ()>),
    Exclusive(RwLockWriteGuard<'a, ()>),
}

impl Stripes {
    pub(crate) fn new(count: usize) -> Self {
        Self { stripes: (0..count.max(1)).map(|_| RwLock::new(())).collect() }
    }

    /// Takes all of `wanted`, in one order that every caller shares.
    pub(crate) fn lock<T: Hash>(&self, wanted: impl IntoIterator<Item = (T, Hold)>) -> Vec<Held<'_>> {
        let mut places: Vec<(usize, Hold)> =
            wanted.into_iter().map(|(name, hold)| (self.place(&name), hold)).collect();
        // Sorted with the stronger hold last, so that it wins when a place is wanted twice.
        places.sort_unstable();
        let mut last: Option<(usize, Hold)> = None;
        let mut plan = Vec::with_capacity(places.len());
        for (place, hold) in places {
            match last {
                Some((before, _)) if before == place => {
                    plan.pop();
                    plan.push((place, hold));
                }
                _ => plan.push((place, hold)),
            }
            last = Some((place, hold));
        }
        plan.into_iter()
            .filter_map(|(place, hold)| self.stripes.get(place).map(|stripe| (stripe, hold)))
            .map(|(stripe, hold)| match hold {
                Hold::Shared => Held::Shared(stripe.read()),
                Hold::Exclusive => Held::Exclusive(stripe.write()),
            })
            .collect()
    }

    fn place<T: Hash>(&self, name: &T) -> usize {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let count = self.stripes.len() as u64;
        usize::try_from(hasher.finish() % count).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn one_place_wanted_twice_is_taken_once_and_exclusively() {
        let stripes = Stripes::new(1);
        let held = stripes.lock([("a", Hold::Shared), ("b", Hold::Exclusive), ("a", Hold::Shared)]);
        assert!(matches!(held.as_slice(), [Held::Exclusive(_)]));
    }

    #[test]
    fn writers_of_overlapping_sets_neither_meet_nor_block_forever() {
        let stripes = Stripes::new(64);
        let inside = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for start in 0..8_u32 {
                let (stripes, inside) = (&stripes, &inside);
                scope.spawn(move || {
                    for round in 0..500 {
                        let names = (0..4).map(|i| ((start * 7 + i * 13 + round) % 50, Hold::Exclusive));
                        let held = stripes.lock(names.chain([(1_000, Hold::Exclusive)]));
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(held);
                    }
                });
            }
        });
    }
}
