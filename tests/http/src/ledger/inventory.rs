//! What stock git shows, against what was acknowledged.

use std::collections::BTreeMap;
use std::path::Path;

use super::account::{Account, content_of};
use super::findings::Findings;
use crate::git::repositories;
use crate::json::parse;

/// Compares the newest commits of all repositories of a tenant, read with stock git, with the
/// accounts of all its writers. Call it once everything is in Git.
///
/// # Panics
/// When git fails.
pub fn audit_with_git(data: &Path, tenant: &str, accounts: &[&Account], findings: &mut Findings) {
    let mut wanted = BTreeMap::new();
    for account in accounts {
        wanted.extend(account.live().map(|(name, content)| (name.to_owned(), content)));
    }
    for repository in repositories(data, tenant) {
        for (name, text) in repository.documents() {
            let content = content_of(&parse(&text).unwrap_or_else(|error| panic!("{name}: {error}")));
            match wanted.remove(&name) {
                None => findings.doubled(format!("git has {name}, which nobody was told of")),
                Some(known) if known != content => findings.lost(format!("git has another {name}")),
                Some(_) => findings.checked += 1,
            }
        }
    }
    for name in wanted.into_keys() {
        findings.lost(format!("git has no {name}"));
    }
}
