//! `GET /docs`: serves Swagger UI, to read and try the API.
//!
//! Tests: `tests/api/contract/pages.rs`. Publishes no event.

use stockroom_api::{Operation, Query, request_query};
use stockroom_domain::organization::Subdomain;

use crate::page::{Enabled, File};

/// The parameters of the page.
#[derive(Debug)]
pub(crate) struct Prefilled {
    #[expect(dead_code, reason = "only checked here: the script of the page reads it from the address")]
    tenant: Option<Subdomain>,
}

request_query! {
    /// Parameters of the page.
    pub(crate) struct DocsQuery(Prefilled) {
        /// The tenant that *Authorize* shows: the subdomain of your organization.
        optional tenant: Subdomain,
    }
}

pub(crate) async fn docs(_: Enabled, _: Query<DocsQuery>) -> File {
    File::new("text/html; charset=utf-8", include_str!("../assets/docs.html"))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Read and try the API documentation").note("Serves Swagger UI.").serves("text/html");
}
