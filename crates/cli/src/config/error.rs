use std::path::PathBuf;

use super::source::Origin;

/// Why the configuration is refused. Values of secret keys are never repeated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {why}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's or the TOML parser's reason.
        why: String,
    },
    /// No key has this name.
    #[error("{origin}: there is no key {name}{}", nearest.map_or_else(String::new, |n| format!("; did you mean {n}?")))]
    Unknown {
        /// As it was written.
        name: String,
        /// Where.
        origin: Origin,
        /// The known key that is most like it.
        nearest: Option<&'static str>,
    },
    /// The key is known, and nothing is behind it yet.
    #[error("{origin}: {name} is set, and is not supported yet; remove it")]
    NotSupported {
        /// As it is called in that origin.
        name: &'static str,
        /// Where.
        origin: Origin,
    },
    /// The value has not the form that its key demands.
    #[error("{origin}: {name} {why}")]
    Invalid {
        /// As it is called in that origin.
        name: &'static str,
        /// Where.
        origin: Origin,
        /// What it should be.
        why: String,
    },
    /// The values are good one by one and not together.
    #[error("{0}")]
    Refused(String),
}

/// All that is wrong, one a line.
#[derive(Debug)]
pub(crate) struct ConfigErrors(pub(crate) Vec<ConfigError>);

impl std::fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}
