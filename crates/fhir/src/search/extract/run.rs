//! Running a plan over a resource.

use vpr_codec::Value;

use super::datatype::{each, text_of};
use super::expression::Condition;
use super::plan::{Edge, Node, Output, Part, Plan, Proof};
use super::reference::refers_to;
use super::route::{Hop, Route};
use crate::definitions::SearchParameter;
use crate::search::{Key, KeyValue, Token};

/// A resource gives at most so many combinations of values as keys of composites; those beyond are
/// left out. Only elements with hundreds of codings have more.
pub(super) const COMBINATIONS_MAX: usize = 32_768;

/// The keys of a resource, repetitions included; those of other parameters than `wanted` may lack.
pub(super) fn keys(plan: &Plan, resource: Value<'_>, wanted: Option<&[SearchParameter]>) -> Vec<Key> {
    let keys = Vec::with_capacity(32);
    let mut run = Run { plan, resource, wanted, keys, combinations_left: COMBINATIONS_MAX };
    run.outputs(plan.root(), resource);
    run.below(plan.root(), resource);
    for (parameter, proofs) in &plan.truths {
        if !run.wants(&[*parameter]) {
            continue;
        }
        let holds = proofs.iter().all(|proof| proof.holds(resource));
        let token = Token { system: None, code: Some(holds.to_string()) };
        run.keys.push(Key { parameter: *parameter, value: KeyValue::Token(token) });
    }
    run.keys
}

struct Run<'a> {
    plan: &'a Plan,
    resource: Value<'a>,
    wanted: Option<&'a [SearchParameter]>,
    keys: Vec<Key>,
    combinations_left: usize,
}

impl<'a> Run<'a> {
    /// Recursion is as deep as the longest expression.
    fn below(&mut self, node: &'a Node, object: Value<'a>) {
        for (name, value) in object.members() {
            for edge in node.edges(&name) {
                self.along(edge, value);
            }
        }
    }

    fn along(&mut self, edge: &'a Edge, value: Value<'a>) {
        let node = self.plan.node(edge);
        for (at, item) in each(value).enumerate() {
            if item.is_null() || !holds(edge.condition.as_ref(), at, item) {
                continue;
            }
            self.outputs(node, item);
            if !node.is_leaf() {
                self.below(node, item);
            }
        }
    }

    fn outputs(&mut self, node: &'a Node, element: Value<'a>) {
        for output in &node.outputs {
            match output {
                Output::Keys(parameters, _) | Output::Composite(parameters, _) if !self.wants(parameters) => {
                }
                Output::Keys(parameters, datatype) => {
                    datatype.values(element, &mut |value| self.push(parameters, value));
                }
                Output::Composite(parameters, parts) => self.composite(parameters, parts, element),
            }
        }
    }

    fn wants(&self, parameters: &[SearchParameter]) -> bool {
        self.wanted.is_none_or(|wanted| parameters.iter().any(|parameter| wanted.contains(parameter)))
    }

    fn push(&mut self, parameters: &[SearchParameter], value: KeyValue) {
        let Some((last, others)) = parameters.split_last() else { return };
        let key = |parameter, value| Key { parameter, value };
        self.keys.extend(others.iter().map(|other| key(*other, value.clone())));
        self.keys.push(key(*last, value));
    }

    fn composite(&mut self, parameters: &[SearchParameter], parts: &[Part], element: Value<'a>) {
        let mut found: Vec<Vec<KeyValue>> = Vec::with_capacity(parts.len());
        // The last parts are the values, which are missing more often than the codes before them.
        for part in parts.iter().rev() {
            let start = if part.from_resource { self.resource } else { element };
            let mut values = Vec::new();
            for (route, datatype) in &part.routes {
                route.visit(start, &mut |item| datatype.values(item, &mut |value| values.push(value)));
            }
            if values.is_empty() {
                return;
            }
            found.push(values);
        }
        found.reverse();
        let combinations = found.iter().map(Vec::len).fold(1, usize::saturating_mul);
        let combinations = combinations.min(self.combinations_left);
        self.combinations_left -= combinations;
        for mut number in 0..combinations {
            let choose = |values: &Vec<KeyValue>| {
                let chosen = values[number % values.len()].clone();
                number /= values.len();
                chosen
            };
            self.push(parameters, KeyValue::Composite(found.iter().map(choose).collect()));
        }
    }
}

impl Route {
    /// Every element at the end of the route.
    fn visit<'v>(&self, start: Value<'v>, visit: &mut dyn FnMut(Value<'v>)) {
        go(&self.hops, start, visit);
    }
}

fn go<'v>(hops: &[Hop], element: Value<'v>, visit: &mut dyn FnMut(Value<'v>)) {
    let Some((hop, rest)) = hops.split_first() else { return visit(element) };
    let Some(value) = element.get(hop.member.name()) else { return };
    for (at, item) in each(value).enumerate() {
        if !item.is_null() && holds(hop.condition.as_ref(), at, item) {
            go(rest, item, visit);
        }
    }
}

fn holds(condition: Option<&Condition>, at: usize, element: Value<'_>) -> bool {
    match condition {
        None => true,
        Some(Condition::At(position)) => at == *position,
        Some(Condition::Equals(name, text)) => {
            element.get(name).and_then(text_of).is_some_and(|found| found == *text)
        }
        Some(Condition::RefersTo(resource)) => refers_to(element, *resource),
    }
}

impl Proof {
    fn holds(&self, resource: Value<'_>) -> bool {
        let mut holds = false;
        match self {
            Self::Exists(routes) => {
                routes.iter().for_each(|route| route.visit(resource, &mut |_| holds = true));
            }
            Self::IsNotFalse(routes) => {
                let mut visit = |value: Value<'_>| holds = value.as_bool() != Some(false);
                routes.iter().for_each(|route| route.visit(resource, &mut visit));
            }
        }
        holds
    }
}
