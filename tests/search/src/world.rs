//! All documents that stand at one moment.

use std::collections::HashMap;

use vpr_http_tests::Json;

/// One resource as it stands.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its type.
    pub type_name: String,
    /// Its id.
    pub id: String,
    /// The content, `meta.versionId` and `meta.lastUpdated` included.
    pub content: Json,
}

impl Document {
    /// A resource.
    ///
    /// # Panics
    /// When it has no type or no id.
    #[must_use]
    pub fn new(content: Json) -> Self {
        let text =
            |name: &str| content[name].as_str().unwrap_or_else(|| panic!("no {name}: {content}")).to_owned();
        Self { type_name: text("resourceType"), id: text("id"), content }
    }

    /// `Type/id`
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.type_name, self.id)
    }

    /// When its version was made.
    #[must_use]
    pub fn last_updated(&self) -> &str {
        self.content["meta"]["lastUpdated"].as_str().unwrap_or_default()
    }
}

/// The documents of a tenant.
#[derive(Debug, Clone, Default)]
pub struct World {
    documents: Vec<Document>,
    places: HashMap<String, usize>,
}

impl World {
    /// These documents.
    ///
    /// # Panics
    /// When two have one name.
    #[must_use]
    pub fn new(documents: Vec<Document>) -> Self {
        let mut places = HashMap::new();
        for (at, document) in documents.iter().enumerate() {
            assert!(places.insert(document.name(), at).is_none(), "twice: {}", document.name());
        }
        Self { documents, places }
    }

    /// All of them.
    #[must_use]
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// Where the document of that name stands among them.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }
}
