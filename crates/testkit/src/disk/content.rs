use std::collections::BTreeMap;
use std::sync::Arc;

const PAGE_BYTES: usize = 4096;

/// What is written: zeros are kept as a count, so that preallocated files cost nothing.
#[derive(Debug, Clone)]
pub(super) enum Data {
    Bytes(Arc<[u8]>),
    Zeros(u64),
}

impl Data {
    pub(super) fn new(bytes: &[u8]) -> Self {
        if bytes.iter().all(|b| *b == 0) {
            Self::Zeros(bytes.len() as u64)
        } else {
            Self::Bytes(bytes.into())
        }
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Zeros(count) => *count,
        }
    }

    /// Bytes `start..end` of it.
    pub(super) fn part(&self, start: u64, end: u64) -> Part<'_> {
        match self {
            Self::Bytes(bytes) => Part::Bytes(&bytes[usize_of(start)..usize_of(end)]),
            Self::Zeros(_) => Part::Zeros(end - start),
        }
    }
}

pub(super) enum Part<'a> {
    Bytes(&'a [u8]),
    Zeros(u64),
}

/// The bytes of a file, cheap to clone: pages are shared, pages of zeros are absent.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    len: u64,
    pages: BTreeMap<u64, Arc<[u8; PAGE_BYTES]>>,
}

impl Content {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn read(&self, buffer: &mut [u8], offset: u64) -> usize {
        let available = self.len.saturating_sub(offset);
        let count = buffer.len().min(usize::try_from(available).unwrap_or(usize::MAX));
        let mut done = 0;
        while done < count {
            let (page, within) = place(offset + done as u64);
            let n = (PAGE_BYTES - within).min(count - done);
            match self.pages.get(&page) {
                Some(bytes) => buffer[done..done + n].copy_from_slice(&bytes[within..within + n]),
                None => buffer[done..done + n].fill(0),
            }
            done += n;
        }
        count
    }

    pub(super) fn write(&mut self, offset: u64, part: &Part<'_>) {
        let count = match part {
            Part::Bytes(bytes) => bytes.len() as u64,
            Part::Zeros(count) => *count,
        };
        self.len = self.len.max(offset + count);
        match part {
            Part::Zeros(_) => self.clear(offset, offset + count),
            Part::Bytes(bytes) => {
                let mut done = 0;
                while done < bytes.len() {
                    let (page, within) = place(offset + done as u64);
                    let n = (PAGE_BYTES - within).min(bytes.len() - done);
                    let target = self.pages.entry(page).or_insert_with(|| Arc::new([0; PAGE_BYTES]));
                    Arc::make_mut(target)[within..within + n].copy_from_slice(&bytes[done..done + n]);
                    done += n;
                }
            }
        }
    }

    pub(super) fn set_len(&mut self, len: u64) {
        if len < self.len {
            self.clear(len, self.len);
        }
        self.len = len;
    }

    fn clear(&mut self, start: u64, end: u64) {
        let touched = start / PAGE_BYTES as u64..end.div_ceil(PAGE_BYTES as u64);
        if touched.is_empty() {
            return;
        }
        let pages: Vec<u64> = self.pages.range(touched).map(|(page, _)| *page).collect();
        for page in pages {
            let first = page * PAGE_BYTES as u64;
            let from = start.max(first) - first;
            let to = end.min(first + PAGE_BYTES as u64) - first;
            if from == 0 && to == PAGE_BYTES as u64 {
                self.pages.remove(&page);
            } else if let Some(bytes) = self.pages.get_mut(&page) {
                Arc::make_mut(bytes)[usize_of(from)..usize_of(to)].fill(0);
            }
        }
    }
}

fn place(offset: u64) -> (u64, usize) {
    (offset / PAGE_BYTES as u64, usize_of(offset % PAGE_BYTES as u64))
}

pub(super) fn usize_of(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dice;

    #[test]
    fn it_behaves_like_a_plain_vector() {
        let mut dice = Dice::new(11);
        let (mut content, mut plain) = (Content::default(), Vec::<u8>::new());
        for _ in 0..2000 {
            let offset = dice.below(20_000);
            let len = usize_of(dice.below(9_000));
            match dice.below(4) {
                0 => {
                    content.set_len(offset);
                    plain.resize(usize_of(offset), 0);
                }
                kind => {
                    let mut bytes = vec![0u8; len];
                    if kind == 1 {
                        dice.fill(&mut bytes);
                    }
                    let data = Data::new(&bytes);
                    assert_eq!(data.len(), len as u64);
                    content.write(offset, &data.part(0, data.len()));
                    plain.resize(plain.len().max(usize_of(offset) + len), 0);
                    plain[usize_of(offset)..][..len].copy_from_slice(&bytes);
                }
            }
            let mut read = vec![9u8; plain.len() + 10];
            assert_eq!(content.read(&mut read, 0), plain.len());
            assert_eq!(&read[..plain.len()], &plain[..]);
            assert_eq!(content.len(), plain.len() as u64);
        }
    }
}
