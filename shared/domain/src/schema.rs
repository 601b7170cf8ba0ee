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

/// Text with something visible and no control character.
const ONE_LINE: &str = r"^\s*[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?\s*$";
/// The same, with line breaks and tabs allowed.
const LINES: &str =
    r"^\s*[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?\s*$";

/// A text of at most this number of characters. The pattern allows new values and values stored under older rules;
/// descriptions in the OpenAPI document give the other rules of [`Kind`].
pub(crate) fn text(about: &str, longest: usize, kind: Kind) -> Schema {
    let pattern = match kind {
        Kind::Identifier | Kind::Line => ONE_LINE,
        Kind::Paragraphs => LINES,
    };
    json_schema!({
        "description": about.trim(), "type": "string", "minLength": 1, "maxLength": longest, "pattern": pattern,
    })
}

/// One of these words.
pub(crate) fn words<W: Into<String>>(about: &str, words: impl IntoIterator<Item = W>) -> Schema {
    let words: Vec<String> = words.into_iter().map(Into::into).collect();
    json_schema!({"description": about, "type": "string", "enum": words})
}
