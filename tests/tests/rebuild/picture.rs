//! What a service says of itself and to others, to be compared with what it says another time.

use std::collections::BTreeSet;

use vpr_projection::Content;

use crate::life::Life;
use crate::questions::{Pages, Question};

/// Everything that must be the same again.
pub struct Picture {
    /// The index, line by line.
    pub content: Content,
    /// The newest version of each document, from the directory.
    pub versions: Vec<String>,
    /// The answers to the questions.
    pub answers: Vec<Pages>,
}

/// What differs between two pictures.
#[derive(Debug, Default)]
pub struct Differences {
    pub in_content: Vec<String>,
    pub in_versions: Vec<String>,
    pub in_answers: Vec<String>,
}

impl Picture {
    /// The first picture: what the generator asks is answered.
    pub fn first(life: &Life, questions: &[Question]) -> Self {
        let picture = Self::take(life, questions);
        let refused = picture.answers.iter().zip(questions).find(|(pages, _)| pages.refused());
        assert!(refused.is_none(), "{refused:?}");
        picture
    }

    pub fn take(life: &Life, questions: &[Question]) -> Self {
        life.settle();
        let mut versions = Vec::new();
        let see = &mut |name, row| {
            versions.push(format!("{name} {row:?}"));
            true
        };
        life.engine.documents(&life.tenant, None, see).unwrap();
        versions.sort();
        // Before anything is asked: a search that meets damage has it mended.
        let content = life.content();
        let answers = questions.iter().map(|question| question.ask(life)).collect();
        Self { content, versions, answers }
    }

    /// What another picture has otherwise.
    pub fn against(&self, other: &Self, questions: &[Question]) -> Differences {
        let mut in_content = lines(&self.content.lines, &other.content.lines);
        if self.content.seq != other.content.seq {
            in_content.push(format!("seq {:?}, then {:?}", self.content.seq, other.content.seq));
        }
        let pairs = self.answers.iter().zip(&other.answers).zip(questions);
        let answers = pairs.filter(|((one, other), _)| one != other);
        Differences {
            in_content,
            in_versions: lines(&self.versions, &other.versions),
            in_answers: answers.map(|((one, other), question)| apart(question, one, other)).collect(),
        }
    }
}

fn apart(question: &Question, one: &Pages, other: &Pages) -> String {
    let at = one.0.iter().zip(&other.0).position(|(one, other)| one != other);
    let at = at.unwrap_or(one.0.len().min(other.0.len()));
    let page = |pages: &Pages| pages.0.get(at).map_or("no page", String::as_str).to_owned();
    format!("{question:?}, page {at}:\n      {}\n      {}", page(one), page(other))
}

/// Lines that only one of two lists has.
fn lines(one: &[String], other: &[String]) -> Vec<String> {
    let mut all: BTreeSet<String> = BTreeSet::new();
    let (ours, theirs) = (counted(one), counted(other));
    all.extend(ours.difference(&theirs).map(|(line, _)| format!("lost: {line}")));
    all.extend(theirs.difference(&ours).map(|(line, _)| format!("new: {line}")));
    all.into_iter().collect()
}

/// Each line with how many of the same stand before it.
fn counted(lines: &[String]) -> BTreeSet<(&str, usize)> {
    let mut sorted: Vec<&str> = lines.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    let mut counted = BTreeSet::new();
    let mut before = 0;
    for (at, line) in sorted.iter().enumerate() {
        before = if at > 0 && sorted[at - 1] == *line { before + 1 } else { 0 };
        counted.insert((*line, before));
    }
    counted
}

impl Differences {
    pub fn is_empty(&self) -> bool {
        self.in_content.is_empty() && self.in_versions.is_empty() && self.in_answers.is_empty()
    }

    /// The first of each kind, for people.
    pub fn words(&self) -> Vec<String> {
        let kinds =
            [("index", &self.in_content), ("directory", &self.in_versions), ("answers", &self.in_answers)];
        kinds
            .into_iter()
            .filter(|(_, all)| !all.is_empty())
            .flat_map(|(kind, all)| {
                let head = format!("  {kind}: {} differences", all.len());
                std::iter::once(head)
                    .chain(all.iter().take(6).map(|each| each.chars().take(3_000).collect::<String>()))
            })
            .collect()
    }
}
