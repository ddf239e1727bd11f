//! The part of FHIRPath that the standard's search parameters are written in, over plain JSON.

use vpr_http_tests::Json;

use crate::definitions::definitions;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Path {
    /// A name at the beginning: a type, or a member of the context.
    Head(String),
    /// `$this`
    This,
    /// `%resource`
    Resource,
    /// `.name`
    Member(Box<Path>, String),
    /// `[n]`
    Index(Box<Path>, usize),
    /// `.where(condition)`
    Where(Box<Path>, Box<Path>),
    /// `.exists()`
    Exists(Box<Path>),
    /// `.resolve()`
    Resolve(Box<Path>),
    /// `.extension(url)`
    Extension(Box<Path>, String),
    /// `as`, `.as()`, `.ofType()`
    As(Box<Path>, String),
    /// `is`
    Is(Box<Path>, String),
    /// `|`
    Union(Box<Path>, Box<Path>),
    /// `=`, or `!=`
    Equal(Box<Path>, Box<Path>, bool),
    /// `and`
    And(Box<Path>, Box<Path>),
    /// A string or boolean.
    Literal(Json),
}

/// A value in a resource, with what the definitions say about the place where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// The value.
    pub value: &'a Json,
    /// Its type.
    pub type_name: &'a str,
    /// The value set of a required binding, or empty.
    pub value_set: &'static str,
}

static TRUE: Json = Json::Bool(true);
static FALSE: Json = Json::Bool(false);

impl Path {
    /// Reads an expression.
    ///
    /// # Panics
    /// When it is beyond this interpreter.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut reader = Reader { text, rest: text };
        let path = reader.conjunction();
        assert!(reader.rest.trim().is_empty(), "what is {:?} in {text}", reader.rest);
        path
    }

    /// What the expression finds in a whole resource.
    #[must_use]
    pub fn find<'a>(&'a self, resource: &'a Json) -> Vec<Node<'a>> {
        let root = root(resource);
        self.on(root, root)
    }

    /// What it finds in a part of a resource.
    #[must_use]
    pub fn find_in<'a>(&'a self, part: Node<'a>, resource: &'a Json) -> Vec<Node<'a>> {
        self.on(part, root(resource))
    }

    fn on<'a>(&'a self, context: Node<'a>, root: Node<'a>) -> Vec<Node<'a>> {
        let each = |path: &'a Self| path.on(context, root);
        match self {
            Self::Head(name) if name == context.type_name => vec![context],
            Self::Head(name) if is_every_resource(name) => vec![root],
            // The name of another type: this alternative is for resources of that type.
            Self::Head(name) if name.starts_with(char::is_uppercase) => Vec::new(),
            Self::Head(name) => context.members(name),
            Self::This => vec![context],
            Self::Resource => vec![root],
            Self::Member(of, name) => each(of).into_iter().flat_map(|node| node.members(name)).collect(),
            Self::Index(of, at) => each(of).into_iter().nth(*at).into_iter().collect(),
            Self::Where(of, condition) => {
                let holds = |node: &Node<'a>| is_true(&condition.on(*node, root));
                each(of).into_iter().filter(holds).collect()
            }
            Self::Exists(of) => vec![boolean(!each(of).is_empty())],
            Self::Resolve(of) => each(of).into_iter().filter_map(Node::target).collect(),
            Self::Extension(of, url) => each(of)
                .into_iter()
                .flat_map(|node| node.members("extension"))
                .filter(|node| node.value["url"].as_str() == Some(url))
                .collect(),
            Self::As(of, its_type) => each(of).into_iter().filter(|node| node.is(its_type)).collect(),
            Self::Is(of, its_type) => each(of).iter().map(|node| boolean(node.is(its_type))).collect(),
            Self::Union(a, b) => each(a).into_iter().chain(each(b)).collect(),
            Self::Equal(a, b, equal) => {
                let (a, b) = (each(a), each(b));
                if a.is_empty() || b.is_empty() {
                    return Vec::new();
                }
                let same = a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.value == b.value);
                vec![boolean(same == *equal)]
            }
            Self::And(a, b) => {
                let (a, b) = (truth(&each(a)), truth(&each(b)));
                match (a, b) {
                    (Some(false), _) | (_, Some(false)) => vec![boolean(false)],
                    (Some(true), Some(true)) => vec![boolean(true)],
                    _ => Vec::new(),
                }
            }
            Self::Literal(value) => vec![Node { value, type_name: "", value_set: "" }],
        }
    }
}

