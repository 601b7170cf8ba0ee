//! `GET /purchase-requests`: requests, page by page; for staff their own.
//!
//! Tests: `tests/api/purchasing/workflow.rs`, `tests/api/conventions/lists.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, FromQuery, ListQuery, Listing, Operation, Parameters, RequestStore, Scope};
use stockroom_store::PurchaseRequestFilter;

use crate::view::PurchaseRequestView;

pub(crate) struct PurchaseRequestList(PurchaseRequestFilter);

impl FromQuery for PurchaseRequestList {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
        let status = params.optional("status");
        let created_by = params.optional("created_by");
        Some(Self(PurchaseRequestFilter { status: status?, created_by: created_by? }))
    }
}

impl ListQuery for PurchaseRequestList {}

pub(crate) async fn list(
    store: RequestStore,
    scope: Scope,
    listing: Listing<PurchaseRequestList>,
) -> Result<Answer, ApiError> {
    let PurchaseRequestList(filter) = &listing.filter;
    let page = store.purchase_requests(&scope).list(filter, &listing.page).await?;
    let organization = scope.claim().organization;
    listing.answer(&page, |request| PurchaseRequestView::new(organization, request))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List purchase requests")
        .note("Staff see and change their own alone.")
        .about("created_by", "Whose they are.")
        .pages::<PurchaseRequestView<'_>>()
        .link("getPurchaseRequest", "id", "$response.body#/items/0/id")
        .link("submitPurchaseRequest", "id", "$response.body#/items/0/id")
        .link("approvePurchaseRequest", "id", "$response.body#/items/0/id");
}
