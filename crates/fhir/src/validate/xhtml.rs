//! Narrative: a well-formed `<div>` of harmless XHTML (R4 §2.7.0.1, txt-1, txt-2).

use super::primitive::Fault;
use super::xhtml_names::{ATTRIBUTES, ATTRIBUTES_OF, ELEMENTS};
use crate::codes::{IssueType, Severity};

const NAMESPACE: &str = "http://www.w3.org/1999/xhtml";
/// Elements that may be open at once.
const DEPTH_MAX: usize = 256;
/// Attributes of one element.
const ATTRIBUTES_MAX: usize = 32;

type Checked<T> = Result<T, (IssueType, &'static str)>;

const BROKEN: (IssueType, &str) = (IssueType::Structure, "the narrative is not well-formed XML");
const REFUSED: IssueType = IssueType::Invariant;

/// What is wrong with the text of `Narrative.div`.
pub(super) fn fault(div: &str) -> Option<Fault> {
    let mut reader = Reader { text: div, at: 0, open: Vec::with_capacity(8), content: false, outside: false };
    if let Err((code, text)) = reader.read() {
        return Some(Fault { severity: Severity::Error, code, text });
    }
    let (severity, text) = match reader {
        Reader { content: false, .. } => (Severity::Error, "the narrative must have content (txt-2)"),
        Reader { outside: true, .. } => {
            (Severity::Warning, "the narrative should not depend on an image outside")
        }
        _ => return None,
    };
    Some(Fault { severity, code: REFUSED, text })
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// Names of the elements that are open.
    open: Vec<&'t str>,
    /// Whether there is an image or text other than whitespace.
    content: bool,
    /// Whether an image is fetched from elsewhere.
    outside: bool,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn read(&mut self) -> Checked<()> {
        self.skip_space();
        if !self.rest().starts_with("<div") {
            return Err((REFUSED, "the narrative must be one <div> in the namespace of XHTML (txt-1)"));
        }
        loop {
            if self.rest().starts_with('<') {
                self.markup()?;
            } else if self.text_up_to_markup()? {
                return Err(BROKEN);
            }
            if self.open.is_empty() {
                self.skip_space();
                return if self.rest().is_empty() { Ok(()) } else { Err(BROKEN) };
            }
        }
    }

    /// Reads text before the next `<`; says whether the end came first.
    fn text_up_to_markup(&mut self) -> Checked<bool> {
        let rest = self.rest();
        let length = rest.find('<').unwrap_or(rest.len());
        let text = &rest[..length];
        check_characters(text)?;
        self.content |= !text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        self.at += length;
        Ok(length == rest.len())
    }

    fn markup(&mut self) -> Checked<()> {
        let rest = self.rest();
        if let Some(comment) = rest.strip_prefix("<!--") {
            let end = comment.find("--").filter(|end| comment[*end..].starts_with("-->")).ok_or(BROKEN)?;
            self.at += end + 7;
            return Ok(());
        }
        if let Some(data) = rest.strip_prefix("<![CDATA[") {
            let end = data.find("]]>").ok_or(BROKEN)?;
            self.content |= !data[..end].trim().is_empty();
            self.at += end + 12;
            return Ok(());
        }
        if rest.starts_with("<!") || rest.starts_with("<?") {
            return Err((
                REFUSED,
                "the narrative must not have declarations or processing instructions (txt-1)",
            ));
        }
        if rest.starts_with("</") {
            self.at += 2;
            let name = self.name()?;
            self.skip_space();
            self.expect('>')?;
            return if self.open.pop() == Some(name) { Ok(()) } else { Err(BROKEN) };
        }
        self.element()
    }

    fn element(&mut self) -> Checked<()> {
        self.at += 1;
        let name = self.name()?;
        if ELEMENTS.binary_search(&name).is_err() {
            return Err((REFUSED, "the narrative has an element that is not allowed (txt-1)"));
        }
        let mut seen: Vec<&str> = Vec::new();
        loop {
            let before = self.at;
            self.skip_space();
            let rest = self.rest();
            if rest.starts_with("/>") || rest.starts_with('>') {
                break;
            }
            // Attributes stand apart from what precedes them.
            if before == self.at {
                return Err(BROKEN);
            }
            let (attribute, value) = self.attribute()?;
            if seen.contains(&attribute) || seen.len() >= ATTRIBUTES_MAX {
                return Err(BROKEN);
            }
            self.check_attribute(name, attribute, value)?;
            seen.push(attribute);
        }
        if self.open.is_empty() && !seen.contains(&"xmlns") {
            return Err((REFUSED, "the <div> of the narrative must be in the namespace of XHTML (txt-1)"));
        }
        self.content |= name == "img";
        if self.rest().starts_with("/>") {
            self.at += 2;
        } else {
            self.at += 1;
            self.open.push(name);
        }
        if self.open.len() > DEPTH_MAX {
            return Err((IssueType::TooCostly, "the narrative is nested too deeply"));
        }
        Ok(())
    }

    fn attribute(&mut self) -> Checked<(&'t str, &'t str)> {
        let name = self.name()?;
        self.skip_space();
        self.expect('=')?;
        self.skip_space();
        let quote = self.rest().chars().next().filter(|quote| matches!(quote, '"' | '\'')).ok_or(BROKEN)?;
        self.at += 1;
        let rest = self.rest();
        let value = &rest[..rest.find(quote).ok_or(BROKEN)?];
        if value.contains('<') {
            return Err(BROKEN);
        }
        check_characters(value)?;
        self.at += value.len() + 1;
        Ok((name, value))
    }

    fn name(&mut self) -> Checked<&'t str> {
        let rest = self.rest();
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_' | b'.');
        let length = rest.bytes().take_while(is_name).count();
        let name = &rest[..length];
        if !name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            return Err(BROKEN);
        }
        self.at += length;
        Ok(name)
    }

    fn expect(&mut self, wanted: char) -> Checked<()> {
        if self.rest().starts_with(wanted) {
            self.at += 1;
            return Ok(());
        }
        Err(BROKEN)
    }

    fn check_attribute(&mut self, element: &str, name: &str, value: &str) -> Checked<()> {
        let known =
            ATTRIBUTES.binary_search(&name).is_ok() || ATTRIBUTES_OF.binary_search(&(element, name)).is_ok();
        if !known {
            return Err((REFUSED, "the narrative has an attribute that is not allowed (txt-1)"));
        }
        match name {
            "xmlns" if value != NAMESPACE => {
                Err((REFUSED, "the narrative must be in the namespace of XHTML (txt-1)"))
            }
            "href" | "src" | "cite" | "longdesc" | "usemap" => self.check_link(element, value),
            "style" if value.contains(['(', '@', '\\', ':']) => self.check_style(&plain(value)),
            _ => Ok(()),
        }
    }

    fn check_style(&mut self, plain: &str) -> Checked<()> {
        if is_active_style(plain) {
            return Err((IssueType::Security, "a style of the narrative must not run anything (txt-1)"));
        }
        for (at, found) in plain.match_indices("url(") {
            let mut target = &plain[at + found.len()..];
            for quote in ["\"", "'", "&quot;", "&apos;", "&#39;", "&#34;"] {
                target = target.strip_prefix(quote).unwrap_or(target);
            }
            self.check_link("img", &target[..target.find(')').unwrap_or(target.len())])?;
        }
        Ok(())
    }

    fn check_link(&mut self, element: &str, value: &str) -> Checked<()> {
        let plain = plain(value);
        let end = plain.find([':', '/', '?', '#', '&']).unwrap_or(plain.len());
        let (scheme, rest) = plain.split_at(end);
        let image = element == "img";
        let refused = rest.starts_with('&')
            || rest.starts_with(':')
                && match scheme {
                    "data" => !image || !rest.starts_with(":image/") || rest.starts_with(":image/svg"),
                    "http" | "https" | "ftp" | "mailto" | "tel" | "urn" | "cid" => false,
                    _ => true,
                };
        if refused {
            return Err((
                IssueType::Security,
                "a link of the narrative has a scheme that is not allowed (txt-1)",
            ));
        }
        self.outside |= image && matches!(scheme, "http" | "https" | "ftp") && rest.starts_with(':');
        Ok(())
    }
}

