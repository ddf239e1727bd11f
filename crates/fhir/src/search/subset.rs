//! Less than the whole of a resource (R4 §3.1.1.5.8, §3.1.1.5.9).

use vpr_codec::{Style, Value, Writer};

use super::Summary;
use crate::definitions::{Element, Type, TypeKind};
use crate::reference::resource_type;

#[cfg(test)]
mod tests;

/// The system of the tag that says that a resource is not whole.
const SUBSETTED_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
const SUBSETTED: &str = "SUBSETTED";

/// A resource with only the elements that were asked for, tagged `SUBSETTED`; the whole resource,
/// untagged, if nothing is asked for.
///
/// `id`, `meta`, mandatory elements and modifier elements stay in any case. Of the others,
/// `Summary::True` keeps those that the definitions mark for summaries, at every depth;
/// `Summary::Text` the narrative; `Summary::Data` all but the narrative; `elements` those that it
/// names (`value` for `value[x]`), with what is in them. Where both are given, an element stays
/// that both keep. Resources within resources (those of a Bundle) stay whole or go.
///
/// In [`Style::Canonical`] a stored resource stays what [`crate::render`] can work on.
#[must_use]
pub fn subset(root: Value<'_>, summary: Summary, elements: &[String], style: Style) -> Vec<u8> {
    let mut writer = Writer::with_capacity(style, root.raw().len());
    let whole = matches!(summary, Summary::False | Summary::Count) && elements.is_empty();
    match resource_type(root).filter(|_| !whole && root.is_object()) {
        Some(resource) => {
            let mut subset = Subset { writer, summary, elements };
            subset.resource(root, resource.definition());
            writer = subset.writer;
        }
        None => writer.value(root),
    }
    writer.finish()
}

struct Subset<'e> {
    writer: Writer,
    summary: Summary,
    elements: &'e [String],
}

impl Subset<'_> {
    fn resource(&mut self, root: Value<'_>, its_type: Type) {
        self.writer.begin_object();
        let mut tagged = false;
        for (name, value) in root.members() {
            let first = matches!(&*name, "resourceType" | "id" | "_id");
            if !first && !tagged {
                tagged = true;
                // The first place where `meta` can stand.
                self.meta(root.get("meta"));
            }
            let element = element(its_type, &name);
            if first {
                self.writer.member(value);
            } else if name != "meta" && self.stays(element) {
                self.member(value, its_type);
            }
        }
        if !tagged {
            self.meta(None);
        }
        self.writer.end_object();
    }

    /// Whether an element of the resource itself stays.
    fn stays(&self, element: Option<Element>) -> bool {
        let Some(element) = element else {
            return self.summary == Summary::Data && self.elements.is_empty();
        };
        let name = element.name();
        let summarized = match self.summary {
            Summary::True => element.is_summary(),
            Summary::Text => name == "text",
            Summary::Data => name != "text",
            Summary::False | Summary::Count => true,
        };
        let named = self.elements.is_empty() || self.elements.iter().any(|each| each == name);
        is_kept(element) || summarized && named
    }

    fn member(&mut self, value: Value<'_>, holder: Type) {
        let name = value.name().unwrap_or_default();
        match holder.member(&name).map(|member| member.value_type()) {
            Some(its_type) if self.summary == Summary::True && has_summary(its_type) => {
                self.writer.key(&name);
                self.summarized(value, its_type);
            }
            _ => self.writer.member(value),
        }
    }

    /// What a summary shows of a value below the resource itself.
    fn summarized(&mut self, value: Value<'_>, its_type: Type) {
        if value.is_array() {
            self.writer.begin_array();
            value.items().for_each(|item| self.summarized(item, its_type));
            self.writer.end_array();
            return;
        }
        let stays = |name: &str| {
            element(its_type, name).is_some_and(|element| is_kept(element) || element.is_summary())
        };
        if !value.members().any(|(name, _)| stays(&name)) {
            // An object without members would not be valid.
            self.writer.value(value);
            return;
        }
        self.writer.begin_object();
        for (name, member) in value.members() {
            if stays(&name) {
                self.member(member, its_type);
            }
        }
        self.writer.end_object();
    }

    /// `meta` with the tag.
    fn meta(&mut self, meta: Option<Value<'_>>) {
        self.writer.key("meta");
        self.writer.begin_object();
        let mut tagged = false;
        for (name, member) in meta.into_iter().flat_map(Value::members) {
            if name != "tag" || !member.is_array() {
                self.writer.member(member);
                continue;
            }
            tagged = true;
            self.writer.key("tag");
            self.writer.begin_array();
            member.items().for_each(|tag| self.writer.value(tag));
            if !member.items().any(is_subsetted) {
                self.tag();
            }
            self.writer.end_array();
        }
        if !tagged {
            self.writer.key("tag");
            self.writer.begin_array();
            self.tag();
            self.writer.end_array();
        }
        self.writer.end_object();
    }

    fn tag(&mut self) {
        self.writer.begin_object();
        self.writer.key("system");
        self.writer.string(SUBSETTED_SYSTEM);
        self.writer.key("code");
        self.writer.string(SUBSETTED);
        self.writer.end_object();
    }
}

/// What must not be left out: without it the rest is not valid, or means something else.
fn is_kept(element: Element) -> bool {
    element.min() > 0 || element.is_modifier()
}

/// The element that a member carries, or whose extensions it carries.
fn element(its_type: Type, name: &str) -> Option<Element> {
    let name = name.strip_prefix('_').unwrap_or(name);
    its_type.member(name).map(|member| its_type.element_at(member.element_index()))
}

/// Whether a summary shows some of such a value and leaves out the rest.
fn has_summary(its_type: Type) -> bool {
    matches!(its_type.kind(), TypeKind::Complex | TypeKind::Backbone) && its_type.name() != "Extension"
}

fn is_subsetted(tag: Value<'_>) -> bool {
    let is = |name: &str, expected: &str| {
        tag.get(name).and_then(Value::as_str).is_some_and(|text| text == expected)
    };
    is("system", SUBSETTED_SYSTEM) && is("code", SUBSETTED)
}
