//! Where an error lies: the JSON location, line and column. Only computed for errors.

use std::fmt::Write;

use crate::keys::key;
use crate::node::Name;

/// Bytes of a reported location; a longer one is cut.
const PATH_BYTES_MAX: usize = 512;
/// Characters of a name within a location; a longer one is cut.
const NAME_CHARS_MAX: usize = 64;

/// A step from a value to one directly below it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Member(Name),
    Item(u32),
}

/// The location that `steps` lead to, from the root, such as `entry[36].resource.name`.
pub(crate) fn path(text: &str, steps: impl Iterator<Item = Step>) -> String {
    let mut path = String::new();
    for step in steps {
        if path.len() > PATH_BYTES_MAX {
            path.push('…');
            break;
        }
        match step {
            Step::Item(index) => {
                // Writing to a String cannot fail.
                let _ = write!(path, "[{index}]");
            }
            Step::Member(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                let name = key(text, name);
                let printable = name.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c });
                path.extend(printable.take(NAME_CHARS_MAX));
            }
        }
    }
    path
}

/// Line and column of `offset`, both from 1; the column counts characters, and bytes where the
/// text is not UTF-8.
pub(crate) fn position(text: &[u8], offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let in_line = before.get(line_start..).unwrap_or_default();
    let column = std::str::from_utf8(in_line).map_or(in_line.len(), |line| line.chars().count()) + 1;
    (line as u32, column as u32)
}
