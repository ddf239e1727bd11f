//! Rules of single datatypes beyond their elements.

use vpr_codec::Value;

use super::issues::named;
use super::walk::Walk;
use crate::ResourceType;
use crate::codes::IssueType;
use crate::definitions::{Member, Type};
use crate::generated::structures::{CODEABLE_CONCEPT, CODING, EXTENSION, QUANTITY, REFERENCE};
use crate::reference::ReferenceKind;

/// The elements of Extension by their order: id, extension, url, value.
const NESTED: u64 = 1 << 1;
const VALUE: u64 = 1 << 3;

impl<'v> Walk<'v> {
    /// Checks an object that is a datatype; `seen` are its elements.
    #[inline]
    pub(super) fn datatype(&mut self, holder: Type, member: Member, value: Value<'v>, seen: u64) {
        match member.value_type().0 {
            EXTENSION => self.extension(holder, value, seen),
            REFERENCE => self.reference(member, value),
            CODEABLE_CONCEPT => {
                if let Some(binding) = member.binding() {
                    self.bound_concept(binding, value);
                }
            }
            CODING => {
                if let Some(binding) = member.binding() {
                    self.bound_coding(binding, value);
                }
            }
            QUANTITY => {
                if let Some(binding) = member.binding() {
                    self.bound_coding(binding, value);
                }
                if member.is_simple_quantity()
                    && let Some(comparator) = value.get("comparator")
                {
                    let text = "a SimpleQuantity must not have a comparator (sqty-1)";
                    self.issues.error(comparator, IssueType::Invariant, text);
                }
            }
            _ => {}
        }
    }

    fn extension(&mut self, holder: Type, extension: Value<'v>, seen: u64) {
        if (seen & NESTED != 0) == (seen & VALUE != 0) {
            let text = "an extension must have either extensions or a value (ext-1)";
            self.issues.error(extension, IssueType::Invariant, text);
        }
        // Within an extension, urls name its parts.
        if holder.0 != EXTENSION
            && let Some(url) = extension.get("url")
            && url.as_str().is_some_and(|text| !text.is_empty() && !text.contains(':'))
        {
            self.issues.error(url, IssueType::Extension, "the url of an extension must be absolute");
        }
    }

    fn reference(&mut self, member: Member, reference: Value<'v>) {
        let declared = reference.get("type");
        let declared_type = declared.and_then(Value::as_str);
        let mut resource = None;
        if let Some(value) = reference.get("reference").filter(|value| value.is_string()) {
            let text = value.as_str().unwrap_or_default();
            let kind = ReferenceKind::of(&text);
            resource = kind.resource_type();
            match kind {
                _ if text.is_empty() => {}
                ReferenceKind::Malformed => {
                    let text =
                        "a reference must be 'Type/id', a URL, a urn: or '#id' of a contained resource";
                    self.issues.error(value, IssueType::Value, text);
                }
                ReferenceKind::Conditional { .. } if !self.options.conditional_references => {
                    let text = "a conditional reference may stand only in a transaction";
                    self.issues.error(value, IssueType::NotSupported, text);
                }
                ReferenceKind::Contained(_) => self.container.note_reference(value, member),
                _ => {}
            }
            if let Some(resource) = resource {
                self.target(value, member, resource);
            }
        } else if reference.get("identifier").is_none()
            && reference.get("display").is_none()
            && reference.get("extension").is_none()
            && reference.get("_reference").is_none()
        {
            let text = "a reference must have a reference, an identifier or a display";
            self.issues.error(reference, IssueType::Invariant, text);
        }
        if let (Some(value), Some(name)) = (declared, declared_type) {
            let declared = ResourceType::parse(
                name.strip_prefix("http://hl7.org/fhir/StructureDefinition/").unwrap_or(&name),
            );
            match declared {
                Some(declared) if resource.is_some_and(|resource| resource != declared) => {
                    let text = "the type of the reference is not that of its target";
                    self.issues.error(value, IssueType::Structure, text);
                }
                Some(declared) if resource.is_none() => self.target(value, member, declared),
                None if !name.contains(':') => {
                    let text = format!("'{}' is not a resource type", named(&name));
                    self.issues.error(value, IssueType::CodeInvalid, text);
                }
                _ => {}
            }
        }
    }

    /// Checks that a reference may point at a resource of that type.
    pub(super) fn target(&mut self, at: Value<'v>, member: Member, resource: ResourceType) {
        let allowed = member.target_numbers();
        if !allowed.is_empty() && !allowed.contains(&resource.0) {
            let names: Vec<_> = member.targets().map(ResourceType::name).collect();
            let text = format!("must not refer to {resource}, but to {}", names.join(", "));
            self.issues.error(at, IssueType::Structure, text);
        }
    }
}
