//! `GET /purchase-requests`: lists purchase requests; staff see only their own.
//!
//! Tests: `tests/api/purchasing/workflow.rs`, `tests/api/conventions/lists.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, ListQuery, Listing, Operation, RequestStore, Scope, request_query};
use stockroom_domain::{id::UserId, purchasing::PurchaseRequestStatus};
use stockroom_store::PurchaseRequestFilter;

use crate::view::PurchaseRequestView;

request_query! {
    /// Filters of purchase requests.
    pub(crate) struct PurchaseRequestList(PurchaseRequestFilter) {
        /// Only requests in this status.
        optional status: PurchaseRequestStatus,
        /// Only requests of the user with this id. Staff see their own requests in any case.
        optional created_by: UserId,
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
        .note("Staff can access only their own purchase requests.")
        .pages::<PurchaseRequestView<'_>>()
        .link("getPurchaseRequest", "id", "$response.body#/items/0/id")
        .link("submitPurchaseRequest", "id", "$response.body#/items/0/id")
        .link("approvePurchaseRequest", "id", "$response.body#/items/0/id");
}
