//! `GET /purchase-requests`: all of them, or one's own, page by page.

use stockroom_api::{Answer, ApiError, FromQuery, ListQuery, Listing, Params, RequestStore, Scope};
use stockroom_store::RequestFilter;

use crate::view::RequestView;

pub(crate) struct Requests(RequestFilter);

impl FromQuery for Requests {
    fn from_params(params: &mut Params<'_>) -> Option<Self> {
        let status = params.optional("status");
        let created_by = params.optional("created_by");
        Some(Self(RequestFilter { status: status?, created_by: created_by? }))
    }
}

impl ListQuery for Requests {}

pub(crate) async fn list(store: RequestStore, scope: Scope, listing: Listing<Requests>) -> Result<Answer, ApiError> {
    let Requests(filter) = &listing.filter;
    let page = store.purchase_requests(&scope).list(filter, &listing.page).await?;
    let organization = scope.claim().organization;
    listing.answer(&page, |request| RequestView::new(organization, request))
}
