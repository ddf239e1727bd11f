use std::fmt;

use super::lookup::hash;
use super::rows::{CHOICE, MODIFIER, REPEATS, SIMPLE_QUANTITY, SUMMARY};
use super::{Binding, ResourceType};
use crate::generated::structures::{ELEMENTS, MEMBERS, PRIMITIVES, SLOTS, TARGET_SETS, TARGETS, TYPES};

/// A type of R4: a primitive, a datatype, a resource, or an element that has children of its own
/// (named by its path, such as `Patient.contact`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Type(pub(crate) u16);

/// What kind of thing a [`Type`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TypeKind {
    /// A value with a form (R4 §2.24), such as `date`.
    Primitive,
    /// A datatype, such as `HumanName`.
    Complex,
    /// An element with children, such as `Patient.contact`.
    Backbone,
    /// `Resource` or `DomainResource`.
    Abstract,
    /// A resource type.
    Resource,
}

impl Type {
    /// Every type: primitives, datatypes, abstract types, resources, each with its backbone elements.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..TYPES.len() as u16).map(Self)
    }

    /// The type of that name, such as `date`, `HumanName`, `Patient`, `Patient.contact`.
    /// Linear: for start-up and tests.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::all().find(|each| each.name() == name)
    }

    /// The name; a path for a backbone element.
    #[must_use]
    pub fn name(self) -> &'static str {
        TYPES[usize::from(self.0)].0
    }

    /// What kind of thing it is.
    #[must_use]
    pub fn kind(self) -> TypeKind {
        match TYPES[usize::from(self.0)].1 {
            0 => TypeKind::Primitive,
            1 => TypeKind::Complex,
            2 => TypeKind::Backbone,
            3 => TypeKind::Abstract,
            _ => TypeKind::Resource,
        }
    }

    /// Whether its JSON form is a string, number or boolean.
    #[must_use]
    #[inline]
    pub fn is_primitive(self) -> bool {
        self.0 < PRIMITIVES
    }

    /// Whether it is a resource type.
    #[must_use]
    pub fn is_resource(self) -> bool {
        self.kind() == TypeKind::Resource
    }

    /// The elements in the standard's order, inherited ones included. None for a primitive.
    pub fn elements(self) -> impl ExactSizeIterator<Item = Element> {
        let row = &TYPES[usize::from(self.0)];
        (row.2..row.2 + u16::from(row.3)).map(Element)
    }

    /// The JSON members in the standard's order; a choice has one for each of its types.
    pub fn members(self) -> impl ExactSizeIterator<Item = Member> {
        let row = &TYPES[usize::from(self.0)];
        (row.4..row.4 + u16::from(row.5)).map(Member)
    }

    /// The JSON member of that name (without a leading `_`).
    #[must_use]
    #[inline]
    pub fn member(self, name: &str) -> Option<Member> {
        self.numbered_member(name).map(|(member, _)| member)
    }

    /// The JSON member of that name with its place among [`Type::members`].
    #[inline]
    pub(crate) fn numbered_member(self, name: &str) -> Option<(Member, u8)> {
        let row = &TYPES[usize::from(self.0)];
        let slot = hash(name.as_bytes(), row.8) >> (32 - row.7);
        let number = *SLOTS.get(row.6 as usize + slot as usize)?;
        if number == u8::MAX {
            return None;
        }
        let member = Member(row.4 + u16::from(number));
        (member.name() == name).then_some((member, number))
    }

    /// The element of that name; `value` for `value[x]`.
    #[must_use]
    pub fn element(self, name: &str) -> Option<Element> {
        self.elements().find(|element| element.name() == name)
    }

    /// One bit for each element that must be present, by [`Member::element_index`].
    #[inline]
    pub(crate) fn required(self) -> u64 {
        TYPES[usize::from(self.0)].9
    }

    /// The element at `index` of the standard's order.
    pub(crate) fn element_at(self, index: u8) -> Element {
        Element(TYPES[usize::from(self.0)].2 + u16::from(index))
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Type({})", self.name())
    }
}

/// One element of a type.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Element(u16);

impl Element {
    /// The name; `value` for `value[x]`.
    #[must_use]
    pub fn name(self) -> &'static str {
        ELEMENTS[usize::from(self.0)].0
    }

    /// The least number of occurrences.
    #[must_use]
    pub fn min(self) -> u8 {
        ELEMENTS[usize::from(self.0)].1
    }

    /// Whether it may occur more than once, so that its JSON form is an array.
    #[must_use]
    pub fn repeats(self) -> bool {
        ELEMENTS[usize::from(self.0)].2 & REPEATS != 0
    }

    /// Whether it changes the meaning of what it stands in (R4 §2.1.0.3).
    #[must_use]
    pub fn is_modifier(self) -> bool {
        ELEMENTS[usize::from(self.0)].2 & MODIFIER != 0
    }

    /// Whether `_summary=true` includes it.
    #[must_use]
    pub fn is_summary(self) -> bool {
        ELEMENTS[usize::from(self.0)].2 & SUMMARY != 0
    }

    /// Whether it is a choice of types, `value[x]`.
    #[must_use]
    pub fn is_choice(self) -> bool {
        ELEMENTS[usize::from(self.0)].2 & CHOICE != 0
    }

    /// The value set its codes come from.
    #[must_use]
    pub fn binding(self) -> Option<Binding> {
        Binding::numbered(ELEMENTS[usize::from(self.0)].3)
    }

    /// The JSON members that carry it: one for each type of a choice, else one.
    pub fn members(self) -> impl ExactSizeIterator<Item = Member> {
        let row = &ELEMENTS[usize::from(self.0)];
        (row.4..row.4 + u16::from(row.5)).map(Member)
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Element({})", self.name())
    }
}

