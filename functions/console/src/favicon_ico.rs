//! `GET /favicon.ico`: serves the same icon at the path that browsers request by default.
//!
//! Tests: `tests/api/pages/content.rs`. Publishes no event.

use axum::response::Response;

pub(crate) async fn favicon_ico() -> Response {
    crate::favicon::favicon().await
}