/// The types that all resources have in common.
pub(crate) fn is_every_resource(name: &str) -> bool {
    matches!(name, "Resource" | "DomainResource")
}

/// The resource itself.
#[must_use]
pub(crate) fn root(resource: &Json) -> Node<'_> {
    let type_name = resource["resourceType"].as_str().unwrap_or_default();
    Node { value: resource, type_name, value_set: "" }
}

fn boolean(value: bool) -> Node<'static> {
    Node { value: if value { &TRUE } else { &FALSE }, type_name: "boolean", value_set: "" }
}

fn truth(nodes: &[Node<'_>]) -> Option<bool> {
    nodes.first().map(|node| *node.value == TRUE)
}

fn is_true(nodes: &[Node<'_>]) -> bool {
    truth(nodes) == Some(true)
}

impl<'a> Node<'a> {
    /// The values of the element of that name.
    fn members(self, element: &str) -> Vec<Self> {
        let mut found = Vec::new();
        for member in definitions().members(self.type_name).iter().filter(|each| each.element == element) {
            let (type_name, value_set) = (member.type_name, member.value_set);
            match self.value.get(member.name) {
                Some(Json::Array(items)) => found.extend(
                    // `null` stands for a value that has extensions alone.
                    items.iter().filter(|item| **item != Json::Null).map(|value| Node {
                        value,
                        type_name,
                        value_set,
                    }),
                ),
                Some(value) => found.push(Node { value, type_name, value_set }),
                None => {}
            }
        }
        found
    }

    fn is(self, its_type: &str) -> bool {
        // One expression of the standard says `DateTime` for the primitive.
        self.type_name == its_type || its_type == "DateTime" && self.type_name == "dateTime"
    }

    /// What a reference names, as far as its text tells, or its `type` where it has no text.
    fn target(self) -> Option<Self> {
        let type_name = match self.value.as_str().or_else(|| self.value["reference"].as_str()) {
            Some(text) => crate::judge::split_reference(text)?.0,
            None => self.value["type"].as_str()?,
        };
        Some(Node { value: self.value, type_name, value_set: "" })
    }
}

struct Reader<'t> {
    text: &'t str,
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn eat(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric());
        rest.strip_prefix(word).is_some_and(ends) && self.eat(word)
    }

    fn need(&mut self, token: &str) {
        assert!(self.eat(token), "no {token} at {:?} of {}", self.rest, self.text);
    }

    fn name(&mut self) -> &'t str {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(self.rest.len());
        assert!(end > 0, "no name at {:?} of {}", self.rest, self.text);
        let name = &self.rest[..end];
        self.rest = &self.rest[end..];
        name
    }

    fn conjunction(&mut self) -> Path {
        let mut left = self.comparison();
        while self.word("and") {
            left = Path::And(Box::new(left), Box::new(self.comparison()));
        }
        left
    }

    fn comparison(&mut self) -> Path {
        let left = self.union();
        let equal = self.eat("=");
        if equal || self.eat("!=") {
            return Path::Equal(Box::new(left), Box::new(self.union()), equal);
        }
        left
    }

    fn union(&mut self) -> Path {
        let mut left = self.typed();
        while self.eat("|") {
            left = Path::Union(Box::new(left), Box::new(self.typed()));
        }
        left
    }

    fn typed(&mut self) -> Path {
        let left = self.invocation();
        if self.word("as") {
            return Path::As(Box::new(left), self.name().to_owned());
        }
        if self.word("is") {
            return Path::Is(Box::new(left), self.name().to_owned());
        }
        left
    }

    fn invocation(&mut self) -> Path {
        let mut path = self.term();
        loop {
            if self.eat("[") {
                let at = self.name().parse().unwrap();
                self.need("]");
                path = Path::Index(Box::new(path), at);
            } else if self.eat(".") {
                let name = self.name();
                path = if self.eat("(") {
                    self.call(path, name)
                } else {
                    Path::Member(Box::new(path), name.into())
                };
            } else {
                return path;
            }
        }
    }

    fn term(&mut self) -> Path {
        if self.eat("(") {
            let inner = self.conjunction();
            self.need(")");
            return inner;
        }
        if self.eat("'") {
            return Path::Literal(Json::Text(self.quoted()));
        }
        if self.eat("%resource") {
            return Path::Resource;
        }
        match self.name() {
            "true" => Path::Literal(Json::Bool(true)),
            "false" => Path::Literal(Json::Bool(false)),
            // A function on the context itself.
            "resolve" if self.eat("(") => self.call(Path::This, "resolve"),
            name => Path::Head(name.to_owned()),
        }
    }

    fn quoted(&mut self) -> String {
        let (text, rest) = self.rest.split_once('\'').unwrap();
        self.rest = rest;
        text.to_owned()
    }

    fn call(&mut self, of: Path, name: &str) -> Path {
        let of = Box::new(of);
        let path = match name {
            "where" => Path::Where(of, Box::new(self.conjunction())),
            "exists" => Path::Exists(of),
            "resolve" => Path::Resolve(of),
            "as" | "ofType" => Path::As(of, self.name().to_owned()),
            "is" => Path::Is(of, self.name().to_owned()),
            "extension" => {
                self.need("'");
                Path::Extension(of, self.quoted())
            }
            other => panic!("no function {other} in {}", self.text),
        };
        self.need(")");
        path
    }
}

