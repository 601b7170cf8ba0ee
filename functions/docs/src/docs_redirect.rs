//! `GET /docs`: redirects from `/api/v1/docs` to Swagger UI.
//!
//! Tests: `tests/api/pages/content.rs`. Publishes no event.

use stockroom_api::Answer;

use crate::page::Enabled;

pub(crate) async fn docs_redirect(_: Enabled) -> Answer {
    Answer::moved("/docs")
}
