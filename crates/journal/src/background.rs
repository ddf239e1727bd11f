use crate::JournalError;
use crate::journal::Inner;
use crate::maker::Maker;
use crate::options::Sabotage;
use crate::segment::Held;
use crate::state::Phase;

/// Prepared segments kept beyond those that are wanted, before files are given back to the disk.
const READY_EXTRA: usize = 2;

enum Chore {
    GiveBack,
    Recycle(Held),
    Remove(Held),
    Create,
}

impl Inner {
    pub(crate) fn tend(&self) -> bool {
        {
            let state = self.state.lock();
            if state.failed.is_some() || state.phase != Phase::Open {
                return false;
            }
        }
        self.vouch_after_quiet();
        let mut maker = self.maker.lock();
        let Some(chore) = self.next_chore() else { return false };
        match self.do_chore(&mut maker, chore) {
            Ok(()) => {
                self.state.lock().stats.background_segments += 1;
                true
            }
            Err(_) => {
                // Sticky errors are known to the state by now; after others the journal goes on.
                self.state.lock().stats.background_errors += 1;
                false
            }
        }
    }

    fn do_chore(&self, maker: &mut Maker, chore: Chore) -> Result<(), JournalError> {
        match chore {
            Chore::GiveBack => {
                self.give_back_all(maker);
                Ok(())
            }
            Chore::Recycle(oldest) => self.recycle(maker, oldest),
            Chore::Remove(oldest) => self.remove(oldest),
            Chore::Create => self.create(maker),
        }
    }

    fn next_chore(&self) -> Option<Chore> {
        let wanted = self.options.ready_wanted();
        let (ready, refused, is_aside) = {
            let state = self.state.lock();
            let is_aside = state.aside_bytes > 0 && state.queued_long == 0;
            (state.ready.len(), state.no_room_until.is_some(), is_aside)
        };
        if is_aside {
            // For an entry that became shorter than it was expected to be.
            return Some(Chore::GiveBack);
        }
        if let Some(oldest) = self.free_oldest() {
            let keep = ready < wanted + READY_EXTRA;
            return Some(if keep { Chore::Recycle(oldest) } else { Chore::Remove(oldest) });
        }
        // Once refused, one more is tried when it is due: nothing else would find out that there is
        // room again.
        ((ready < wanted || refused) && self.may_grow()).then_some(Chore::Create)
    }

    /// Takes out the oldest segment when nothing in it is needed.
    pub(crate) fn free_oldest(&self) -> Option<Held> {
        let mut state = self.state.lock();
        let released = match self.options.sabotaged(Sabotage::ReleaseTooEarly) {
            true => u64::MAX - 1,
            false => state.released,
        };
        if state.oldest_is_free(released) { state.held.pop_front() } else { None }
    }

    /// Writes the empty group when nothing was written for a while and the last group has no witness.
    fn vouch_after_quiet(&self) {
        let Some(mut writer) = self.writer.try_lock() else { return };
        let now = self.clock.now();
        if now < writer.last_write {
            writer.last_write = now;
        }
        let quiet = now.0 - writer.last_write.0 >= self.options.quiet_micros;
        if quiet && writer.doubtful {
            // A failure is sticky and known to the state.
            drop(self.write_marker(&mut writer));
        }
    }
}
