//! The search parameters of one resource type, compiled: a tree of the elements they look at, so
//! that one walk over a resource serves all of them.

use std::sync::{LazyLock, OnceLock};

use super::datatype::Datatype;
use super::expression::{Claim, Condition, Expression, Path, parse};
use super::route::{Hop, Route, routes};
use crate::ResourceType;
use crate::definitions::{Compartment, SearchParameter, SearchParameterType, Type};

/// What is looked for in resources of one type.
pub(super) struct Plan {
    /// The elements; the first is the resource itself.
    nodes: Vec<Node>,
    pub(super) truths: Vec<(SearchParameter, Vec<Proof>)>,
    /// The references that place it in the compartment of a resource of that type.
    pub(super) placements: Vec<(SearchParameter, ResourceType)>,
    /// Whether it has a compartment of its own. It is in that, although R4 lists `{def}` for only
    /// some of the owners.
    pub(super) owns_compartment: bool,
    /// What does not fit the definitions, and is passed over.
    pub(super) faults: Vec<Fault>,
}

/// An element that some path goes through or ends at.
pub(super) struct Node {
    pub(super) its_type: Type,
    /// By the number of a member: its first edge, plus one.
    first: Vec<u8>,
    /// Sorted by the number of the member.
    edges: Vec<Edge>,
    /// What an element here gives.
    pub(super) outputs: Vec<Output>,
}

/// The way to a node below.
#[derive(Clone)]
pub(super) struct Edge {
    member: u8,
    pub(super) condition: Option<Condition>,
    node: usize,
}

pub(super) enum Output {
    /// Keys of those parameters, each the same.
    Keys(Vec<SearchParameter>, Datatype),
    /// Keys of those composites (R4 §3.1.1.4.17), with their parts as they lie from here.
    Composite(Vec<SearchParameter>, Vec<Part>),
}

/// One part of a composite.
#[derive(PartialEq)]
pub(super) struct Part {
    /// From where its routes lead.
    pub(super) from_resource: bool,
    /// Where its values are.
    pub(super) routes: Vec<(Route, Datatype)>,
}

/// Something that must hold of the elements at some routes.
pub(super) enum Proof {
    Exists(Vec<Route>),
    IsNotFalse(Vec<Route>),
}

