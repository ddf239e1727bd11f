use vpr_types::limits::{
    SEARCH_CHAIN_DEPTH_MAX, SEARCH_CONDITIONS_MAX, SEARCH_COUNT_MAX, SEARCH_HAS_DEPTH_MAX,
    SEARCH_INCLUDES_MAX, SEARCH_PARAMETERS_MAX, SEARCH_QUERY_BYTES_MAX, SEARCH_SORT_KEYS_MAX,
    SEARCH_VALUES_MAX,
};

/// How much one search may ask for. The default is what `vpr_types::limits` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchLimits {
    /// Bytes of all names and values.
    pub query_bytes_max: usize,
    /// Parameters.
    pub parameters_max: usize,
    /// Alternatives in one value.
    pub values_max: usize,
    /// Conditions of all parameters together.
    pub conditions_max: usize,
    /// References that one chain follows.
    pub chain_depth_max: usize,
    /// `_has` within `_has`.
    pub has_depth_max: usize,
    /// `_include` and `_revinclude` together.
    pub includes_max: usize,
    /// Keys of `_sort`.
    pub sort_keys_max: usize,
    /// What a larger `_count` becomes.
    pub count_max: u32,
}

impl Default for SearchLimits {
    fn default() -> Self {
        Self {
            query_bytes_max: SEARCH_QUERY_BYTES_MAX,
            parameters_max: SEARCH_PARAMETERS_MAX,
            values_max: SEARCH_VALUES_MAX,
            conditions_max: SEARCH_CONDITIONS_MAX,
            chain_depth_max: SEARCH_CHAIN_DEPTH_MAX,
            has_depth_max: SEARCH_HAS_DEPTH_MAX,
            includes_max: SEARCH_INCLUDES_MAX,
            sort_keys_max: SEARCH_SORT_KEYS_MAX,
            count_max: SEARCH_COUNT_MAX,
        }
    }
}
