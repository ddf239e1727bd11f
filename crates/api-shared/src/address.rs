//! Which tenant a request addresses, and the base of the URLs in its answer.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::HOST;
use http::uri::Authority;
use vpr_types::TenantName;

/// The header that may repeat the tenant.
pub const TENANT_HEADER: &str = "x-tenant-id";

/// Where tenants are found.
#[derive(Debug, Clone, Default)]
pub struct Addressing {
    /// The tenant of requests that address none; absent in production.
    pub default_tenant: Option<TenantName>,
    /// Tenants by host name, in lower case, without a port.
    pub tenant_hosts: BTreeMap<String, TenantName>,
    /// Whether `X-Forwarded-Host`, `-Proto` and `-Prefix` come from a proxy of ours.
    pub trust_forwarded: bool,
}

/// What is wrong with an address. Never repeats what the caller sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The host is not a host name with an optional port.
    #[error("the host is malformed")]
    Host,
    /// The tenant's name has not the form of one.
    #[error("the address names no tenant of this server")]
    Name,
    /// No tenant is addressed, and there is no default.
    #[error("the address names no tenant; use the tenant's host name or /t/<tenant>/")]
    Missing,
    /// Host, path, header and query do not name the same tenant.
    #[error("the request names two tenants")]
    Conflict,
}

/// The address of a request: the tenant and the base URL of its FHIR service, as the caller wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The tenant.
    pub tenant: TenantName,
    /// `[base]` without a slash at the end.
    pub base: String,
}

/// What a request says about where it goes.
#[derive(Debug, Clone, Copy)]
pub struct Hints<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The host of its URI, which HTTP/2 has in place of a header.
    pub authority: Option<&'a Authority>,
    /// The segment after `/t/`, if the path begins so.
    pub path: Option<&'a str>,
    /// The `_tenant` parameter.
    pub query: Option<&'a str>,
}

impl Addressing {
    /// The tenant and the base of a request.
    ///
    /// # Errors
    /// [`AddressError`] when there is no tenant, or more than one. Whether the tenant exists is
    /// for the service to say.
    pub fn resolve(&self, hints: Hints<'_>) -> Result<Address, AddressError> {
        let host = self.host(hints)?;
        let named = |name: &str| TenantName::new(name).map_err(|_| AddressError::Name);
        let by_path = hints.path.map(named).transpose()?;
        let by_host = self.tenant_hosts.get(host_name(host).to_ascii_lowercase().as_str());
        let tenant = match (&by_path, by_host) {
            (Some(path), Some(host)) if path != host => return Err(AddressError::Conflict),
            (Some(tenant), _) | (None, Some(tenant)) => tenant,
            (None, None) => self.default_tenant.as_ref().ok_or(AddressError::Missing)?,
        };
        for (index, value) in hints.headers.get_all(TENANT_HEADER).iter().enumerate() {
            if index > 0 || value.as_bytes() != tenant.as_str().as_bytes() {
                return Err(AddressError::Conflict);
            }
        }
        if hints.query.is_some_and(|query| query != tenant.as_str()) {
            return Err(AddressError::Conflict);
        }
        let forwarded = |name| if self.trust_forwarded { first(hints.headers, name) } else { None };
        let scheme = match forwarded("x-forwarded-proto") {
            Some("https") => "https",
            _ => "http",
        };
        let prefix = forwarded("x-forwarded-prefix").filter(|prefix| is_prefix(prefix)).unwrap_or_default();
        let base = match &by_path {
            Some(tenant) => format!("{scheme}://{host}{prefix}/t/{tenant}/fhir"),
            None => format!("{scheme}://{host}{prefix}/fhir"),
        };
        Ok(Address { tenant: tenant.clone(), base })
    }

    fn host<'a>(&self, hints: Hints<'a>) -> Result<&'a str, AddressError> {
        // RFC 9112 §3.2: proxies before us may have looked at the other one.
        if hints.headers.get_all(HOST).iter().nth(1).is_some() {
            return Err(AddressError::Host);
        }
        let forwarded = if self.trust_forwarded { first(hints.headers, "x-forwarded-host") } else { None };
        let host = match (forwarded, hints.authority) {
            (Some(host), _) => host,
            (None, Some(authority)) => authority.as_str(),
            (None, None) => match hints.headers.get(HOST) {
                Some(host) => host.to_str().map_err(|_| AddressError::Host)?,
                None => "localhost",
            },
        };
        let good = !host.is_empty()
            && host.len() <= 255
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']' | b'_'));
        if good { Ok(host) } else { Err(AddressError::Host) }
    }
}

