use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use vpr_store::directory::VersionRow;
use vpr_store::format::ChangeSummary;
use vpr_types::{DocumentName, Instant, PrincipalId, Seq, limits};

/// What a caller attaches to a document's content for the consumers of changes: opaque here, in
/// memory only, and absent again after a restart or when its consumer is far behind.
pub type Index = Arc<dyn Any + Send + Sync>;

/// What one seq of a tenant did.
#[derive(Debug, Clone)]
pub struct CommittedChange {
    /// Its position; one more than that of the change before.
    pub seq: Seq,
    /// When it was committed.
    pub time: Instant,
    /// Who made it.
    pub author: PrincipalId,
    /// The documents it changed, in the order of the request, each once: one that moved from one
    /// record to another is an update of its version there.
    pub documents: Vec<CommittedDocument>,
}

/// One document's new version.
#[derive(Debug, Clone)]
pub struct CommittedDocument {
    /// Which document.
    pub name: DocumentName,
    /// Version, operation (create, update or delete), object and place: what `Engine::content` needs.
    pub row: VersionRow,
    /// What the write brought along, while it is in memory.
    pub index: Option<Index>,
}

impl CommittedChange {
    /// `indexes` are in the order of the summary's documents; missing ones are absent.
    pub(crate) fn of(summary: &ChangeSummary, indexes: impl IntoIterator<Item = Option<Index>>) -> Self {
        let lines = summary.documents.iter().zip(indexes.into_iter().chain(std::iter::repeat(None)));
        let documents = lines.filter_map(|(line, index)| {
            let row = VersionRow::of(summary, line)?;
            Some(CommittedDocument { name: line.name.clone(), row, index })
        });
        Self {
            seq: summary.seq,
            time: summary.time,
            author: summary.provenance.author.clone(),
            documents: documents.collect(),
        }
    }

    /// About what it takes in memory. An index is taken for as large as the document it was made of.
    fn bytes(&self) -> usize {
        let of = |document: &CommittedDocument| {
            let index = if document.index.is_some() { document.row.size as usize } else { 0 };
            size_of::<CommittedDocument>() + 128 + index
        };
        size_of::<Self>() + 64 + self.documents.iter().map(of).sum::<usize>()
    }
}

/// How much a window may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Changes of one tenant.
    pub(crate) entries: usize,
    /// Bytes of one tenant's.
    pub(crate) bytes: usize,
    /// Bytes of all tenants' together; a tenant may always keep `recent` changes.
    pub(crate) bytes_total: usize,
    /// Changes that are kept although they were taken: a search that began a moment ago stands at
    /// one of them.
    pub(crate) recent: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            entries: limits::WINDOW_ENTRIES_MAX,
            bytes: limits::WINDOW_BYTES_MAX,
            bytes_total: limits::WINDOW_BYTES_TOTAL_MAX,
            recent: limits::WINDOW_ENTRIES_RECENT,
        }
    }
}

/// The last accepted changes of one tenant, durable or not. Whoever reserves a seq fills its slot
/// before the change can become durable, so every durable change that is not dropped is here.
pub(crate) struct Window {
    bounds: Bounds,
    /// Bytes of all tenants' windows.
    total: Arc<AtomicUsize>,
    slots: Mutex<Slots>,
}

struct Slots {
    /// The seq of the first slot.
    base: Seq,
    slots: VecDeque<Option<Arc<CommittedChange>>>,
    bytes: usize,
    /// Everything up to here has reached its consumer.
    taken: Seq,
    pins: BTreeMap<Seq, usize>,
}

impl Window {
    /// An empty window behind `last`.
    pub(crate) fn new(last: Seq, bounds: Bounds, total: Arc<AtomicUsize>) -> Self {
        let slots = Slots {
            base: last.next(),
            slots: VecDeque::new(),
            bytes: 0,
            taken: Seq(0),
            pins: BTreeMap::new(),
        };
        Self { bounds, total, slots: Mutex::new(slots) }
    }

    /// Fills the change's slot; earlier ones may still be empty.
    pub(crate) fn push(&self, change: CommittedChange) {
        let bytes = change.bytes();
        let change = Arc::new(change);
        let mut slots = self.slots.lock();
        let Some(place) = slots.place(change.seq) else { return };
        if slots.slots.len() <= place {
            slots.slots.resize(place + 1, None);
        }
        if let Some(slot) = slots.slots.get_mut(place) {
            *slot = Some(change);
            slots.bytes += bytes;
            self.total.fetch_add(bytes, Ordering::Relaxed);
        }
        let dropped = self.trim(&mut slots);
        drop(slots);
        // What is large is given back without the lock.
        drop(dropped);
    }

    /// Remembers that everything up to `seq` has reached its consumer.
    pub(crate) fn take(&self, seq: Seq) {
        let mut slots = self.slots.lock();
        slots.taken = slots.taken.max(seq);
        let dropped = self.trim(&mut slots);
        drop(slots);
        drop(dropped);
    }

