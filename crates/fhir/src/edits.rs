//! What a server changes in a resource before it is stored.

use std::borrow::Cow;
use std::collections::HashMap;

/// Changes applied while the canonical form is written. The default changes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Edits<'a> {
    /// The id the resource gets, whether it has one or not.
    pub id: Option<&'a str>,
    /// From a link's old text to its new one, for example from a bundle's `urn:uuid:…` to `Type/id`.
    ///
    /// Applies to `Reference.reference`, to elements of type uri, url, oid and uuid, and to `href`
    /// and `src` in narratives, where a link is the whole text or what precedes its `#`; never to
    /// elements of type canonical (R4 §3.1.0.11.2). An oid or uuid stays where the new text is none,
    /// and within a Bundle the links to its own entries and their `fullUrl`s stay.
    pub links: Option<&'a HashMap<String, String>>,
}

impl Edits<'_> {
    /// The text of a link after these edits.
    #[must_use]
    pub fn link<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.changed_link(text).map_or(Cow::Borrowed(text), Cow::Owned)
    }

    pub(crate) fn changed_link(&self, text: &str) -> Option<String> {
        let links = self.links?;
        if let Some(new) = links.get(text) {
            return Some(new.clone());
        }
        let (before, fragment) = text.split_once('#')?;
        Some(format!("{}#{fragment}", links.get(before)?))
    }

    /// The narrative with the targets of its `<a href>` and `<img src>` changed, if any is.
    pub(crate) fn changed_narrative(
        &self,
        div: &str,
        change: impl Fn(&str) -> Option<String>,
    ) -> Option<String> {
        self.links?;
        let mut out = String::new();
        let mut copied = 0;
        for (start, end) in link_attributes(div) {
            if let Some(new) = change(&div[start..end]) {
                out.push_str(&div[copied..start]);
                out.push_str(&new.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;"));
                copied = end;
            }
        }
        (copied > 0).then(|| {
            out.push_str(&div[copied..]);
            out
        })
    }
}

/// Where the values of `href` in `<a>` and of `src` in `<img>` lie.
fn link_attributes(div: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = div[at..].find('<').map(|open| at + open + 1) {
        let rest = &div[open..];
        if let Some(comment) = rest.strip_prefix("!--") {
            at = comment.find("-->").map_or(div.len(), |end| open + 3 + end);
            continue;
        }
        let name_end = rest.find(|each: char| !each.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let wanted = match &rest[..name_end] {
            "a" => "href",
            "img" => "src",
            _ => "",
        };
        at = open + name_end;
        while let Some(quote) = div[at..].find(['"', '\'', '>']).map(|quote| at + quote) {
            let mark = div.as_bytes()[quote];
            let name = div[at..quote].trim_end().strip_suffix('=').map_or("", str::trim);
            at = quote + 1;
            if mark == b'>' {
                break;
            }
            let Some(end) = div[at..].find(char::from(mark)).map(|end| at + end) else { break };
            if !wanted.is_empty() && name == wanted {
                found.push((at, end));
            }
            at = end + 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrative_links_change_and_nothing_else() {
        let links = HashMap::from([
            ("urn:uuid:1".to_owned(), "Patient/7".to_owned()),
            ("a.png".to_owned(), "Binary/b?x=1&y".to_owned()),
        ]);
        let edits = Edits { id: None, links: Some(&links) };
        let div = "<div title='urn:uuid:1'>urn:uuid:1 <!-- <a href=\"urn:uuid:1\"> --><a id='x' href = 'urn:uuid:1'>é</a>\
            <img alt=\"a>b\" src=\"a.png\"/><a href=\"urn:uuid:1#f\"/><p href=\"urn:uuid:1\"/></div>";
        let changed = edits.changed_narrative(div, |link| edits.changed_link(link)).unwrap();
        let expected = "<div title='urn:uuid:1'>urn:uuid:1 <!-- <a href=\"urn:uuid:1\"> --><a id='x' href = 'Patient/7'>é</a>\
            <img alt=\"a>b\" src=\"Binary/b?x=1&amp;y\"/><a href=\"Patient/7#f\"/><p href=\"urn:uuid:1\"/></div>";
        assert_eq!(changed, expected);
        assert_eq!(edits.changed_narrative("<div>plain</div>", |link| edits.changed_link(link)), None);
        for broken in ["<", "<a href=\"x", "<a href='urn:uuid:1", "<!--", "<a", "<é"] {
            assert_eq!(edits.changed_narrative(broken, |link| edits.changed_link(link)), None);
        }
    }

    #[test]
    fn a_link_matches_whole_or_before_its_fragment() {
        let links = HashMap::from([("http://a/x".to_owned(), "Patient/7".to_owned())]);
        let edits = Edits { id: None, links: Some(&links) };
        assert_eq!(edits.link("http://a/x"), "Patient/7");
        assert_eq!(edits.link("http://a/x#y"), "Patient/7#y");
        assert_eq!(edits.link("http://a/xy"), "http://a/xy");
        assert_eq!(Edits::default().link("http://a/x"), "http://a/x");
    }
}
