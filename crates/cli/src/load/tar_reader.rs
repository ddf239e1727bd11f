//! The framing of tar archives: members one after another, in bounded memory.
//!
//! Nothing is written to disk, so a member's path is a label and no danger. Headers are read by
//! the crate `tar`; the framing is here because that crate reads long names whole, however long.

use std::io::{self, Read};

use tar::{EntryType, Header};

use super::limits::MEMBER_NAME_BYTES_MAX;

const BLOCK: usize = 512;

/// A tar archive that is read once, front to back.
pub(crate) struct TarReader<R> {
    reader: R,
    /// Bytes of the current member and its padding that were not read yet.
    left: u64,
    padding: u64,
}

/// What a header announces. A file's bytes are read from the [`TarReader`] itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Member {
    /// A regular file.
    File {
        /// Its name in the archive.
        name: String,
    },
    /// A folder, a link, a device: nothing to load.
    Other,
}

impl<R: Read> TarReader<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, left: 0, padding: 0 }
    }

    /// The next member; `None` at the end mark. An archive that just stops is an error.
    pub(crate) fn next(&mut self) -> io::Result<Option<Member>> {
        let mut long_name = None;
        let mut long_size = None;
        loop {
            self.skip()?;
            let Some(header) = self.header()? else { return Ok(None) };
            let size = header.entry_size()?;
            self.left = size;
            self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
            match header.entry_type() {
                EntryType::GNULongName => {
                    let bytes = self.extension(size)?;
                    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                    long_name = Some(String::from_utf8_lossy(&bytes[..end]).into_owned());
                }
                EntryType::XHeader => {
                    let bytes = self.extension(size)?;
                    for record in tar::PaxExtensions::new(&bytes) {
                        let record = record?;
                        match record.key_bytes() {
                            b"path" => {
                                long_name = Some(String::from_utf8_lossy(record.value_bytes()).into_owned());
                            }
                            b"size" => long_size = record.value().ok().and_then(|text| text.parse().ok()),
                            _ => {}
                        }
                    }
                }
                EntryType::GNULongLink | EntryType::XGlobalHeader => {}
                kind => {
                    if let Some(size) = long_size {
                        self.left = size;
                        self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
                    }
                    let name = long_name
                        .unwrap_or_else(|| String::from_utf8_lossy(&header.path_bytes()).into_owned());
                    let file = matches!(kind, EntryType::Regular | EntryType::Continuous);
                    return Ok(Some(if file && !name.ends_with('/') {
                        Member::File { name }
                    } else {
                        Member::Other
                    }));
                }
            }
        }
    }

    /// Reads to the end of the stream, so that a checksum behind the archive is checked.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        io::copy(&mut self.reader, &mut io::sink()).map(|_| ())
    }

    fn header(&mut self) -> io::Result<Option<Header>> {
        let mut header = Header::new_old();
        self.reader.read_exact(header.as_mut_bytes()).map_err(|error| cut(error, "before its end mark"))?;
        let bytes = header.as_bytes();
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        // POSIX ustar: the sum of the header's bytes, its own field taken as spaces.
        let sum: u32 =
            bytes[..148].iter().chain(&bytes[156..]).map(|byte| u32::from(*byte)).sum::<u32>() + 256;
        if header.cksum().ok() != Some(sum) {
            return Err(io::Error::other("the archive is damaged: a member's header has a wrong checksum"));
        }
        Ok(Some(header))
    }

    fn extension(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > MEMBER_NAME_BYTES_MAX {
            return Err(io::Error::other("a member's name or attributes are too long"));
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn skip(&mut self) -> io::Result<()> {
        let rest = self.left + self.padding;
        (self.left, self.padding) = (0, 0);
        let skipped = io::copy(&mut (&mut self.reader).take(rest), &mut io::sink())?;
        if skipped == rest {
            Ok(())
        } else {
            Err(cut(io::ErrorKind::UnexpectedEof.into(), "within a member"))
        }
    }
}

impl<R: Read> Read for TarReader<R> {
    /// The bytes of the current member. The archive's end within them is an error.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.reader.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(cut(io::ErrorKind::UnexpectedEof.into(), "within a member"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

fn cut(error: io::Error, place: &str) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        io::Error::new(error.kind(), format!("the archive ends {place}"))
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in members {
            let mut header = Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, *bytes).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Vec<(String, usize)>, String> {
        let mut reader = TarReader::new(bytes);
        let mut members = Vec::new();
        while let Some(member) = reader.next().map_err(|e| e.to_string())? {
            if let Member::File { name } = member {
                let mut content = Vec::new();
                reader.read_to_end(&mut content).map_err(|e| e.to_string())?;
                members.push((name, content.len()));
            }
        }
        reader.finish().map_err(|e| e.to_string())?;
        Ok(members)
    }

    #[test]
    fn members_come_in_order_with_long_names_and_all_sizes() {
        let long = format!("{}/x.json", "d".repeat(300));
        let bytes =
            archive(&[("a.json", b"{}"), (&long, &[b'x'; 1_000]), ("empty", b""), ("even", &[b'y'; 1_024])]);
        let expected =
            [("a.json".to_owned(), 2), (long, 1_000), ("empty".to_owned(), 0), ("even".to_owned(), 1_024)];
        assert_eq!(read(&bytes).unwrap(), expected);
    }

    #[test]
    fn an_archive_cut_anywhere_is_an_error() {
        let bytes = archive(&[("a.json", &[b'x'; 700]), ("b.json", &[b'y'; 10])]);
        let end_mark = bytes.len() - 1_024;
        for cut in (0..end_mark + BLOCK).step_by(64) {
            assert!(read(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        assert_eq!(read(&bytes[..end_mark + BLOCK]).unwrap().len(), 2);
    }

    #[test]
    fn a_flipped_bit_in_a_header_is_found() {
        let mut bytes = archive(&[("a.json", b"{}")]);
        bytes[3] ^= 1;
        assert!(read(&bytes).unwrap_err().contains("checksum"));
    }

    #[test]
    fn a_name_without_end_is_refused_before_it_is_read() {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::GNULongName);
        header.set_path("././@LongLink").unwrap();
        header.set_size(1 << 40);
        header.set_cksum();
        assert!(read(header.as_bytes()).unwrap_err().contains("too long"));
    }

    #[test]
    fn links_and_folders_are_nothing_to_load() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "a.json", "/etc/passwd").unwrap();
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Directory);
        header.set_size(0);
        builder.append_data(&mut header, "folder/", &b""[..]).unwrap();
        assert_eq!(read(&builder.into_inner().unwrap()).unwrap(), []);
    }
}
