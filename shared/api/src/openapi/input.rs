//! The argument types of handlers, each with its part of an operation's description.

use axum::extract::State;
use http::HeaderMap;
use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::{
    auth::{
        browser::{Page, RefreshCookie},
        tenant::NamedTenant,
    },
    body::FromBody,
    http::{
        app::App,
        context::{RequestContext, RequestStore},
        extract::{Body, FormOrJson, FromQuery, OptionalBody, PathId, Precondition, Query, Scope},
        gate::IdempotencyHeader,
        limits::Attempts,
        listing::{Listing, Paged},
    },
    openapi::operation::{Operation, name_of},
};

/// The inputs of an operation, derived from the arguments of its handler.
pub trait OperationInput {
    /// Adds it to the operation.
    fn describe(operation: &mut Operation);
}

macro_rules! operation_input {
    ($($taken:ident),+) => {
        impl<M, $($taken: OperationInput),+> OperationInput for (M, $($taken,)+) {
            fn describe(operation: &mut Operation) {
                $($taken::describe(operation);)+
            }
        }
    };
}

operation_input!(A);
operation_input!(A, B);
operation_input!(A, B, C);
operation_input!(A, B, C, D);
operation_input!(A, B, C, D, E);
operation_input!(A, B, C, D, E, F);
operation_input!(A, B, C, D, E, F, G);
operation_input!(A, B, C, D, E, F, G, H);

macro_rules! no_input {
    ($($taken:ty),+ $(,)?) => {$(
        impl OperationInput for $taken {
            fn describe(_operation: &mut Operation) {}
        }
    )+};
}

// These add nothing by themselves, or nothing that a client sees.
no_input!(State<App>, RequestStore, RequestContext, Scope, IdempotencyHeader, HeaderMap);

impl OperationInput for ((),) {
    fn describe(_operation: &mut Operation) {}
}

impl OperationInput for Attempts {
    fn describe(operation: &mut Operation) {
        operation.refuses(429, &["rate_limited"]);
    }
}

impl OperationInput for RefreshCookie {
    fn describe(operation: &mut Operation) {
        operation.takes_cookie();
    }
}

impl OperationInput for Page {
    fn describe(operation: &mut Operation) {
        operation.refuses(403, &["forbidden"]);
    }
}

impl OperationInput for NamedTenant {
    fn describe(operation: &mut Operation) {
        let about = "The tenant: the subdomain of your organization. Needed to sign in and to request a password link, \
                     unless the host or, at sign-in, the form's `client_id` names it. Two different names are 400 \
                     `tenant_conflict`.";
        let schema = json!({"description": about, "type": "string", "examples": ["northwind"]});
        operation.parameter("header", "x-tenant-id", false, schema);
        operation.refuses(400, &["tenant_conflict"]);
    }
}

impl OperationInput for Precondition {
    fn describe(operation: &mut Operation) {
        let about = "Prevents lost updates: the ETag, or the quoted version such as `\"3\"`, that the change is based \
                     on. Only the version is compared. If the resource has another version, the request fails with \
                     412 and changes nothing. Without this header, or with `*`, the last write wins.";
        let schema =
            json!({"description": about, "type": "string", "pattern": "^[^,]*$", "examples": ["\"3-RBNvo1WzZ4o\""]});
        operation.parameter("header", "If-Match", false, schema);
        operation.refuses(412, &["version_mismatch"]);
    }
}

impl<I> OperationInput for PathId<I>
where
    I: JsonSchema,
{
    fn describe(operation: &mut Operation) {
        // Text that is not an id is answered like an unknown id, so any text is allowed here.
        let mut schema = operation.schema::<I>();
        if let Some(schema) = schema.as_object_mut() {
            schema.retain(|name, _| matches!(name.as_str(), "description" | "type" | "format" | "examples"));
        }
        operation.parameter("path", "id", true, schema);
        operation.refuses(404, &["not_found"]);
    }
}

impl<F: FromQuery> OperationInput for Query<F> {
    fn describe(operation: &mut Operation) {
        F::from_params(operation);
    }
}

impl<F: FromQuery> OperationInput for Listing<F> {
    fn describe(operation: &mut Operation) {
        Paged::<F>::from_params(operation);
        operation.refuses(400, &["invalid_cursor"]);
    }
}

impl<T: FromBody> OperationInput for Body<T> {
    fn describe(operation: &mut Operation) {
        operation.body::<T>(true);
    }
}

impl<T: FromBody> OperationInput for OptionalBody<T> {
    fn describe(operation: &mut Operation) {
        operation.body::<T>(false);
    }
}

impl<T: FromBody> OperationInput for FormOrJson<T> {
    fn describe(operation: &mut Operation) {
        operation.body::<T>(true);
        let name = format!("{}Form", name_of::<T>());
        let form = operation.component(&name, T::from_form);
        // Unknown parameters are ignored.
        let schema = operation.generator.definitions_mut().get_mut(&name).and_then(Value::as_object_mut);
        schema.map(|schema| schema.remove("additionalProperties"));
        operation.content("application/x-www-form-urlencoded", form);
    }
}
