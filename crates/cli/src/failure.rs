use std::fmt::Display;
use std::process::ExitCode;

use crate::config::ConfigErrors;

/// Why a command did not do what it was asked: what is printed, and how the process ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line makes no sense: exit status 2.
    #[error("{0}")]
    Usage(String),
    /// Refused or failed: exit status 1.
    #[error("{0}")]
    Failed(String),
    /// Failed, and all there is to say was said: exit status 1.
    #[error("failed")]
    Said,
    /// Nobody reads what the command prints any more: exit status 0.
    #[error("the reader of the output is gone")]
    ReaderGone,
}

impl Failure {
    /// Anything that went wrong, in its own words.
    pub(crate) fn of(error: impl Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// The exit status.
    pub(crate) fn code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) | Self::Said => ExitCode::from(1),
            Self::ReaderGone => ExitCode::SUCCESS,
        }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::Failed(format!("the configuration is refused:\n{errors}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::of(error)
    }
}
