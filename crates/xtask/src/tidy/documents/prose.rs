use super::super::finding::Finding;
use super::super::tree::Tree;

/// Prose stands one sentence a line, so that a change of a sentence is a change of a line.
pub(crate) fn one_sentence_a_line(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.markdown() {
        for (line, text) in lines_outside_code(&file.text) {
            let exempt = text.starts_with(['#', '|']);
            if !exempt && sentences(text) > 1 {
                findings.push(Finding::warning(
                    "one-sentence",
                    &file.path,
                    line,
                    "more than one sentence in a line",
                ));
            }
        }
    }
    findings
}

/// The lines (from 1) outside fenced code, without indentation.
pub(super) fn lines_outside_code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let line = line.trim_start();
        if line.starts_with("```") {
            fenced = !fenced;
            return None;
        }
        (!fenced).then_some((index + 1, line))
    })
}

fn sentences(line: &str) -> usize {
    let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || "-*>. ".contains(c));
    let mut quoted = false;
    let mut ends = 1;
    let mut before = ['\0'; 3];
    for c in line.chars() {
        if c == '`' {
            quoted = !quoted;
        }
        let [a, stop, space] = before;
        let ended =
            space == ' ' && matches!(stop, '.' | '!' | '?') && (a.is_alphanumeric() || a == ')' || a == '`');
        if !quoted && ended && c.is_uppercase() {
            ends += 1;
        }
        before = [before[1], before[2], c];
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sentences_in_a_line_are_found() {
        let found = |text| one_sentence_a_line(&Tree::with(&[("a.md", text)])).len();
        assert_eq!(found("One sentence. Another one.\n"), 1);
        assert_eq!(found("One sentence.\nAnother one.\n"), 0);
        assert_eq!(found("1. One, `a. B` and 1.5.\n- Another.\n"), 0);
        assert_eq!(found("```\nOne. Two.\n```\n| One. Two. |\n"), 0);
    }
}
