use super::compare::{dates, is_path_prefix, numbers};
use crate::search::{
    KeyValue, QuantityKey, QuantityTest, ReferenceKey, ReferenceTest, StringMatch, Test, Token, TokenTest,
    UriMatch, fold,
};

/// Whether a value passes one of the alternatives. A value of another kind never does.
pub(super) fn passes(test: &Test, value: &KeyValue) -> bool {
    match (test, value) {
        (Test::Token(asked), KeyValue::Token(value)) => asked.iter().any(|each| token(each, value)),
        (Test::String(matched, asked), KeyValue::String(value)) => string(*matched, asked, value),
        (Test::Date(asked), KeyValue::Date(value)) => asked.iter().any(|each| dates(each, *value)),
        (Test::Number(asked), KeyValue::Number(value)) => asked.iter().any(|each| numbers(each, *value)),
        (Test::Quantity(asked), KeyValue::Quantity(value)) => asked.iter().any(|each| quantity(each, value)),
        (Test::Reference(asked), KeyValue::Reference(value)) => {
            asked.iter().any(|each| reference(each, value))
        }
        (Test::Uri(matched, asked), KeyValue::Uri(value)) => asked.iter().any(|each| match matched {
            UriMatch::Equal => each == value,
            UriMatch::Below => is_path_prefix(each, value),
            UriMatch::Above => is_path_prefix(value, each),
        }),
        (Test::Composite(asked), KeyValue::Composite(parts)) => asked.iter().any(|tests| {
            tests.len() == parts.len() && tests.iter().zip(parts).all(|(test, part)| passes(test, part))
        }),
        _ => false,
    }
}

fn token(asked: &TokenTest, value: &Token) -> bool {
    let (system, code) = (value.system.as_deref(), value.code.as_deref());
    match asked {
        TokenTest::Code(asked) => code == Some(asked),
        TokenTest::SystemAndCode(of, asked) => system == Some(of) && code == Some(asked),
        TokenTest::CodeWithoutSystem(asked) => system.is_none() && code == Some(asked),
        TokenTest::System(of) => system == Some(of),
    }
}

fn string(matched: StringMatch, asked: &[String], value: &str) -> bool {
    if matched == StringMatch::Exact {
        return asked.iter().any(|each| each == value);
    }
    let value = fold(value);
    asked.iter().any(|each| match matched {
        StringMatch::Contains => value.contains(each),
        _ => value.starts_with(each),
    })
}

fn quantity(asked: &QuantityTest, value: &QuantityKey) -> bool {
    if let (Some((asked, unit)), Some((value, its_unit))) = (&asked.canonical, &value.canonical) {
        return unit == its_unit && numbers(asked, *value);
    }
    let system = asked.system.is_none() || asked.system == value.system;
    let code = match (&asked.code, &asked.system) {
        (None, _) => true,
        (asked, Some(_)) => *asked == value.code,
        (asked, None) => *asked == value.code || *asked == value.unit,
    };
    system && code && numbers(&asked.value, value.value)
}

fn reference(asked: &ReferenceTest, value: &ReferenceKey) -> bool {
    match (asked, value) {
        (
            ReferenceTest::Local { resource, id, version },
            ReferenceKey::Local { resource: its_type, id: its_id, version: its_version },
        ) => resource == its_type && id == its_id && (version.is_none() || version == its_version),
        (ReferenceTest::AnyType(id), ReferenceKey::Local { id: its_id, .. }) => id == its_id,
        (ReferenceTest::Absolute(url), ReferenceKey::Absolute(its_url)) => url == its_url,
        (
            ReferenceTest::Canonical { url, version },
            ReferenceKey::Canonical { url: its_url, version: its_version },
        ) => url == its_url && (version.is_none() || version == its_version),
        (ReferenceTest::Identifier(asked), ReferenceKey::Identifier { token: value, .. }) => {
            token(asked, value)
        }
        _ => false,
    }
}
