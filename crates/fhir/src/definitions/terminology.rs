use crate::generated::terminology::{BINDINGS, CODES, SYSTEMS, VALUE_SETS};

/// How strongly an element is tied to its value set (R4 §4.1.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strength {
    /// The code shall be from the value set.
    Required,
    /// The code shall be from the value set if one there applies.
    Extensible,
    /// The code should be from the value set.
    Preferred,
    /// The value set is an example.
    Example,
}

/// An element's tie to a value set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding(u16);

impl Binding {
    #[inline]
    pub(crate) fn numbered(number: u16) -> Option<Self> {
        number.checked_sub(1).map(Self)
    }

    /// How strong it is.
    #[must_use]
    #[inline]
    pub fn strength(self) -> Strength {
        match BINDINGS[usize::from(self.0)].0 {
            0 => Strength::Required,
            1 => Strength::Extensible,
            2 => Strength::Preferred,
            _ => Strength::Example,
        }
    }

    /// The value set.
    #[must_use]
    #[inline]
    pub fn value_set(self) -> Option<ValueSet> {
        BINDINGS[usize::from(self.0)].1.checked_sub(1).map(ValueSet)
    }

    /// The value set that even a weak binding must not leave.
    #[must_use]
    #[inline]
    pub fn maximum(self) -> Option<ValueSet> {
        BINDINGS[usize::from(self.0)].2.checked_sub(1).map(ValueSet)
    }
}

/// How membership in a [`ValueSet`] is decided here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// Not known to these tables: a terminology service decides.
    Unknown,
    /// By the list of its codes.
    Enumerated,
    /// Any well-formed language tag (BCP 47).
    Language,
    /// Any media type (BCP 13).
    MediaType,
    /// Any unit of UCUM.
    Unit,
}

/// A value set some element of R4 is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueSet(u16);

impl ValueSet {
    /// All of them, by URL.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..VALUE_SETS.len() as u16).map(Self)
    }

    /// The canonical URL, with `|version` where the standard names one.
    #[must_use]
    pub fn url(self) -> &'static str {
        VALUE_SETS[usize::from(self.0)].0
    }

    /// How membership is decided.
    #[must_use]
    #[inline]
    pub fn membership(self) -> Membership {
        match VALUE_SETS[usize::from(self.0)].1 {
            0 => Membership::Unknown,
            1 => Membership::Enumerated,
            2 => Membership::Language,
            3 => Membership::MediaType,
            _ => Membership::Unit,
        }
    }

    /// The codes of an enumerated set with their systems, sorted by code; none of another set.
    pub fn codes(self) -> impl ExactSizeIterator<Item = (&'static str, &'static str)> {
        let row = &VALUE_SETS[usize::from(self.0)];
        let codes = &CODES[usize::from(row.2)..usize::from(row.2) + usize::from(row.3)];
        codes.iter().map(|code| (code.0, SYSTEMS[usize::from(code.1)]))
    }

    /// Whether an enumerated set has `code`, in `system` if one is given.
    #[must_use]
    pub fn contains(self, system: Option<&str>, code: &str) -> bool {
        let row = &VALUE_SETS[usize::from(self.0)];
        let codes = &CODES[usize::from(row.2)..usize::from(row.2) + usize::from(row.3)];
        let first = codes.partition_point(|each| each.0 < code);
        let mut same = codes[first..].iter().take_while(|each| each.0 == code);
        same.any(|each| system.is_none_or(|system| SYSTEMS[usize::from(each.1)] == system))
    }

    /// The system of `code` in an enumerated set that has it in exactly one.
    #[must_use]
    pub fn system(self, code: &str) -> Option<&'static str> {
        let row = &VALUE_SETS[usize::from(self.0)];
        let codes = &CODES[usize::from(row.2)..usize::from(row.2) + usize::from(row.3)];
        let first = codes.partition_point(|each| each.0 < code);
        let mut same = codes[first..].iter().take_while(|each| each.0 == code);
        let system = SYSTEMS[usize::from(same.next()?.1)];
        same.next().is_none().then_some(system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::Type;

    fn set(url: &str) -> ValueSet {
        ValueSet::all().find(|each| each.url() == url).unwrap()
    }

    #[test]
    fn required_bindings_of_codes_are_all_decided_here() {
        let mut undecided = Vec::new();
        for element in Type::all().flat_map(Type::elements) {
            let Some(binding) = element.binding().filter(|each| each.strength() == Strength::Required) else {
                continue;
            };
            let value_set = binding.value_set().unwrap();
            if value_set.membership() == Membership::Unknown && !undecided.contains(&value_set.url()) {
                undecided.push(value_set.url());
            }
        }
        assert_eq!(undecided, ["http://loinc.org/vs/LL379-9|4.0.1"]);
    }

    #[test]
    fn codes_belong_to_their_systems() {
        let gender = set("http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1");
        assert_eq!(gender.codes().len(), 4);
        assert!(gender.contains(None, "female"));
        assert!(gender.contains(Some("http://hl7.org/fhir/administrative-gender"), "female"));
        assert!(!gender.contains(Some("http://example.org"), "female"));
        assert!(!gender.contains(None, "Female") && !gender.contains(None, ""));
        assert!(set("http://hl7.org/fhir/ValueSet/currencies|4.0.1").contains(None, "NOK"));
        for each in ValueSet::all() {
            let codes: Vec<_> = each.codes().collect();
            assert!(codes.is_sorted());
            assert_eq!(codes.is_empty(), each.membership() != Membership::Enumerated, "{}", each.url());
            assert!(codes.iter().all(|(code, system)| each.contains(Some(system), code)));
        }
    }

    #[test]
    fn a_code_that_several_systems_have_has_none() {
        let gender = set("http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1");
        assert_eq!(gender.system("female"), Some("http://hl7.org/fhir/administrative-gender"));
        assert_eq!(gender.system("Female"), None);
        for each in ValueSet::all() {
            for (code, system) in each.codes() {
                let count = each.codes().filter(|other| other.0 == code).count();
                assert_eq!(each.system(code), (count == 1).then_some(system), "{} {code}", each.url());
            }
        }
    }

    #[test]
    fn endless_sets_are_decided_by_form() {
        assert_eq!(set("http://hl7.org/fhir/ValueSet/mimetypes|4.0.1").membership(), Membership::MediaType);
        let language = Type::find("Patient").unwrap().element("language").unwrap().binding().unwrap();
        assert_eq!(language.maximum().map(ValueSet::membership), Some(Membership::Language));
        assert_eq!(language.strength(), Strength::Preferred);
    }
}
