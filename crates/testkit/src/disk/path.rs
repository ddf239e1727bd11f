use std::io;
use std::path::{Component, Path};

use super::content::usize_of;
use super::kernel::{Kernel, Node, NodeId, Place, ROOT};

/// The components of a relative path without `..`.
pub(super) fn components(path: &Path) -> io::Result<Vec<&str>> {
    path.components()
        .filter(|component| !matches!(component, Component::CurDir))
        .map(|component| match component {
            Component::Normal(name) => name.to_str().ok_or(io::ErrorKind::InvalidInput.into()),
            _ => Err(io::Error::from(io::ErrorKind::InvalidInput)),
        })
        .collect()
}

/// What stands at `path`; an absent parent is `NotFound`.
pub(super) fn find(kernel: &Kernel, path: &Path) -> io::Result<Option<NodeId>> {
    if components(path)?.is_empty() {
        return Ok(Some(ROOT));
    }
    let place = place(kernel, path)?;
    Ok(at(kernel, &place))
}

/// The directory that holds the last component of `path`, and that component.
pub(super) fn place(kernel: &Kernel, path: &Path) -> io::Result<Place> {
    let mut names = components(path)?;
    let Some(name) = names.pop() else { return Err(io::ErrorKind::IsADirectory.into()) };
    let mut directory = ROOT;
    for name in names {
        directory = child(kernel, directory, name)?.ok_or(io::ErrorKind::NotFound)?;
    }
    if kernel.directory(directory).is_none() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(Place { directory, name: name.to_owned() })
}

pub(super) fn at(kernel: &Kernel, place: &Place) -> Option<NodeId> {
    kernel.directory(place.directory)?.live.get(&place.name).copied()
}

fn child(kernel: &Kernel, directory: NodeId, name: &str) -> io::Result<Option<NodeId>> {
    let directory = kernel.directory(directory).ok_or(io::ErrorKind::NotADirectory)?;
    Ok(directory.live.get(name).copied())
}

pub(super) fn files(kernel: &Kernel) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), ROOT)];
    while let Some((path, id)) = open.pop() {
        match kernel.nodes.get(&id) {
            Some(Node::Directory(directory)) => {
                let slash = if path.is_empty() { "" } else { "/" };
                open.extend(directory.live.iter().map(|(name, id)| (format!("{path}{slash}{name}"), *id)));
            }
            Some(Node::File(file)) => {
                let mut bytes = vec![0; usize_of(file.live.len())];
                file.live.read(&mut bytes, 0);
                found.push((path, bytes));
            }
            None => {}
        }
    }
    found.sort();
    found
}

pub(super) fn flip(kernel: &mut Kernel, node: NodeId, offset: u64, bit: u8) {
    let file = kernel.file_mut(node);
    assert!(offset < file.live.len(), "the file has only {} bytes", file.live.len());
    for content in [&mut file.live, &mut file.durable] {
        let mut byte = [0];
        if content.read(&mut byte, offset) == 1 {
            byte[0] ^= 1 << bit;
            content.write(offset, &super::content::Part::Bytes(&byte));
        }
    }
}