    /// Everything that is filled behind `after`; `None` when some of it was dropped, or came before
    /// the window began.
    pub(crate) fn since(&self, after: Seq) -> Option<Vec<Arc<CommittedChange>>> {
        let slots = self.slots.lock();
        let place = slots.place(after.next())?;
        Some(slots.slots.iter().skip(place).flatten().cloned().collect())
    }

    /// What is behind `after` up to `last`, all of which is durable.
    ///
    /// # Errors
    /// The first seq of the window, when that is behind `after.next()`.
    pub(crate) fn between(&self, after: Seq, last: Seq) -> Result<Vec<Arc<CommittedChange>>, Seq> {
        let slots = self.slots.lock();
        let place = slots.place(after.next()).ok_or(slots.base)?;
        let count = usize::try_from(last.0.saturating_sub(after.0)).unwrap_or(usize::MAX);
        Ok(slots.slots.iter().skip(place).take(count).map_while(Clone::clone).collect())
    }

    pub(crate) fn pin(&self, seq: Seq) {
        *self.slots.lock().pins.entry(seq).or_default() += 1;
    }

    pub(crate) fn unpin(&self, seq: Seq) {
        let mut slots = self.slots.lock();
        if let Some(count) = slots.pins.get_mut(&seq) {
            *count -= 1;
            if *count == 0 {
                slots.pins.remove(&seq);
            }
        }
        let dropped = self.trim(&mut slots);
        drop(slots);
        drop(dropped);
    }

    fn trim(&self, slots: &mut Slots) -> Vec<Arc<CommittedChange>> {
        let pinned = slots.pins.first_key_value().map_or(Seq(u64::MAX), |(seq, _)| *seq);
        let done = slots.taken.min(pinned);
        let mut dropped = Vec::new();
        while !slots.slots.is_empty() {
            let crowded = self.total.load(Ordering::Relaxed) > self.bounds.bytes_total;
            let recent = slots.slots.len() <= self.bounds.recent;
            let too_much = slots.slots.len() > self.bounds.entries
                || slots.bytes > self.bounds.bytes
                || (crowded && !recent);
            if !too_much && (recent || slots.base > done) {
                break;
            }
            if let Some(Some(change)) = slots.slots.pop_front() {
                let bytes = change.bytes();
                slots.bytes = slots.bytes.saturating_sub(bytes);
                self.total.fetch_sub(bytes, Ordering::Relaxed);
                dropped.push(change);
            }
            slots.base = slots.base.next();
        }
        dropped
    }
}

