//! The HTTP edge of every function that answers HTTP: who calls, what was sent, and how it is told what came of it.
//!
//! A function lists its operations in [`Routes`], each with the permission it needs. A request passes the edge, which
//! gives it an id, counts its cost and writes its log line, and the gate, which turns its token into a
//! [`TenantScope`](stockroom_store::TenantScope). A handler takes a [`Scope`] and a parsed body, asks the store, and gives
//! an [`Answer`]. Errors become problem documents here and nowhere else.

#[macro_use]
mod schema;

mod answer;
mod app;
mod browser;
mod context;
pub mod contract;
mod cursor;
mod digest;
mod document;
mod edge;
mod extract;
mod gate;
pub mod json;
mod lambda;
mod limits;
mod listing;
pub mod password;
mod problem;
mod reader;
mod route;
mod stage;
mod tag;
mod tenant;
mod token;
pub mod wire;

pub use answer::Answer;
pub use app::App;
pub use browser::{Page, RefreshCookie};
pub use context::{RequestContext, RequestStore};
pub use contract::{Contract, Operation};
pub use document::document;
pub use extract::{Body, FormOrJson, FromQuery, Nothing, OptionalBody, Parameters, PathId, Precondition, Query, Scope};
pub use gate::{IdempotencyHeader, bearer};
pub use json::{FromBody, FromJson, Members, Node, Patch};
pub use lambda::{handle, serve, serve_app};
pub use limits::{Attempt, Attempts, Clearance};
pub use listing::{CatalogueList, ListQuery, Listing};
pub use problem::{ApiError, Place, Violation};
pub use route::{Access, Route, Routes, Routing};
pub use stage::Stage;
pub use tenant::{NamedTenant, agreed, basic_client, client_name};
pub use token::{AccessClaims, Issuer, TokenPair, Tokens};
