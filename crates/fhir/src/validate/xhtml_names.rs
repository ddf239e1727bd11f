//! What a narrative may hold (R4 §2.7.0.1): HTML 4.0 chapters 7 to 11 (without 9.4) and 15, links,
//! images and style attributes, in the form of XHTML.

/// Elements, sorted.
pub(super) const ELEMENTS: [&str; 54] = [
    "a",
    "abbr",
    "acronym",
    "address",
    "area",
    "b",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "kbd",
    "li",
    "map",
    "ol",
    "p",
    "pre",
    "q",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "ul",
    "var",
];

/// Attributes of any element, sorted.
pub(super) const ATTRIBUTES: [&str; 25] = [
    "abbr",
    "accesskey",
    "align",
    "axis",
    "bgcolor",
    "char",
    "charoff",
    "class",
    "colspan",
    "dir",
    "headers",
    "height",
    "id",
    "lang",
    "rowspan",
    "scope",
    "span",
    "style",
    "tabindex",
    "title",
    "valign",
    "width",
    "xml:lang",
    "xml:space",
    "xmlns",
];

/// Attributes of one element, sorted.
pub(super) const ATTRIBUTES_OF: [(&str, &str); 36] = [
    ("a", "charset"),
    ("a", "coords"),
    ("a", "href"),
    ("a", "hreflang"),
    ("a", "name"),
    ("a", "rel"),
    ("a", "rev"),
    ("a", "shape"),
    ("a", "target"),
    ("a", "type"),
    ("area", "alt"),
    ("area", "coords"),
    ("area", "href"),
    ("area", "nohref"),
    ("area", "shape"),
    ("blockquote", "cite"),
    ("br", "clear"),
    ("hr", "noshade"),
    ("hr", "size"),
    ("img", "alt"),
    ("img", "border"),
    ("img", "ismap"),
    ("img", "longdesc"),
    ("img", "src"),
    ("img", "usemap"),
    ("map", "name"),
    ("ol", "start"),
    ("ol", "type"),
    ("q", "cite"),
    ("table", "border"),
    ("table", "cellpadding"),
    ("table", "cellspacing"),
    ("table", "frame"),
    ("table", "rules"),
    ("table", "summary"),
    ("td", "nowrap"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(ELEMENTS.is_sorted() && ATTRIBUTES.is_sorted() && ATTRIBUTES_OF.is_sorted());
        for forbidden in
            ["script", "form", "iframe", "object", "link", "base", "body", "head", "input", "svg"]
        {
            assert!(ELEMENTS.binary_search(&forbidden).is_err());
        }
        assert!(!ATTRIBUTES.iter().any(|name| name.starts_with("on")));
    }
}
