//! The file `FORMAT` of the data directory: that it is one, in which format, and which store it is.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;
use vpr_types::{Disk, Entropy, OpenMode};

/// Why a folder cannot be worked on as a data directory.
#[derive(Debug, thiserror::Error)]
pub enum DataDirectoryError {
    /// Another process holds it. It may be asked through its socket.
    #[error("the data directory is in use by process {pid}; it listens at {}", socket.display())]
    AlreadyRunning {
        /// The process as its `LOCK` file names it; 0 when the file does not say.
        pid: u32,
        /// The Unix socket on which that process serves commands.
        socket: PathBuf,
    },
    /// The folder holds other things, or a `FORMAT` that vpr did not write.
    #[error("the folder is not empty and not a data directory of vpr; choose an empty folder")]
    Foreign,
    /// A newer vpr wrote it.
    #[error(
        "the data directory has format {found}, and this version of vpr knows none above {FORMAT}; use a newer vpr"
    )]
    Newer {
        /// The format that its file names.
        found: u32,
    },
    /// The operating system refused.
    #[error("the data directory cannot be opened: {0}")]
    Io(#[from] io::Error),
}

/// The newest format of the data directory that is known here.
pub const FORMAT: u32 = 1;

pub(crate) const FORMAT_FILE: &str = "FORMAT";
pub(crate) const FORMAT_TEMPORARY: &str = "FORMAT.tmp";

/// What `FORMAT` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataFormat {
    /// Which store this is: drawn when it was created, never changed.
    pub store: Uuid,
}

impl DataFormat {
    /// Reads `FORMAT`, or creates it durably in a folder that has no other file than vpr's own
    /// lock and socket.
    ///
    /// # Errors
    /// [`DataDirectoryError::Foreign`] and [`DataDirectoryError::Newer`] by what stands there;
    /// [`DataDirectoryError::Io`] as the operating system says.
    pub fn open_or_create(disk: &dyn Disk, entropy: &dyn Entropy) -> Result<Self, DataDirectoryError> {
        if let Some(length) = disk.length(Path::new(FORMAT_FILE))? {
            // The file has some 90 bytes; nobody's large file is read to find that it is not ours.
            let mut bytes = vec![0; usize::try_from(length.min(4096)).unwrap_or(0)];
            disk.open(Path::new(FORMAT_FILE), OpenMode::Read)?.read_exact_at(&mut bytes, 0)?;
            return Self::parse(&bytes);
        }
        check_unclaimed(disk.list(Path::new(""))?.into_iter().map(|entry| entry.name))?;
        let mut random = [0; 16];
        entropy.fill(&mut random)?;
        let format = Self { store: uuid::Builder::from_random_bytes(random).into_uuid() };
        let temporary = disk.open(Path::new(FORMAT_TEMPORARY), OpenMode::Create)?;
        temporary.set_len(0)?;
        temporary.write_all_at(format.text().as_bytes(), 0)?;
        temporary.sync_data()?;
        disk.rename(Path::new(FORMAT_TEMPORARY), Path::new(FORMAT_FILE))?;
        disk.sync_directory(Path::new(""))?;
        Ok(format)
    }

    fn text(self) -> String {
        let mut text = format!("{FIRST_LINE}{FORMAT}\nobject-format sha1\n");
        let _ = writeln!(text, "store {}", self.store.as_hyphenated());
        text
    }

    fn parse(bytes: &[u8]) -> Result<Self, DataDirectoryError> {
        let text = std::str::from_utf8(bytes).map_err(|_| DataDirectoryError::Foreign)?;
        let number = text.lines().next().and_then(|line| line.strip_prefix(FIRST_LINE)?.parse::<u32>().ok());
        let found = number.ok_or(DataDirectoryError::Foreign)?;
        if found > FORMAT {
            return Err(DataDirectoryError::Newer { found });
        }
        let store = text.lines().nth(2).and_then(|line| Uuid::parse_str(line.strip_prefix("store ")?).ok());
        let format = Self { store: store.ok_or(DataDirectoryError::Foreign)? };
        if format.text() == text { Ok(format) } else { Err(DataDirectoryError::Foreign) }
    }
}

