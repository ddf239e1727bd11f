use std::path::{Path, PathBuf};

use super::concerns::Config;
use super::error::{ConfigError, ConfigErrors};
use super::source::{Origin, Source};

/// A configuration that was read, with the layers that it came from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    pub(crate) source: Source,
}

impl Loaded {
    /// Whether nobody set the key.
    pub(crate) fn is_default(&self, path: &'static str) -> bool {
        self.source.get(path).is_none_or(|setting| setting.origin == Origin::Default)
    }
}

/// Reads file, environment and arguments of this process.
///
/// `file` comes from `--config` or `VPR_CONFIG`; there is no other place where a file is looked for.
pub(crate) fn load(
    file: Option<&Path>,
    arguments: &[(&'static str, String)],
) -> Result<Loaded, ConfigErrors> {
    let named = std::env::var_os("VPR_CONFIG").filter(|name| !name.is_empty()).map(PathBuf::from);
    let path = file.map(Path::to_owned).or(named);
    let text = match &path {
        Some(path) => Some(read(path)?),
        None => None,
    };
    let file = path.as_deref().zip(text.as_deref());
    // A variable that is not UTF-8 cannot be one of ours but for its value: it is refused as that.
    let variables = std::env::vars_os()
        .filter_map(|(name, text)| Some((name.into_string().ok()?, text.to_string_lossy().into_owned())));
    let source = Source::gather(file, variables, arguments)?;
    let config = Config::read(&source)?;
    Ok(Loaded { config, source })
}

fn read(path: &Path) -> Result<String, ConfigErrors> {
    std::fs::read_to_string(path)
        .map_err(|error| ConfigError::File { path: path.to_owned(), why: error.to_string() }.into())
}
