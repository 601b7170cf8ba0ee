//! `GET /favicon.svg`: serves the icon of all pages.
//!
//! Tests: `tests/api/pages/content.rs`. Publishes no event.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

pub(crate) async fn favicon() -> Response {
    let headers = [(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "public, max-age=86400")];
    (headers, include_str!("../templates/favicon.svg")).into_response()
}
