use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;
use vpr_types::{
    Digest, DocumentName, Instant, ObjectId, Part, PrincipalId, RecordId, Seq, TenantName, Version,
};

use super::error::TrailerError;
use super::escape::unescape;
use super::render::FORMAT;
use super::share::{Share, ShareDocument};
use crate::format::{ChangeOperation, Idempotency, Provenance};

impl Share {
    /// Reads what [`Share::message`] wrote, and nothing else: the result renders to `message`.
    ///
    /// # Errors
    /// [`TrailerError`] with the line where the text differs.
    pub fn parse(message: &str) -> Result<Self, TrailerError> {
        let (_, trailers) = message.split_once("\n\n").ok_or(TrailerError::NoTrailers)?;
        let mut lines = Lines { rest: trailers, line: 3 };
        if lines.take("VPR-Format")? != FORMAT {
            return Err(TrailerError::Format);
        }
        let tenant = lines.value("VPR-Tenant", |text| TenantName::new(text).ok())?;
        let seq = lines.value("VPR-Seq", number)?;
        let time = lines.value("VPR-Time", time)?;
        let (index, count) = lines.value("VPR-Share", index_and_count)?;
        let record = lines.value("VPR-Record", record)?;
        let part = lines.value("VPR-Part", Part::parse)?;
        let contribution = lines.value("VPR-Contribution", |text| Uuid::parse_str(text).ok())?;
        let provenance = provenance(&mut lines)?;
        let idempotency = lines.optional("VPR-Idempotency", idempotency)?;
        let mut documents = Vec::new();
        while let Some(document) = lines.optional("VPR-Document", document)? {
            documents.push(document);
        }
        let digest = lines.value("VPR-Digest", |text| text.strip_prefix("sha256:")?.parse().ok())?;
        let seq = Seq(seq);
        let share = Self {
            tenant,
            seq,
            time,
            index,
            count,
            part,
            record,
            contribution,
            provenance,
            idempotency,
            documents,
            digest,
        };
        let only_first_repeats = share.idempotency.is_none() || share.index == 0;
        if only_first_repeats && share.message() == message {
            Ok(share)
        } else {
            Err(TrailerError::NotCanonical)
        }
    }
}

/// The lines not read yet, and the number of the first of them.
struct Lines<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lines<'a> {
    fn take(&mut self, key: &'static str) -> Result<&'a str, TrailerError> {
        self.take_if(key).ok_or(TrailerError::Expected { line: self.line, expected: key })
    }

    fn take_if(&mut self, key: &str) -> Option<&'a str> {
        let (line, rest) = self.rest.split_once('\n')?;
        let value = line.strip_prefix(key)?.strip_prefix(':')?;
        self.rest = rest;
        self.line += 1;
        Some(value.strip_prefix(' ').unwrap_or(value))
    }

    fn value<T>(&mut self, key: &'static str, read: impl Fn(&str) -> Option<T>) -> Result<T, TrailerError> {
        let line = self.line;
        read(self.take(key)?).ok_or(TrailerError::Value { line, trailer: key })
    }

    fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, TrailerError> {
        let line = self.line;
        match self.take_if(key) {
            None => Ok(None),
            Some(text) => read(text).map(Some).ok_or(TrailerError::Value { line, trailer: key }),
        }
    }
}

fn provenance(lines: &mut Lines<'_>) -> Result<Provenance, TrailerError> {
    Ok(Provenance {
        author: lines.value("VPR-Author", |text| PrincipalId::new(&unescape(text)?))?,
        role: lines.optional("VPR-Role", unescape)?,
        registration: lines.optional("VPR-Registration", unescape)?,
        care_location: lines.optional("VPR-Care-Location", unescape)?,
        on_behalf_of: lines.optional("VPR-On-Behalf-Of", unescape)?,
        purpose: lines.optional("VPR-Purpose", unescape)?,
        request: lines.value("VPR-Request", unescape)?,
    })
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn time(text: &str) -> Option<Instant> {
    // Outside the calendar's range an instant is written as `@<microseconds>us`.
    match text.strip_prefix('@') {
        Some(micros) => micros.strip_suffix("us").and_then(number).map(Instant),
        None => Instant::parse(text),
    }
}

fn index_and_count(text: &str) -> Option<(u32, u32)> {
    let (index, count) = text.split_once('/')?;
    let index = u32::try_from(number::<u64>(index)?.checked_sub(1)?).ok()?;
    let count = number(count)?;
    (index < count).then_some((index, count))
}

fn record(text: &str) -> Option<RecordId> {
    if text == Part::Registry.as_str() {
        return Some(RecordId(Uuid::nil()));
    }
    Uuid::parse_str(text).ok().map(RecordId)
}

fn idempotency(text: &str) -> Option<Idempotency> {
    let mut fields = text.splitn(3, ' ');
    let (key, body) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let outcome = STANDARD.decode(fields.next()?).ok()?;
    Some(Idempotency { key, body, outcome })
}

fn document(text: &str) -> Option<ShareDocument> {
    let fields: Vec<&str> = text.split(' ').collect();
    let [order, operation, version, size, object, digest, name] = fields[..] else { return None };
    let (collection, id) = name.split_once('/')?;
    Some(ShareDocument {
        order: number(order)?,
        name: DocumentName::new(collection, id).ok()?,
        version: Version(number(version)?),
        operation: ChangeOperation::parse(operation)?,
        object: or_absent::<ObjectId>(object)?,
        size: number(size)?,
        digest: or_absent::<Digest>(digest)?,
    })
}

fn or_absent<T: FromStr>(text: &str) -> Option<Option<T>> {
    if text == "-" { Some(None) } else { text.parse().ok().map(Some) }
}
