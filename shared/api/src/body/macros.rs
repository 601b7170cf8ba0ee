//! The macros that declare bodies and query parameters: each member with its name, kind, type, default and description
//! in one place.

/// Declares bodies: reader, schema, descriptions and examples come from the same lines. The doc comment of a struct or
/// member is its description in the OpenAPI document. Without one, a member has the description of its type.
/// `#[example = 24]` after the doc comment replaces the example of the type.
///
/// A member is `kind field: Type`, and `kind field as "name": Type` where its JSON name differs. The kinds are:
///
/// | kind | value | absent or null |
/// |---|---|---|
/// | `required` | `Type` | error |
/// | `optional` | `Option<Type>` | `None` |
/// | `default ... = value` | `Type` | `value` |
/// | `list ... = limits` | `Vec<Type>`, each of which is a body; `limits` is the range of its length | error |
/// | `patch` | `Patch<Type>` | absent: kept; null: cleared |
/// | `change` | `Option<Type>` | absent: kept; null: error |
/// | `change_list ... = limits` | `Option<Vec<Type>>` | absent: kept; null: error |
///
/// `struct Name { ... }` declares a struct with these members. `struct Name(Target) { ... }` reads a `Target` of the
/// domain, whose fields have the same names; values are converted by `Into`. `patch Name` after it declares the merge
/// patch (RFC 7396) of the same members, with `apply`. `check |object| { ... }` after the members reports errors that
/// concern several of them; it sees each as an `Option`, `None` if it was not valid. `as "Name"` before the members
/// gives the schema another name than the type has.
#[macro_export]
macro_rules! request_body {
    (
        $(#[doc = $about:literal])+ $vis:vis struct $name:ident($target:ident), patch $patch:ident { $($members:tt)* }
        $($check:tt)*
    ) => {
        $crate::request_body! { $(#[doc = $about])+ $vis struct $name($target) { $($members)* } $($check)* }
        $crate::request_body! { @patch $vis $patch($target) { $($members)* } }
    };
    (
        $(#[doc = $about:literal])+ $(#[derive($derive:ident)])?
        $vis:vis struct $name:ident($target:ident) $(as $schema:literal)? {
            $(
                $(#[doc = $doc:literal])*
                $(#[example = $example:literal])?
                $kind:ident $field:ident $(as $wire:literal)?: $type:ty $(= $extra:expr)?
            ),+ $(,)?
        }
        $(check |$object:ident| $check:block)?
    ) => {
        $(#[doc = $about])+
        $(#[derive($derive)])?
        $vis struct $name($vis $target);

        impl $crate::FromBody for $name {
            $(const SCHEMA_NAME: Option<&'static str> = Some($schema);)?

            fn from_object<M: $crate::Members>(members: &mut M) -> Option<Self> {
                members.about(concat!($($about),+));
                $(
                    let wire = $crate::request_body!(@name $field $($wire)?);
                    let $field = $crate::request_body!(@read members $kind wire $type $(= $extra)?);
                    members.describe(wire, concat!("" $(, $doc)*));
                    $(members.example(wire, $example);)?
                )+
                $({
                    let $object = &mut *members;
                    $check
                })?
                Some(Self($target { $($field: $crate::request_body!(@into $kind $field?)),+ }))
            }
        }

        impl From<$name> for $target {
            fn from(body: $name) -> Self {
                body.0
            }
        }
    };
    (
        $(#[doc = $about:literal])+ $(#[derive($derive:ident)])? $vis:vis struct $name:ident $(as $schema:literal)? {
            $(
                $(#[doc = $doc:literal])*
                $(#[example = $example:literal])?
                $kind:ident $field:ident $(as $wire:literal)?: $type:ty $(= $extra:expr)?
            ),+ $(,)?
        }
        $(check |$object:ident| $check:block)?
    ) => {
        $(#[doc = $about])+
        $(#[derive($derive)])?
        $vis struct $name {
            $($(#[doc = $doc])* $vis $field: $crate::request_body!(@type $kind $type)),+
        }

        impl $crate::FromBody for $name {
            $(const SCHEMA_NAME: Option<&'static str> = Some($schema);)?

            fn from_object<M: $crate::Members>(members: &mut M) -> Option<Self> {
                members.about(concat!($($about),+));
                $(
                    let wire = $crate::request_body!(@name $field $($wire)?);
                    let $field = $crate::request_body!(@read members $kind wire $type $(= $extra)?);
                    members.describe(wire, concat!("" $(, $doc)*));
                    $(members.example(wire, $example);)?
                )+
                $({
                    let $object = &mut *members;
                    $check
                })?
                Some(Self { $($field: $field?),+ })
            }
        }
    };
    (
        @patch $vis:vis $name:ident($target:ident) {
            $(
                $(#[doc = $doc:literal])*
                $(#[example = $example:literal])?
                $kind:ident $field:ident $(as $wire:literal)?: $type:ty $(= $extra:expr)?
            ),+ $(,)?
        }
    ) => {
        /// The merge patch of the same members.
        $vis struct $name {
            $($field: $crate::request_body!(@patch_type $kind $type)),+
        }

        impl $crate::FromBody for $name {
            fn from_object<M: $crate::Members>(members: &mut M) -> Option<Self> {
                members.about(
                    "Members to change: a JSON merge patch (RFC 7396). An absent member keeps its value, null resets \
                     it to its default.",
                );
                $(
                    let wire = $crate::request_body!(@name $field $($wire)?);
                    let $field = $crate::request_body!(@read_patch members $kind wire $type);
                    members.describe(wire, concat!("" $(, $doc)*));
                    $(members.example(wire, $example);)?
                )+
                Some(Self { $($field: $field?),+ })
            }
        }

        impl $name {
            /// The values after the patch.
            $vis fn apply(&self, present: &$target) -> $target {
                $target { $($field: $crate::request_body!(@apply $kind (self.$field) (present.$field) $($extra)?)),+ }
            }
        }
    };

    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $wire:literal) => { $wire };

    (@type required $type:ty) => { $type };
    (@type optional $type:ty) => { Option<$type> };
    (@type default $type:ty) => { $type };
    (@type list $type:ty) => { Vec<$type> };
    (@type patch $type:ty) => { $crate::Patch<$type> };
    (@type change $type:ty) => { Option<$type> };
    (@type change_list $type:ty) => { Option<Vec<$type>> };
    (@patch_type required $type:ty) => { Option<$type> };
    (@patch_type $kind:ident $type:ty) => { $crate::Patch<$type> };

    (@read $members:ident required $wire:ident $type:ty) => { $members.required::<$type>($wire) };
    (@read $members:ident optional $wire:ident $type:ty) => { $members.optional::<$type>($wire) };
    (@read $members:ident default $wire:ident $type:ty = $value:expr) => { $members.or::<$type>($wire, $value) };
    (@read $members:ident list $wire:ident $type:ty = $limits:expr) => {
        $members.list($wire, $limits, <$type as $crate::FromBody>::from_object)
    };
    (@read $members:ident patch $wire:ident $type:ty) => { $members.patch::<$type>($wire) };
    (@read $members:ident change $wire:ident $type:ty) => { $members.patch_required::<$type>($wire) };
    (@read $members:ident change_list $wire:ident $type:ty = $limits:expr) => {
        $members.patch_list($wire, $limits, <$type as $crate::FromBody>::from_object)
    };
    (@read_patch $members:ident required $wire:ident $type:ty) => { $members.patch_required::<$type>($wire) };
    (@read_patch $members:ident $kind:ident $wire:ident $type:ty) => { $members.patch::<$type>($wire) };

    (@into required $value:expr) => { $value.into() };
    (@into default $value:expr) => { $value.into() };
    (@into optional $value:expr) => { $value.map(Into::into) };
    (@into change $value:expr) => { $value.map(Into::into) };
    (@into list $value:expr) => { $value.into_iter().map(Into::into).collect() };
    (@into change_list $value:expr) => { $value.map(|list| list.into_iter().map(Into::into).collect()) };

    (@apply required ($patch:expr) ($present:expr)) => {
        $patch.clone().map_or_else(|| $present.clone(), Into::into)
    };
    (@apply optional ($patch:expr) ($present:expr)) => {
        match $patch.clone() {
            $crate::Patch::Keep => $present.clone(),
            $crate::Patch::Clear => None,
            $crate::Patch::Set(value) => Some(value.into()),
        }
    };
    (@apply default ($patch:expr) ($present:expr) $value:expr) => {
        match $patch.clone() {
            $crate::Patch::Keep => $present.clone(),
            $crate::Patch::Clear => $value.into(),
            $crate::Patch::Set(value) => value.into(),
        }
    };
}

/// Declares the query parameters of an operation, `required` or `optional`, as [`request_body!`](crate::request_body)
/// declares the members of a body: `struct Name(Target) { ... }`.
#[macro_export]
macro_rules! request_query {
    (
        $(#[$about:meta])* $vis:vis struct $name:ident($target:ident) {
            $(
                $(#[doc = $doc:literal])*
                $(#[example = $example:literal])?
                $kind:ident $field:ident $(as $wire:literal)?: $type:ty
            ),+ $(,)?
        }
    ) => {
        $(#[$about])*
        $vis struct $name($target);

        impl $crate::FromQuery for $name {
            fn from_params<P: $crate::Parameters>(params: &mut P) -> Option<Self> {
                $(
                    let wire = $crate::request_body!(@name $field $($wire)?);
                    let $field = params.$kind::<$type>(wire);
                    params.describe(wire, concat!("" $(, $doc)*));
                    $(params.example(wire, $example);)?
                )+
                Some(Self($target { $($field: $field?),+ }))
            }
        }
    };
}
