//! Which link in a Bundle leads to which resource once ids are assigned.

use std::collections::HashMap;

/// The links of one Bundle: from an entry's `fullUrl` to the relative URL that the resource gets.
///
/// FHIR R4 §2.36.4.1 says how a reference is resolved within a Bundle, §3.1.0.11.2 that all links
/// to an entry are replaced once its identity is known.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// Links that mean the same in every entry.
    everywhere: HashMap<String, String>,
    /// By the service that an entry's `fullUrl` is of: the same, and `Type/id` relative to it.
    by_base: HashMap<String, HashMap<String, String>>,
    /// (base, relative link, target), until [`Links::finish`].
    relative: Vec<(String, String, String)>,
}

/// Services that the entries of one Bundle may come from. A map for each is made, so there is a limit.
const BASES_MAX: usize = 16;

/// Why links cannot be assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkError {
    /// Constraint bdl-7.
    #[error("two entries have the same fullUrl")]
    SameFullUrl,
    #[error("the entries come from more services than are resolved in one Bundle")]
    TooManyBases,
}

impl Links {
    /// Notes that links to `full_url` now lead to `target` (`Type/id`).
    pub(crate) fn add(&mut self, full_url: &str, target: &str) -> Result<(), LinkError> {
        if self.everywhere.insert(full_url.to_owned(), target.to_owned()).is_some() {
            return Err(LinkError::SameFullUrl);
        }
        if let Some((base, relative)) = service_base(full_url)
            && relative != target
        {
            self.relative.push((base.to_owned(), relative.to_owned(), target.to_owned()));
        }
        Ok(())
    }

    /// Links that lead out of the Bundle, to be replaced everywhere too.
    pub(crate) fn everywhere(&mut self) -> &mut HashMap<String, String> {
        &mut self.everywhere
    }

    /// Call once all entries are added.
    pub(crate) fn finish(&mut self) -> Result<(), LinkError> {
        for (base, relative, target) in std::mem::take(&mut self.relative) {
            if !self.by_base.contains_key(&base) {
                if self.by_base.len() == BASES_MAX {
                    return Err(LinkError::TooManyBases);
                }
                self.by_base.insert(base.clone(), self.everywhere.clone());
            }
            if let Some(links) = self.by_base.get_mut(&base) {
                links.insert(relative, target);
            }
        }
        Ok(())
    }

    /// The links to replace in the resource of the entry at `full_url`.
    pub(crate) fn of_entry(&self, full_url: Option<&str>) -> Option<&HashMap<String, String>> {
        let of_base = full_url.and_then(service_base).and_then(|(base, _)| self.by_base.get(base));
        Some(of_base.unwrap_or(&self.everywhere)).filter(|links| !links.is_empty())
    }
}

/// The base (with its slash) and the rest, if `url` is a RESTful one: `[base]/Type/id`.
fn service_base(url: &str) -> Option<(&str, &str)> {
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        return None;
    }
    let (rest, id) = url.rsplit_once('/')?;
    let (base, type_name) = rest.rsplit_once('/')?;
    let (_, host) = base.split_once("://")?;
    let named = !host.is_empty() && !id.is_empty() && vpr_fhir::ResourceType::parse(type_name).is_some();
    named.then(|| url.split_at(base.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_resolve_by_full_url_and_by_the_base_of_the_entry() {
        let mut links = Links::default();
        for (full_url, target) in [
            ("urn:uuid:1", "Patient/a"),
            ("http://other/fhir/Patient/1", "Patient/b"),
            ("Practitioner/9", "Practitioner/c"),
            ("http://own/fhir/Group/1", "Group/1"),
        ] {
            links.add(full_url, target).unwrap();
        }
        links.finish().unwrap();
        let other = Some("http://other/fhir/Observation/5");
        for (link, from, wanted) in [
            ("urn:uuid:1", None, Some("Patient/a")),
            ("urn:uuid:1", other, Some("Patient/a")),
            ("urn:uuid:2", other, None),
            ("http://other/fhir/Patient/1", None, Some("Patient/b")),
            ("Patient/1", other, Some("Patient/b")),
            ("Patient/1", Some("urn:uuid:7"), None),
            ("Patient/1", Some("http://elsewhere/fhir/Observation/5"), None),
            ("Patient/1", None, None),
            ("Practitioner/9", None, Some("Practitioner/c")),
            ("Group/1", Some("http://own/fhir/Patient/2"), None),
            ("http://own/fhir/Group/1", None, Some("Group/1")),
            ("Patient/1/_history/2", other, None),
        ] {
            let resolved = links.of_entry(from).and_then(|links| links.get(link)).map(String::as_str);
            assert_eq!(resolved, wanted, "{link} from {from:?}");
        }
        assert!(Links::default().of_entry(other).is_none());
    }

    #[test]
    fn a_full_url_belongs_to_one_entry() {
        let mut links = Links::default();
        assert_eq!(links.add("urn:uuid:1", "Patient/a"), Ok(()));
        assert_eq!(links.add("urn:uuid:1", "Patient/b"), Err(LinkError::SameFullUrl));
    }

    #[test]
    fn a_bundle_comes_from_a_bounded_number_of_services() {
        let with = |bases: usize| {
            let mut links = Links::default();
            for number in 0..bases {
                links.add(&format!("http://a{number}/Patient/1"), "Patient/x").unwrap();
            }
            links.finish()
        };
        assert_eq!(with(BASES_MAX), Ok(()));
        assert_eq!(with(BASES_MAX + 1), Err(LinkError::TooManyBases));
    }

    #[test]
    fn a_base_needs_a_type_and_an_id_behind_it() {
        for (url, wanted) in [
            ("http://a/fhir/Patient/1", Some(("http://a/fhir/", "Patient/1"))),
            ("https://a/Patient/1", Some(("https://a/", "Patient/1"))),
            ("http://a/fhir/Patient/", None),
            ("http://a/fhir/Nothing/1", None),
            ("http://Patient/1", None),
            ("https:///Patient/1", None),
            ("urn:uuid:1", None),
            ("Patient/1", None),
        ] {
            assert_eq!(service_base(url), wanted, "{url}");
        }
    }
}
