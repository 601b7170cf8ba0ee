//! JSON values whose numbers keep their digits.

use crate::{body::reader, problem::ApiError};

/// A JSON value whose numbers are still text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// The literal.
    Number(String),
    /// The text.
    String(String),
    /// The elements.
    Array(Vec<Node>),
    /// The members, in order; names are unique.
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Reads a whole body.
    ///
    /// # Errors
    /// [`ApiError::MalformedJson`]: broken syntax, invalid UTF-8, text after the end, a duplicate member, depth over
    /// 32.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        reader::read(body)
    }

    /// The fields of a form, all of them text.
    ///
    /// # Errors
    /// [`ApiError::MalformedJson`] for a repeated field.
    pub fn form(fields: &[(String, String)]) -> Result<Self, ApiError> {
        let mut names = std::collections::HashSet::new();
        if !fields.iter().all(|(name, _)| names.insert(name)) {
            return Err(malformed("The form contains a field twice."));
        }
        Ok(Self::Object(fields.iter().map(|(name, value)| (name.clone(), Self::String(value.clone()))).collect()))
    }
}

fn malformed(detail: &'static str) -> ApiError {
    ApiError::MalformedJson(detail.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_of_numbers_keeps_their_digits() {
        let node = Node::parse(br#"{"a": 0.10000000000000000000001, "b": [1E400]}"#).unwrap();
        assert_eq!(
            node,
            Node::Object(vec![
                ("a".to_owned(), Node::Number("0.10000000000000000000001".to_owned())),
                ("b".to_owned(), Node::Array(vec![Node::Number("1E400".to_owned())])),
            ])
        );
    }

    #[test]
    fn parse_of_invalid_json_is_malformed_json() {
        let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
        let bodies: [&[u8]; 10] = [
            b"",
            b"{",
            b"{} {}",
            br#"{"a": 1, "a": 2}"#,
            br#"{"a": {"b": 1, "b": 2}}"#,
            br#"{"a": "\ud800"}"#,
            b"{\"a\": \"\xff\"}",
            b"{\"a\": \"\x00\"}",
            b"NaN",
            deep.as_bytes(),
        ];
        for body in bodies {
            assert!(matches!(Node::parse(body), Err(ApiError::MalformedJson(_))), "{}", String::from_utf8_lossy(body));
        }
        assert!(Node::parse(format!("{}{}", "[".repeat(32), "]".repeat(32)).as_bytes()).is_ok());
    }
}
