//! What one JSON text may cost.

use vpr_types::limits::{BODY_BYTES_MAX, JSON_DEPTH_MAX, JSON_VALUES_MAX};

/// Characters of one number, sign, point and exponent included.
pub const NUMBER_CHARS_MAX: usize = 512;

/// The bounds within which [`crate::Json::parse`] accepts a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole text; never more than `u32::MAX` whatever is set.
    pub bytes_max: usize,
    /// Objects and arrays that may be open at once: `1` allows `[]` and refuses `[[]]`.
    pub depth_max: usize,
    /// Values (the root, members and items) in the whole text; never more than 2²⁷ − 1.
    pub values_max: usize,
}

impl Default for Limits {
    /// The limits of a request body, from [`vpr_types::limits`].
    fn default() -> Limits {
        Limits { bytes_max: BODY_BYTES_MAX, depth_max: JSON_DEPTH_MAX, values_max: JSON_VALUES_MAX }
    }
}
