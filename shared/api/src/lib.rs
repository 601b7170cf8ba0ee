//! The HTTP edge of every function that answers HTTP: authentication, request parsing, answers.
//!
//! A function lists its operations in [`Routes`], each with the permission it needs. A request passes the edge, which
//! gives it an id, counts its cost and writes its log line. Then it passes the gate, which turns its token into a
//! [`TenantScope`](stockroom_store::TenantScope). A handler takes a [`Scope`] and a parsed body, calls the store, and
//! returns an [`Answer`]. Only this crate turns errors into problem documents.

#[macro_use]
mod schema;

mod auth;
pub mod body;
mod http;
mod openapi;
mod problem;
mod serve;
pub mod wire;

/// A request allocates thousands of small values. The allocator of the C library took a fifth of its instructions.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Passwords: hashing and verifying.
pub mod password {
    pub use crate::{
        auth::password::{Hasher, Verified},
        http::hashing::{hash, verify},
    };
}

pub use self::http::{
    answer::Answer,
    app::{App, Pages},
    context::{RequestContext, RequestStore},
    extract::{
        Body, Form, FormOrJson, FromQuery, Nothing, OptionalBody, Parameters, PathId, Precondition, Query, Scope,
    },
    gate::{IdempotencyHeader, bearer},
    limits::{Attempt, Attempts, Clearance},
    listing::{CatalogueList, ListQuery, Listing},
    route::{Access, Route},
    stage::Stage,
};
pub use auth::{
    browser::{Page, RefreshCookie},
    tenant::{NamedTenant, agreed, basic_client, client_name},
    token::{AccessClaims, Issuer, TokenPair, Tokens},
};
pub use body::{FromBody, FromJson, Members, Node, Patch};
pub use openapi::{
    contract::Contract, document::document, input::OperationInput, operation::Operation, routing::Routing,
};
pub use problem::{ApiError, Place, Violation};
pub use serve::{
    lambda::{handle, serve, serve_app},
    routes::Routes,
};
