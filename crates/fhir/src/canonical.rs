//! The stored form of a resource.

use std::collections::HashSet;

use vpr_codec::{Kind, Style, Value, Writer};

use crate::definitions::Type;
use crate::edits::Edits;
use crate::generated::structures::{ELEMENT, OID, REFERENCE, RESOURCE, URI, URL, UUID, XHTML};
use crate::reference::{is_urn_oid, is_urn_uuid, resource_type};

/// Objects and arrays nested deeper than this are written in the order they came.
const ORDERED_DEPTH_MAX: usize = 256;

/// The bytes under which a resource is stored: [`Style::Canonical`], members in the standard's order
/// (`resourceType` first, `_x` right after `x`, the same within datatypes, contained and bundled
/// resources), arrays and decimals as written, `meta.versionId` and `meta.lastUpdated` of the
/// resource itself left out, and `meta` with them if nothing else is in it.
///
/// Two resources that differ only in the order of their members, in whitespace and in escapes give
/// the same bytes. Members the definitions do not know come last, sorted by name.
#[must_use]
pub fn canonical(root: Value<'_>, edits: &Edits<'_>) -> Vec<u8> {
    let capacity = root.raw().len() + root.raw().len() / 4;
    let mut canonical = Canonical {
        writer: Writer::with_capacity(Style::Canonical, capacity),
        edits,
        slots: Vec::with_capacity(64),
        depth: 0,
        own: HashSet::new(),
    };
    if root.is_object() {
        canonical.root(root);
    } else {
        canonical.writer.value(root);
    }
    canonical.writer.finish()
}

/// A member with what decides its place and how its value is written.
#[derive(Clone, Copy)]
struct Slot<'v> {
    order: u32,
    value_type: Option<Type>,
    value: Value<'v>,
}

/// Behind every member the definitions know.
const UNKNOWN: u32 = u32::MAX;

struct Canonical<'v, 'e> {
    writer: Writer,
    edits: &'e Edits<'e>,
    /// The members of all open objects, innermost last.
    slots: Vec<Slot<'v>>,
    depth: usize,
    /// The links that the open Bundles resolve themselves.
    own: HashSet<String>,
}

