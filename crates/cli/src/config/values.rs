//! From the text of a value to the value. Each error completes the sentence `<key> …`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use vpr_types::TenantName;

/// Whatever the type itself reads.
pub(crate) fn parsed<T: FromStr>(text: &str) -> Result<T, String>
where
    T::Err: Display,
{
    text.parse().map_err(|error: T::Err| format!("is not valid: {error}"))
}

/// A whole number between two bounds.
pub(crate) fn within(text: &str, least: u64, most: u64) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("must be a whole number from {least} to {most}")),
    }
}

/// Whole seconds, at least one.
pub(crate) fn seconds(text: &str, most: u64) -> Result<Duration, String> {
    within(text, 1, most).map(Duration::from_secs)
}

/// A number of bytes, with `KiB`, `MiB` or `GiB` if wanted.
pub(crate) fn bytes(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let (digits, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(end) => text.split_at(end),
        None => (text, ""),
    };
    let factor: Option<u64> = match unit.trim() {
        "" => Some(1),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let number = digits.parse::<u64>().ok().zip(factor).and_then(|(number, unit)| number.checked_mul(unit));
    match number {
        Some(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("must be a number of bytes from {least} to {most}, such as 512KiB or 64MiB")),
    }
}

/// `true` or `false`.
pub(crate) fn truth(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "must be true or false".to_owned())
}

/// Comma-separated web origins (RFC 6454 §6.2): scheme, host and perhaps a port, no path.
pub(crate) fn origins(text: &str) -> Result<Vec<String>, String> {
    let wrong = || "must be origins such as https://app.example.org, with commas between them".to_owned();
    let mut origins = Vec::new();
    for origin in list(text) {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        match host {
            Some(host) if !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' ']) => {
                origins.push(origin.to_owned());
            }
            _ => return Err(wrong()),
        }
    }
    if origins.is_empty() { Err(wrong()) } else { Ok(origins) }
}

/// Comma-separated `host=tenant`.
pub(crate) fn hosts(text: &str) -> Result<BTreeMap<String, TenantName>, String> {
    let mut hosts = BTreeMap::new();
    for pair in list(text) {
        let (host, tenant) =
            pair.split_once('=').ok_or("must be pairs such as a.example.org=a, with commas between them")?;
        let host = host.trim().to_ascii_lowercase();
        let good =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'[' | b']' | b':');
        if host.is_empty() || !host.bytes().all(good) || (host.contains(':') && !host.starts_with('[')) {
            return Err("must name hosts without scheme, port or path".to_owned());
        }
        let tenant = TenantName::new(tenant.trim()).map_err(|error| format!("has a {error}"))?;
        if hosts.insert(host, tenant).is_some() {
            return Err("names a host twice".to_owned());
        }
    }
    Ok(hosts)
}

/// An http or https URL.
pub(crate) fn web_address(text: &str) -> Result<String, String> {
    match text.parse::<http::Uri>() {
        Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() => {
            Ok(text.to_owned())
        }
        _ => Err("must be a URL that begins with http:// or https://".to_owned()),
    }
}

/// The URL of a Postgres server.
pub(crate) fn database_address(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
    match rest {
        Some(rest) if !rest.is_empty() => Ok(text.to_owned()),
        _ => Err("must be a URL that begins with postgres://; \
             without one the index is embedded"
            .to_owned()),
    }
}

/// A value as it may be shown: of a URL, who logs in and all parameters are masked.
pub(crate) fn masked(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    // Only what is behind the last `@` is a host for sure: a password may hold one unescaped.
    let (user, rest) = rest.rsplit_once('@').map_or(("", rest), |(_, rest)| ("********@", rest));
    match rest.split_once('?') {
        Some((place, _)) => format!("{scheme}://{user}{place}?********"),
        None => format!("{scheme}://{user}{rest}"),
    }
}

/// The directives of a log filter.
pub(crate) fn log_filter(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("is not a log filter: {error}")),
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_know_binary_units_and_their_bounds() {
        assert_eq!(bytes("4096", 0, 1 << 40), Ok(4096));
        assert_eq!(bytes("64MiB", 0, 1 << 40), Ok(64 << 20));
        assert_eq!(bytes("2 GiB", 0, 1 << 40), Ok(2 << 30));
        for bad in ["", "MiB", "64MB", "-1", "1.5GiB", "99999999999999999999", "17179869184GiB", "1KiB"] {
            assert!(bytes(bad, 2048, 1 << 40).is_err(), "{bad}");
        }
    }

    #[test]
    fn origins_are_exact_and_never_a_wildcard() {
        assert_eq!(
            origins("https://a.example, http://localhost:3000"),
            Ok(vec!["https://a.example".to_owned(), "http://localhost:3000".to_owned()])
        );
        for bad in ["*", "https://*", "https://a/", "a.example", ",", "https://"] {
            assert!(origins(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_secret_in_a_url_is_masked() {
        for (text, wanted) in [
            ("postgres://u:secret@h:1/d", "postgres://********@h:1/d"),
            ("postgres://u:secret@secret@h/d", "postgres://********@h/d"),
            ("postgres://h/d?user=u&password=secret", "postgres://h/d?********"),
            ("postgres://u:secret@h/d?password=secret", "postgres://********@h/d?********"),
            ("https://h/p", "https://h/p"),
            ("no:url@all", "no:url@all"),
        ] {
            assert_eq!(masked(text), wanted);
        }
        for bad in ["", "mysql://u:secret@h/d", "postgres://", "h:5432/d", "secret"] {
            let why = database_address(bad).unwrap_err();
            assert!(why.contains("postgres://") && !why.contains("secret"), "{bad}");
        }
    }

    #[test]
    fn hosts_lead_to_tenants() {
        let hosts_of = |text| hosts(text).map(|h| h.into_iter().map(|(k, v)| format!("{k}>{v}")).collect());
        assert_eq!(
            hosts_of("A.example=a, [::1]=b"),
            Ok(vec!["[::1]>b".to_owned(), "a.example>a".to_owned()])
        );
        for bad in ["a", "a.example:80=a", "=a", "a.example=A!", "a=b,a=c", "http://a=b"] {
            assert!(hosts(bad).is_err(), "{bad}");
        }
    }
}