impl Slots {
    fn place(&self, seq: Seq) -> Option<usize> {
        usize::try_from(seq.0.checked_sub(self.base.0)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use vpr_types::PrincipalId;

    use super::*;

    const BOUNDS: Bounds = Bounds { entries: 8, bytes: 1 << 20, bytes_total: 1 << 20, recent: 2 };

    fn window(bounds: Bounds) -> Window {
        Window::new(Seq(10), bounds, Arc::default())
    }

    fn change(seq: u64) -> CommittedChange {
        let author = PrincipalId::new("dr-ada").unwrap();
        CommittedChange { seq: Seq(seq), time: Instant(0), author, documents: Vec::new() }
    }

    fn since(window: &Window, after: u64) -> Option<Vec<u64>> {
        let found = window.since(Seq(after))?;
        Some(found.iter().map(|change| change.seq.0).collect())
    }

    #[test]
    fn it_reaches_back_to_where_it_began_and_shows_what_is_filled() {
        let window = window(BOUNDS);
        assert_eq!(since(&window, 9), None, "what came before it began is not known here");
        assert_eq!(since(&window, 10), Some(vec![]));
        window.push(change(13));
        window.push(change(11));
        assert_eq!(since(&window, 10), Some(vec![11, 13]), "12 has its number, and is on its way");
        let durable = window.between(Seq(10), Seq(13)).unwrap();
        assert_eq!(durable.iter().map(|c| c.seq.0).collect::<Vec<_>>(), [11], "no gap is passed over");
        window.push(change(12));
        assert_eq!(since(&window, 11), Some(vec![12, 13]));
        assert_eq!(since(&window, 13), Some(vec![]));
        assert_eq!(window.between(Seq(9), Seq(13)).unwrap_err(), Seq(11));
        assert_eq!(window.between(Seq(10), Seq(12)).unwrap().len(), 2);
    }

    #[test]
    fn what_was_taken_goes_but_the_last_few_and_what_is_pinned_stay() {
        let window = window(BOUNDS);
        (11..=17).for_each(|seq| window.push(change(seq)));
        window.pin(Seq(13));
        window.pin(Seq(13));
        window.take(Seq(17));
        assert_eq!(since(&window, 13), Some(vec![14, 15, 16, 17]), "a search stands at 13");
        assert_eq!(since(&window, 12), None);
        window.unpin(Seq(13));
        assert!(since(&window, 13).is_some(), "another one does too");
        window.unpin(Seq(13));
        assert_eq!(since(&window, 15), Some(vec![16, 17]));
        assert_eq!(since(&window, 14), None);
    }

    #[test]
    fn beyond_its_bounds_it_drops_the_oldest_whoever_wants_them() {
        let window = window(BOUNDS);
        window.pin(Seq(10));
        (11..=18).for_each(|seq| window.push(change(seq)));
        assert!(since(&window, 10).is_some());
        window.push(change(19));
        assert_eq!(since(&window, 10), None);
        assert_eq!(since(&window, 11).map(|found| found.len()), Some(8));
        // A slot that is dropped before it is filled is not filled any more.
        let late = Window::new(Seq(0), BOUNDS, Arc::default());
        (2..=9).for_each(|seq| late.push(change(seq)));
        late.push(change(1));
        assert_eq!(since(&late, 1).map(|found| found.len()), Some(8));
        assert_eq!(late.between(Seq(0), Seq(9)).unwrap_err(), Seq(2));
    }

    #[test]
    fn all_windows_together_have_a_bound_and_each_keeps_the_last_few() {
        let total: Arc<AtomicUsize> = Arc::default();
        let bounds = Bounds { entries: 100, bytes_total: 6 * change(1).bytes(), ..BOUNDS };
        let (one, two) =
            (Window::new(Seq(0), bounds, total.clone()), Window::new(Seq(0), bounds, total.clone()));
        (1..=6).for_each(|seq| one.push(change(seq)));
        assert_eq!(since(&one, 0).map(|found| found.len()), Some(6));
        (1..=6).for_each(|seq| two.push(change(seq)));
        assert_eq!(since(&two, 4), Some(vec![5, 6]));
        assert_eq!(since(&two, 3), None);
        one.push(change(7));
        assert_eq!(since(&one, 3).map(|found| found.len()), Some(4), "it makes room when it grows");
        assert_eq!(total.load(Ordering::Relaxed), 6 * change(1).bytes());
        let by_bytes = window(Bounds { bytes: 3 * change(1).bytes(), ..BOUNDS });
        (11..=15).for_each(|seq| by_bytes.push(change(seq)));
        assert_eq!(since(&by_bytes, 12), Some(vec![13, 14, 15]));
        assert_eq!(since(&by_bytes, 11), None);
    }

    /// A change that counts for so many bytes and does not hold them.
    fn large(seq: u64, bytes: usize) -> CommittedChange {
        let row = VersionRow {
            version: vpr_types::Version(1),
            seq: Seq(seq),
            time: Instant(0),
            operation: vpr_store::format::ChangeOperation::Create,
            record: vpr_types::RecordId(uuid::Uuid::nil()),
            part: vpr_types::Part::Registry,
            object: None,
            commit: vpr_types::ObjectId([0; 20]),
            size: u32::try_from(bytes).unwrap(),
            digest: None,
            author: PrincipalId::new("dr-ada").unwrap(),
        };
        let name = DocumentName::new("Patient", "a").unwrap();
        let documents = vec![CommittedDocument { name, row, index: Some(Arc::new(())) }];
        CommittedChange { documents, ..change(seq) }
    }

    #[test]
    fn one_tenant_keeps_as_many_changes_as_the_limit_says() {
        let window = Window::new(Seq(0), Bounds::default(), Arc::default());
        let most = limits::WINDOW_ENTRIES_MAX as u64;
        (1..=most).for_each(|seq| window.push(change(seq)));
        assert_eq!(since(&window, 0).map(|found| found.len()), Some(limits::WINDOW_ENTRIES_MAX));
        window.push(change(most + 1));
        assert_eq!(since(&window, 0), None);
        assert_eq!(since(&window, 1).map(|found| found.len()), Some(limits::WINDOW_ENTRIES_MAX));
    }

    #[test]
    fn all_tenants_keep_no_more_bytes_than_the_limit_says() {
        // More changes than each may keep in any case, and together as many bytes as one may have.
        let (count, bytes) = (1024, limits::WINDOW_BYTES_MAX / 1024 - 4096);
        let total: Arc<AtomicUsize> = Arc::default();
        let tenants = limits::WINDOW_BYTES_TOTAL_MAX / limits::WINDOW_BYTES_MAX;
        let fill = |window: &Window| (1..=count).for_each(|seq| window.push(large(seq, bytes)));
        let kept = |window: &Window| (0..=count).find_map(|after| since(window, after)).unwrap().len();
        let windows: Vec<_> =
            (0..tenants).map(|_| Window::new(Seq(0), Bounds::default(), total.clone())).collect();
        windows.iter().for_each(fill);
        assert!(windows.iter().all(|window| kept(window) == count as usize), "there is room for these");
        let late = Window::new(Seq(0), Bounds::default(), total.clone());
        fill(&late);
        assert!(kept(&late) < count as usize && kept(&late) >= limits::WINDOW_ENTRIES_RECENT);
        let most =
            limits::WINDOW_BYTES_TOTAL_MAX + limits::WINDOW_ENTRIES_RECENT * limits::WINDOW_BYTES_MAX / 1024;
        assert!(total.load(Ordering::Relaxed) <= most);
    }
}
