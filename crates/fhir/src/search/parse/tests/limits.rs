use vpr_types::limits::{
    SEARCH_CHAIN_DEPTH_MAX, SEARCH_CONDITIONS_MAX, SEARCH_HAS_DEPTH_MAX, SEARCH_INCLUDES_MAX,
    SEARCH_PARAMETERS_MAX, SEARCH_QUERY_BYTES_MAX, SEARCH_SORT_KEYS_MAX, SEARCH_VALUES_MAX,
};

use super::*;

/// Reads with limits of its own; the kinds of the faults.
fn kinds(query: &str, change: impl Fn(&mut SearchLimits)) -> Vec<FaultKind> {
    let mut options = options(true);
    change(&mut options.limits);
    match parse(scope("Patient"), &pairs(query), &options) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(|fault| fault.kind).collect(),
    }
}

/// What is just within the limit is served, one more is too costly, also with lenient handling.
fn check_limit(within: &str, beyond: &str) {
    assert_eq!(kinds(within, |_| {}), [], "{:.80}", within);
    assert_eq!(kinds(beyond, |_| {}), [FaultKind::TooCostly], "{:.80}", beyond);
}

fn repeated(text: &str, times: usize, between: &str) -> String {
    vec![text; times].join(between)
}

#[test]
fn each_limit_is_hit() {
    let parameters = |count| repeated("active=true", count, "&");
    check_limit(&parameters(SEARCH_PARAMETERS_MAX), &parameters(SEARCH_PARAMETERS_MAX + 1));

    let bytes = |count: usize| format!("name={}", "x".repeat(count - "name".len()));
    check_limit(&bytes(SEARCH_QUERY_BYTES_MAX), &bytes(SEARCH_QUERY_BYTES_MAX + 1));

    let values = |count| format!("_id={}", repeated("1", count, ","));
    check_limit(&values(SEARCH_VALUES_MAX), &values(SEARCH_VALUES_MAX + 1));

    let conditions = |count: usize| {
        let full = repeated(&format!("_id={}", repeated("1", 1000, ",")), count / 1000, "&");
        if count.is_multiple_of(1000) { full } else { format!("{full}&active=true") }
    };
    check_limit(&conditions(SEARCH_CONDITIONS_MAX), &conditions(SEARCH_CONDITIONS_MAX + 1));

    let chain = |count| format!("{}._id=1", repeated("link:Patient", count, "."));
    check_limit(&chain(SEARCH_CHAIN_DEPTH_MAX), &chain(SEARCH_CHAIN_DEPTH_MAX + 1));

    let has = |count| format!("{}:_id=1", repeated("_has:Patient:link", count, ":"));
    check_limit(&has(SEARCH_HAS_DEPTH_MAX), &has(SEARCH_HAS_DEPTH_MAX + 1));

    let includes = |count| repeated("_include=Patient:link", count, "&");
    check_limit(&includes(SEARCH_INCLUDES_MAX), &includes(SEARCH_INCLUDES_MAX + 1));

    let sort = |count| format!("_sort={}", repeated("name", count, ","));
    check_limit(&sort(SEARCH_SORT_KEYS_MAX), &sort(SEARCH_SORT_KEYS_MAX + 1));
}

#[test]
fn chains_without_types_cannot_multiply() {
    let query = pairs(&format!("{}._id=1", repeated("focus", 8, ".")));
    let found = parse(scope("Task"), &query, &options(false)).unwrap_err();
    assert_eq!(found[0].kind, FaultKind::TooCostly);
    // Nor do ways that all lead nowhere.
    let nowhere = pairs(&format!("{}.nonsense=1", repeated("subject", 8, ".")));
    assert_eq!(parse(scope("Task"), &nowhere, &options(true)).unwrap_err()[0].kind, FaultKind::TooCostly);
    let values = format!("subject._id={}", repeated("1", 1000, ","));
    assert_eq!(
        parse(scope("Task"), &pairs(&values), &options(false)).unwrap_err()[0].kind,
        FaultKind::TooCostly
    );
}

#[test]
fn the_limits_are_those_given() {
    assert_eq!(kinds("_id=1,2", |limits| limits.values_max = 1), [FaultKind::TooCostly]);
    assert_eq!(kinds("link.name=x", |limits| limits.chain_depth_max = 0), [FaultKind::TooCostly]);
    assert_eq!(kinds("active=true", |limits| limits.conditions_max = 0), [FaultKind::TooCostly]);
}
