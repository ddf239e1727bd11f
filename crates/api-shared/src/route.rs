use vpr_service::Interaction;

/// One method of one path.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method; `GET` answers `HEAD` too.
    pub method: Method,
    /// The path below the tenant's address, with `{type}`, `{id}`, `{version}` and `{member}` for its
    /// variable segments.
    pub path: &'static str,
    /// What it does.
    pub action: Action,
    /// What the request body is.
    pub request: Schema,
    /// What a successful answer is.
    pub response: Schema,
    /// The query parameters it takes, beside [`COMMON_PARAMETERS`](crate::COMMON_PARAMETERS).
    pub parameters: &'static [Parameter],
    /// Whether it takes the search parameters of the standard too; the service knows which they are.
    pub searches: bool,
    /// The statuses it answers with, beside those of every route.
    pub statuses: &'static [u16],
    /// What it does, in one sentence.
    pub doc: &'static str,
}

/// A method that routes declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// `GET`, and `HEAD` with it.
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

/// What a route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Says what is where.
    Index,
    /// The process is alive.
    Health,
    /// The server can do its work.
    Ready,
    /// Counters for Prometheus.
    Metrics,
    /// An interaction of FHIR's RESTful API. Its permission and its class in the audit are those of
    /// the interaction.
    Fhir(Interaction),
    /// A part of the standard that this version does not have: 501, and not in the
    /// CapabilityStatement.
    NotBuilt(&'static str),
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// No body.
    None,
    /// A resource of the type in the path.
    Resource,
    /// A resource of one type.
    Named(&'static str),
    /// A resource to validate, or Parameters around it.
    ResourceOrParameters,
    /// Query parameters as a form: they add to those of the URL.
    Form,
    /// JSON that is no resource.
    Json,
    /// Text.
    Text,
}

/// A query parameter.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
}

impl Method {
    /// As it stands in a request line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// The method of a request; `HEAD` is `GET`.
    #[must_use]
    pub fn of(method: &http::Method) -> Option<Self> {
        match method.as_str() {
            "GET" | "HEAD" => Some(Self::Get),
            "POST" => Some(Self::Post),
            "PUT" => Some(Self::Put),
            "PATCH" => Some(Self::Patch),
            "DELETE" => Some(Self::Delete),
            _ => None,
        }
    }
}

impl Route {
    /// Whether the route works on a tenant's data.
    #[must_use]
    pub fn has_tenant(&self) -> bool {
        matches!(self.action, Action::Fhir(_) | Action::NotBuilt(_))
    }

    /// The interaction, if it is one that is built.
    #[must_use]
    pub fn interaction(&self) -> Option<Interaction> {
        match self.action {
            Action::Fhir(interaction) => Some(interaction),
            _ => None,
        }
    }

    /// The word for the action in metrics and in the audit.
    #[must_use]
    pub fn action_name(&self) -> &'static str {
        match self.action {
            Action::Index => "index",
            Action::Health => "health",
            Action::Ready => "ready",
            Action::Metrics => "metrics",
            Action::Fhir(interaction) => interaction.code(),
            Action::NotBuilt(what) => what,
        }
    }
}
