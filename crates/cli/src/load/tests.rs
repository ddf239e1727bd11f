//! From files on disk to the requests that would be sent.

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::limits::{CHUNK_ENTRIES_MAX, Limits};
use super::outgoing::{Form, Outgoing};
use super::plan::{Planned, Planner};
use super::{documents, files};

/// What loading `path` would do, one line each: requests, refusals, skips.
fn plan(path: &Path, limits: &Limits) -> Vec<Planned> {
    let found = files::find(&[path.to_owned()]).unwrap();
    let bytes = Arc::new(AtomicU64::new(0));
    let mut planner = Planner::default();
    let mut planned = Vec::new();
    for file in &found.files {
        let _ = documents::read(file, limits, &bytes, &mut |piece| {
            planned.extend(planner.take(piece));
            ControlFlow::Continue(())
        });
    }
    planned.extend(planner.take(documents::Piece::End));
    planned
}

fn lines(planned: &[Planned], root: &Path) -> Vec<String> {
    let line = |planned: &Planned| match planned {
        Planned::Send(out) => {
            format!("{} /{} {:?} x{}", out.method, out.target, out.form, out.entries.len())
        }
        Planned::Refused { place, why, .. } => format!("refused {place}: {why}"),
        Planned::Skipped { place } => format!("skipped {place}"),
    };
    let root = format!("{}/", root.display());
    planned.iter().map(|planned| line(planned).replace(&root, "")).collect()
}

fn planned_of(name: &str, bytes: &[u8]) -> Vec<String> {
    planned_within(name, bytes, &Limits::default())
}

fn planned_within(name: &str, bytes: &[u8], limits: &Limits) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    lines(&plan(&path, limits), folder.path())
}