/// The first of a list that proxies append to.
fn first<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?;
    value.split(',').next().map(str::trim).filter(|value| !value.is_empty())
}

fn is_prefix(prefix: &str) -> bool {
    let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~');
    prefix.starts_with('/') && !prefix.ends_with('/') && prefix.bytes().all(safe) && !prefix.contains("//")
}

/// Without the port; an IPv6 address keeps its brackets.
fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn tenant(name: &str) -> TenantName {
        TenantName::new(name).unwrap()
    }

    fn resolve(
        addressing: &Addressing,
        path: Option<&str>,
        query: Option<&str>,
        headers: &[(&'static str, &'static str)],
    ) -> Result<(String, String), AddressError> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let hints = Hints { headers: &map, authority: None, path, query };
        addressing.resolve(hints).map(|address| (address.tenant.to_string(), address.base))
    }

    fn addressing() -> Addressing {
        Addressing {
            default_tenant: Some(tenant("default")),
            tenant_hosts: BTreeMap::from([("a.example".to_owned(), tenant("a"))]),
            trust_forwarded: false,
        }
    }

    #[test]
    fn host_and_path_choose_and_the_default_is_last() {
        let addressing = addressing();
        for (path, headers, wanted) in [
            (None, &[("host", "localhost:8000")][..], ("default", "http://localhost:8000/fhir")),
            (None, &[][..], ("default", "http://localhost/fhir")),
            (Some("b"), &[("host", "localhost")][..], ("b", "http://localhost/t/b/fhir")),
            (None, &[("host", "A.example:8443")][..], ("a", "http://A.example:8443/fhir")),
            (Some("a"), &[("host", "a.example")][..], ("a", "http://a.example/t/a/fhir")),
            (None, &[("host", "[::1]:8000")][..], ("default", "http://[::1]:8000/fhir")),
        ] {
            let got = resolve(&addressing, path, None, headers).unwrap();
            assert_eq!((got.0.as_str(), got.1.as_str()), wanted, "{path:?} {headers:?}");
        }
    }

    #[test]
    fn header_and_query_may_only_repeat() {
        let addressing = addressing();
        use AddressError::{Conflict, Host, Missing, Name};
        for (path, query, headers, wanted) in [
            (Some("b"), Some("b"), &[("x-tenant-id", "b")][..], None),
            (None, Some("default"), &[("x-tenant-id", "default")][..], None),
            (None, Some("b"), &[][..], Some(Conflict)),
            (None, None, &[("x-tenant-id", "b")][..], Some(Conflict)),
            (Some("b"), None, &[("x-tenant-id", "a")][..], Some(Conflict)),
            (Some("b"), None, &[("x-tenant-id", "b"), ("x-tenant-id", "b")][..], Some(Conflict)),
            (Some("b"), None, &[("host", "a.example")][..], Some(Conflict)),
            (Some("B"), None, &[][..], Some(Name)),
            (Some("journal"), None, &[][..], Some(Name)),
            (None, None, &[("host", "evil.example/x")][..], Some(Host)),
            (None, None, &[("host", "")][..], Some(Host)),
            (None, None, &[("host", "localhost"), ("host", "localhost")][..], Some(Host)),
        ] {
            let got = resolve(&addressing, path, query, headers).err();
            assert_eq!(got, wanted, "{path:?} {query:?} {headers:?}");
        }
        let production = Addressing { default_tenant: None, ..addressing };
        assert_eq!(resolve(&production, None, None, &[]), Err(Missing));
        assert!(resolve(&production, Some("b"), None, &[]).is_ok());
    }

    #[test]
    fn forwarded_headers_count_only_behind_a_proxy_of_ours() {
        let headers = &[
            ("host", "inner:8000"),
            ("x-forwarded-host", "a.example, inner"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-prefix", "/vpr"),
        ];
        let plain = addressing();
        assert_eq!(
            resolve(&plain, None, None, headers).unwrap(),
            ("default".to_owned(), "http://inner:8000/fhir".to_owned())
        );
        let behind = Addressing { trust_forwarded: true, ..plain };
        assert_eq!(
            resolve(&behind, None, None, headers).unwrap(),
            ("a".to_owned(), "https://a.example/vpr/fhir".to_owned())
        );
    }
}
