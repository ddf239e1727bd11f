//! A repository in a temporary directory, and stock `git` beside it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;
use vpr_git::{
    Commit, Encoded, Mode, ObjectKind, PackObject, Repository, Signature, encode, encode_delta, tree,
};
use vpr_types::{DirectoryEntry, Disk, DiskFile, EntryKind, ObjectId, OpenMode};

/// A directory as a `Disk`, without care for symbolic links.
pub(crate) struct Folder(pub(crate) PathBuf);

struct OpenFile(File);

impl Disk for Folder {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(mode != OpenMode::Read);
        options.create(mode == OpenMode::Create).create_new(mode == OpenMode::CreateNew);
        Ok(Arc::new(OpenFile(options.open(self.0.join(path))?)))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(self.0.join(path))
    }
    fn create_directories(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(self.0.join(path))
    }
    fn list(&self, path: &Path) -> io::Result<Vec<DirectoryEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.0.join(path))? {
            let entry = entry?;
            let kind = match entry.file_type()? {
                t if t.is_dir() => EntryKind::Directory,
                t if t.is_file() => EntryKind::File,
                _ => EntryKind::Other,
            };
            entries.push(DirectoryEntry { name: entry.file_name().into_string().unwrap(), kind });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(self.0.join(path))?.sync_all()
    }
    fn sync_filesystem(&self) -> io::Result<()> {
        Ok(())
    }
    fn length(&self, path: &Path) -> io::Result<Option<u64>> {
        match fs::metadata(self.0.join(path)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl DiskFile for OpenFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }
}

/// A repository below a temporary directory.
pub(crate) struct Fixture {
    pub(crate) root: TempDir,
    pub(crate) repository: Repository,
}

pub(crate) const PATH: &str = "tenant/clinical/ab/cd/abcd";

impl Fixture {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let disk = Arc::new(Folder(root.path().to_owned()));
        fs::create_dir(root.path().join("tenant")).unwrap();
        let repository = Repository::create_skeleton(disk, Path::new(PATH)).unwrap();
        repository.sync_skeleton(Path::new("tenant")).unwrap();
        Self { root, repository }
    }

    /// The repository as a process that has just started sees it.
    pub(crate) fn reopen(&self) -> Repository {
        Repository::open(Arc::new(Folder(self.root.path().to_owned())), Path::new(PATH)).unwrap().unwrap()
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.root.path().join(PATH)
    }

    /// Runs stock git in the repository; gives its output when it succeeds and says nothing bad.
    pub(crate) fn try_git(&self, arguments: &[&str]) -> Result<String, String> {
        git_in(&self.folder(), arguments)
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.try_git(arguments).unwrap_or_else(|error| panic!("git {arguments:?}: {error}"))
    }

    /// `git fsck --strict` finds nothing to say, apart from what is not reachable.
    pub(crate) fn fsck(&self) {
        let said = self.git(&["fsck", "--strict", "--full", "--no-dangling", "--no-progress"]);
        let bad: Vec<&str> = said.lines().filter(|line| !line.starts_with("notice: ")).collect();
        assert!(bad.is_empty(), "fsck: {bad:?}");
    }

    /// Files of the pack folder with that ending.
    pub(crate) fn packs(&self, ending: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder().join("objects/pack")).unwrap();
        let mut paths: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
        paths.retain(|path| path.to_str().unwrap().ends_with(ending));
        paths.sort();
        paths
    }
}

pub(crate) fn git_in(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "safe.directory=*", "-c", "gc.auto=0"])
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(text + &errors) } else { Err(text + &errors) }
}

/// A growing history: documents under `Type/x/`, trees as deltas of those before, like an engine
/// writes them.
#[derive(Default, Clone)]
pub(crate) struct History {
    pub(crate) head: Option<ObjectId>,
    root: Vec<u8>,
    folder: Vec<u8>,
    chain: u32,
    count: u32,
    /// What has been written, to compare with.
    pub(crate) documents: Vec<(ObjectId, Vec<u8>)>,
}

/// An encoded object and the base of its delta.
pub(crate) type Written = (Encoded, Option<ObjectId>);

impl History {
    /// The objects of the next commit. `whole`: trees not as deltas, as at the beginning of a pack.
    pub(crate) fn commit(&mut self, whole: bool) -> Vec<Written> {
        self.count += 1;
        let name = format!("doc-{}.json", self.count % 40);
        let text = document(self.count);
        let blob = encode(ObjectKind::Blob, &text).unwrap();
        self.documents.push((blob.id, text));
        self.chain = if whole { 0 } else { self.chain + 1 };
        let folder = tree::splice(&self.folder, &[(&name, Some((Mode::File, blob.id)))]).unwrap();
        let (folder_object, base) = self.tree(&self.folder, &folder);
        let root = tree::splice(&self.root, &[("Type", Some((Mode::Tree, folder_object.id)))]).unwrap();
        let (root_object, root_base) = self.tree(&self.root, &root);
        let who = Signature {
            name: "A".into(),
            email: "a@b".into(),
            seconds: 1_700_000_000 + i64::from(self.count),
        };
        let commit = Commit {
            tree: root_object.id,
            parents: self.head.into_iter().collect(),
            author: who.clone(),
            committer: who,
            signature: None,
            message: format!("Change {}\n", self.count),
        };
        let commit = encode(ObjectKind::Commit, &commit.encode().unwrap()).unwrap();
        self.head = Some(commit.id);
        (self.folder, self.root) = (folder, root);
        vec![(blob, None), (folder_object, base), (root_object, root_base), (commit, None)]
    }

    /// Several commits for one pack, the first with whole trees.
    pub(crate) fn commits(&mut self, count: u32) -> Vec<Written> {
        (0..count).flat_map(|i| self.commit(i == 0)).collect()
    }

    fn tree(&self, old: &[u8], new: &[u8]) -> Written {
        if self.chain == 0 {
            return (encode(ObjectKind::Tree, new).unwrap(), None);
        }
        let base = vpr_git::id_of(ObjectKind::Tree, old);
        (encode_delta(ObjectKind::Tree, old, new).unwrap(), Some(base))
    }
}

pub(crate) fn pack_objects(written: &[Written]) -> Vec<PackObject<'_>> {
    written.iter().map(|(encoded, base)| encoded.pack_object(*base)).collect()
}

/// About 1.5 KB of JSON that differs in a few places.
pub(crate) fn document(number: u32) -> Vec<u8> {
    let mut text = format!("{{\n  \"resourceType\": \"Observation\",\n  \"id\": \"doc-{number}\",\n");
    for line in 0..40 {
        let value = number.wrapping_mul(2_654_435_761).rotate_left(line) % 1000;
        text.push_str(&format!("  \"component{line}\": {{ \"value\": {value}, \"unit\": \"mmol/l\" }},\n"));
    }
    text.push_str("  \"status\": \"final\"\n}\n");
    text.into_bytes()
}
