//! `GET /docs`: serves Swagger UI, to read and try the API.
//!
//! Tests: `tests/api/contract/pages.rs`. Publishes no event.

use stockroom_api::Operation;

use crate::page::{Enabled, File};

pub(crate) async fn docs(_: Enabled) -> File {
    File::new("text/html; charset=utf-8", include_str!("../assets/docs.html"))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Read and try the API documentation").note("Serves Swagger UI.").serves("text/html");
}
