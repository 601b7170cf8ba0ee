//! How values look in JSON, as JSON Schema (2020-12): made where they are read, from the same limits.

use schemars::{Schema, json_schema};

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

/// Something visible, with no control characters inside.
const ONE_LINE: &str = r"^\s*[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?\s*$";
/// The same with line breaks and tabs.
const LINES: &str = r"^\s*[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x08\x0b-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?\s*$";

/// A text of at most so many characters.
pub(crate) fn text(about: &str, longest: usize, is_one_line: bool) -> Schema {
    let pattern = if is_one_line { ONE_LINE } else { LINES };
    json_schema!({
        "description": about.trim(), "type": "string", "minLength": 1, "maxLength": longest, "pattern": pattern,
    })
}

/// One of these words.
pub(crate) fn words<W: Into<String>>(about: &str, words: impl IntoIterator<Item = W>) -> Schema {
    let words: Vec<String> = words.into_iter().map(Into::into).collect();
    json_schema!({"description": about, "type": "string", "enum": words})
}