fn sent(planned: Vec<Planned>) -> Vec<Outgoing> {
    planned.into_iter().filter_map(|p| if let Planned::Send(out) = p { Some(out) } else { None }).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        // Written by hand: the builder itself refuses `..`, an attacker's does not.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn a_resource_by_itself_is_an_update_or_a_create() {
    assert_eq!(
        planned_of("a.json", br#"{"resourceType":"Patient","id":"p-1"}"#),
        ["PUT /Patient/p-1 Single x1"]
    );
    assert_eq!(planned_of("a.json", br#" {"resourceType":"Patient"} "#), ["POST /Patient Single x1"]);
    assert_eq!(
        planned_of("a.json", br#"{"resourceType":"Bundle","id":"d","type":"document"}"#),
        ["PUT /Bundle/d Single x1"]
    );
}

#[test]
fn what_cannot_be_sent_is_refused_with_place_and_reason() {
    let refused = |text: &str| planned_of("a.json", text.as_bytes()).remove(0);
    assert!(refused("").contains("empty"));
    assert!(refused("{\"resourceType\":").contains("line 1"));
    assert!(refused("{}").contains("no resourceType"));
    assert!(refused(r#"{"resourceType":"../x"}"#).contains("no resourceType"));
    assert!(
        refused(r#"{"resourceType":"Patient","id":"../x"}"#).starts_with("refused a.json: the resource's id")
    );
    assert!(refused(r#"{"resourceType":"Bundle","type":"history"}"#).contains("history"));
    assert!(refused(r#"{"resourceType":"Bundle"}"#).contains("type"));
}

#[test]
fn lines_with_ids_travel_together_and_keep_their_numbers() {
    let text = concat!(
        "{\"resourceType\":\"Patient\",\"id\":\"a\"}\r\n",
        "\n",
        "nonsense\n",
        "{\"resourceType\":\"Patient\"}\n",
        "{\"resourceType\":\"Patient\",\"id\":\"b\"}\n",
        "{\"resourceType\":\"Patient\",\"id\":\"a\",\"active\":true}",
    );
    let planned = planned_of("x.ndjson", text.as_bytes());
    assert!(planned[0].starts_with("refused x.ndjson:3: invalid JSON"), "{planned:?}");
    // The second version of Patient/a must not be in one transaction with the first.
    assert_eq!(planned[1..], ["POST /Patient Single x1", "POST / Chunk x2", "PUT /Patient/a Single x1"]);
}

#[test]
fn chunks_have_a_size_and_end_with_their_file() {
    let line = |n: usize| format!("{{\"resourceType\":\"Patient\",\"id\":\"{n}\"}}\n");
    let text: String = (0..CHUNK_ENTRIES_MAX + 2).map(line).collect();
    let full = format!("POST / Chunk x{CHUNK_ENTRIES_MAX}");
    assert_eq!(planned_of("x.ndjson", text.as_bytes()), [full.as_str(), "POST / Chunk x2"]);
    let two: String = (0..2).map(line).collect();
    let archive = tar(&[("a.ndjson", two.as_bytes()), ("b.ndjson", two.as_bytes())]);
    assert_eq!(planned_of("x.tar", &archive), ["POST / Chunk x2", "POST / Chunk x2"]);
}

#[test]
fn a_chunk_is_a_transaction_of_updates_and_divides_to_its_resources() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.ndjson");
    let texts = ["a", "b", "c"].map(|id| format!("{{\"resourceType\":\"Patient\",\"id\":\"{id}\"}}"));
    fs::write(&path, texts.join("\n")).unwrap();
    let chunk = sent(plan(&path, &Limits::default())).remove(0);
    let value: serde_json::Value = serde_json::from_slice(&chunk.body).unwrap();
    assert_eq!(value["type"], "transaction");
    for (index, text) in texts.iter().enumerate() {
        let entry = &value["entry"][index];
        assert_eq!(entry["resource"], serde_json::from_str::<serde_json::Value>(text).unwrap());
        assert_eq!(entry["request"]["method"], "PUT");
    }
    assert_eq!(value["entry"][2]["request"]["url"], "Patient/c");
    let halves = chunk.halves();
    assert_eq!((halves[0].form, halves[0].entries.len()), (Form::Chunk, 2));
    assert_eq!((halves[1].form, halves[1].target.as_str()), (Form::Single, "Patient/c"));
    assert_eq!(halves[1].body, texts[2].as_bytes());
    let quarters = halves[0].halves();
    assert_eq!(quarters.iter().map(|q| q.target.as_str()).collect::<Vec<_>>(), ["Patient/a", "Patient/b"]);
}

#[test]
fn a_transaction_is_sent_byte_for_byte_and_names_what_it_writes() {
    let text = concat!(
        r#"{"resourceType":"Bundle", "type":"transaction","entry":["#,
        r#"{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","multipleBirthInteger":1.0},"#,
        r#""request":{"method":"POST","url":"Patient"}},"#,
        r#"{"resource":{"resourceType":"Group","id":"g"},"request":{"method":"PUT","url":"Group/g"}},"#,
        r#"{"request":{"method":"DELETE","url":"Flag/1"}},{"request":{"method":"PUT","url":"Flag?a=b"}}]}"#,
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.json");
    fs::write(&path, text).unwrap();
    let out = sent(plan(&path, &Limits::default())).remove(0);
    assert_eq!((out.form, out.body.as_ref()), (Form::Bundle, text.as_bytes()));
    let entries: Vec<_> =
        out.entries.iter().map(|e| (e.resource_type.as_str(), e.identity.as_deref())).collect();
    let expected = [("Patient", None), ("Group", Some("Group/g")), ("Flag", Some("Flag/1")), ("Flag", None)];
    assert_eq!(entries, expected);
    assert!(out.entries[2].place.to_string().ends_with("t.json entry[2]"));
}

#[test]
fn a_collection_is_its_resources_unless_they_need_each_other() {
    let with =
        |entries: &str| format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{entries}]}}"#);
    let plain = with(
        r#"{"fullUrl":"http://x/Patient/a","resource":{"resourceType":"Patient","id":"a"}},
           {"resource":{"resourceType":"Patient","id":"b"}},{"link":[]}"#,
    );
    assert_eq!(
        planned_of("c.json", plain.as_bytes()),
        ["refused c.json entry[2]: the entry has no resource", "POST / Chunk x2"]
    );
    let by_urn = with(
        r#"{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"a"}},
           {"fullUrl":"urn:uuid:2","resource":{"resourceType":"Flag"}}"#,
    );
    assert_eq!(planned_of("c.json", by_urn.as_bytes()), ["POST / Bundle x2"]);
}

#[test]
fn the_outcome_of_a_search_is_no_resource_to_load() {
    let text = r#"{"resourceType":"Bundle","type":"searchset","entry":[
        {"resource":{"resourceType":"Patient","id":"a"},"search":{"mode":"match"}},
        {"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}}]}"#;
    assert_eq!(
        planned_of("s.json", text.as_bytes()),
        ["skipped s.json entry[1]", "PUT /Patient/a Single x1"]
    );
}

#[test]
fn archives_may_be_compressed_and_their_paths_lead_nowhere() {
    let json = br#"{"resourceType":"Patient","id":"p"}"#;
    let inner = gzip(json);
    let archive = tar(&[
        ("../../etc/p.json", json),
        ("/abs/README.md", b"text"),
        ("deep/p.json.gz", &inner),
        ("again.tar", b""),
    ]);
    let expected = [
        "PUT /Patient/p Single x1",
        "skipped x!/abs/README.md",
        "PUT /Patient/p Single x1",
        "refused x!again.tar: an archive within an archive is not read",
    ];
    for (name, bytes) in [
        ("x.tar", archive.clone()),
        ("x.tgz", gzip(&archive)),
        ("x.tar.zst", zstd::encode_all(&archive[..], 3).unwrap()),
    ] {
        let expected: Vec<_> = expected.iter().map(|line| line.replace("x!", &format!("{name}!"))).collect();
        assert_eq!(planned_of(name, &bytes), expected);
    }
}

#[test]
fn a_truncated_file_is_refused_and_nothing_half_read_is_sent() {
    let text: String =
        (0..2_000).map(|n| format!("{{\"resourceType\":\"Patient\",\"id\":\"{n}\"}}\n")).collect();
    let json = br#"{"resourceType":"Patient","id":"p"}"#;
    let whole = gzip(json);
    let planned = planned_of("p.json.gz", &whole[..whole.len() - 1]);
    assert!(planned.len() == 1 && planned[0].starts_with("refused p.json.gz"), "{planned:?}");
    let lines = gzip(text.as_bytes());
    let planned = planned_of("p.ndjson.gz", &lines[..lines.len() / 2]);
    assert!(planned.last().unwrap().starts_with("refused p.ndjson.gz:"), "{planned:?}");
    assert_eq!(planned.iter().filter(|line| line.starts_with("refused")).count(), 1, "{planned:?}");
    let archive = tar(&[("a.json", json)]);
    let planned = planned_of("a.tar", &archive[..archive.len() - 1_024]);
    assert!(planned.last().unwrap().contains("ends before its end mark"), "{planned:?}");
}

#[test]
fn one_document_has_a_size() {
    let limits = Limits { document_bytes_max: 40, ..Limits::default() };
    let good = r#"{"resourceType":"Patient","id":"12345"}"#;
    let bad = r#"{"resourceType":"Patient","id":"1234567"}"#;
    assert_eq!((good.len(), bad.len()), (39, 41));
    assert_eq!(planned_within("a.json", format!("{good} ").as_bytes(), &limits).len(), 1);
    assert!(planned_within("a.json", bad.as_bytes(), &limits)[0].contains("larger than 40 bytes"));
    let text = format!("{bad}\n{good} \n{bad}\n");
    let planned = planned_within("a.ndjson", text.as_bytes(), &limits);
    assert!(
        planned[0].starts_with("refused a.ndjson:1") && planned[1].starts_with("refused a.ndjson:3"),
        "{planned:?}"
    );
    assert_eq!(planned[2], "PUT /Patient/12345 Single x1");
}

#[test]
fn reading_counts_the_bytes_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.ndjson.gz");
    fs::write(&path, gzip(&[b'\n'; 100_000])).unwrap();
    let found = files::find(&[path]).unwrap();
    let bytes = Arc::new(AtomicU64::new(0));
    let _ = documents::read(&found.files[0], &Limits::default(), &bytes, &mut |_| ControlFlow::Continue(()));
    assert_eq!(bytes.load(Ordering::Relaxed), found.files[0].length);
}

#[test]
fn the_key_is_of_tenant_and_content_and_of_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let key = |name: &str, text: &str, tenant: &str| {
        let path = folder.path().join(name);
        let bytes = if name.ends_with(".gz") { gzip(text.as_bytes()) } else { text.as_bytes().to_vec() };
        fs::write(&path, bytes).unwrap();
        sent(plan(&path, &Limits::default())).remove(0).idempotency_key(tenant)
    };
    let text = r#"{"resourceType":"Patient"}"#;
    let first = key("a.json", text, "t");
    assert_eq!(first.len(), "load-".len() + 64);
    assert_eq!(first, key("other.ndjson.gz", &format!("{text}\n"), "t"));
    assert_ne!(first, key("a.json", text, "u"));
    assert_ne!(first, key("a.json", r#"{"resourceType": "Patient"}"#, "t"));
    assert_ne!(first, key("a.json", r#"{"resourceType":"Group"}"#, "t"));
}
