//! Where a value stands in its resource, as FHIRPath.

use vpr_codec::Value;

use crate::definitions::Type;
use crate::generated::structures::{ELEMENT, RESOURCE};
use crate::reference::resource_type;

/// The place of `target` below `root` in the subset of FHIRPath that `OperationOutcome.issue.expression`
/// allows (R4 §2.39): element names and indexes, such as `Patient.contact[0].name.given[2]`; a choice
/// is named by its element (`Observation.value`). Searches from the root: meant for messages.
pub(crate) fn expression(root: Value<'_>, target: Value<'_>) -> String {
    let mut its_type = resource_type(root).map(|resource| resource.definition());
    let mut path = its_type.map_or_else(|| "Resource".to_owned(), |its_type| its_type.name().to_owned());
    let mut at = root;
    while at.id() != target.id() {
        let holds = |each: &Value<'_>| (each.id()..each.id_end()).contains(&target.id());
        if let Some((name, value)) = at.members().find(|(_, value)| holds(value)) {
            let companion = name.strip_prefix('_');
            let member = its_type.and_then(|its_type| its_type.member(companion.unwrap_or(&name)));
            path.push('.');
            match (member, its_type) {
                (Some(member), Some(its_type)) => {
                    path.push_str(its_type.element_at(member.element_index()).name());
                }
                _ => path.push_str(&name),
            }
            its_type = match companion {
                Some(_) => member.map(|_| Type(ELEMENT)),
                None => member.map(|member| member.value_type()),
            };
            at = value;
        } else if let Some((index, item)) = at.items().enumerate().find(|(_, item)| holds(item)) {
            path.push_str(&format!("[{index}]"));
            at = item;
        } else {
            break;
        }
        if its_type.is_some_and(|its_type| its_type.0 == RESOURCE) && at.is_object() {
            its_type = resource_type(at).map(|resource| resource.definition());
        }
    }
    path
}
