//! `GET /docs`: serves Swagger UI, to read and try the API.
//!
//! Tests: `tests/api/contract/pages.rs`. Publishes no event.

use stockroom_api::{FromQuery, Operation, Parameters, Query};
use stockroom_domain::organization::Subdomain;

use crate::page::{Enabled, File};

/// The parameters of the page. They are only checked here: the script of the page reads them from the address.
pub(crate) struct DocsQuery;

impl FromQuery for DocsQuery {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
        let tenant = params.optional::<Subdomain>("tenant");
        params.describe("tenant", "The tenant that *Authorize* shows: the subdomain of your organization.");
        tenant.map(|_| Self)
    }
}

pub(crate) async fn docs(_: Enabled, _: Query<DocsQuery>) -> File {
    File::new("text/html; charset=utf-8", include_str!("../assets/docs.html"))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Read and try the API documentation").note("Serves Swagger UI.").serves("text/html");
}