impl<'v> Canonical<'v, '_> {
    fn root(&mut self, root: Value<'v>) {
        let its_type = resource_type(root).map(|resource| resource.definition());
        self.resolves_itself(root);
        let base = self.collect(root, its_type, |name| name != "resourceType" && name != "id");
        self.writer.begin_object();
        if let Some(value) = root.get("resourceType") {
            self.writer.member(value);
        }
        match (self.edits.id, root.get("id")) {
            (Some(id), _) => {
                self.writer.key("id");
                self.writer.string(id);
            }
            (None, Some(value)) => self.writer.member(value),
            (None, None) => {}
        }
        for at in base..self.slots.len() {
            let Some(slot) = self.slots.get(at).copied() else { break };
            if slot.value.is_object() && slot.value.name().as_deref() == Some("meta") {
                self.meta(slot);
            } else {
                self.member(slot, its_type);
            }
        }
        self.slots.truncate(base);
        self.writer.end_object();
    }

    fn meta(&mut self, slot: Slot<'v>) {
        let of_version = ["versionId", "lastUpdated", "_versionId", "_lastUpdated"];
        let base = self.collect(slot.value, slot.value_type, |name| !of_version.contains(&name));
        if self.slots.len() > base {
            self.writer.key("meta");
            self.write_collected(base, slot.value_type);
        }
    }

    /// Puts the wanted members of an object behind `slots` in the standard's order.
    fn collect(&mut self, object: Value<'v>, its_type: Option<Type>, wanted: impl Fn(&str) -> bool) -> usize {
        let base = self.slots.len();
        let mut last = 0;
        let mut ordered = true;
        for (name, value) in object.members() {
            if !wanted(&name) {
                continue;
            }
            let (order, value_type) = its_type.map_or((UNKNOWN, None), |its_type| place(its_type, &name));
            ordered &= order != UNKNOWN && order >= last;
            last = order;
            self.slots.push(Slot { order, value_type, value });
        }
        if !ordered && let Some(slots) = self.slots.get_mut(base..) {
            slots.sort_by(|a, b| a.order.cmp(&b.order).then_with(|| a.value.name().cmp(&b.value.name())));
        }
        base
    }

    fn write_collected(&mut self, base: usize, its_type: Option<Type>) {
        self.writer.begin_object();
        for at in base..self.slots.len() {
            let Some(slot) = self.slots.get(at).copied() else { break };
            self.member(slot, its_type);
        }
        self.slots.truncate(base);
        self.writer.end_object();
    }

    fn member(&mut self, slot: Slot<'v>, holder: Option<Type>) {
        let value_type = match slot.value_type {
            Some(value_type) if value_type.is_primitive() => {
                if !self.edits.links.is_some_and(|_| self.changed_primitive(slot, value_type, holder)) {
                    self.writer.member(slot.value);
                }
                return;
            }
            other => other,
        };
        if let Some(name) = slot.value.name() {
            self.writer.key(&name);
        }
        self.value(slot.value, value_type);
    }

    fn value(&mut self, value: Value<'v>, its_type: Option<Type>) {
        self.depth += 1;
        match value.kind() {
            _ if self.depth > ORDERED_DEPTH_MAX => self.writer.value(value),
            Kind::Object => {
                let its_type = match its_type {
                    Some(Type(RESOURCE)) => resource_type(value).map(|resource| resource.definition()),
                    other => other,
                };
                let own = self.resolves_itself(value);
                let base = self.collect(value, its_type, |_| true);
                self.write_collected(base, its_type);
                for link in own {
                    self.own.remove(&link);
                }
            }
            Kind::Array => {
                self.writer.begin_array();
                for item in value.items() {
                    self.value(item, its_type);
                }
                self.writer.end_array();
            }
            _ => self.writer.value(value),
        }
        self.depth -= 1;
    }

    /// A Bundle resolves links to its own entries within itself (R4 §2.36.4.1): they stay, and so
    /// do the `fullUrl`s. Gives those that were not known before.
    fn resolves_itself(&mut self, resource: Value<'v>) -> Vec<String> {
        let Some(links) = self.edits.links else { return Vec::new() };
        if resource.get("resourceType").and_then(Value::as_str).as_deref() != Some("Bundle") {
            return Vec::new();
        }
        let entries = resource.get("entry").filter(|entries| entries.is_array());
        let full_urls = entries
            .into_iter()
            .flat_map(Value::items)
            .filter_map(|entry| Some(entry.get("fullUrl")?.as_str()?.into_owned()));
        full_urls.filter(|link| links.contains_key(link) && self.own.insert(link.clone())).collect()
    }

    /// The new text of a link in an element of that type; never one that the type cannot hold.
    fn new_link(&self, text: &str, value_type: Type) -> Option<String> {
        let whole = text.split_once('#').map_or(text, |(before, _)| before);
        let new = self.edits.changed_link(text).filter(|_| !self.own.contains(whole))?;
        let holds = match value_type.0 {
            UUID => is_urn_uuid(&new),
            OID => is_urn_oid(&new),
            _ => true,
        };
        holds.then_some(new)
    }

    /// Writes a member of primitive type if the edits change it; says whether it did.
    fn changed_primitive(&mut self, slot: Slot<'v>, value_type: Type, holder: Option<Type>) -> bool {
        let name = slot.value.name().unwrap_or_default();
        let link = matches!(value_type.0, URI | URL | OID | UUID)
            || holder.is_some_and(|holder| holder.0 == REFERENCE) && name == "reference";
        if !link && value_type.0 != XHTML {
            return false;
        }
        let change = |text: &str| match link {
            true => self.new_link(text, value_type),
            false => self.edits.changed_narrative(text, |link| self.new_link(link, value_type)),
        };
        if let Some(text) = slot.value.as_str() {
            let Some(new) = change(&text) else { return false };
            self.writer.key(&name);
            self.writer.string(&new);
            return true;
        }
        if !slot.value.is_array() {
            return false;
        }
        let items: Vec<_> =
            slot.value.items().map(|item| (item, item.as_str().and_then(|text| change(&text)))).collect();
        self.writer.key(&name);
        self.writer.begin_array();
        for (item, new) in items {
            match new {
                Some(new) => self.writer.string(&new),
                None => self.writer.value(item),
            }
        }
        self.writer.end_array();
        true
    }
}

