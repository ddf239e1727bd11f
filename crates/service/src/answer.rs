use bytes::Bytes;
use vpr_types::{DocumentName, Instant, Version};

/// What a request is answered with when it succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status, or what other protocols map from it.
    pub status: u16,
    /// FHIR JSON without whitespace.
    pub body: Option<Bytes>,
    /// The version that the answer is about.
    pub stamp: Option<Stamp>,
    /// Where what was made can be read.
    pub location: Option<(DocumentName, Version)>,
    /// Whether this is the answer to an earlier request under the same idempotency key.
    pub replayed: bool,
    /// What the caller should know besides, for the `Warning` header (RFC 7234 §5.5).
    pub warning: Option<Warning>,
}

/// What an answer that is right may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// Searches do not show this write yet: the projection is behind or away.
    NotYetSearchable,
    /// The search was answered from a projection that is behind.
    Stale,
}

impl Warning {
    /// The header's value.
    #[must_use]
    pub fn header(self) -> &'static str {
        match self {
            Self::NotYetSearchable => "199 vpr \"written; searches do not show it yet\"",
            Self::Stale => "110 vpr \"the search index is behind the newest writes\"",
        }
    }
}

/// A version and when it was committed: `ETag` and `Last-Modified`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The version.
    pub version: Version,
    /// When it was committed.
    pub time: Instant,
}

impl Answer {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, body: None, stamp: None, location: None, replayed: false, warning: None }
    }

    pub(crate) fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(crate) fn with_stamp(mut self, version: Version, time: Instant) -> Self {
        self.stamp = Some(Stamp { version, time });
        self
    }
}

impl Stamp {
    /// The entity tag: `W/"3"` (FHIR R4 §3.1.0.5).
    #[must_use]
    pub fn etag(self) -> String {
        format!("W/\"{}\"", self.version)
    }
}
