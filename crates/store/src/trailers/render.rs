use std::fmt::{Display, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vpr_types::Part;

use super::escape::escape;
use super::share::{Share, ShareDocument};

/// The version of the message's form, the value of `VPR-Format`.
pub(super) const FORMAT: &str = "1";

impl Share {
    /// The commit message: subject, empty line, trailers, each line ended by LF.
    #[must_use]
    pub fn message(&self) -> String {
        let mut out = String::with_capacity(512 + self.documents.len() * 192);
        self.subject(&mut out);
        out.push_str("\n\n");
        line(&mut out, "VPR-Format", FORMAT);
        line(&mut out, "VPR-Tenant", &self.tenant);
        line(&mut out, "VPR-Seq", self.seq);
        line(&mut out, "VPR-Time", self.time);
        line(&mut out, "VPR-Share", format_args!("{}/{}", u64::from(self.index) + 1, self.count));
        if self.part == Part::Registry {
            line(&mut out, "VPR-Record", Part::Registry);
        } else {
            line(&mut out, "VPR-Record", self.record);
        }
        line(&mut out, "VPR-Part", self.part);
        line(&mut out, "VPR-Contribution", self.contribution.as_hyphenated());
        self.provenance_lines(&mut out);
        if let Some(idempotency) = &self.idempotency {
            let outcome = STANDARD.encode(&idempotency.outcome);
            let value = format_args!("{} {} {outcome}", idempotency.key, idempotency.body);
            line(&mut out, "VPR-Idempotency", value);
        }
        for document in &self.documents {
            document_line(&mut out, document);
        }
        line(&mut out, "VPR-Digest", format_args!("sha256:{}", self.digest));
        out
    }

    fn subject(&self, out: &mut String) {
        match self.documents.as_slice() {
            [] => out.push_str("change no document"),
            [first, more @ ..] => {
                let _ = write!(out, "{} {}", first.operation.as_str(), escape(&first.name.to_string()));
                if !more.is_empty() {
                    let _ = write!(out, " and {} more", more.len());
                }
            }
        }
    }

    fn provenance_lines(&self, out: &mut String) {
        let p = &self.provenance;
        line(out, "VPR-Author", escape(p.author.as_str()));
        let optional = [
            ("VPR-Role", &p.role),
            ("VPR-Registration", &p.registration),
            ("VPR-Care-Location", &p.care_location),
            ("VPR-On-Behalf-Of", &p.on_behalf_of),
            ("VPR-Purpose", &p.purpose),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                line(out, key, escape(value));
            }
        }
        line(out, "VPR-Request", escape(&p.request));
    }
}

fn document_line(out: &mut String, d: &ShareDocument) {
    let object = d.object.map_or_else(|| "-".to_owned(), |id| id.to_hex());
    let digest = d.digest.map_or_else(|| "-".to_owned(), |digest| digest.to_hex());
    let (operation, name) = (d.operation.as_str(), escape(&d.name.to_string()));
    let value = format_args!("{} {operation} {} {} {object} {digest} {name}", d.order, d.version, d.size);
    line(out, "VPR-Document", value);
}

fn line(out: &mut String, key: &str, value: impl Display) {
    out.push_str(key);
    out.push_str(": ");
    let _ = write!(out, "{value}");
    // An empty value leaves no space behind it, so that no tool that trims lines changes the message.
    if out.ends_with(": ") {
        out.pop();
    }
    out.push('\n');
}