/// Characters and entities of XML 1.0 without a DTD.
fn check_characters(text: &str) -> Checked<()> {
    if text.bytes().any(|byte| byte < b' ' && !matches!(byte, b'\t' | b'\r' | b'\n')) {
        return Err(BROKEN);
    }
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        rest = &rest[at + 1..];
        let end = rest.find(';').ok_or(BROKEN)?;
        let entity = &rest[..end];
        let number = match entity.strip_prefix('#') {
            None if matches!(entity, "amp" | "lt" | "gt" | "quot" | "apos") => continue,
            None => {
                return Err((IssueType::Structure, "the narrative has an entity that XML does not define"));
            }
            Some(number) => match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            },
        };
        let character = number.ok().and_then(char::from_u32).ok_or(BROKEN)?;
        if character < ' ' && !matches!(character, '\t' | '\r' | '\n') {
            return Err(BROKEN);
        }
    }
    Ok(())
}

/// Whether a style runs something, or hides what it does; `url(…)` is looked at apart.
fn is_active_style(plain: &str) -> bool {
    ["expression(", "@import", "javascript:", "behavior:", "-moz-binding", "\\", "/*"]
        .iter()
        .any(|each| plain.contains(each))
}

/// The text without white space and control characters, in lower case: what a browser compares.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|each| !each.is_whitespace() && !each.is_control())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(inner: &str) -> Option<(Severity, IssueType)> {
        let div = format!("<div xmlns=\"{NAMESPACE}\">{inner}</div>");
        fault(&div).map(|fault| (fault.severity, fault.code))
    }

    #[test]
    fn plain_formatting_is_accepted() {
        for good in [
            "a",
            "<p class=\"x\" style='color: red; width: 10%'>é &amp; &#160; &#xA0;</p>",
            "<table border=\"1\"><tbody><tr><td colspan=\"2\">a<br/></td></tr></tbody></table>",
            "<a name='x'/><a href=\"#x\">a</a><a href=\"Patient/1\">b</a><a href=\"https://a.example/?a=1&amp;b=2\">c</a>",
            "<img src=\"data:image/png;base64,AAAA\" alt=\"a\"/>",
            "<img src=\"#image\" alt=\"\"/>",
            "<!-- a - b --><b>a</b>",
            "<![CDATA[a < b]]>",
            "<p>a</p >\n",
        ] {
            assert_eq!(verdict(good), None, "{good}");
        }
        assert!(fault(&format!(" <div id='a' xmlns='{NAMESPACE}'>a</div>\n")).is_none());
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for bad in [
            "<p>a",
            "<p>a</b>",
            "a</div><div>",
            "<br>",
            "a & b",
            "&a",
            "<p a>a</p>",
            "<p class=x>a</p>",
            "<p class=\"a\"class=\"b\">a</p>",
            "<p class=\"a\" class=\"b\">a</p>",
            "<p class=\"<\">a</p>",
            "< p>a</p>",
            "<!-- a -- b -->a",
            "<!-- a",
            "<![CDATA[a",
            "a\u{1}",
            "&#0;",
            "&#xD800;",
            "<p",
            "<p class",
            "<p class=",
            "<p class=\"",
            "</",
            "<",
        ] {
            assert_eq!(verdict(bad), Some((Severity::Error, IssueType::Structure)), "{bad}");
        }
        assert_eq!(verdict("&nbsp;"), Some((Severity::Error, IssueType::Structure)));
        let open = "<b>".repeat(DEPTH_MAX);
        assert_eq!(verdict(&open), Some((Severity::Error, IssueType::TooCostly)));
        let many: String = (0..ATTRIBUTES_MAX + 1).map(|_| " title='a'").collect();
        assert!(verdict(&format!("<p{many}>a</p>")).is_some());
    }

    #[test]
    fn active_content_is_refused() {
        for bad in [
            "<script>a</script>",
            "<P>a</P>",
            "<iframe src=\"a\"/>",
            "<form/>a",
            "<svg/>a",
            "<p onclick=\"a\">a</p>",
            "<p ONCLICK=\"a\">a</p>",
            "<object data=\"a\"/>",
            "<?php a?>a",
            "<!DOCTYPE a>a",
            "<x:p>a</x:p>",
            "<p xmlns=\"urn:a\">a</p>",
            "<body>a</body>",
            "<style>a</style>",
        ] {
            assert_eq!(verdict(bad), Some((Severity::Error, IssueType::Invariant)), "{bad}");
        }
        for bad in [
            "<a href=\"javascript:a\">a</a>",
            "<a href=\" JavaScript:a\">a</a>",
            "<a href=\"java\nscript:a\">a</a>",
            "<a href=\"data:text/html,a\">a</a>",
            "<a href=\"&#106;avascript:a\">a</a>",
            "<a href=\"vbscript:a\">a</a>",
            "<img src=\"data:image/svg+xml,a\" alt=\"\"/>",
            "<a href=\"file:///a\">a</a>",
            "<p style=\"background: url(javascript:a)\">a</p>",
            "<p style='background: url(\"data:text/html,a\")'>a</p>",
            "<p style=\"width: expression(a)\">a</p>",
            "<p style=\"@import 'a'\">a</p>",
            "<p style=\"background: u\\72l(a)\">a</p>",
        ] {
            assert_eq!(verdict(bad), Some((Severity::Error, IssueType::Security)), "{bad}");
        }
        for outside in [
            "<img src=\"http://a.example/a.png\" alt=\"\"/>",
            "<p style=\"background: URL( 'http://a')\">a</p>",
        ] {
            assert_eq!(verdict(outside), Some((Severity::Warning, IssueType::Invariant)), "{outside}");
        }
        assert_eq!(verdict("<p style=\"background: url(a.png), url(data:image/png;base64,AA)\">a</p>"), None);
    }

    #[test]
    fn there_must_be_content_in_a_div_of_the_namespace() {
        for empty in ["", " \n", "<p> </p>", "<!-- a -->", "<br/>"] {
            assert_eq!(verdict(empty), Some((Severity::Error, IssueType::Invariant)), "{empty:?}");
        }
        for bad in ["", "a", "<p/>", "<div>a</div>", "<div xmlns=\"urn:a\">a</div>", "a<div/>"] {
            assert!(fault(bad).is_some_and(|fault| fault.severity == Severity::Error), "{bad}");
        }
        let two = format!("<div xmlns=\"{NAMESPACE}\">a</div>").repeat(2);
        assert!(fault(&two).is_some());
    }
}
