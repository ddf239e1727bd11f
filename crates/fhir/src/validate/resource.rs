//! Resources: their type, and what they contain.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use vpr_codec::Value;

use super::issues::named;
use super::walk::Walk;
use crate::ResourceType;
use crate::codes::IssueType;
use crate::definitions::{Member, Type};
use crate::reference::resource_type;

/// What must be known of the resource that contains others, once it has been walked.
#[derive(Default)]
pub(super) struct Container<'v> {
    /// The contained resource that is being walked.
    contained: Option<Value<'v>>,
    /// References to `#…` and the elements they stand in.
    references: Vec<(Value<'v>, Member, Option<Value<'v>>)>,
    /// Other elements that point at `#…`.
    fragments: Vec<(Value<'v>, Option<Value<'v>>)>,
}

impl<'v> Container<'v> {
    pub(super) fn note_reference(&mut self, value: Value<'v>, member: Member) {
        self.references.push((value, member, self.contained));
    }

    #[inline]
    pub(super) fn note_fragment(&mut self, value: Value<'v>) {
        if value.raw_str().is_some_and(|raw| raw.starts_with('#')) {
            self.fragments.push((value, self.contained));
        }
    }

    /// The places that point at `#id`, and the contained resource each stands in.
    fn pointers(&self) -> impl Iterator<Item = (Cow<'v, str>, Option<Value<'v>>)> {
        let references = self.references.iter().map(|(value, _, within)| (*value, *within));
        references
            .chain(self.fragments.iter().copied())
            .filter_map(|(value, within)| Some((value.as_str()?, within)))
    }
}

impl<'v> Walk<'v> {
    /// A resource that stands for itself: the root, or one in a bundle or in parameters.
    pub(super) fn resource(&mut self, resource: Value<'v>) {
        let outer = std::mem::take(&mut self.container);
        if self.typed_object(resource).is_some() {
            self.contained_resources(resource);
        }
        self.container = outer;
    }

    /// A resource within another.
    pub(super) fn resource_in(&mut self, holder: Type, member: Member, resource: Value<'v>) {
        if member.name() != "contained" || !holder.is_resource() {
            return self.resource(resource);
        }
        if self.container.contained.is_some() {
            let text = "a contained resource must not contain resources (dom-2)";
            self.issues.error(resource, IssueType::Invariant, text);
            return;
        }
        self.container.contained = Some(resource);
        self.typed_object(resource);
        self.container.contained = None;
        if resource.get("id").is_none() {
            self.issues.error(resource, IssueType::Required, "a contained resource must have an id");
        }
        let meta = |name| resource.get("meta").and_then(|meta| meta.get(name));
        for (name, rule) in [("versionId", "dom-4"), ("lastUpdated", "dom-4"), ("security", "dom-5")] {
            if let Some(value) = meta(name) {
                let text = format!("a contained resource must not have meta.{name} ({rule})");
                self.issues.error(value, IssueType::Invariant, text);
            }
        }
    }

    fn typed_object(&mut self, resource: Value<'v>) -> Option<ResourceType> {
        if !resource.is_object() {
            self.issues.error(resource, IssueType::Structure, "a resource must be an object");
            return None;
        }
        let Some(name) = resource.get("resourceType") else {
            self.issues.error(resource, IssueType::Structure, "a resource must have a 'resourceType'");
            return None;
        };
        let Some(its_type) = resource_type(resource) else {
            let text = match name.as_str() {
                Some(text) => format!("'{}' is not a resource type of R4", named(&text)),
                None => "'resourceType' must be a string".to_owned(),
            };
            self.issues.error(name, IssueType::Structure, text);
            return None;
        };
        self.object(resource, its_type.definition(), true);
        Some(its_type)
    }

    /// Ids of contained resources, references to them, and whether each is needed (dom-3, ref-1).
    fn contained_resources(&mut self, resource: Value<'v>) {
        let contained: Vec<_> = resource.get("contained").into_iter().flat_map(Value::items).collect();
        if contained.is_empty() && self.container.references.is_empty() {
            return;
        }
        let container = std::mem::take(&mut self.container);
        let (mut by_id, mut needed) = (HashMap::new(), HashSet::new());
        for value in &contained {
            let Some(id) = value.get("id").and_then(Value::as_str) else { continue };
            if let Entry::Vacant(entry) = by_id.entry(id) {
                entry.insert(*value);
            } else {
                needed.insert(value.id());
                self.issues.error(*value, IssueType::Duplicate, "two contained resources have the same id");
            }
        }
        for (value, member, within) in &container.references {
            let text = value.as_str().unwrap_or_default();
            let id = text.strip_prefix('#').unwrap_or_default();
            let (found, problem) = match within {
                Some(_) if id.is_empty() => (Some(&resource), ""),
                None if id.is_empty() => (None, "'#' may stand only in a contained resource"),
                _ => (by_id.get(id), "there is no contained resource of that id (ref-1)"),
            };
            match found {
                None => self.issues.error(*value, IssueType::NotFound, problem),
                Some(found) => {
                    if let Some(its_type) = resource_type(*found) {
                        self.target(*value, *member, its_type);
                    }
                }
            }
        }
        for (text, within) in container.pointers() {
            let id = text.strip_prefix('#').unwrap_or_default();
            let pointed = if id.is_empty() { within } else { by_id.get(id).copied() };
            needed.extend(pointed.map(Value::id));
        }
        for value in
            contained.iter().filter(|value| value.get("id").is_some() && !needed.contains(&value.id()))
        {
            let text = "a contained resource must be referred to, or refer to its container (dom-3)";
            self.issues.error(*value, IssueType::Invariant, text);
        }
    }
}
