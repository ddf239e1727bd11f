//! References as they are asked for (R4 §3.1.1.4.12, §3.1.1.4.13).

use super::Parser;
use super::escape::{split, unescape};
use super::leads::is_canonical;
use super::modifier::How;
use super::value::token;
use crate::ResourceType;
use crate::definitions::SearchParameter;
use crate::reference::{ReferenceKind, Target, is_id};
use crate::search::ReferenceTest;

impl Parser<'_> {
    /// What one alternative of a reference parameter may look like in a resource.
    pub(super) fn reference(
        &self,
        parameter: SearchParameter,
        leads: &[ResourceType],
        how: How,
        text: &str,
    ) -> Option<Vec<ReferenceTest>> {
        if how == How::Identifier {
            return Some(vec![ReferenceTest::Identifier(token(text)?)]);
        }
        let mut parts = split(text, '|');
        let (url, version) = (unescape(parts.next()?)?, parts.next());
        if parts.next().is_some() || url.is_empty() {
            return None;
        }
        if !is_canonical(parameter) {
            let found = self.located(&url).filter(|_| version.is_none())?;
            let only = match how {
                How::Type(target) => Some(target),
                _ => leads.first().copied().filter(|_| leads.len() == 1),
            };
            return Some(vec![match (found, only, how) {
                (ReferenceTest::AnyType(id), Some(resource), _) => {
                    ReferenceTest::Local { resource, id, version: None }
                }
                (ReferenceTest::Local { resource, .. }, Some(only), How::Type(_)) if resource != only => {
                    return None;
                }
                // R4 §3.1.1.4.12: not with a reference to another server.
                (ReferenceTest::Absolute(_), _, How::Type(_)) => return None,
                (found, ..) => found,
            }]);
        }
        let version = match version {
            Some(version) => Some(unescape(version)?.into_owned()).filter(|version| !version.is_empty()),
            None => None,
        };
        if version.is_none() && text.ends_with('|') {
            return None;
        }
        let canonical = url.split_once('#').map_or(&*url, |(url, _)| url).to_owned();
        let located = self.located(&url).filter(|_| version.is_none());
        let mut found = vec![ReferenceTest::Canonical { url: canonical, version }];
        if let Some(local @ ReferenceTest::Local { .. }) = located {
            if !url.contains("://") {
                // The same resource, as a canonical URL of this server tells it.
                let url = format!("{}/{url}", self.base());
                found.push(ReferenceTest::Canonical { url, version: None });
            }
            found.push(local);
        }
        Some(found)
    }

    fn base(&self) -> &str {
        self.options.base.trim_end_matches('/')
    }

    /// A reference by place.
    fn located(&self, text: &str) -> Option<ReferenceTest> {
        let base = self.base();
        let below = text.strip_prefix(base).and_then(|rest| rest.strip_prefix('/'));
        let below = below.filter(|_| !base.is_empty()).and_then(Target::parse);
        let target = match ReferenceKind::of(text) {
            ReferenceKind::Relative(target) => target,
            ReferenceKind::Absolute { .. } | ReferenceKind::Urn(_) => match below {
                Some(target) => target,
                None => return Some(ReferenceTest::Absolute(text.to_owned())),
            },
            _ => return is_id(text).then(|| ReferenceTest::AnyType(text.to_owned())),
        };
        Some(ReferenceTest::Local {
            resource: target.resource,
            id: target.id.to_owned(),
            version: target.version.map(str::to_owned),
        })
    }
}
