use std::io;

use parking_lot::Mutex;
use vpr_types::Entropy;

use crate::Dice;

/// Bytes that are exactly those of the seed, in the order of the calls.
#[derive(Debug)]
pub struct SeedEntropy {
    dice: Mutex<Dice>,
}

impl SeedEntropy {
    /// The bytes of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { dice: Mutex::new(Dice::new(seed)) }
    }
}

impl Entropy for SeedEntropy {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        self.dice.lock().fill(buffer);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_follow_the_seed() {
        let draw = |seed| {
            let entropy = SeedEntropy::new(seed);
            let mut bytes = [0u8; 21];
            entropy.fill(&mut bytes[..13]).unwrap();
            entropy.fill(&mut bytes[13..]).unwrap();
            bytes
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