/// The place of a member in its type, and the type of its value.
#[inline]
fn place(its_type: Type, name: &str) -> (u32, Option<Type>) {
    if let Some((member, number)) = its_type.numbered_member(name) {
        return (2 + 2 * u32::from(number), Some(member.value_type()));
    }
    if name == "resourceType" {
        return (0, None);
    }
    match name.strip_prefix('_').and_then(|name| its_type.numbered_member(name)) {
        Some((_, number)) => (3 + 2 * u32::from(number), Some(Type(ELEMENT))),
        None => (UNKNOWN, None),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use vpr_codec::{Json, Limits};

    use super::*;

    fn form(text: &str, edits: &Edits<'_>) -> String {
        let json = Json::parse(text, &Limits::default()).unwrap();
        String::from_utf8(canonical(json.root(), edits)).unwrap()
    }

    #[test]
    fn members_stand_in_the_order_of_the_standard() {
        let text = r#"{"name":[{"given":["b","a"],"_given":[null,{"id":"x"}],"use":"official"}],"zzz":1,"aaa":{"b":1,"a":2},
            "meta":{"lastUpdated":"2020-01-01T00:00:00Z","tag":[],"versionId":"7","source":"u"},
            "_birthDate":{"extension":[{"valueDecimal":1.00,"url":"\u0068ttp:\/\/a"}]},"birthDate":"2020",
            "contained":[{"id":"c","meta":{"versionId":"1"},"resourceType":"Basic"}],"id":"p","resourceType":"Patient"}"#;
        let expected = r#"{
  "resourceType": "Patient",
  "id": "p",
  "meta": {
    "source": "u",
    "tag": []
  },
  "contained": [
    {
      "resourceType": "Basic",
      "id": "c",
      "meta": {
        "versionId": "1"
      }
    }
  ],
  "name": [
    {
      "use": "official",
      "given": [
        "b",
        "a"
      ],
      "_given": [
        null,
        {
          "id": "x"
        }
      ]
    }
  ],
  "birthDate": "2020",
  "_birthDate": {
    "extension": [
      {
        "url": "http://a",
        "valueDecimal": 1.00
      }
    ]
  },
  "aaa": {
    "a": 2,
    "b": 1
  },
  "zzz": 1
}
"#;
        assert_eq!(form(text, &Edits::default()), expected);
    }

    #[test]
    fn what_says_only_the_version_is_dropped_with_meta() {
        let edits = Edits { id: Some("n"), links: None };
        let expected = "{\n  \"resourceType\": \"Basic\",\n  \"id\": \"n\"\n}\n";
        for text in [
            r#"{"resourceType":"Basic","id":"o","meta":{"versionId":"1","lastUpdated":"2020"}}"#,
            r#"{"resourceType":"Basic"}"#,
            r#"{"meta":{"_versionId":{"id":"x"},"_lastUpdated":{"id":"x"}},"resourceType":"Basic"}"#,
            r#"{"meta":{},"resourceType":"Basic"}"#,
        ] {
            assert_eq!(form(text, &edits), expected);
        }
        assert_eq!(form("[1]", &edits), "[\n  1\n]\n");
        assert_eq!(form("{}", &Edits::default()), "{}\n");
    }

    #[test]
    fn links_change_in_references_uris_and_narrative_but_not_in_canonicals_and_strings() {
        let links = HashMap::from([("urn:uuid:1".to_owned(), "Patient/7".to_owned())]);
        let edits = Edits { id: None, links: Some(&links) };
        let text = r#"{"resourceType":"Task","text":{"status":"generated","div":"<div><a href=\"urn:uuid:1\">x</a></div>"},
            "instantiatesCanonical":"urn:uuid:1","instantiatesUri":"urn:uuid:1","description":"urn:uuid:1",
            "for":{"reference":"urn:uuid:1","display":"urn:uuid:1"},"focus":{"reference":"urn:uuid:2"},
            "input":[{"type":{"text":"x"},"valueUri":"urn:uuid:1#a"},{"type":{"text":"x"},"valueReference":{"reference":"urn:uuid:1"}}]}"#;
        let expected = text
            .replace("\"instantiatesUri\":\"urn:uuid:1\"", "\"instantiatesUri\":\"Patient/7\"")
            .replace("\"reference\":\"urn:uuid:1\"", "\"reference\":\"Patient/7\"")
            .replace("\"valueUri\":\"urn:uuid:1#a\"", "\"valueUri\":\"Patient/7#a\"")
            .replace("href=\\\"urn:uuid:1", "href=\\\"Patient/7");
        assert_eq!(form(text, &edits), form(&expected, &Edits::default()));

        let list = r#"{"resourceType":"CapabilityStatement","instantiates":["urn:uuid:1"],"implementationGuide":["urn:uuid:1"],
            "patchFormat":["urn:uuid:1"],"rest":[{"compartment":["urn:uuid:1"],"documentation":"urn:uuid:1"}]}"#;
        assert_eq!(form(list, &edits), form(list, &Edits::default()));
        let uris = r#"{"resourceType":"MessageHeader","source":{"endpoint":"urn:uuid:1"}}"#;
        assert!(form(uris, &edits).contains("\"Patient/7\""));
        let array =
            r#"{"resourceType":"ActivityDefinition","dynamicValue":[{"path":"x"}],"library":["urn:uuid:1"]}"#;
        assert_eq!(form(array, &edits), form(array, &Edits::default()));
        let array = r#"{"resourceType":"ServiceRequest","instantiatesUri":["urn:uuid:1","x"]}"#;
        let expected = array.replace("urn:uuid:1", "Patient/7");
        assert_eq!(form(array, &edits), form(&expected, &Edits::default()));
    }

    #[test]
    fn no_link_becomes_what_its_type_cannot_hold() {
        let uuid = "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9";
        let links = HashMap::from([
            (uuid.to_owned(), "Patient/7".to_owned()),
            ("urn:oid:1.2.3".to_owned(), "Patient/8".to_owned()),
        ]);
        let edits = Edits { id: None, links: Some(&links) };
        let text = format!(
            r#"{{"resourceType":"Basic","extension":[{{"url":"u","valueUuid":"{uuid}"}},
            {{"url":"o","valueOid":"urn:oid:1.2.3"}},{{"url":"i","valueUri":"{uuid}"}}]}}"#
        );
        let expected = text.replace(&format!("valueUri\":\"{uuid}"), "valueUri\":\"Patient/7");
        assert_ne!(text, expected);
        assert_eq!(form(&text, &edits), form(&expected, &Edits::default()));
    }

    #[test]
    fn a_bundle_within_resolves_its_own_links() {
        let links = HashMap::from([
            ("urn:uuid:1".to_owned(), "Patient/7".to_owned()),
            ("urn:uuid:2".to_owned(), "Patient/8".to_owned()),
        ]);
        let edits = Edits { id: None, links: Some(&links) };
        let bundle = r#"{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient"}},
            {"resource":{"resourceType":"Basic","subject":{"reference":"urn:uuid:1#x"},"author":{"reference":"urn:uuid:2"}}}]}"#;
        let expected = bundle.replace("urn:uuid:2", "Patient/8");
        assert_eq!(form(bundle, &edits), form(&expected, &Edits::default()));

        let outer = |bundle: &str, link: &str| {
            format!(
                r#"{{"resourceType":"Bundle","entry":[{{"resource":{bundle}}},
                {{"resource":{{"resourceType":"Basic","subject":{{"reference":"{link}"}}}}}}]}}"#
            )
        };
        let nested = outer(bundle, "urn:uuid:1");
        assert_eq!(form(&nested, &edits), form(&outer(&expected, "Patient/7"), &Edits::default()));
    }
}
