//! `GET /api/v1`: returns the first links of the API.
//!
//! Tests: `tests/api/pages/content.rs`. Publishes no event.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use stockroom_api::{Answer, ApiError, App, Operation, RequestContext};

#[derive(Serialize, JsonSchema)]
struct EntryPoint {
    /// The name of the product.
    name: &'static str,
    /// The version of the deployed code.
    version: &'static str,
    /// Paths on this host.
    links: Links,
}

#[derive(Serialize, JsonSchema)]
struct Links {
    /// Swagger UI, to read and try the API. Null if the documentation is disabled.
    docs: Option<String>,
    /// The reference as one page. Null if the documentation is disabled.
    redoc: Option<String>,
    /// The OpenAPI document. Null if the documentation is disabled.
    openapi: Option<String>,
    /// Whether the service and its table respond.
    health: String,
    /// `POST` here signs an organization up.
    sign_up: String,
    /// `POST` here signs a user in.
    sign_in: String,
}

pub(crate) async fn entry(State(app): State<App>, context: RequestContext) -> Result<Answer, ApiError> {
    let path = |path: &str| format!("{}{path}", context.stage.path());
    let documentation = |page: &str| app.pages().has_docs.then(|| path(page));
    Ok(Answer::ok(&EntryPoint {
        name: "Stockroom",
        version: env!("CARGO_PKG_VERSION"),
        links: Links {
            docs: documentation("/docs"),
            redoc: documentation("/redoc"),
            openapi: documentation("/openapi.json"),
            health: path("/api/v1/health-check"),
            sign_up: path("/api/v1/organizations"),
            sign_in: path("/api/v1/auth/token"),
        },
    }))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Get the first links of the API").shows::<EntryPoint>();
}
