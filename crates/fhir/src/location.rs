//! Where a value stands in its resource, as FHIRPath.

use std::fmt::Write;

use vpr_codec::{Items, Members, Value};

use crate::definitions::Type;
use crate::generated::structures::{ELEMENT, RESOURCE};
use crate::reference::resource_type;

/// The place of `target` below `root` in the subset of FHIRPath that `OperationOutcome.issue.expression`
/// allows (R4 §2.39): element names and indexes, such as `Patient.contact[0].name.given[2]`; a choice
/// is named by its element (`Observation.value`). Searches from the root: meant for messages.
pub(crate) fn expression(root: Value<'_>, target: Value<'_>) -> String {
    Locator::new(root).expression(target).to_owned()
}

/// Finds the places of values that come in the order of the text with one reading of it.
pub(crate) struct Locator<'v> {
    root: Value<'v>,
    /// From the root to what was found last.
    frames: Vec<Frame<'v>>,
    path: String,
}

/// A value that holds what was found last, and those of its children that come after it.
struct Frame<'v> {
    value: Value<'v>,
    its_type: Option<Type>,
    members: Members<'v>,
    items: Items<'v>,
    /// Items passed.
    passed: usize,
    /// Length of the path up to here.
    path: usize,
}

impl<'v> Locator<'v> {
    pub(crate) fn new(root: Value<'v>) -> Self {
        let its_type = resource_type(root).map(|resource| resource.definition());
        let path = its_type.map_or("Resource", Type::name).to_owned();
        let frames = vec![Frame::new(root, its_type, path.len())];
        Self { root, frames, path }
    }

    /// The place of `target`, as [`expression`] gives it.
    pub(crate) fn expression(&mut self, target: Value<'v>) -> &str {
        if self.frames.last().is_none_or(|last| target.id() < last.value.id()) {
            *self = Self::new(self.root);
        }
        while let Some(frame) = self.frames.last_mut() {
            self.path.truncate(frame.path);
            if frame.value.id() == target.id() {
                break;
            }
            let found = if holds(frame.value, target) { frame.step(target, &mut self.path) } else { None };
            match found {
                Some((value, its_type)) => self.frames.push(Frame::new(value, its_type, self.path.len())),
                None if self.frames.len() > 1 => drop(self.frames.pop()),
                // Not below the root.
                None => break,
            }
        }
        &self.path
    }
}

impl<'v> Frame<'v> {
    fn new(value: Value<'v>, its_type: Option<Type>, path: usize) -> Self {
        let its_type = match its_type {
            Some(Type(RESOURCE)) if value.is_object() => {
                resource_type(value).map(|resource| resource.definition())
            }
            other => other,
        };
        Self { value, its_type, members: value.members(), items: value.items(), passed: 0, path }
    }

    /// The child that is or holds `target`, with its type; its step is put behind `path`.
    fn step(&mut self, target: Value<'v>, path: &mut String) -> Option<(Value<'v>, Option<Type>)> {
        if let Some((name, value)) = self.members.find(|(_, value)| holds(*value, target)) {
            let companion = name.strip_prefix('_');
            let member = self.its_type.and_then(|its_type| its_type.member(companion.unwrap_or(&name)));
            let element = self
                .its_type
                .zip(member)
                .map(|(its_type, member)| its_type.element_at(member.element_index()));
            path.push('.');
            path.push_str(element.map_or(&*name, |element| element.name()));
            let its_type = member.map(|member| companion.map_or(member.value_type(), |_| Type(ELEMENT)));
            return Some((value, its_type));
        }
        for item in self.items.by_ref() {
            self.passed += 1;
            if holds(item, target) {
                let _ = write!(path, "[{}]", self.passed - 1);
                return Some((item, self.its_type));
            }
        }
        None
    }
}

fn holds(value: Value<'_>, target: Value<'_>) -> bool {
    (value.id()..value.id_end()).contains(&target.id())
}

#[cfg(test)]
mod tests {
    use vpr_codec::{Json, Limits};

    use super::*;

    #[test]
    fn places_are_the_same_one_by_one_and_in_any_order() {
        let text = r#"{"resourceType":"Bundle","entry":[{"fullUrl":"a"},{"resource":{"resourceType":"Observation",
            "valueQuantity":{"value":1},"_status":{"extension":[{"url":"a"},{"valueCode":"b"}]},"x":{"y":[[1],{"z":2}]}}}]}"#;
        let json = Json::parse(text, &Limits::default()).unwrap();
        let root = json.root();
        let all: Vec<_> = (0..json.values() as u32).map(|id| json.value(id).unwrap()).collect();
        let single: Vec<_> = all.iter().map(|value| expression(root, *value)).collect();
        let mut locator = Locator::new(root);
        for (value, expected) in all.iter().zip(&single) {
            assert_eq!(locator.expression(*value), expected);
            assert_eq!(locator.expression(*value), expected);
        }
        for (value, expected) in all.iter().zip(&single).rev().chain(all.iter().zip(&single).step_by(3)) {
            assert_eq!(locator.expression(*value), expected);
        }
        let at = "Bundle.entry[1].resource";
        for expected in
            [".value.value", ".status.extension[1].value", ".x.y[0][0]", ".x.y[1].z", ".resourceType"]
        {
            assert!(single.contains(&format!("{at}{expected}")), "{expected} {single:#?}");
        }
        let resource = all.iter().copied().find(|value| value.name().as_deref() == Some("resource")).unwrap();
        let inner = resource.get("valueQuantity").unwrap();
        assert_eq!(expression(resource, inner), "Observation.value");
        assert_eq!(expression(inner, resource), "Resource");
    }
}
