//! The way from an element to others below it, by the definitions.

use super::expression::{Condition, Path, Step};
use super::plan::FaultKind;
use crate::ResourceType;
use crate::definitions::{Member, Type};

/// JSON members to go down by, and what is at the end.
#[derive(Clone, PartialEq)]
pub(super) struct Route {
    pub(super) hops: Vec<Hop>,
    pub(super) its_type: Type,
}

/// One member on the way.
#[derive(Clone, PartialEq)]
pub(super) struct Hop {
    pub(super) member: Member,
    /// The member's place in the type that holds it.
    pub(super) number: u8,
    /// Which of its items count.
    pub(super) condition: Option<Condition>,
}

impl Path {
    /// The steps within resources of that type; `None` when the path is about another type.
    /// One path of R4 (`InsurancePlan-name`) begins below the resource.
    pub(super) fn within(&self, resource: ResourceType) -> Option<&[Step]> {
        let (Step::Element(head), steps) = self.steps.split_first()? else { return None };
        match *head {
            "Resource" => Some(steps),
            "DomainResource" => resource.is_domain_resource().then_some(steps),
            name if name == resource.name() => Some(steps),
            name => ResourceType::parse(name).is_none().then_some(&*self.steps),
        }
    }
}

/// Finds the routes that `steps` lead from an element of type `start`: one for each type of a
/// choice.
pub(super) fn routes(start: Type, steps: &[Step], found: &mut Vec<Route>, fault: &mut impl FnMut(FaultKind)) {
    let mut open = vec![Route { hops: Vec::new(), its_type: start }];
    for step in steps {
        match step {
            Step::Element(name) => {
                let on: Vec<Route> = open.iter().flat_map(|route| route.below(name)).collect();
                if on.is_empty() {
                    fault(FaultKind::NoElement(name));
                }
                open = on;
            }
            Step::OfType(name) => {
                // R4 writes `DateTime` where it means `dateTime`.
                open.retain(|route| route.its_type.name().eq_ignore_ascii_case(name));
                if open.is_empty() || open.iter().any(|route| route.its_type.name() != *name) {
                    fault(FaultKind::NeverOfType(name));
                }
            }
            Step::Where(condition) => {
                for hop in open.iter_mut().filter_map(|route| route.hops.last_mut()) {
                    hop.condition = Some(condition.clone());
                }
            }
        }
    }
    found.append(&mut open);
}

impl Route {
    fn below(&self, element: &str) -> Vec<Self> {
        let members = self.its_type.element(element).into_iter().flat_map(|element| element.members());
        members
            .filter_map(|member| {
                let (member, number) = self.its_type.numbered_member(member.name())?;
                let mut hops = self.hops.clone();
                hops.push(Hop { member, number, condition: None });
                Some(Self { hops, its_type: member.value_type() })
            })
            .collect()
    }
}
