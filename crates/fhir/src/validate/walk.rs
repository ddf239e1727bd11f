use vpr_codec::{Kind, Value};
use vpr_types::limits::JSON_DEPTH_MAX;

use super::ValidateOptions;
use super::issues::{Issues, named};
use super::primitive::Primitive;
use super::resource::Container;
use crate::Issue;
use crate::codes::{IssueType, Severity};
use crate::definitions::{Member, Type};
use crate::generated::structures::{ELEMENT, EXTENSION, RESOURCE};

/// What [`Walk::object`] gives for an object it did not walk; no type has that many elements.
const TOO_DEEP: u64 = u64::MAX;

/// The elements of an object that were there.
struct Seen {
    /// One bit for each, by [`Member::element_index`].
    elements: u64,
    /// For each element that is a choice, the member that was there first.
    choices: [Option<Member>; 64],
}

/// One walk over a resource.
pub(super) struct Walk<'v> {
    pub(super) issues: Issues<'v>,
    pub(super) options: ValidateOptions,
    /// The resource that contains what is walked, and whether that is itself contained in it.
    pub(super) container: Container<'v>,
    depth: usize,
}

impl<'v> Walk<'v> {
    pub(super) fn new(options: ValidateOptions) -> Self {
        Self { issues: Issues::default(), options, container: Container::default(), depth: 0 }
    }

    pub(super) fn finish(self, root: Value<'v>) -> Vec<Issue> {
        self.issues.finish(root)
    }

    /// Checks the members of an object; gives one bit for each element that is there.
    pub(super) fn object(&mut self, object: Value<'v>, its_type: Type, is_resource: bool) -> u64 {
        // A text of more depth than the codec allows by default is refused, not walked.
        if self.depth >= JSON_DEPTH_MAX * 2 {
            self.issues.error(object, IssueType::TooCostly, "nested too deeply");
            return TOO_DEEP;
        }
        self.depth += 1;
        let mut seen = Seen { elements: 0, choices: [None; 64] };
        for (name, value) in object.members() {
            if let Some(member) = its_type.member(&name) {
                self.mark(&mut seen, its_type, member, value);
                self.member(object, its_type, member, value);
            } else {
                self.other_member(&mut seen, object, its_type, is_resource, &name, value);
            }
        }
        let missing = its_type.required() & !seen.elements;
        if missing != 0 {
            self.missing(object, its_type, missing);
        }
        if object.len() <= 1 && !is_resource && (object.is_empty() || object.get("id").is_some()) {
            self.issues.error(
                object,
                IssueType::Invariant,
                "an element must have a value or children (ele-1)",
            );
        }
        self.depth -= 1;
        seen.elements
    }

    /// Notes that an element is there; a choice may be there with one type only.
    #[inline]
    fn mark(&mut self, seen: &mut Seen, its_type: Type, member: Member, value: Value<'v>) {
        let index = member.element_index();
        seen.elements |= 1 << index;
        if member.is_choice()
            && let Some(chosen) = seen.choices.get_mut(usize::from(index))
            && chosen.get_or_insert(member) != &member
        {
            let text = format!("'{}[x]' may be there with one type only", its_type.element_at(index).name());
            self.issues.error(value, IssueType::Structure, text);
        }
    }

    /// A member that is not a plain element: `_x`, `resourceType`, or one that must not be there.
    fn other_member(
        &mut self,
        seen: &mut Seen,
        object: Value<'v>,
        its_type: Type,
        is_resource: bool,
        name: &str,
        value: Value<'v>,
    ) {
        if name == "resourceType" && is_resource {
            return;
        }
        if let Some(member) = name.strip_prefix('_').and_then(|name| its_type.member(name))
            && takes_companion(its_type, member)
        {
            self.mark(seen, its_type, member, value);
            self.companion(object, member, value);
            return;
        }
        let text = match name {
            "fhir_comments" => "comments are not allowed in JSON ('fhir_comments')".to_owned(),
            "resourceType" => "only a resource has a 'resourceType'".to_owned(),
            _ => format!("'{}' is not an element of {}", named(name), its_type.name()),
        };
        self.issues.error(value, IssueType::Structure, text);
    }

    #[cold]
    fn missing(&mut self, object: Value<'v>, its_type: Type, missing: u64) {
        for (at, element) in its_type.elements().enumerate() {
            if missing >> at & 1 == 1 {
                let name = element.name();
                let choice = if element.is_choice() { "[x]" } else { "" };
                let text = format!("the required element '{name}{choice}' is missing");
                self.issues.error(object, IssueType::Required, text);
            }
        }
    }

