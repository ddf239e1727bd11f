use super::plan::{FaultKind, Plan};
use crate::ResourceType;

#[test]
fn dump() {
    let mut n = std::collections::BTreeMap::new();
    for resource in ResourceType::all() {
        for fault in &Plan::of(resource).faults {
            let place = format!("{:?} {} {:?}", fault.parameter.value_type(), fault.parameter.url(), fault.kind);
            match fault.kind {
                FaultKind::NoKeys(t) if matches!(fault.parameter.value_type().code(), "date") => *n.entry(format!("{:?} {t}", fault.parameter.value_type())).or_insert(0) += 1,
                _ => println!("{place}"),
            }
        }
    }
    println!("{n:#?}");
}