const FIRST_LINE: &str = "vpr data directory, format ";

/// Whether a folder without `FORMAT` holds nothing but what a start that was cut short leaves.
pub(crate) fn check_unclaimed(mut names: impl Iterator<Item = String>) -> Result<(), DataDirectoryError> {
    // A fresh file system has `lost+found`.
    let ours = [crate::lock::LOCK_FILE, crate::lock::SOCKET_FILE, FORMAT_TEMPORARY, "lost+found"];
    if names.all(|name| ours.contains(&name.as_str())) { Ok(()) } else { Err(DataDirectoryError::Foreign) }
}

#[cfg(test)]
mod tests {
    use vpr_testkit::SimDisk;

    use super::*;
    use crate::disk::RealDisk;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
            buffer.fill(self.0);
            Ok(())
        }
    }

    fn open(folder: &Path, random: u8) -> Result<DataFormat, DataDirectoryError> {
        DataFormat::open_or_create(&RealDisk::open(folder).unwrap(), &Fixed(random))
    }

    #[test]
    fn a_store_keeps_the_uuid_it_was_created_with() {
        let folder = tempfile::tempdir().unwrap();
        let created = open(folder.path(), 7).unwrap();
        assert_eq!(open(folder.path(), 9).unwrap(), created);
        let text = std::fs::read_to_string(folder.path().join("FORMAT")).unwrap();
        assert_eq!(
            text,
            "vpr data directory, format 1\nobject-format sha1\nstore 07070707-0707-4707-8707-070707070707\n"
        );
        assert!(!folder.path().join("FORMAT.tmp").exists());
    }

    #[test]
    fn a_start_that_was_cut_short_is_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in
            [("FORMAT.tmp", "vpr data directory, format 1 and a long torn rest"), ("LOCK", "1")]
        {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        std::fs::create_dir(folder.path().join("lost+found")).unwrap();
        let created = open(folder.path(), 1).unwrap();
        assert_eq!(open(folder.path(), 2).unwrap(), created);
    }

    #[test]
    fn a_power_cut_leaves_no_half_a_store() {
        let disk = SimDisk::new();
        let created = DataFormat::open_or_create(&disk, &Fixed(3)).unwrap();
        for prefix in 0..=disk.recorded() {
            for seed in 0..20 {
                let survivor = disk.power_cut_at(prefix, seed);
                let format = DataFormat::open_or_create(&survivor, &Fixed(4)).unwrap();
                assert!(format == created || prefix < disk.recorded(), "what was promised is gone");
                assert_eq!(DataFormat::open_or_create(&survivor.power_cut(seed), &Fixed(5)).unwrap(), format);
            }
        }
    }

    #[test]
    fn foreign_and_newer_folders_are_refused_and_left_alone() {
        let refused = |name: &str, content: &[u8]| {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(name), content).unwrap();
            let error = open(folder.path(), 1).unwrap_err();
            let names: Vec<_> =
                std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert_eq!(names, [name]);
            assert_eq!(std::fs::read(folder.path().join(name)).unwrap(), content);
            error
        };
        assert!(matches!(refused("notes.txt", b"x"), DataDirectoryError::Foreign));
        assert!(matches!(refused("FORMAT", b""), DataDirectoryError::Foreign));
        assert!(matches!(refused("FORMAT", b"\xff\xfe"), DataDirectoryError::Foreign));
        assert!(matches!(refused("FORMAT", &[b'a'; 100_000]), DataDirectoryError::Foreign));
        assert!(matches!(refused("FORMAT", b"vpr data directory, format 1\n"), DataDirectoryError::Foreign));
        let newer = refused("FORMAT", b"vpr data directory, format 2\nanything");
        assert!(matches!(newer, DataDirectoryError::Newer { found: 2 }));
        assert!(newer.to_string().contains("use a newer vpr"), "{newer}");
    }
}
