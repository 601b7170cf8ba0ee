//! Condition, filter and update expressions. Every `#name` stands for the attribute `name`, so names cannot be
//! reserved words.

use std::{collections::HashMap, str::FromStr};

use aws_sdk_dynamodb::types::AttributeValue;

#[derive(Debug, Clone, Default)]
pub(crate) struct Expression {
    pub(crate) text: String,
    values: HashMap<String, AttributeValue>,
}

pub(crate) fn expression(text: impl Into<String>) -> Expression {
    Expression { text: text.into(), values: HashMap::new() }
}

impl Expression {
    /// Gives `:name` its value.
    pub(crate) fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(format!(":{name}"), value);
        self
    }

    /// Both must hold.
    pub(crate) fn and(mut self, other: Self) -> Self {
        if self.text.is_empty() {
            return other;
        }
        if !other.text.is_empty() {
            self.text = format!("({}) AND ({})", self.text, other.text);
            self.values.extend(other.values);
        }
        self
    }

    /// The attribute names of these expressions; `None` if there are none.
    pub(crate) fn names(expressions: &[&Self]) -> Option<HashMap<String, String>> {
        let names: HashMap<_, _> = expressions
            .iter()
            .flat_map(|expression| expression.text.split('#').skip(1))
            .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default())
            .map(|name| (format!("#{name}"), name.to_owned()))
            .collect();
        (!names.is_empty()).then_some(names)
    }

    /// Their values; `None` if there are none.
    pub(crate) fn values(expressions: &[&Self]) -> Option<HashMap<String, AttributeValue>> {
        let values: HashMap<_, _> = expressions.iter().flat_map(|expression| expression.values.clone()).collect();
        (!values.is_empty()).then_some(values)
    }
}

/// Always true, for calls that require a condition.
pub(crate) fn always() -> Expression {
    expression("attribute_exists(#pk) OR attribute_not_exists(#pk)")
}

/// The item must not exist.
pub(crate) fn absent() -> Expression {
    expression("attribute_not_exists(#pk)")
}

/// The item must have this version.
pub(crate) fn version_is(version: u64) -> Expression {
    expression("#data.#version = :version").with("version", AttributeValue::N(version.to_string()))
}

/// A session id as the name of a map's member, which takes no hyphens in a path.
pub(crate) fn member(id: impl std::fmt::Display) -> String {
    format!("s{}", id.to_string().replace('-', ""))
}

/// The session id of such a name.
pub(crate) fn parse_member<I: FromStr>(name: &str) -> Option<I> {
    let hex = name.strip_prefix('s')?;
    let groups = [hex.get(..8)?, hex.get(8..12)?, hex.get(12..16)?, hex.get(16..20)?, hex.get(20..)?];
    groups.join("-").parse().ok()
}

#[cfg(test)]
mod tests {
    use stockroom_domain::id::SessionId;

    use super::*;

    #[test]
    fn parse_member_of_a_member_returns_the_id() {
        let id: SessionId = "0190b6a4-7b1e-7c3a-8f00-0123456789ab".parse().unwrap();
        assert_eq!(parse_member(&member(id)), Some(id));
        for other in ["", "s", "s0190", "0190b6a47b1e7c3a8f000123456789ab", "sé190b6a47b1e7c3a8f000123456789ab"] {
            assert_eq!(parse_member::<SessionId>(other), None, "{other}");
        }
    }
}
