//! The figures that tests publish.

use std::fs;

use crate::binary::target_folder;

/// Prints the lines of a figure and writes them to `target/figures/<id>.txt`.
///
/// # Panics
/// When the file cannot be written.
pub fn publish(id: &str, lines: &[String]) {
    let folder = target_folder().join("figures");
    fs::create_dir_all(&folder).unwrap();
    let text = lines.join("\n") + "\n";
    fs::write(folder.join(format!("{id}.txt")), &text).unwrap();
    crate::data::shout(text.trim_end());
}
