//! `GET /purchase-requests/{id}`: explains how to decide on a purchase request. Links in mail open this page. It reads
//! no data, so it is the same for every id.
//!
//! Tests: `tests/api/pages/content.rs`. Publishes no event.

use askama::Template;
use http::StatusCode;
use stockroom_api::{ApiError, PathId};
use stockroom_domain::id::{Id as _, PurchaseRequestId};
use stockroom_domain::time::Timestamp;

use crate::page::{Page, PageRequest, STYLE};

#[derive(Template)]
#[template(path = "purchase_request.html")]
struct PurchaseRequestPage<'a> {
    base: &'a str,
    style: &'a str,
    /// `None` if the path has no valid id.
    id: Option<String>,
    tenant: Option<&'a str>,
    has_docs: bool,
}

pub(crate) async fn purchase_request(
    PathId(id): PathId<PurchaseRequestId>,
    request: PageRequest,
) -> Result<Page, ApiError> {
    let is_id = id != PurchaseRequestId::from_parts(Timestamp::EPOCH, [0; 10]);
    let page = Page::of(&PurchaseRequestPage {
        base: &request.base,
        style: STYLE,
        id: is_id.then(|| id.to_string()),
        tenant: request.tenant(),
        has_docs: request.has_docs(),
    })?;
    Ok(if is_id { page } else { page.with_status(StatusCode::NOT_FOUND) })
}
