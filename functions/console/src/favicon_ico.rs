//! `GET /favicon.ico`: serves the same icon where browsers look for one without a link.
//!
//! Tests: `tests/api/pages/content.rs`. Publishes no event.

use axum::response::Response;

pub(crate) async fn favicon_ico() -> Response {
    crate::favicon::favicon().await
}
