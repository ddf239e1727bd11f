//! Where a reference parameter can lead from one type. Many parameters are defined for several
//! types at once, and name the targets of all of them.

use crate::definitions::{Parameter, definitions};
use crate::path::Path;

/// The types that elements of `type_name` may refer to by a parameter.
pub(super) fn leads(type_name: &'static str, parameter: &Parameter) -> Vec<&'static str> {
    let Some(path) = &parameter.path else { return Vec::new() };
    let mut found = walk(path, type_name).into_iter().flat_map(|(_, targets)| targets).collect::<Vec<_>>();
    if found.is_empty() {
        found.clone_from(&parameter.targets);
    }
    found.retain(|each| parameter.targets.contains(each));
    found.sort_unstable();
    found.dedup();
    found
}

/// The types of what a path finds, with what it may refer to.
fn walk(path: &Path, root: &'static str) -> Vec<(&'static str, Vec<&'static str>)> {
    match path {
        Path::Head(name) if name == root => vec![(root, Vec::new())],
        Path::Member(of, name) => walk(of, root)
            .into_iter()
            .flat_map(|(holder, _)| definitions().members(holder).iter())
            .filter(|member| member.element == *name)
            .map(|member| (member.type_name, member.targets.clone()))
            .collect(),
        Path::Where(of, condition) => match &**condition {
            Path::Is(_, wanted) => walk(of, root)
                .into_iter()
                .map(|(type_name, targets)| {
                    let all = definitions().resource_types();
                    let wanted: Vec<_> = all.filter(|each| each == wanted).collect();
                    let fits = |each: &&str| targets.is_empty() || targets.contains(each);
                    (type_name, wanted.into_iter().filter(fits).collect())
                })
                .collect(),
            _ => walk(of, root),
        },
        Path::As(of, its_type) => {
            walk(of, root).into_iter().filter(|(type_name, _)| type_name == its_type).collect()
        }
        Path::Union(a, b) => walk(a, root).into_iter().chain(walk(b, root)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_those_of_the_type() {
        let of = |type_name, code| leads(type_name, definitions().parameter(type_name, code).unwrap());
        assert_eq!(of("ServiceRequest", "patient"), ["Patient"]);
        assert_eq!(of("ServiceRequest", "subject"), ["Device", "Group", "Location", "Patient"]);
        assert_eq!(of("Encounter", "practitioner"), ["Practitioner"]);
        assert!(of("Provenance", "target").len() > 100);
    }
}
