//! The keys as text: the effective configuration, and the reference in docs/configuration.md.

use std::fmt::Write;

use super::keys::{Fallback, KEYS, Key};
use super::source::{Setting, Source};
use super::values::masked;

/// Every key with its value and where that comes from, as TOML that could be a configuration file.
pub(crate) fn effective(source: &Source) -> String {
    let mut text = String::new();
    let mut section = "";
    for (key, setting) in source.effective() {
        let (this, name) = key.path.split_once('.').unwrap_or((key.path, key.path));
        if this != section {
            let blank = if section.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{blank}[{this}]");
            section = this;
        }
        let _ = match setting {
            Some(setting) => writeln!(text, "{name} = {}  # {}", shown(key, &setting), setting.origin),
            None => writeln!(text, "# {name} is not set"),
        };
    }
    text
}

/// A value in quotes, or a mask: a password inside a URL is masked whoever's it is.
fn shown(key: &Key, setting: &Setting) -> String {
    let text = &setting.text;
    if key.secret {
        return "\"********\"".to_owned();
    }
    toml::Value::String(masked(text)).to_string()
}

/// The table of docs/configuration.md.
pub(crate) fn reference() -> String {
    let mut text = String::from("| in the file | in the environment | default | what it decides |\n");
    text.push_str("|---|---|---|---|\n");
    for key in KEYS.iter().filter(|key| key.default != Fallback::NotSupported) {
        let default = match key.default {
            Fallback::Unset | Fallback::NotSupported => "–".to_owned(),
            Fallback::Always(text) => format!("`{text}`"),
            Fallback::ByEnvironment { development, production: "" } => {
                format!("`{development}` in development, none in production")
            }
            Fallback::ByEnvironment { development, production } => {
                format!("`{development}` in development, `{production}` in production")
            }
        };
        let _ = writeln!(text, "| `{}` | `{}` | {default} | {} |", key.path, key.variable, key.about);
    }
    text.push_str("\nKnown and not supported yet; setting one is refused:\n\n");
    text.push_str("| in the file | in the environment | what it will decide |\n|---|---|---|\n");
    for key in KEYS.iter().filter(|key| key.default == Fallback::NotSupported) {
        let _ = writeln!(text, "| `{}` | `{}` | {} |", key.path, key.variable, key.about);
    }
    text
}
