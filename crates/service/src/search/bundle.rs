use bytes::Bytes;
use vpr_codec::{Style, Writer};
use vpr_fhir::OperationOutcome;
use vpr_projection::HitMode;
use vpr_types::{DocumentName, Version};

use crate::history::{link, member};

/// A searchset (FHIR R4 §3.1.1.5).
pub(crate) struct SearchBundle<'a> {
    /// `[base]` of the URLs in it.
    pub(crate) base: &'a str,
    /// The number of all matches, where it is known.
    pub(crate) total: Option<u64>,
    /// Relation and URL.
    pub(crate) links: Vec<(&'static str, String)>,
    pub(crate) entries: Vec<Entry>,
    /// What the server has to say about the search itself; nothing if it is empty.
    pub(crate) outcome: OperationOutcome,
}

/// A resource of a page, as it is sent.
pub(crate) struct Entry {
    pub(crate) name: DocumentName,
    pub(crate) version: Version,
    pub(crate) mode: HitMode,
    pub(crate) resource: Bytes,
}

impl SearchBundle<'_> {
    pub(crate) fn write(&self) -> Vec<u8> {
        let bytes: usize = self.entries.iter().map(|entry| entry.resource.len() + 160).sum();
        let mut writer = Writer::with_capacity(Style::Compact, 1024 + bytes);
        writer.begin_object();
        member(&mut writer, "resourceType", "Bundle");
        member(&mut writer, "type", "searchset");
        if let Some(total) = self.total {
            writer.key("total");
            writer.integer(i64::try_from(total).unwrap_or(i64::MAX));
        }
        writer.key("link");
        writer.begin_array();
        for (relation, url) in &self.links {
            link(&mut writer, relation, url);
        }
        writer.end_array();
        if !self.entries.is_empty() || !self.outcome.issues.is_empty() {
            writer.key("entry");
            writer.begin_array();
            for Entry { name, mode, resource, .. } in &self.entries {
                writer.begin_object();
                member(&mut writer, "fullUrl", &format!("{}/{name}", self.base));
                writer.key("resource");
                writer.compact_text(resource);
                search_mode(
                    &mut writer,
                    match mode {
                        HitMode::Match => "match",
                        HitMode::Include => "include",
                    },
                );
                writer.end_object();
            }
            if !self.outcome.issues.is_empty() {
                writer.begin_object();
                writer.key("resource");
                self.outcome.write(&mut writer);
                search_mode(&mut writer, "outcome");
                writer.end_object();
            }
            writer.end_array();
        }
        writer.end_object();
        writer.finish()
    }
}

fn search_mode(writer: &mut Writer, mode: &str) {
    writer.key("search");
    writer.begin_object();
    member(writer, "mode", mode);
    writer.end_object();
}