/// Where an expression does not fit the definitions of R4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) resource: ResourceType,
    pub(super) parameter: SearchParameter,
    pub(super) kind: FaultKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// From here the expression is not understood.
    Syntax(&'static str),
    /// There is no such element.
    NoElement(&'static str),
    /// The element is never of that type.
    NeverOfType(&'static str),
    /// No part of the expression is about the resource type.
    NotAbout,
    /// Values of that type give no keys for a parameter of this kind.
    NoKeys(&'static str),
}

static PLANS: LazyLock<Vec<OnceLock<Plan>>> =
    LazyLock::new(|| ResourceType::all().map(|_| OnceLock::new()).collect());

/// Parameters that a version's own facts answer, or that are not answered from elements.
fn has_no_keys(parameter: SearchParameter) -> bool {
    parameter.expression().is_empty()
        || parameter.value_type() == SearchParameterType::Special
        || matches!(parameter.code(), "_id" | "_lastUpdated")
}

impl Plan {
    /// The plan of a type, made when it is first asked for.
    pub(super) fn of(resource: ResourceType) -> &'static Self {
        PLANS[resource.number()].get_or_init(|| Self::compile(resource))
    }

    /// The parameters that some element can give keys to.
    #[cfg(test)]
    pub(super) fn parameters(&self) -> std::collections::HashSet<SearchParameter> {
        let outputs = self.nodes.iter().flat_map(|node| &node.outputs);
        let of = |output: &Output| match output {
            Output::Keys(parameters, _) => parameters.clone(),
            Output::Composite(_, parts) if parts.iter().any(|part| part.routes.is_empty()) => Vec::new(),
            Output::Composite(parameters, _) => parameters.clone(),
        };
        outputs.flat_map(of).chain(self.truths.iter().map(|(parameter, _)| *parameter)).collect()
    }

    pub(super) fn root(&self) -> &Node {
        &self.nodes[0]
    }

    pub(super) fn node(&self, edge: &Edge) -> &Node {
        &self.nodes[edge.node]
    }

    fn compile(resource: ResourceType) -> Self {
        let mut plan = Self {
            nodes: vec![Node::new(resource.definition())],
            truths: Vec::new(),
            placements: placements(resource),
            owns_compartment: Compartment::parse(resource.name()).is_some(),
            faults: Vec::new(),
        };
        for parameter in resource.search_parameters().filter(|each| !has_no_keys(*each)) {
            let mut fault = |kind| plan_fault(&mut plan.faults, resource, parameter, kind);
            match parse(parameter.expression()) {
                Err(rest) => fault(FaultKind::Syntax(rest)),
                Ok(Expression::Truth(claims)) => {
                    let proofs = claims.iter().map(|claim| proof(resource, claim, &mut fault)).collect();
                    plan.truths.push((parameter, proofs));
                }
                Ok(Expression::Elements(paths)) => plan.add(resource, parameter, &paths),
            }
        }
        plan.nodes.iter_mut().for_each(Node::index);
        plan
    }

    fn add(&mut self, resource: ResourceType, parameter: SearchParameter, paths: &[Path]) {
        let mut faults = Vec::new();
        let mut fault = |kind| plan_fault(&mut faults, resource, parameter, kind);
        let found = routes_of_resource(resource, paths, &mut fault);
        for route in found {
            let output = if parameter.value_type() == SearchParameterType::Composite {
                Output::Composite(vec![parameter], parts(resource, parameter, route.its_type, &mut fault))
            } else if let Some(datatype) = Datatype::of(parameter, &route) {
                Output::Keys(vec![parameter], datatype)
            } else {
                fault(FaultKind::NoKeys(route.its_type.name()));
                continue;
            };
            let node = self.reach(&route.hops);
            self.nodes[node].give(output);
        }
        self.faults.append(&mut faults);
    }

    /// The node at the end of these hops, made if it is new.
    fn reach(&mut self, hops: &[Hop]) -> usize {
        hops.iter().fold(0, |at, hop| {
            let known = self.nodes[at]
                .edges
                .iter()
                .find(|edge| edge.member == hop.number && edge.condition == hop.condition);
            if let Some(edge) = known {
                return edge.node;
            }
            let node = self.nodes.len();
            self.nodes.push(Node::new(hop.member.value_type()));
            let condition = hop.condition.clone();
            self.nodes[at].edges.push(Edge { member: hop.number, condition, node });
            node
        })
    }
}

impl Node {
    fn new(its_type: Type) -> Self {
        Self { its_type, first: Vec::new(), edges: Vec::new(), outputs: Vec::new() }
    }

    fn give(&mut self, output: Output) {
        for known in &mut self.outputs {
            match (known, &output) {
                (Output::Keys(known, its), Output::Keys(more, same)) if its == same => {
                    return known.extend(more);
                }
                (Output::Composite(known, its), Output::Composite(more, same)) if its == same => {
                    return known.extend(more);
                }
                _ => {}
            }
        }
        self.outputs.push(output);
    }

    fn index(&mut self) {
        self.edges.sort_by_key(|edge| edge.member);
        self.first = vec![0; self.its_type.members().len()];
        for (at, edge) in self.edges.iter().enumerate().rev() {
            self.first[usize::from(edge.member)] = u8::try_from(at + 1).unwrap_or(0);
        }
    }

    pub(super) fn is_leaf(&self) -> bool {
        self.edges.is_empty()
    }

    /// The ways on by the member of that name.
    pub(super) fn edges(&self, name: &str) -> &[Edge] {
        let Some((_, member)) = self.its_type.numbered_member(name) else { return &[] };
        let Some(first) = self.first.get(usize::from(member)).and_then(|first| first.checked_sub(1)) else {
            return &[];
        };
        let edges = &self.edges[usize::from(first)..];
        let count = edges.iter().take_while(|edge| edge.member == member).count();
        &edges[..count]
    }
}

fn plan_fault(faults: &mut Vec<Fault>, resource: ResourceType, parameter: SearchParameter, kind: FaultKind) {
    faults.push(Fault { resource, parameter, kind });
}

/// The routes of those paths that are about the resource type.
fn routes_of_resource(
    resource: ResourceType,
    paths: &[Path],
    fault: &mut impl FnMut(FaultKind),
) -> Vec<Route> {
    let mut found = Vec::new();
    let mut about = false;
    for path in paths {
        let Some(steps) = path.within(resource) else { continue };
        about = true;
        routes(resource.definition(), steps, &mut found, fault);
    }
    if !about {
        fault(FaultKind::NotAbout);
    }
    found
}

fn proof(resource: ResourceType, claim: &Claim, fault: &mut impl FnMut(FaultKind)) -> Proof {
    match claim {
        Claim::Exists(paths) => Proof::Exists(routes_of_resource(resource, paths, fault)),
        Claim::IsNotFalse(paths) => Proof::IsNotFalse(routes_of_resource(resource, paths, fault)),
    }
}

/// The parts of a composite as they lie from a base element of type `base`.
fn parts(
    resource: ResourceType,
    composite: SearchParameter,
    base: Type,
    fault: &mut impl FnMut(FaultKind),
) -> Vec<Part> {
    composite
        .components()
        .map(|(parameter, expression)| {
            let mut part = Part { from_resource: false, routes: Vec::new() };
            let paths = match parse(expression) {
                Ok(Expression::Elements(paths)) => paths,
                Ok(Expression::Truth(_)) => Vec::new(),
                Err(rest) => {
                    fault(FaultKind::Syntax(rest));
                    Vec::new()
                }
            };
            let mut found = Vec::new();
            for path in paths {
                part.from_resource = path.from_resource;
                let start = if path.from_resource { resource.definition() } else { base };
                routes(start, &path.steps, &mut found, fault);
            }
            for route in found {
                match Datatype::of(parameter, &route) {
                    Some(datatype) => part.routes.push((route, datatype)),
                    None => fault(FaultKind::NoKeys(route.its_type.name())),
                }
            }
            part
        })
        .collect()
}

fn placements(resource: ResourceType) -> Vec<(SearchParameter, ResourceType)> {
    Compartment::all()
        .filter_map(|compartment| Some((compartment, ResourceType::parse(compartment.code())?)))
        .flat_map(|(compartment, owner)| {
            let parameters = compartment.parameters(resource).iter();
            parameters.filter_map(move |code| Some((resource.search_parameter(code)?, owner)))
        })
        .collect()
}
