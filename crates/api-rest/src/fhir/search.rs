//! Searches, and what is asked like one.

use vpr_api_shared::Call;
use vpr_codec::{Json, Limits, Value};
use vpr_service::{Failure, Operation, SearchScope};

use super::{headers, target};

/// A search among everything, in a type or in a compartment, by `GET` or by `POST …/_search`.
pub(super) fn search(call: Call) -> Result<Operation, Failure> {
    let handling = headers::handling(&call.headers)?;
    let path = call.path;
    let scope = match (path.type_name, path.id, path.member) {
        (None, ..) => SearchScope::System,
        (Some(type_name), None, _) => SearchScope::Type(type_name),
        (Some(owner), Some(id), member) => {
            SearchScope::Compartment { owner, id, type_name: member.filter(|member| member != "*") }
        }
    };
    Ok(Operation::Search { scope, parameters: call.query, handling })
}

/// `$everything`, its parameters in the URL or as Parameters in the body.
pub(super) fn everything(call: Call) -> Result<Operation, Failure> {
    let target = target(&call)?;
    let mut parameters = call.query;
    if !call.body.is_empty() {
        let json = Json::parse(call.body, &Limits::default())
            .map_err(|error| Failure::malformed(error.to_string()))?;
        read_parameters(
            json.root(),
            &call.route.parameters.iter().map(|each| each.name).collect::<Vec<_>>(),
        )?
        .into_iter()
        .for_each(|pair| parameters.push(pair));
    }
    Ok(Operation::Everything { target, parameters })
}

/// The parameters of an operation: each has a name that is `known` and one primitive value.
fn read_parameters(root: Value<'_>, known: &[&str]) -> Result<Vec<(String, String)>, Failure> {
    let wrong = |why: &str| Err(Failure::malformed(format!("the body is no Parameters: {why}")));
    if root.get("resourceType").and_then(Value::as_str).as_deref() != Some("Parameters") {
        return wrong("its resourceType is another");
    }
    let mut parameters = Vec::new();
    for each in root.get("parameter").into_iter().flat_map(Value::items) {
        let name = each.get("name").and_then(Value::as_str).unwrap_or_default().into_owned();
        if !known.contains(&name.as_str()) {
            return Err(vpr_service::unknown_parameter(&name, &[]));
        }
        let mut values = each.members().filter(|(member, _)| member.starts_with("value"));
        let (Some((_, value)), None) = (values.next(), values.next()) else {
            return wrong("a parameter has not one value");
        };
        let text = value.as_str().map(std::borrow::Cow::into_owned);
        match text.or_else(|| value.number_text().map(str::to_owned)) {
            Some(text) => parameters.push((name, text)),
            None => return wrong("a value is neither a text nor a number"),
        }
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<(String, String)>, u16> {
        let json = Json::parse(body.as_bytes().to_vec(), &Limits::default()).unwrap();
        read_parameters(json.root(), &["start", "_count"]).map_err(|failure| failure.kind.status())
    }

    #[test]
    fn parameters_of_an_operation_are_names_with_one_value() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            read(
                r#"{"resourceType":"Parameters","parameter":[{"name":"start","valueDate":"2020"},{"name":"_count","valueInteger":5}]}"#
            ),
            Ok(vec![pair("start", "2020"), pair("_count", "5")])
        );
        assert_eq!(read(r#"{"resourceType":"Parameters"}"#), Ok(vec![]));
        for bad in [
            "[]",
            r#"{"resourceType":"Patient"}"#,
            r#"{"resourceType":"Parameters","parameter":[{"name":"odd","valueDate":"2020"}]}"#,
            r#"{"resourceType":"Parameters","parameter":[{"valueDate":"2020"}]}"#,
            r#"{"resourceType":"Parameters","parameter":[{"name":"start"}]}"#,
            r#"{"resourceType":"Parameters","parameter":[{"name":"start","valueDate":"2020","valueString":"x"}]}"#,
            r#"{"resourceType":"Parameters","parameter":[{"name":"start","valuePeriod":{}}]}"#,
        ] {
            assert_eq!(read(bad), Err(400), "{bad}");
        }
    }
}
