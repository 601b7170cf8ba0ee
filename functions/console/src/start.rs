//! `GET /`: describes the product, and links to documentation, sign-in and sample accounts.
//!
//! Tests: `tests/api/pages/content.rs`. Publishes no event.

use askama::Template;
use stockroom_api::{ApiError, Pages};

use crate::page::{Page, PageRequest, STYLE};

#[derive(Template)]
#[template(path = "start.html")]
struct Start<'a> {
    base: &'a str,
    style: &'a str,
    pages: &'a Pages,
    tenant: Option<&'a str>,
    version: &'a str,
}

pub(crate) async fn start(request: PageRequest) -> Result<Page, ApiError> {
    Page::of(&Start {
        base: &request.base,
        style: STYLE,
        pages: request.app.pages(),
        tenant: request.tenant(),
        version: env!("CARGO_PKG_VERSION"),
    })
}
