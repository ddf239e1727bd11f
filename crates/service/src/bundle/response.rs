//! The Bundle that answers a Bundle: one entry for each, in the order of the request
//! (FHIR R4 §3.1.0.11.3).

use vpr_codec::{Style, Writer};
use vpr_fhir::{Issue, IssueType, OperationOutcome, Severity};
use vpr_types::DocumentName;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::history::member;
use crate::operation::Prefer;

/// The answer to one entry.
pub(crate) struct EntryAnswer {
    pub(crate) result: Result<Answer, Failure>,
    /// Whether the entry writes; a write is answered with its resource only to those who ask.
    pub(crate) writes: bool,
    /// Whether the entry asked for the head alone.
    pub(crate) head: bool,
    /// What the resource in the answer is, for its `fullUrl`.
    pub(crate) name: Option<DocumentName>,
}

/// Writes the answer.
pub(crate) fn respond(kind: &str, base: &str, prefer: Prefer, answers: &[EntryAnswer]) -> Vec<u8> {
    let mut writer = Writer::with_capacity(Style::Compact, 64 + answers.len() * 256);
    writer.begin_object();
    member(&mut writer, "resourceType", "Bundle");
    member(&mut writer, "type", kind);
    if !answers.is_empty() {
        writer.key("entry");
        writer.begin_array();
        for answer in answers {
            writer.begin_object();
            answer.write(&mut writer, base, prefer);
            writer.end_object();
        }
        writer.end_array();
    }
    writer.end_object();
    writer.finish()
}

impl EntryAnswer {
    fn write(&self, writer: &mut Writer, base: &str, prefer: Prefer) {
        let answer = match &self.result {
            Ok(answer) => answer,
            Err(failure) => return write_failure(writer, failure),
        };
        let is_outcome = self.writes && prefer == Prefer::OperationOutcome;
        let wanted = match self.writes {
            true => prefer == Prefer::Representation,
            false => !self.head,
        };
        if let Some(body) = answer.body.as_ref().filter(|_| wanted && !is_outcome) {
            if let Some(name) = &self.name {
                member(writer, "fullUrl", &format!("{base}/{name}"));
            }
            writer.key("resource");
            writer.compact_text(body);
        }
        writer.key("response");
        writer.begin_object();
        member(writer, "status", status_line(answer.status));
        if let Some((name, version)) = &answer.location {
            member(writer, "location", &format!("{base}/{name}/_history/{version}"));
        }
        if let Some(stamp) = answer.stamp {
            member(writer, "etag", &stamp.etag());
            member(writer, "lastModified", &stamp.time.to_millis_text());
        }
        if let Some(body) = answer.body.as_ref().filter(|_| is_outcome && !answer.replayed) {
            writer.key("outcome");
            writer.compact_text(body);
        } else if answer.replayed {
            writer.key("outcome");
            repeated().write(writer);
        }
        writer.end_object();
    }
}

/// What the header `Idempotency-Replayed` says of a whole answer, said of one entry of a batch.
fn repeated() -> OperationOutcome {
    let text = "an earlier request under the same key did this; nothing was done again";
    OperationOutcome { issues: vec![Issue::new(Severity::Information, IssueType::Duplicate, text)] }
}

fn write_failure(writer: &mut Writer, failure: &Failure) {
    writer.key("response");
    writer.begin_object();
    member(writer, "status", status_line(failure.kind.status()));
    if let Some(stamp) = failure.stamp {
        member(writer, "etag", &stamp.etag());
        member(writer, "lastModified", &stamp.time.to_millis_text());
    }
    writer.key("outcome");
    failure.outcome.write(writer);
    writer.end_object();
}

/// A status with its phrase, as `Bundle.entry.response.status` wants it.
pub(crate) fn status_line(status: u16) -> &'static str {
    match status {
        200 => "200 OK",
        201 => "201 Created",
        204 => "204 No Content",
        304 => "304 Not Modified",
        400 => "400 Bad Request",
        401 => "401 Unauthorized",
        403 => "403 Forbidden",
        404 => "404 Not Found",
        409 => "409 Conflict",
        410 => "410 Gone",
        412 => "412 Precondition Failed",
        413 => "413 Content Too Large",
        422 => "422 Unprocessable Content",
        501 => "501 Not Implemented",
        503 => "503 Service Unavailable",
        507 => "507 Insufficient Storage",
        _ => "500 Internal Server Error",
    }
}