#[cfg(test)]
mod tests {
    use vpr_http_tests::parse;

    use super::*;

    fn check(expression: &str, resource: &str, expected: &[&str]) {
        let (path, resource) = (Path::parse(expression), parse(resource).unwrap());
        let found: Vec<String> =
            path.find(&resource).iter().map(|node| format!("{} {}", node.type_name, node.value)).collect();
        assert_eq!(found, expected, "{expression}");
    }

    #[test]
    fn the_forms_of_the_standard() {
        let patient = r#"{"resourceType":"Patient","name":[{"given":["A",null,"B"]},{"given":["C"]}],
            "deceasedDateTime":"2020","telecom":[{"system":"email","value":"x"},{"system":"phone"}],
            "link":[{"other":{"reference":"Patient/2"}},{"other":{"reference":"RelatedPerson/2"}}]}"#;
        check("Resource.meta.tag", r#"{"resourceType":"Patient","meta":{"tag":[{}]}}"#, &["Coding {}"]);
        check("Patient.name.given", patient, &[r#"string "A""#, r#"string "B""#, r#"string "C""#]);
        check("Patient.name[1].given | Person.name.given", patient, &[r#"string "C""#]);
        check("(Patient.deceased as dateTime)", patient, &[r#"dateTime "2020""#]);
        check("Patient.deceased.as(boolean)", patient, &[]);
        check("Patient.telecom.where(system='email').value", patient, &[r#"string "x""#]);
        check("Patient.deceased.exists() and Patient.deceased != false", patient, &["boolean true"]);
        check(
            "Patient.link.other.where(resolve() is RelatedPerson).reference",
            patient,
            &[r#"string "RelatedPerson/2""#],
        );
        let dead = "Patient.deceased.exists() and Patient.deceased != false";
        check(dead, r#"{"resourceType":"Patient"}"#, &["boolean false"]);
        check(dead, r#"{"resourceType":"Patient","deceasedBoolean":false}"#, &["boolean false"]);
        check(dead, r#"{"resourceType":"Patient","deceasedBoolean":true}"#, &["boolean true"]);
    }
}
