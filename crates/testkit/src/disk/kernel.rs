use std::collections::BTreeMap;

use super::content::{Content, Data};

pub(super) type NodeId = u64;
pub(super) const ROOT: NodeId = 0;

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) directory: NodeId,
    pub(super) name: String,
}

/// What was done to the disk. Applying the same operations to the same kernel gives the same kernel.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Write {
        node: NodeId,
        offset: u64,
        data: Data,
    },
    SetLength {
        node: NodeId,
        length: u64,
    },
    /// `lost`: the sync failed and the dirty pages were marked clean all the same.
    SyncFile {
        node: NodeId,
        lost: bool,
    },
    CreateFile(Place),
    CreateDirectory(Place),
    Rename {
        from: Place,
        to: Place,
    },
    Remove(Place),
    SyncDirectory(NodeId),
    SyncFilesystem {
        lost: bool,
    },
}

/// A change of a file that no sync has covered.
#[derive(Debug, Clone)]
pub(super) enum Unsynced {
    Write { offset: u64, data: Data },
    Length(u64),
}

#[derive(Debug, Clone, Default)]
pub(super) struct FileNode {
    pub(super) live: Content,
    pub(super) durable: Content,
    pub(super) unsynced: Vec<Unsynced>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct DirectoryNode {
    pub(super) live: BTreeMap<String, NodeId>,
    pub(super) durable: BTreeMap<String, NodeId>,
}

#[derive(Debug, Clone)]
pub(super) enum Node {
    File(FileNode),
    Directory(DirectoryNode),
}

/// A change of names that no sync has covered; both halves of a rename happen or neither.
#[derive(Debug, Clone)]
pub(super) struct NameChange {
    pub(super) removes: Option<(Place, NodeId)>,
    pub(super) adds: Option<(Place, NodeId)>,
}

impl NameChange {
    fn touches(&self, directory: NodeId) -> bool {
        [&self.removes, &self.adds].into_iter().flatten().any(|(place, _)| place.directory == directory)
    }
}

/// The file system: what a reader sees (`live`) and what a power cut leaves (`durable`).
#[derive(Debug, Clone)]
pub(super) struct Kernel {
    pub(super) nodes: BTreeMap<NodeId, Node>,
    pub(super) names: Vec<NameChange>,
    pub(super) next: NodeId,
}

impl Kernel {
    pub(super) fn new() -> Self {
        Self {
            nodes: BTreeMap::from([(ROOT, Node::Directory(DirectoryNode::default()))]),
            names: Vec::new(),
            next: ROOT + 1,
        }
    }

    pub(super) fn file(&self, node: NodeId) -> Option<&FileNode> {
        match self.nodes.get(&node) {
            Some(Node::File(file)) => Some(file),
            _ => None,
        }
    }

    pub(super) fn directory(&self, node: NodeId) -> Option<&DirectoryNode> {
        match self.nodes.get(&node) {
            Some(Node::Directory(directory)) => Some(directory),
            _ => None,
        }
    }

    pub(super) fn file_mut(&mut self, node: NodeId) -> &mut FileNode {
        match self.nodes.get_mut(&node) {
            Some(Node::File(file)) => file,
            _ => panic!("node {node} is not a file"),
        }
    }

    pub(super) fn directory_mut(&mut self, node: NodeId) -> &mut DirectoryNode {
        match self.nodes.get_mut(&node) {
            Some(Node::Directory(directory)) => directory,
            _ => panic!("node {node} is not a directory"),
        }
    }

    /// Bytes of all files that have a name.
    pub(super) fn used_bytes(&self) -> u64 {
        self.nodes
            .values()
            .filter_map(|node| match node {
                Node::Directory(directory) => Some(directory),
                Node::File(_) => None,
            })
            .flat_map(|directory| directory.live.values())
            .filter_map(|node| self.file(*node))
            .map(|file| file.live.len())
            .sum()
    }

    pub(super) fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Write { node, offset, data } => {
                let file = self.file_mut(*node);
                file.live.write(*offset, &data.part(0, data.len()));
                file.unsynced.push(Unsynced::Write { offset: *offset, data: data.clone() });
            }
            Operation::SetLength { node, length } => {
                let file = self.file_mut(*node);
                file.live.set_len(*length);
                file.unsynced.push(Unsynced::Length(*length));
            }
            Operation::SyncFile { node, lost } => self.file_mut(*node).sync(*lost),
            Operation::CreateFile(place) => self.add(place, Node::File(FileNode::default())),
            Operation::CreateDirectory(place) => self.add(place, Node::Directory(DirectoryNode::default())),
            Operation::Rename { from, to } => {
                let Some(node) = self.directory_mut(from.directory).live.remove(&from.name) else { return };
                self.directory_mut(to.directory).live.insert(to.name.clone(), node);
                self.names
                    .push(NameChange { removes: Some((from.clone(), node)), adds: Some((to.clone(), node)) });
            }
            Operation::Remove(place) => {
                let Some(node) = self.directory_mut(place.directory).live.remove(&place.name) else { return };
                self.names.push(NameChange { removes: Some((place.clone(), node)), adds: None });
            }
            Operation::SyncDirectory(node) => {
                let (synced, rest) =
                    std::mem::take(&mut self.names).into_iter().partition(|change| change.touches(*node));
                self.names = rest;
                self.make_durable(synced);
            }
            Operation::SyncFilesystem { lost } => {
                for node in self.nodes.values_mut() {
                    if let Node::File(file) = node {
                        file.sync(*lost);
                    }
                }
                if !lost {
                    let names = std::mem::take(&mut self.names);
                    self.make_durable(names);
                }
            }
        }
    }

    fn add(&mut self, place: &Place, node: Node) {
        let id = self.next;
        self.next += 1;
        self.nodes.insert(id, node);
        self.directory_mut(place.directory).live.insert(place.name.clone(), id);
        self.names.push(NameChange { removes: None, adds: Some((place.clone(), id)) });
    }

    pub(super) fn make_durable(&mut self, changes: Vec<NameChange>) {
        for change in changes {
            if let Some((place, node)) = change.removes {
                let names = &mut self.directory_mut(place.directory).durable;
                if names.get(&place.name) == Some(&node) {
                    names.remove(&place.name);
                }
            }
            if let Some((place, node)) = change.adds {
                self.directory_mut(place.directory).durable.insert(place.name, node);
            }
        }
    }
}

impl FileNode {
    fn sync(&mut self, lost: bool) {
        for change in std::mem::take(&mut self.unsynced) {
            match change {
                _ if lost => {}
                Unsynced::Write { offset, data } => self.durable.write(offset, &data.part(0, data.len())),
                Unsynced::Length(length) => self.durable.set_len(length),
            }
        }
    }
}
