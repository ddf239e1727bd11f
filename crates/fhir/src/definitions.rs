//! The definitions of FHIR R4 (4.0.1) as tables that need no parsing: types with their elements in
//! the standard's order, bindings and codes, search parameters, compartments.

pub(crate) mod lookup;
pub(crate) mod rows;

mod compartment;
mod resource_type;
mod search_parameter;
mod structure;
mod terminology;

pub use compartment::Compartment;
pub use resource_type::ResourceType;
pub use search_parameter::{Comparator, Modifier, SearchParameter, SearchParameterType};
pub use structure::{Element, Member, Type, TypeKind};
pub use terminology::{Binding, Membership, Strength, ValueSet};
