//! `GET /health-check`: checks that the function and its table respond.
//!
//! Tests: `tests/api/conventions/answers.rs`. Publishes no event.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_api::{Answer, ApiError, Operation, RequestStore};

/// The health of the service.
#[derive(Serialize, JsonSchema)]
struct Health {
    /// Always `ok`. If a check fails, the response is 503.
    #[schemars(example = &"ok")]
    status: &'static str,
    /// Version of Stockroom.
    #[schemars(example = &"0.1.0")]
    version: &'static str,
    /// The result of each check.
    checks: Checks,
}

/// The results of the checks.
#[derive(Serialize, JsonSchema)]
struct Checks {
    /// Always `ok`: the table answered.
    #[schemars(example = &"ok")]
    dynamodb: &'static str,
}

pub(crate) async fn health_check(store: RequestStore) -> Result<Answer, ApiError> {
    store.ping().await?;
    Ok(Answer::ok(&Health { status: "ok", version: env!("CARGO_PKG_VERSION"), checks: Checks { dynamodb: "ok" } }))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Check the health of the service").shows::<Health>().refuses(503, &["unavailable"]);
}
