//! What must hold between the values before a server may listen.

use super::concerns::{Config, Environment};
use super::error::{ConfigError, ConfigErrors};

impl Config {
    /// Whether `vpr serve` may listen with this configuration.
    ///
    /// Development has no authentication, so it stays on this machine; production must have one,
    /// and until it is built there is no production (SECURITY: no dangerous defaults).
    pub(crate) fn may_serve(&self) -> Result<(), ConfigErrors> {
        let refused = |text: &str| Err(ConfigErrors::from(ConfigError::Refused(text.to_owned())));
        match self.server.environment {
            Environment::Production if self.auth.issuer.is_none() => refused(
                "ENV=production needs an issuer of access tokens: set AUTH_ISSUER. \
                 Without one every caller would be refused, or let in unknown; neither is started.",
            ),
            Environment::Production => refused(
                "ENV=production is not supported yet: the checks of access tokens are not built. \
                 The server does not start rather than serve patients' data to unknown callers.",
            ),
            Environment::Development if !self.server.listen.is_loopback() => refused(&format!(
                "ENV=development has no authentication and listens on this machine alone: \
                 VPR_LISTEN must be 127.0.0.1 or ::1, not {}.",
                self.server.listen
            )),
            Environment::Development if self.auth.is_set => refused(
                "AUTH_ISSUER, AUTH_JWKS_URL and AUTH_AUDIENCE are not supported yet, and \
                 ENV=development lets everybody on this machine in: remove them to say that you know.",
            ),
            Environment::Development => Ok(()),
        }
    }
}
