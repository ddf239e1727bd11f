use http::HeaderMap;
use vpr_service::Interaction;

use crate::route::Route;

/// A request that passed the door: addressed, authenticated, its formats and parameters checked.
#[derive(Debug)]
pub struct Call {
    /// The route it came by.
    pub route: &'static Route,
    /// What it does.
    pub interaction: Interaction,
    /// The variable segments of its path.
    pub path: PathSegments,
    /// Its parameters, decoded, without those that every route takes; those of a form follow those
    /// of the URL.
    pub query: Vec<(String, String)>,
    /// The same parameters of the URL as they were written.
    pub criteria: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, whole and expanded; empty where the route takes none, or a form.
    pub body: Vec<u8>,
}

/// The variable segments of a path, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathSegments {
    /// `{type}`
    pub type_name: Option<String>,
    /// `{id}`
    pub id: Option<String>,
    /// `{version}`
    pub version: Option<String>,
    /// `{member}`: a type in a compartment, or `*`.
    pub member: Option<String>,
}

/// A segment with a broken percent escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BrokenEscape;

impl PathSegments {
    /// The variable segments of `path`, which the template `route` matched.
    pub(crate) fn of(route: &str, path: &str) -> Result<Self, BrokenEscape> {
        let mut segments = Self::default();
        for (name, value) in route.split('/').zip(path.split('/')) {
            let slot = match name {
                "{type}" => &mut segments.type_name,
                "{id}" => &mut segments.id,
                "{version}" => &mut segments.version,
                "{member}" => &mut segments.member,
                _ => continue,
            };
            *slot = Some(decode(value)?);
        }
        Ok(segments)
    }

    /// Whether a segment is an operation's name, which no id and no type can be.
    pub(crate) fn has_operation(&self) -> bool {
        let names = [&self.type_name, &self.id, &self.member];
        names.into_iter().flatten().any(|segment| segment.starts_with('$'))
    }
}

fn decode(segment: &str) -> Result<String, BrokenEscape> {
    if !segment.contains('%') {
        return Ok(segment.to_owned());
    }
    let mut parts = segment.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let digits = digits.ok_or(BrokenEscape)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| BrokenEscape)?);
        bytes.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| BrokenEscape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_those_of_the_template() {
        let of = |path: &str| PathSegments::of("/fhir/{type}/{id}/_history/{version}", path);
        let segments = of("/fhir/Patient/a%2Db/_history/3").unwrap();
        assert_eq!(segments.type_name.as_deref(), Some("Patient"));
        assert_eq!(segments.id.as_deref(), Some("a-b"));
        assert_eq!(segments.version.as_deref(), Some("3"));
        assert_eq!(segments.member, None);
        for broken in ["%", "%2", "%zz", "%+1", "%C3", "%é"] {
            assert_eq!(of(&format!("/fhir/Patient/{broken}/_history/3")), Err(BrokenEscape), "{broken}");
        }
        assert!(!segments.has_operation());
        assert!(PathSegments::of("/fhir/{type}", "/fhir/%24x").unwrap().has_operation());
    }
}
