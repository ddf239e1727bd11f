//! The data directory on the machine's own file system.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use vpr_types::{DirectoryEntry, Disk, DiskFile, EntryKind, OpenMode};

/// A directory of the machine as a [`Disk`]. Every path is resolved from the directory opened at
/// the start, so a rename of the directory above it changes nothing; `..` and absolute paths are
/// refused; the last component is never followed when it is a symbolic link. What it creates only
/// its owner may read (0700, 0600); no descriptor is left to child processes.
#[derive(Debug)]
pub struct RealDisk {
    root: OwnedFd,
    path: PathBuf,
}

impl RealDisk {
    /// Opens `root`, creating it and what is missing above it.
    ///
    /// # Errors
    /// As the operating system says; `NotADirectory` when something else stands there.
    pub fn open(root: &Path) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(root)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(root, flags, Mode::empty())?;
        Ok(Self { root: fd, path: root.to_owned() })
    }

    /// The path the disk was opened with, for messages and for programs outside.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// `path` itself when it stays below the root; `.` for the root, which callers name by `""` or `.`.
fn below_root(path: &Path) -> io::Result<&Path> {
    let mut normal = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    normal &= !path.as_os_str().as_encoded_bytes().contains(&0);
    if !normal {
        let message = "a path of the data directory must be relative and without '..'";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(if path.as_os_str().is_empty() { Path::new(".") } else { path })
}

impl Disk for RealDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let flags = match mode {
            OpenMode::Read => OFlags::RDONLY,
            OpenMode::ReadWrite => OFlags::RDWR,
            OpenMode::CreateNew => OFlags::RDWR | OFlags::CREATE | OFlags::EXCL,
            OpenMode::Create => OFlags::RDWR | OFlags::CREATE,
        };
        // NONBLOCK so that a FIFO in the place of a file is an error and no hang; regular files ignore it.
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file =
            File::from(rustix::fs::openat(&self.root, below_root(path)?, flags, Mode::from_raw_mode(0o600))?);
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(Arc::new(RealFile { file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.root, below_root(from)?, &self.root, below_root(to)?)?)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.root, below_root(path)?, AtFlags::empty())?)
    }

    fn create_directories(&self, path: &Path) -> io::Result<()> {
        let mut so_far = PathBuf::new();
        for part in below_root(path)?.components() {
            so_far.push(part);
            match rustix::fs::mkdirat(&self.root, &so_far, Mode::from_raw_mode(0o700)) {
                Ok(()) => {}
                Err(rustix::io::Errno::EXIST) => {
                    // Not a symbolic link and not a file: opening says so.
                    rustix::fs::openat(&self.root, &so_far, DIRECTORY, Mode::empty())?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirectoryEntry>> {
        let directory = rustix::fs::openat(&self.root, below_root(path)?, DIRECTORY, Mode::empty())?;
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::read_from(&directory)? {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let mut kind = entry.file_type();
            if kind == FileType::Unknown {
                let stat = rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
                kind = FileType::from_raw_mode(stat.st_mode);
            }
            let kind = match kind {
                FileType::RegularFile => EntryKind::File,
                FileType::Directory => EntryKind::Directory,
                _ => EntryKind::Other,
            };
            // vpr itself writes ASCII names; a name that is no UTF-8 can only be named, never opened.
            let kind = if name.to_str().is_ok() { kind } else { EntryKind::Other };
            entries.push(DirectoryEntry { name: name.to_string_lossy().into_owned(), kind });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let directory = rustix::fs::openat(&self.root, below_root(path)?, DIRECTORY, Mode::empty())?;
        Ok(rustix::fs::fsync(directory)?)
    }

    fn sync_filesystem(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(&self.root)?)
    }

    fn length(&self, path: &Path) -> io::Result<Option<u64>> {
        match rustix::fs::statat(&self.root, below_root(path)?, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {
                Ok(Some(u64::try_from(stat.st_size).unwrap_or(0)))
            }
            Ok(_) => Ok(Some(0)),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[derive(Debug)]
struct RealFile {
    file: File,
}

impl DiskFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.file.write_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn disk() -> (tempfile::TempDir, RealDisk) {
        let folder = tempfile::tempdir().unwrap();
        let disk = RealDisk::open(&folder.path().join("data")).unwrap();
        (folder, disk)
    }

    #[test]
    fn files_are_written_read_cut_renamed_and_removed() {
        let (_folder, disk) = disk();
        let (a, b) = (Path::new("x/y/a"), Path::new("x/b"));
        disk.create_directories(Path::new("x/y")).unwrap();
        disk.create_directories(Path::new("x/y")).unwrap();
        assert_eq!(disk.open(a, OpenMode::Read).err().unwrap().kind(), io::ErrorKind::NotFound);
        assert_eq!(disk.open(a, OpenMode::ReadWrite).err().unwrap().kind(), io::ErrorKind::NotFound);
        let file = disk.open(a, OpenMode::CreateNew).unwrap();
        assert_eq!(disk.open(a, OpenMode::CreateNew).err().unwrap().kind(), io::ErrorKind::AlreadyExists);
        file.write_all_at(b"hello", 3).unwrap();
        file.sync_data().unwrap();
        disk.sync_directory(Path::new("x/y")).unwrap();
        disk.sync_filesystem().unwrap();
        let mut bytes = [9; 8];
        disk.open(a, OpenMode::Create).unwrap().read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(&bytes, b"\0\0\0hello");
        file.set_len(4).unwrap();
        assert_eq!((file.len().unwrap(), disk.length(a).unwrap()), (4, Some(4)));
        let reader = disk.open(a, OpenMode::Read).unwrap();
        assert!(reader.write_at(b"x", 0).is_err());
        disk.rename(a, b).unwrap();
        assert_eq!((disk.length(a).unwrap(), disk.length(b).unwrap()), (None, Some(4)));
        let names: Vec<_> =
            disk.list(Path::new("x")).unwrap().into_iter().map(|e| (e.name, e.kind)).collect();
        assert_eq!(names, [("b".to_owned(), EntryKind::File), ("y".to_owned(), EntryKind::Directory)]);
        disk.remove_file(b).unwrap();
        assert_eq!(disk.list(Path::new("gone")).unwrap_err().kind(), io::ErrorKind::NotFound);
        for root in ["", "."] {
            assert_eq!(disk.list(Path::new(root)).unwrap().len(), 1);
            disk.sync_directory(Path::new(root)).unwrap();
        }
    }

    #[test]
    fn only_the_owner_may_read() {
        let (folder, disk) = disk();
        disk.create_directories(Path::new("x")).unwrap();
        disk.open(Path::new("x/a"), OpenMode::Create).unwrap();
        let mode = |path: &str| folder.path().join(path).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("data"), mode("data/x"), mode("data/x/a")), (0o700, 0o700, 0o600));
    }

    #[test]
    fn nothing_outside_is_reached() {
        let (folder, disk) = disk();
        std::fs::write(folder.path().join("outside"), "secret").unwrap();
        symlink("../outside", folder.path().join("data/link")).unwrap();
        symlink(folder.path(), folder.path().join("data/up")).unwrap();
        for path in ["../outside", "/etc/passwd", "x/../../outside"] {
            let path = Path::new(path);
            let invalid = |error: io::Error| assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            invalid(disk.open(path, OpenMode::Read).err().unwrap());
            invalid(disk.open(path, OpenMode::Create).err().unwrap());
            invalid(disk.rename(path, Path::new("a")).unwrap_err());
            invalid(disk.rename(Path::new("a"), path).unwrap_err());
            invalid(disk.remove_file(path).unwrap_err());
            invalid(disk.create_directories(path).unwrap_err());
            invalid(disk.list(path).unwrap_err());
            invalid(disk.length(path).unwrap_err());
            invalid(disk.sync_directory(path).unwrap_err());
        }
        for mode in [OpenMode::Read, OpenMode::ReadWrite, OpenMode::Create, OpenMode::CreateNew] {
            assert!(disk.open(Path::new("link"), mode).is_err(), "{mode:?}");
        }
        assert!(disk.list(Path::new("up")).is_err());
        assert!(disk.create_directories(Path::new("up/x")).is_err());
        assert!(disk.sync_directory(Path::new("up")).is_err());
        assert_eq!(disk.list(Path::new("")).unwrap()[0].kind, EntryKind::Other);
        assert_eq!(disk.length(Path::new("link")).unwrap(), Some(0));
        assert!(disk.open(Path::new("."), OpenMode::Read).is_err());
    }

    #[test]
    fn the_directory_may_be_renamed_under_us() {
        let (folder, disk) = disk();
        std::fs::rename(folder.path().join("data"), folder.path().join("moved")).unwrap();
        disk.open(Path::new("a"), OpenMode::CreateNew).unwrap();
        assert_eq!(folder.path().join("moved/a").metadata().unwrap().size(), 0);
    }
}
