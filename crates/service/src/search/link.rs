/// A parameter's name or value as it stands in a URL (RFC 3986 §3.4): everything is escaped but
/// what never has a meaning there, and the signs that searches use.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:,$/*@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Parameters as a query string; empty for none.
pub(crate) fn query_string<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = parameters.into_iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let pairs =
            [("code:not", "http://loinc.org|8302-2"), ("name", "Åse & \"co\"=+ %"), ("_sort", "-date,_id")];
        let query = query_string(pairs);
        assert_eq!(
            query,
            "code:not=http://loinc.org%7C8302-2&name=%C3%85se%20%26%20%22co%22%3D%2B%20%25&_sort=-date,_id"
        );
        let read = crate::query::pairs(&query).unwrap();
        assert_eq!(read, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(query_string([]), "");
    }
}
