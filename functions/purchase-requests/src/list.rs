//! `GET /purchase-requests`: all of them, or one's own, page by page.

use stockroom_api::{Answer, ApiError, FromQuery, ListQuery, Listing, Operation, Parameters, RequestStore, Scope};
use stockroom_store::RequestFilter;

use crate::view::RequestView;

pub(crate) struct Requests(RequestFilter);

impl FromQuery for Requests {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
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

pub(crate) fn contract(it: &mut Operation) {
    it.summary("List purchase requests")
        .note("Staff see and change their own alone.")
        .about("created_by", "Whose they are.")
        .pages::<RequestView<'_>>()
        .leads("purchase_requests_get", "id", "$response.body#/items/0/id")
        .leads("purchase_requests_submit", "id", "$response.body#/items/0/id")
        .leads("purchase_requests_approve", "id", "$response.body#/items/0/id");
}