/// One JSON member that carries an element, such as `valueQuantity`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member(u16);

impl Member {
    /// The JSON name.
    #[must_use]
    #[inline]
    pub fn name(self) -> &'static str {
        MEMBERS[usize::from(self.0)].0
    }

    /// The type of the value, or of each item.
    #[must_use]
    #[inline]
    pub fn value_type(self) -> Type {
        Type(MEMBERS[usize::from(self.0)].1)
    }

    /// The place of its element in the order of the type that holds it.
    #[must_use]
    #[inline]
    pub fn element_index(self) -> u8 {
        MEMBERS[usize::from(self.0)].2
    }

    /// Whether its value is an array.
    #[must_use]
    #[inline]
    pub fn repeats(self) -> bool {
        MEMBERS[usize::from(self.0)].3 & REPEATS != 0
    }

    /// Whether its element is a choice of types.
    #[must_use]
    #[inline]
    pub fn is_choice(self) -> bool {
        MEMBERS[usize::from(self.0)].3 & CHOICE != 0
    }

    /// Whether the value is a `SimpleQuantity`, which has no comparator.
    #[must_use]
    #[inline]
    pub fn is_simple_quantity(self) -> bool {
        MEMBERS[usize::from(self.0)].3 & SIMPLE_QUANTITY != 0
    }

    /// The value set its codes come from.
    #[must_use]
    #[inline]
    pub fn binding(self) -> Option<Binding> {
        Binding::numbered(MEMBERS[usize::from(self.0)].4)
    }

    /// The resource types a `Reference` or `canonical` may point at; none means any.
    pub fn targets(self) -> impl ExactSizeIterator<Item = ResourceType> {
        self.target_numbers().iter().map(|number| ResourceType(*number))
    }

    #[inline]
    pub(crate) fn target_numbers(self) -> &'static [u16] {
        let (first, count) = TARGET_SETS[usize::from(MEMBERS[usize::from(self.0)].5)];
        &TARGETS[usize::from(first)..usize::from(first) + usize::from(count)]
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Member({})", self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_found_by_its_name_and_no_other_is() {
        for each in Type::all() {
            for member in each.members() {
                assert_eq!(each.member(member.name()), Some(member), "{each:?}.{member:?}");
                assert_eq!(each.member(&format!("{}x", member.name())), None);
                assert!(each.element_at(member.element_index()).members().any(|its| its == member));
            }
            assert_eq!(each.member(""), None);
            assert!(each.kind() != TypeKind::Resource || each.member("resourceType").is_none());
        }
    }

    #[test]
    fn a_patient_has_the_elements_of_the_standard_in_its_order() {
        let patient = Type::find("Patient").unwrap();
        let names: Vec<_> = patient.elements().map(Element::name).collect();
        let expected = "id meta implicitRules language text contained extension modifierExtension identifier \
            active name telecom gender birthDate deceased address maritalStatus multipleBirth photo contact \
            communication generalPractitioner managingOrganization link";
        assert_eq!(names.join(" "), expected);
        let general_practitioner = patient.member("generalPractitioner").unwrap();
        assert!(general_practitioner.repeats());
        let targets: Vec<_> = general_practitioner.targets().map(ResourceType::name).collect();
        assert_eq!(targets, ["Organization", "Practitioner", "PractitionerRole"]);
        assert_eq!(patient.member("id").map(|id| id.value_type().name()), Some("id"));
        let contact = patient.member("contact").map(Member::value_type).unwrap();
        assert_eq!((contact.name(), contact.kind()), ("Patient.contact", TypeKind::Backbone));
        assert_eq!(contact.member("id").map(|id| id.value_type().name()), Some("string"));
        let link = Type::find("Patient.link").unwrap();
        assert_eq!(link.elements().filter(|element| element.min() == 1).count(), 2);
        assert_eq!(link.required().count_ones(), 2);
    }

    #[test]
    fn a_choice_has_a_member_for_each_type() {
        let observation = Type::find("Observation").unwrap();
        let value = observation.element("value").unwrap();
        assert!(value.is_choice() && value.is_summary() && !value.is_modifier());
        let names: Vec<_> = value.members().map(Member::name).collect();
        assert_eq!(names.len(), 11);
        assert!(names.contains(&"valueQuantity") && names.contains(&"valueDateTime"));
        let extension = Type::find("Extension").unwrap().element("value").unwrap();
        assert_eq!(extension.members().len(), 50);
    }

    #[test]
    fn a_content_reference_leads_to_the_type_it_names() {
        let section = Type::find("Composition.section").unwrap();
        assert_eq!(section.member("section").map(Member::value_type), Some(section));
    }

    #[test]
    fn extension_urls_are_uris_and_element_ids_are_strings() {
        let extension = Type::find("Extension").unwrap();
        assert_eq!(extension.member("url").map(|url| url.value_type().name()), Some("uri"));
        assert_eq!(extension.member("id").map(|url| url.value_type().name()), Some("string"));
    }
}
