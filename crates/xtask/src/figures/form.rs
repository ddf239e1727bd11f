use super::rows::ROWS;
use super::{BEGIN, END, HEAD, NOT_YET};

/// What is wrong with the table of a README, each with its line: its markers, its ten rows in their
/// order, and a value or a reason in each. Values are not compared with anything.
pub(crate) fn faults(readme: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = readme.lines().collect();
    let at = |marker: &str| -> Vec<usize> {
        lines.iter().enumerate().filter(|(_, line)| **line == marker).map(|(at, _)| at).collect()
    };
    let (begin, end) = match (&at(BEGIN)[..], &at(END)[..]) {
        ([begin], [end]) if begin < end => (*begin, *end),
        _ => return vec![(0, format!("needs `{BEGIN}` and `{END}`, once each and in this order"))],
    };
    let rows: Vec<(usize, &str)> = (begin..end).map(|at| (at + 1, lines[at])).collect();
    let rows: Vec<(usize, &str)> = rows.into_iter().filter(|(_, line)| line.starts_with('|')).collect();
    let head: Vec<&str> = HEAD.lines().collect();
    if rows.len() < 2 || rows[0].1 != head[0] || rows[1].1 != head[1] {
        return vec![(begin + 1, "the table of figures has another head".to_owned())];
    }
    let rows = &rows[2..];
    let mut faults = Vec::new();
    if rows.len() != ROWS.len() {
        faults.push((begin + 1, format!("the table has {} figures, not {}", rows.len(), ROWS.len())));
    }
    for ((line, text), row) in rows.iter().zip(ROWS) {
        let text = text.replace("\\|", " ");
        let cells: Vec<&str> = text.trim_matches('|').split('|').map(str::trim).collect();
        match cells[..] {
            [name, ..] if name != row.name => {
                faults.push((*line, format!("`{name}` stands where `{}` belongs", row.name)));
            }
            [name, value, commit, how] => {
                let reason = value.strip_prefix(NOT_YET).map(|rest| rest.trim_start_matches([':', ' ']));
                let is_said = reason.is_none_or(|reason| !reason.is_empty());
                let has_commit = reason.is_some() || commit.contains('`');
                if value.is_empty() || how.is_empty() || !is_said || !has_commit {
                    faults.push((*line, format!("`{name}` needs a value with its commit, or a reason")));
                }
            }
            _ => faults.push((*line, format!("`{}` has {} cells, not 4", row.name, cells.len()))),
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readme(change: impl Fn(&str) -> String) -> String {
        let rows = ROWS.iter().map(|row| format!("| {} | 1 | `abc` | so |\n", row.name)).collect::<String>();
        change(&format!("# A\n{BEGIN}\n\n{HEAD}{rows}\n{END}\n"))
    }

    fn check(change: impl Fn(&str) -> String, expected: &[&str]) {
        let found = faults(&readme(change));
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((_, what), expected) in found.iter().zip(expected) {
            assert!(what.contains(expected), "{what}");
        }
    }

    #[test]
    fn values_may_be_any() {
        check(str::to_owned, &[]);
        check(|text| text.replace("| 1 | `abc` |", "| 17 \\| 3 | `def` with changes |"), &[]);
        check(|text| text.replacen("| 1 | `abc` |", "| not measured yet: nobody could | – |", 3), &[]);
    }

    #[test]
    fn another_form_is_found() {
        check(|text| text.replace(BEGIN, ""), &["needs `<!--"]);
        check(|text| format!("{text}{END}\n"), &["needs `<!--"]);
        check(|text| text.replace("| figure | value |", "| figure | worth |"), &["another head"]);
        check(
            |text| text.replace("| search | 1 | `abc` | so |\n", ""),
            &["9 figures", "where `search` belongs", "where `cold start` belongs"],
        );
        check(|text| text.replace("| leaks | 1 |", "| leaks |"), &["has 3 cells"]);
        check(|text| text.replace("| leaks | 1 |", "| leaks |  |"), &["`leaks` needs a value"]);
        check(|text| text.replace("| leaks | 1 | `abc` |", "| leaks | 1 | – |"), &["`leaks` needs a value"]);
        check(
            |text| text.replace("| leaks | 1 |", "| leaks | not measured yet |"),
            &["`leaks` needs a value"],
        );
    }

    #[test]
    fn the_readme_of_this_workspace_has_the_form() {
        assert_eq!(faults(include_str!("../../../../README.md")), []);
    }
}
