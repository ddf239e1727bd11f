//! From files to JSON documents, streaming.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::expand::{Counted, expand};
use super::files::InputFile;
use super::kind::{Content, Kind};
use super::limits::Limits;
use super::place::Place;
use super::tar_reader::{Member, TarReader};

/// What reading a file gives, piece by piece.
#[derive(Debug)]
pub(crate) enum Piece {
    /// One JSON text. `of_many`: one line among many, so that neighbors may travel together.
    Document { place: Place, bytes: Vec<u8>, of_many: bool },
    /// The end of one file or member of lines: what was gathered from it is complete.
    End,
    /// Something that cannot be read, and why; reading goes on behind it if it can.
    Refused { place: Place, why: String },
    /// A member of an archive that is nothing to load.
    Skipped { place: Place },
}

/// Who takes the pieces; `Break` stops the reading.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(Piece) -> ControlFlow<()>;

/// Reads one file. Whatever is wrong with it becomes a [`Piece::Refused`].
///
/// `read_bytes` grows by the bytes read from disk, for the progress bar.
pub(crate) fn read(
    input: &InputFile,
    limits: &Limits,
    read_bytes: &Arc<AtomicU64>,
    sink: Sink<'_>,
) -> ControlFlow<()> {
    let place = Place::file(&input.path.display().to_string());
    let file = match File::open(&input.path) {
        Ok(file) => Counted::new(file, Arc::clone(read_bytes)),
        Err(error) => return refuse(place, &error, sink),
    };
    read_as(file, input.kind, &place, limits, sink, false)
}

fn refuse(place: Place, error: &io::Error, sink: Sink<'_>) -> ControlFlow<()> {
    sink(Piece::Refused { place, why: error.to_string() })
}

fn read_as(
    reader: impl Read,
    kind: Kind,
    place: &Place,
    limits: &Limits,
    sink: Sink<'_>,
    in_archive: bool,
) -> ControlFlow<()> {
    let reader = match expand(reader, kind.compression, limits) {
        Ok(reader) => reader,
        Err(error) => return refuse(place.clone(), &error, sink),
    };
    match kind.content {
        Content::Json => whole(reader, place, limits, sink),
        Content::Lines => lines(BufReader::with_capacity(1 << 16, reader), place, limits, sink),
        Content::Tar if in_archive => {
            let why = "an archive within an archive is not read".to_owned();
            sink(Piece::Refused { place: place.clone(), why })
        }
        Content::Tar => members(BufReader::with_capacity(1 << 16, reader), place, limits, sink),
    }
}

fn whole(reader: impl Read, place: &Place, limits: &Limits, sink: Sink<'_>) -> ControlFlow<()> {
    let most = limits.document_bytes_max;
    let mut bytes = Vec::new();
    // One byte more than allowed tells "too large" from "just fits"; a compressed stream is read
    // to its end, so that its checksum is checked before anything of it is sent.
    match reader.take(most as u64 + 1).read_to_end(&mut bytes) {
        Ok(length) if length > most => sink(Piece::Refused { place: place.clone(), why: too_large(most) }),
        Ok(_) => sink(Piece::Document { place: place.clone(), bytes, of_many: false }),
        Err(error) => refuse(place.clone(), &error, sink),
    }
}

fn lines(mut reader: impl BufRead, place: &Place, limits: &Limits, sink: Sink<'_>) -> ControlFlow<()> {
    let most = limits.document_bytes_max;
    let mut number = 0;
    loop {
        number += 1;
        let mut bytes = Vec::new();
        let read = (&mut reader).take(most as u64 + 1).read_until(b'\n', &mut bytes);
        let place = place.line(number);
        match read {
            Ok(0) => return sink(Piece::End),
            Ok(_) => {}
            Err(error) => {
                sink(Piece::End)?;
                return refuse(place, &error, sink);
            }
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        } else if bytes.len() > most {
            sink(Piece::Refused { place: place.clone(), why: too_large(most) })?;
            if let Err(error) = reader.skip_until(b'\n') {
                return refuse(place, &error, sink);
            }
            continue;
        }
        if !bytes.iter().all(u8::is_ascii_whitespace) {
            sink(Piece::Document { place, bytes, of_many: true })?;
        }
    }
}

fn members(reader: impl Read, place: &Place, limits: &Limits, sink: Sink<'_>) -> ControlFlow<()> {
    let mut archive = TarReader::new(reader);
    loop {
        let member = match archive.next() {
            Ok(Some(member)) => member,
            Ok(None) => break,
            Err(error) => return refuse(place.clone(), &error, sink),
        };
        let Member::File { name } = member else { continue };
        let inner = place.member(&name);
        match Kind::of(name.rsplit('/').next().unwrap_or(&name)) {
            Some(kind) => read_as(&mut archive, kind, &inner, limits, sink, true)?,
            None => sink(Piece::Skipped { place: inner })?,
        }
    }
    match archive.finish() {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => refuse(place.clone(), &error, sink),
    }
}

fn too_large(most: usize) -> String {
    format!("one document is larger than {most} bytes")
}