    fn member(&mut self, object: Value<'v>, holder: Type, member: Member, value: Value<'v>) {
        if !member.repeats() {
            if value.is_array() {
                let text = format!("'{}' must not be an array", member.name());
                self.issues.error(value, IssueType::Structure, text);
            } else {
                self.value(holder, member, value);
            }
            return;
        }
        if !value.is_array() {
            let text = format!("'{}' must be an array", member.name());
            self.issues.error(value, IssueType::Structure, text);
        } else if value.is_empty() {
            self.issues.error(value, IssueType::Structure, "an array must not be empty");
        } else if member.value_type().is_primitive() {
            self.primitives(object, holder, member, value);
        } else {
            for item in value.items() {
                self.value(holder, member, item);
            }
        }
    }

    /// An array of primitives, where null stands for a value that has only extensions.
    fn primitives(&mut self, object: Value<'v>, holder: Type, member: Member, array: Value<'v>) {
        let mut companions = None;
        for (at, item) in array.items().enumerate() {
            if !item.is_null() {
                self.value(holder, member, item);
                continue;
            }
            // Looked for once an array has a null.
            let companions = companions.get_or_insert_with(|| {
                let companion = object.get(&format!("_{}", member.name()));
                companion.into_iter().flat_map(Value::items).map(|each| each.is_object()).collect::<Vec<_>>()
            });
            if companions.get(at) != Some(&true) {
                let text = "null may stand only in an array of primitives beside an extension";
                self.issues.error(item, IssueType::Structure, text);
            }
        }
    }

    /// `_x`: the id and extensions of a primitive.
    fn companion(&mut self, object: Value<'v>, member: Member, value: Value<'v>) {
        if !member.repeats() {
            return self.primitive_extension(value);
        }
        if !value.is_array() || value.is_empty() {
            let text = format!("'_{}' must be an array that is not empty", member.name());
            self.issues.error(value, IssueType::Structure, text);
            return;
        }
        let values = object.get(member.name());
        let length = values.map_or(value.len(), Value::len);
        if value.len() != length && values.is_some_and(Value::is_array) {
            let text = format!("'_{0}' must have as many items as '{0}'", member.name());
            // What is missing at the end can only be null.
            if value.len() < length {
                self.issues.warning(value, IssueType::Structure, text);
            } else {
                self.issues.error(value, IssueType::Structure, text);
            }
        }
        for item in value.items() {
            if !item.is_null() {
                self.primitive_extension(item);
            } else if values.is_none() {
                self.issues.error(item, IssueType::Structure, "null stands for a value that is not there");
            }
        }
    }

    fn primitive_extension(&mut self, value: Value<'v>) {
        if value.is_object() {
            self.object(value, Type(ELEMENT), false);
        } else {
            self.issues.error(value, IssueType::Structure, "must be an object with 'id' or 'extension'");
        }
    }

    /// One value of an element.
    #[inline]
    fn value(&mut self, holder: Type, member: Member, value: Value<'v>) {
        let its_type = member.value_type();
        if let Some(primitive) = Primitive::of(its_type) {
            self.primitive(primitive, member, value);
        } else if value.kind() != Kind::Object {
            let text = format!("'{}' must be an object", member.name());
            self.issues.error(value, IssueType::Structure, text);
        } else if its_type.0 == RESOURCE {
            self.resource_in(holder, member, value);
        } else {
            let seen = self.object(value, its_type, false);
            if seen != TOO_DEEP {
                self.datatype(holder, member, value, seen);
            }
        }
    }

    fn primitive(&mut self, primitive: Primitive, member: Member, value: Value<'v>) {
        if let Some(fault) = primitive.fault(value) {
            let text = format!("'{}' {}", member.name(), fault.text);
            match fault.severity {
                Severity::Warning => self.issues.warning(value, fault.code, text),
                _ => self.issues.error(value, fault.code, text),
            }
            return;
        }
        match primitive {
            Primitive::Code | Primitive::Uri | Primitive::String => {
                if let Some(binding) = member.binding() {
                    self.bound_code(binding, value);
                }
            }
            _ => {}
        }
        if matches!(primitive, Primitive::Uri | Primitive::Url | Primitive::Canonical) {
            self.container.note_fragment(value);
        }
    }
}

/// Whether a primitive can have extensions: the ids of elements and resources, the url of an
/// extension and the text of a narrative cannot (R4 §2.6.1).
fn takes_companion(holder: Type, member: Member) -> bool {
    member.value_type().is_primitive()
        && member.name() != "id"
        && member.name() != "div"
        && !(holder.0 == EXTENSION && member.name() == "url")
}
