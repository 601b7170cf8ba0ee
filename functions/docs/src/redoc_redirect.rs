//! `GET /redoc`: redirects from `/api/v1/redoc` to `ReDoc`.
//!
//! Tests: `tests/api/pages/content.rs`. Publishes no event.

use stockroom_api::Answer;

use crate::page::Enabled;

pub(crate) async fn redoc_redirect(_: Enabled) -> Answer {
    Answer::moved("/redoc")
}
