//! Which elements search parameters look at.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::TYPES;
use crate::definitions::definitions;
use crate::path::{Path, is_every_resource};

/// Whether a search parameter of one of the types looks at an element of a type.
#[must_use]
pub(crate) fn touched(holder: &str, element: &str) -> bool {
    static TOUCHED: OnceLock<BTreeSet<(&str, &str)>> = OnceLock::new();
    TOUCHED.get_or_init(collect).contains(&(holder, element))
}

type Touched = BTreeSet<(&'static str, &'static str)>;

fn collect() -> Touched {
    let mut touched = Touched::new();
    for type_name in TYPES {
        for parameter in definitions().parameters(type_name) {
            let Some(path) = &parameter.path else { continue };
            let found = walk(path, &[type_name], &[type_name], &mut touched);
            for (_, part) in &parameter.components {
                walk(part, &found, &[type_name], &mut touched);
            }
        }
    }
    touched
}

/// The types that a path leads to from values of the types `context`; notes the elements passed.
fn walk(
    path: &Path,
    context: &[&'static str],
    root: &[&'static str],
    touched: &mut Touched,
) -> Vec<&'static str> {
    match path {
        Path::Head(name) if context.contains(&name.as_str()) => context.to_vec(),
        Path::Head(name) if is_every_resource(name) => root.to_vec(),
        Path::Head(name) if name.starts_with(char::is_uppercase) => Vec::new(),
        Path::Head(name) => step(context, name, touched),
        Path::This => context.to_vec(),
        Path::Resource => root.to_vec(),
        Path::Member(of, name) => {
            let from = walk(of, context, root, touched);
            step(&from, name, touched)
        }
        Path::Where(of, condition) => {
            let from = walk(of, context, root, touched);
            walk(condition, &from, root, touched);
            from
        }
        Path::As(of, its_type) => {
            let mut found = walk(of, context, root, touched);
            found.retain(|each| each.eq_ignore_ascii_case(its_type));
            found
        }
        Path::Index(of, _)
        | Path::Exists(of)
        | Path::Resolve(of)
        | Path::Extension(of, _)
        | Path::Is(of, _) => walk(of, context, root, touched),
        Path::Union(a, b) | Path::Equal(a, b, _) | Path::And(a, b) => {
            let mut found = walk(a, context, root, touched);
            found.extend(walk(b, context, root, touched));
            found
        }
        Path::Literal(_) => Vec::new(),
    }
}

fn step(from: &[&'static str], name: &str, touched: &mut Touched) -> Vec<&'static str> {
    let mut found = Vec::new();
    for holder in from {
        for member in definitions().members(holder).iter().filter(|member| member.element == name) {
            touched.insert((holder, member.element));
            found.push(member.type_name);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parameters_look_at_is_known() {
        for (holder, element) in [
            ("Observation", "value"),
            ("Observation.component", "value"),
            ("Patient", "deceased"),
            ("MolecularSequence.referenceSeq", "chromosome"),
            ("Group.characteristic", "value"),
        ] {
            assert!(touched(holder, element), "{holder}.{element}");
        }
        assert!(!touched("Patient", "photo"));
    }
}
