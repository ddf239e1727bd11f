/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The address is not one that this client can use.
    #[error("{0}")]
    Address(&'static str),
    /// The address is good and the means to reach it are not built.
    #[error("{0} is not supported yet: use http://, or a proxy on this machine that adds TLS")]
    NotSupported(&'static str),
    /// No connection came into being, so the request was not sent.
    #[error("no connection: {0}")]
    Connect(String),
    /// The connection broke: the request may have been carried out.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// No complete answer within the limit of time: the request may have been carried out.
    #[error("no answer within {0} seconds")]
    TimedOut(u64),
    /// The answer is larger than allowed: the request was carried out.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl EgressError {
    /// Whether the same request, sent again under the same idempotency key, can be expected to fare better.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::Lost(_) | Self::TimedOut(_))
    }
}
