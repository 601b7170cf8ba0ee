//! JSON Schemas of the edge's own values.

/// Gives a type its schema, in place: `describe!(Order: {"type": "string", "enum": ["asc", "desc"]})`.
/// `describe!(Order as "Order": {...})` makes it a component of the OpenAPI document.
#[macro_export]
macro_rules! describe {
    ($type:ty as $name:literal: $schema:tt) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
    ($type:ty: $schema:tt) => {
        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}
