//! The layers of the configuration: argument before environment before file before default.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, ConfigErrors};
use super::keys::{self, Fallback, KEYS, Key};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// The environment.
    Environment,
    /// The command line.
    Argument,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment => f.write_str("environment"),
            Self::Argument => f.write_str("command line"),
        }
    }
}

/// A value and where it comes from.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

/// What stands in the layers, by key.
#[derive(Debug, Default)]
pub(crate) struct Source {
    settings: BTreeMap<&'static str, Setting>,
}

impl Source {
    /// Gathers the layers. An empty environment variable counts as unset.
    pub(crate) fn gather(
        file: Option<(&Path, &str)>,
        variables: impl IntoIterator<Item = (String, String)>,
        arguments: &[(&'static str, String)],
    ) -> Result<Self, ConfigErrors> {
        let mut source = Self::default();
        let mut errors = Vec::new();
        if let Some((path, text)) = file {
            source.add_file(path, text, &mut errors);
        }
        for (name, text) in variables {
            source.add_variable(&name, text, &mut errors);
        }
        for (path, text) in arguments {
            source.settings.insert(path, Setting { text: text.clone(), origin: Origin::Argument });
        }
        if errors.is_empty() { Ok(source) } else { Err(ConfigErrors(errors)) }
    }

    /// The value of `path`, or its default in the environment that is set; `None` when there is neither.
    pub(crate) fn get(&self, path: &'static str) -> Option<Setting> {
        if let Some(setting) = self.settings.get(path) {
            return Some(setting.clone());
        }
        let production = self.settings.get("server.environment").is_some_and(|s| s.text == "production");
        let text = match keys::by_path(path)?.default {
            Fallback::Always(text) => text,
            Fallback::ByEnvironment { production: text, .. } if production => text,
            Fallback::ByEnvironment { development: text, .. } => text,
            Fallback::Unset | Fallback::NotSupported => "",
        };
        (!text.is_empty()).then(|| Setting { text: text.to_owned(), origin: Origin::Default })
    }

    fn add_file(&mut self, path: &Path, text: &str, errors: &mut Vec<ConfigError>) {
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                let why = toml_reason(&error, text);
                errors.push(ConfigError::File { path: path.to_owned(), why });
                return;
            }
        };
        for (section, value) in &table {
            match value {
                toml::Value::Table(section_table) => {
                    for (name, value) in section_table {
                        self.add_file_value(path, &format!("{section}.{name}"), value, errors);
                    }
                }
                value => self.add_file_value(path, section, value, errors),
            }
        }
    }

    fn add_file_value(
        &mut self,
        file: &Path,
        name: &str,
        value: &toml::Value,
        errors: &mut Vec<ConfigError>,
    ) {
        let origin = Origin::File(file.to_owned());
        let Some(key) = keys::by_path(name) else {
            let nearest = keys::nearest(name).map(|key| key.path);
            errors.push(ConfigError::Unknown { name: name.to_owned(), origin, nearest });
            return;
        };
        match scalar(value) {
            Some(text) => self.add(key, key.path, Setting { text, origin }, errors),
            None => errors.push(ConfigError::Invalid {
                name: key.path,
                origin,
                why: "must be a text, a number, true or false, or a list of these".to_owned(),
            }),
        }
    }

    fn add_variable(&mut self, name: &str, text: String, errors: &mut Vec<ConfigError>) {
        if text.is_empty() || keys::is_other_variable(name) {
            return;
        }
        match keys::by_variable(name) {
            Some(key) => {
                self.add(key, key.variable, Setting { text, origin: Origin::Environment }, errors);
            }
            None if name.starts_with("VPR_") => {
                let nearest = keys::nearest(name).map(|key| key.variable);
                let origin = Origin::Environment;
                errors.push(ConfigError::Unknown { name: name.to_owned(), origin, nearest });
            }
            None => {}
        }
    }

    fn add(&mut self, key: &Key, name: &'static str, setting: Setting, errors: &mut Vec<ConfigError>) {
        if key.default == Fallback::NotSupported {
            errors.push(ConfigError::NotSupported { name, origin: setting.origin });
        } else {
            self.settings.insert(key.path, setting);
        }
    }

    /// Every key with the value that holds, for `vpr config check`.
    pub(crate) fn effective(&self) -> impl Iterator<Item = (&'static Key, Option<Setting>)> + '_ {
        KEYS.iter().filter(|key| key.default != Fallback::NotSupported).map(|key| (key, self.get(key.path)))
    }
}

/// A TOML value as the text that the environment would hold; `None` for tables and dates.
fn scalar(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        toml::Value::Array(items) => Some(items.iter().map(scalar).collect::<Option<Vec<_>>>()?.join(",")),
        _ => None,
    }
}

/// What is wrong and in which line; the text of the line is not repeated, it may hold a secret.
fn toml_reason(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().map(|span| {
        let before = text.get(..span.start).unwrap_or_default();
        1 + before.bytes().filter(|byte| *byte == b'\n').count()
    });
    match line {
        Some(line) => format!("line {line}: {}", error.message()),
        None => error.message().to_owned(),
    }
}
