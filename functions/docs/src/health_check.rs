//! `GET /health-check`: checks that the function and its table respond.
//!
//! Tests: `tests/api/conventions/answers.rs`. Publishes no event.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_api::{Answer, ApiError, Operation, RequestStore};

#[derive(Serialize, JsonSchema)]
struct Health {
    /// Always `ok`. If a check fails, the response is 503.
    status: &'static str,
    version: &'static str,
    checks: Checks,
}

#[derive(Serialize, JsonSchema)]
struct Checks {
    dynamodb: &'static str,
}

pub(crate) async fn health_check(store: RequestStore) -> Result<Answer, ApiError> {
    store.ping().await?;
    Ok(Answer::ok(&Health { status: "ok", version: env!("CARGO_PKG_VERSION"), checks: Checks { dynamodb: "ok" } }))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Check the health of the service").shows::<Health>().refuses(503, &["unavailable"]);
}
