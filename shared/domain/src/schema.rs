//! JSON Schemas (2020-12) of values, built next to their readers from the same limits.

use schemars::{Schema, json_schema};

use crate::characters::Kind;

/// Describes a type of value.
macro_rules! has_schema {
    ($name:ident, $schema:expr) => {
        crate::schema::has_schema!($name, $schema, true);
    };
    (named $name:ident, $schema:expr) => {
        crate::schema::has_schema!($name, $schema, false);
    };
    ($name:ident, $schema:expr, $is_inline:literal) => {
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                $is_inline
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $schema
            }
        }
    };
}
pub(crate) use has_schema;

/// A text of at most this number of characters. The formats are our own, because a pattern of control characters
/// is unreadable.
pub(crate) fn text(about: &str, longest: usize, kind: Kind, example: &str) -> Schema {
    let (format, rule) = match kind {
        Kind::Identifier => ("single-line", " No invisible characters."),
        Kind::Line => ("single-line", ""),
        Kind::Paragraphs => ("multi-line", " Several lines are allowed."),
    };
    json_schema!({
        "description": format!("{}{rule}", about.trim()),
        "type": "string", "format": format, "minLength": 1, "maxLength": longest, "examples": [example],
    })
}

/// One of these words.
pub(crate) fn words<W: Into<String>>(about: &str, words: impl IntoIterator<Item = W>, example: &str) -> Schema {
    let words: Vec<String> = words.into_iter().map(Into::into).collect();
    json_schema!({"description": about, "type": "string", "enum": words, "examples": [example]})
}
