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

/// Beginnings of British spellings, each in two halves as above.
const BRITISH: &[(&str, &str)] = &[
    ("organ", "is"),
    ("serial", "is"),
    ("normal", "is"),
    ("canonical", "is"),
    ("initial", "is"),
    ("material", "is"),
    ("author", "is"),
    ("recogn", "is"),
    ("synchron", "is"),
    ("behav", "iour"),
    ("col", "our"),
    ("lic", "ence"),
    ("cent", "re"),
];

/// One spelling: American, as the standards write.
pub(super) fn american(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files().filter(|file| (file.is_rust() || file.is_markdown()) && !file.is_generated()) {
        for (index, line) in file.text.lines().enumerate() {
            let lower = line.to_lowercase();
            for word in lower.split(|c: char| !c.is_alphabetic()).filter(|word| is_british(word)) {
                let what = format!("`{word}` is not the American spelling");
                findings.push(Finding::warning("spelling", &file.path, index + 1, what));
            }
        }
    }
    findings
}

/// `word` in lower case.
fn is_british(word: &str) -> bool {
    let word = word.strip_prefix("un").unwrap_or(word);
    BRITISH.iter().any(|(first, second)| {
        let rest = word.strip_prefix(first).and_then(|rest| rest.strip_prefix(second));
        // What ends in -e, -ed, -ing or -ation; never -ist or -ism.
        rest.is_some_and(|rest| *second != "is" || rest.starts_with(['e', 'i', 'a']))
    })
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

    #[test]
    fn british_spellings_are_found() {
        let lines = ["organ", "ised a ", "organism\nun", "author", "ised\nnormal\nmaterialist\ncol", "our\n"]
            .concat();
        let found = american(&Tree::with(&[("docs/a.md", &lines)]));
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [1, 2, 5]);
    }
}
