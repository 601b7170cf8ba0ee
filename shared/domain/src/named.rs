//! Enums whose values have names in JSON.
//!
//! One list gives an enum its names, `FromStr`, `ALL`, serde form and JSON Schema, so that they cannot differ. `strum`
//! derives the first three; serde and the schema would still need the names again, and its errors do not list the
//! allowed values.

/// Defines an enum of named values. `schema` names the component of the OpenAPI document, or says that the schema is
/// inline, and gives its description and an example.
macro_rules! named_enum {
    (
        schema: $place:ident $schema:literal, $about:literal, $example:literal;
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$of_variant:meta])* $variant:ident = $text:literal,)+
        }
    ) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        $(#[$meta])*
        pub enum $name {
            $($(#[$of_variant])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// All values, in the order of their definition.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$variant),+];

            /// The name, stored and in JSON.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::fault::Fault;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                Self::ALL.into_iter().find(|known| known.name() == name).ok_or_else(|| {
                    let names = Self::ALL.map(Self::name).join(", ");
                    crate::fault::Fault::new("unknown_value", format!("must be one of {names}"))
                })
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                crate::named::Place::$place == crate::named::Place::Inline
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                $schema.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                crate::schema::words($about, Self::ALL.map(Self::name), $example)
            }
        }
    };
}
pub(crate) use named_enum;

/// The place of a schema in the OpenAPI document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A component.
    Component,
    /// Inline.
    Inline,
}

#[cfg(test)]
mod tests {
    use std::{fmt::Debug, str::FromStr};

    use serde::{Serialize, de::DeserializeOwned};

    use crate::{
        access::Role,
        log::{Action, Entity},
        organization::OrganizationStatus,
        purchasing::PurchaseRequestStatus,
        stock::MovementType,
        user::UserStatus,
    };

    fn check<N, const COUNT: usize>(all: [N; COUNT], name: fn(N) -> &'static str)
    where
        N: FromStr<Err: Debug> + Serialize + DeserializeOwned + Copy + PartialEq + Debug,
    {
        for known in all {
            assert_eq!(name(known).parse::<N>().unwrap(), known);
            assert_eq!(serde_json::to_value(known).unwrap(), name(known));
            assert_eq!(serde_json::from_value::<N>(name(known).into()).unwrap(), known);
            assert!(name(known).to_lowercase().parse::<N>().is_err());
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        check(Role::ALL, Role::name);
        check(UserStatus::ALL, UserStatus::name);
        check(OrganizationStatus::ALL, OrganizationStatus::name);
        check(PurchaseRequestStatus::ALL, PurchaseRequestStatus::name);
        check(MovementType::ALL, MovementType::name);
        check(Entity::ALL, Entity::name);
        check(Action::ALL, Action::name);
    }

    #[test]
    fn unknown_name_is_refused_with_all_known_names() {
        let refused = "login".parse::<UserStatus>().unwrap_err();
        assert_eq!((refused.code, &*refused.detail), ("unknown_value", "must be one of ACTIVE, DISABLED"));
    }
}
