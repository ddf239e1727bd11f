use super::finding::Finding;
use super::tree::Tree;

/// Text that belongs to one machine: absolute paths, registries by host name.
/// Written in two halves, so that this file passes its own rule.
const FOREIGN: &[(&str, &str, &str)] = &[
    ("/wo", "rk/", "an absolute path of one machine"),
    ("/ro", "ot/", "an absolute path of one machine"),
    ("/ho", "me/", "an absolute path of one machine"),
    ("index.crates", ".io", "a registry's host name: use the ordinary client"),
    ("static.crates", ".io", "a registry's host name: use the ordinary client"),
    ("registry.npm", "js.org", "a registry's host name: use the ordinary client"),
    ("packages.fh", "ir.org", "a registry's host name: use the ordinary client"),
    ("files.python", "hosted.org", "a registry's host name: use the ordinary client"),
];

/// No tracked file speaks of the machine that it was written on.
pub(super) fn foreign(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Cargo writes the lock file, the definitions are HL7's own words.
    for file in tree.files().filter(|file| file.path != "Cargo.lock" && !file.is_generated()) {
        for (index, line) in file.text.lines().enumerate() {
            for (first, second, why) in FOREIGN {
                let word = format!("{first}{second}");
                if line.contains(&word) {
                    findings.push(Finding::error(
                        "foreign",
                        &file.path,
                        index + 1,
                        format!("`{word}`: {why}"),
                    ));
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_found() {
        let text = format!("first\n{}{}main\n", "/wo", "rk/");
        let found = foreign(&Tree::with(&[("docs/a.md", &text), ("docs/b.md", "a working path/ here\n")]));
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2]);
    }
}
