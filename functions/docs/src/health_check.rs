//! `GET /health-check`: whether the product, and the table behind it, answer.

use serde::Serialize;
use stockroom_api::{Answer, ApiError, RequestStore};

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    checks: Checks,
}

#[derive(Serialize)]
struct Checks {
    dynamodb: &'static str,
}

pub(crate) async fn health_check(store: RequestStore) -> Result<Answer, ApiError> {
    store.ping().await?;
    Ok(Answer::ok(&Health { status: "ok", version: env!("CARGO_PKG_VERSION"), checks: Checks { dynamodb: "ok" } }))
}
