//! The rows of the generated tables. Numbers refer to other tables by index.

/// (name, kind, first element, elements, first member, members, first slot, slot bits, hash seed,
/// mask of the elements with min > 0)
pub(crate) struct TypeRow(
    pub(crate) &'static str,
    pub(crate) u8,
    pub(crate) u16,
    pub(crate) u8,
    pub(crate) u16,
    pub(crate) u8,
    pub(crate) u32,
    pub(crate) u32,
    pub(crate) u32,
    pub(crate) u64,
);

/// (name, min, flags, binding + 1 or 0, first member, members)
pub(crate) struct ElementRow(
    pub(crate) &'static str,
    pub(crate) u8,
    pub(crate) u8,
    pub(crate) u16,
    pub(crate) u16,
    pub(crate) u8,
);

/// (name, type, element within its type, flags, binding + 1 or 0, set of targets)
pub(crate) struct MemberRow(
    pub(crate) &'static str,
    pub(crate) u16,
    pub(crate) u8,
    pub(crate) u8,
    pub(crate) u16,
    pub(crate) u16,
);

pub(crate) const REPEATS: u8 = 1;
pub(crate) const MODIFIER: u8 = 1 << 1;
pub(crate) const SUMMARY: u8 = 1 << 2;
pub(crate) const CHOICE: u8 = 1 << 3;
pub(crate) const SIMPLE_QUANTITY: u8 = 1 << 4;

/// (strength, value set + 1 or 0, maximum value set + 1 or 0)
pub(crate) struct BindingRow(pub(crate) u8, pub(crate) u16, pub(crate) u16);

/// (canonical URL with version, membership, first code, codes)
pub(crate) struct ValueSetRow(pub(crate) &'static str, pub(crate) u8, pub(crate) u16, pub(crate) u16);

/// (code, system)
pub(crate) struct CodeRow(pub(crate) &'static str, pub(crate) u16);

/// (URL, code, type, bases, expression, targets, comparators, modifiers, flags, components)
pub(crate) struct SearchParameterRow(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) u8,
    pub(crate) &'static [&'static str],
    pub(crate) &'static str,
    pub(crate) &'static [u16],
    pub(crate) u16,
    pub(crate) u16,
    pub(crate) u8,
    pub(crate) &'static [(u16, &'static str)],
);

pub(crate) const MULTIPLE_OR: u8 = 1;
pub(crate) const MULTIPLE_AND: u8 = 1 << 1;

/// (code, resource types with the search parameters that place them in the compartment)
pub(crate) struct CompartmentRow(
    pub(crate) &'static str,
    pub(crate) &'static [(u16, &'static [&'static str])],
);
