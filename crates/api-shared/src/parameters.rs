//! The parameters of a request, from its URL and from a form in its body.

use vpr_service::{Failure, pairs, unknown_parameter};

use crate::declared::PARAMETERS_NOT_BUILT;
use crate::route::Route;

/// The parameters of a request, those of every route apart.
#[derive(Debug, Default, Clone)]
pub(crate) struct Parameters {
    pub(crate) format: Option<String>,
    pretty: Option<bool>,
    pub(crate) tenant: Option<String>,
    /// All others, decoded, in their order.
    pub(crate) others: Vec<(String, String)>,
    /// The same of the URL, as they were written.
    pub(crate) criteria: String,
}

impl Parameters {
    /// The parameters of a URL.
    pub(crate) fn of(query: Option<&str>) -> Result<Self, Failure> {
        let mut parameters = Self::default();
        for written in query.unwrap_or_default().split('&') {
            for (name, value) in pairs(written)? {
                if parameters.take(name, value)? {
                    if !parameters.criteria.is_empty() {
                        parameters.criteria.push('&');
                    }
                    parameters.criteria.push_str(written);
                }
            }
        }
        Ok(parameters)
    }

    /// Adds those of a form.
    pub(crate) fn add_form(&mut self, form: &[u8]) -> Result<(), Failure> {
        let form = std::str::from_utf8(form).map_err(|_| Failure::malformed("the form is no UTF-8"))?;
        for (name, value) in pairs(form)? {
            self.take(name, value)?;
        }
        Ok(())
    }

    /// Whether the answer is to be indented.
    pub(crate) fn pretty(&self) -> bool {
        self.pretty.unwrap_or_default()
    }

    /// Takes one; `true` if it is none that every route takes.
    fn take(&mut self, name: String, value: String) -> Result<bool, Failure> {
        let again = match name.as_str() {
            "_format" => self.format.replace(value).is_some(),
            "_tenant" => self.tenant.replace(value).is_some(),
            "_pretty" => {
                let pretty = match value.as_str() {
                    "true" | "" => true,
                    "false" => false,
                    _ => return Err(Failure::malformed("_pretty is true or false")),
                };
                self.pretty.replace(pretty).is_some()
            }
            _ => {
                self.others.push((name, value));
                return Ok(true);
            }
        };
        if again { Err(Failure::malformed(format!("{name} is given twice"))) } else { Ok(false) }
    }

    /// Refuses what a route does not take. Search parameters are for the service to know.
    pub(crate) fn known_to(&self, route: &Route) -> Result<(), Failure> {
        if route.searches {
            return Ok(());
        }
        let unknown =
            self.others.iter().find(|(name, _)| !route.parameters.iter().any(|known| known.name == name));
        unknown.map_or(Ok(()), |(name, _)| Err(unknown_parameter(name, PARAMETERS_NOT_BUILT)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_every_route_stand_apart_and_come_once() {
        let mut all = Parameters::of(Some("name=a%20b&_format=json&&code=x&_pretty")).unwrap();
        assert_eq!((all.format.as_deref(), all.pretty()), (Some("json"), true));
        assert_eq!(all.criteria, "name=a%20b&code=x");
        all.add_form(b"name=c+d&_tenant=t").unwrap();
        let names: Vec<_> = all.others.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(names, ["name=a b", "code=x", "name=c d"]);
        assert_eq!((all.tenant.as_deref(), all.criteria.as_str()), (Some("t"), "name=a%20b&code=x"));
        for again in ["_format=json", "_pretty=false", "_tenant=t", "a=%zz"] {
            assert!(all.clone().add_form(again.as_bytes()).is_err(), "{again}");
        }
        assert!(all.add_form(b"\xff").is_err());
        assert!(Parameters::of(Some("_pretty=odd")).is_err());
        assert_eq!(Parameters::of(None).unwrap().criteria, "");
    }
}
