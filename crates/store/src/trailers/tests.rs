use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use vpr_types::ObjectId;

use super::{CommittedShare, IncompleteChange, Share, TrailerError, assemble, message, messages, parse};
use crate::format::{ChangeSummary, arbitrary};

fn committed(summary: &ChangeSummary) -> Vec<CommittedShare> {
    let messages = messages(summary);
    let pairs = messages.iter().zip(&summary.repositories);
    pairs
        .map(|(message, repository)| CommittedShare {
            commit: repository.commit,
            tree: repository.tree,
            share: parse(message).expect("what we wrote"),
        })
        .collect()
}

/// What stock git reads of a message: (key, value) in order.
fn stock_git_trailers(message: &str) -> Vec<(String, String)> {
    let mut git = Command::new("git")
        .args(["interpret-trailers", "--parse"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git is installed");
    git.stdin.take().expect("piped").write_all(message.as_bytes()).expect("git reads");
    let output = git.wait_with_output().expect("git ends");
    let text = String::from_utf8(output.stdout).expect("utf-8 in, utf-8 out");
    let split = |line: &str| {
        let (key, value) = line.split_once(':').expect("key: value");
        (key.to_owned(), value.trim_matches(' ').to_owned())
    };
    text.split_terminator('\n').map(split).collect()
}

proptest! {
    #[test]
    fn the_shares_of_a_change_make_up_the_change(summary in arbitrary::summary(), swap in any::<usize>()) {
        let mut shares = committed(&summary);
        let n = shares.len();
        shares.rotate_left(swap % n);
        prop_assert_eq!(assemble(shares), Ok(summary));
    }

    #[test]
    fn one_by_one_gives_the_same_messages(summary in arbitrary::summary()) {
        for (index, whole) in messages(&summary).iter().enumerate() {
            prop_assert_eq!(&message(&summary, index), whole);
        }
    }

    #[test]
    fn no_value_breaks_out_of_its_line(summary in arbitrary::summary()) {
        for (share, message) in Share::all_of(&summary).iter().zip(messages(&summary)) {
            let optional = [&summary.provenance.role, &summary.provenance.registration,
                &summary.provenance.care_location, &summary.provenance.on_behalf_of, &summary.provenance.purpose];
            let lines = 11 + optional.iter().filter(|o| o.is_some()).count()
                + usize::from(share.idempotency.is_some()) + share.documents.len();
            prop_assert_eq!(message.lines().count(), 2 + lines);
            prop_assert!(message.lines().skip(2).all(|line| line.starts_with("VPR-")));
        }
    }

    #[test]
    fn a_changed_message_is_another_change_or_none(summary in arbitrary::summary(), at in any::<usize>(), byte in any::<u8>()) {
        let written = message(&summary, 0);
        let mut bytes = written.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(text) = String::from_utf8(bytes)
            && text != written
            && let Ok(share) = parse(&text)
        {
            prop_assert_ne!(share, Share::of(&summary, 0));
        }
    }

    #[test]
    fn garbage_is_an_error_and_no_panic(text in any::<String>()) {
        prop_assert!(parse(&text).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn stock_git_reads_every_trailer(summary in arbitrary::summary()) {
        for message in messages(&summary) {
            let ours: Vec<(String, String)> = message.lines().skip(2).map(|line| {
                let (key, value) = line.split_once(':').expect("key: value");
                (key.to_owned(), value.trim_matches(' ').to_owned())
            }).collect();
            prop_assert_eq!(stock_git_trailers(&message), ours);
        }
    }
}

/// One change of three repositories, the third share dropped, doubled or exchanged.
fn three() -> Vec<CommittedShare> {
    committed(&crate::format::sample::change_of_three())
}

#[test]
fn a_missing_share_is_named() {
    let summary = crate::format::sample::change_of_three();
    for dropped in 0..3 {
        let mut shares = three();
        shares.remove(dropped);
        assert_eq!(assemble(shares), Err(IncompleteChange::Missing { seq: summary.seq, found: 2, count: 3 }));
    }
    assert_eq!(assemble(Vec::new()), Err(IncompleteChange::Nothing));
}

#[test]
fn a_share_seen_twice_counts_once() {
    let mut shares = three();
    shares.push(shares[1].clone());
    assert_eq!(assemble(shares), Ok(crate::format::sample::change_of_three()));
}

#[test]
fn contradicting_shares_are_refused() {
    let contradiction = |change: fn(&mut CommittedShare)| {
        let mut shares = three();
        change(&mut shares[1]);
        match assemble(shares) {
            Err(IncompleteChange::Contradiction { what, .. }) => what,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(contradiction(|s| s.share.seq.0 += 1), "the seq");
    assert_eq!(contradiction(|s| s.share.time.0 += 1), "the time");
    assert_eq!(contradiction(|s| s.share.count += 1), "the number of repositories");
    assert_eq!(contradiction(|s| s.share.provenance.role = None), "the provenance");
    assert_eq!(contradiction(|s| s.share.documents[0].order += 7), "the order of the documents");
    let mut shares = three();
    let mut other_commit = shares[1].clone();
    other_commit.commit = ObjectId([9; 20]);
    shares.push(other_commit);
    assert!(matches!(
        assemble(shares),
        Err(IncompleteChange::Contradiction { what: "which commit is a repository's", .. })
    ));
}

#[test]
fn errors_name_the_line_that_differs() {
    let good = message(&crate::format::sample::change_of_three(), 0);
    let with = |from: &str, to: &str| parse(&good.replacen(from, to, 1)).expect_err("changed");
    assert_eq!(with("VPR-Format: 1", "VPR-Format: 2"), TrailerError::Format);
    assert_eq!(with("VPR-Seq: 42", "VPR-Seq: x"), TrailerError::Value { line: 5, trailer: "VPR-Seq" });
    assert_eq!(with("VPR-Seq: 42", "VPR-Seq: 042"), TrailerError::NotCanonical);
    assert_eq!(with("VPR-Seq", "VPR-Sek"), TrailerError::Expected { line: 5, expected: "VPR-Seq" });
    assert_eq!(
        with("VPR-Share: 1/3", "VPR-Share: 4/3"),
        TrailerError::Value { line: 7, trailer: "VPR-Share" }
    );
    assert_eq!(with("VPR-Share: 1/3", "VPR-Share: 2/3"), TrailerError::NotCanonical);
    assert_eq!(with("\n\n", "\n"), TrailerError::NoTrailers);
    assert_eq!(parse(&format!("{good}Signed-off-by: x\n")), Err(TrailerError::NotCanonical));
    assert_eq!(
        parse(good.trim_end()),
        Err(TrailerError::Expected { line: good.lines().count(), expected: "VPR-Digest" })
    );
}
