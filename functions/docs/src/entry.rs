//! `GET /api/v1`: returns the first links of the API.
//!
//! Tests: `tests/api/pages/content.rs`. Publishes no event.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use stockroom_api::{Answer, ApiError, App, Operation, RequestContext};

/// The first links of the API.
#[derive(Serialize, JsonSchema)]
struct EntryPoint {
    /// The name of the product.
    #[schemars(example = &"Stockroom")]
    name: &'static str,
    /// The version of the deployed code.
    #[schemars(example = &"0.1.0")]
    version: &'static str,
    /// Paths on this host.
    links: EntryPointLinks,
}

/// Links by their purpose.
#[derive(Serialize, JsonSchema)]
struct EntryPointLinks {
    /// Swagger UI, to read and try the API. Null if the documentation is disabled.
    #[schemars(example = &"/docs")]
    docs: Option<String>,
    /// The reference as one page. Null if the documentation is disabled.
    #[schemars(example = &"/redoc")]
    redoc: Option<String>,
    /// The OpenAPI document. Null if the documentation is disabled.
    #[schemars(example = &"/openapi.json")]
    openapi: Option<String>,
    /// The health check of the service and its table.
    #[schemars(example = &"/api/v1/health-check")]
    health: String,
    /// A `POST` to this path signs up an organization.
    #[schemars(example = &"/api/v1/organizations")]
    sign_up: String,
    /// A `POST` to this path signs in a user.
    #[schemars(example = &"/api/v1/auth/token")]
    sign_in: String,
}

pub(crate) async fn entry(State(app): State<App>, context: RequestContext) -> Result<Answer, ApiError> {
    let path = |path: &str| format!("{}{path}", context.stage.path());
    let documentation = |page: &str| app.pages().has_docs.then(|| path(page));
    Ok(Answer::ok(&EntryPoint {
        name: "Stockroom",
        version: env!("CARGO_PKG_VERSION"),
        links: EntryPointLinks {
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
