//! `GET /redoc`: serves `ReDoc`, to read the API.
//!
//! Tests: `tests/api/contract/pages.rs`. Publishes no event.

use stockroom_api::Operation;

use crate::page::{Enabled, File};

pub(crate) async fn redoc(_: Enabled) -> File {
    File::new("text/html; charset=utf-8", include_str!("../assets/redoc.html"))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Read the API documentation").note("Serves ReDoc.").serves("text/html");
}
