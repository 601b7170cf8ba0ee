//! `GET /organizations`: lists the caller's organization, as the only item.
//!
//! Tests: `tests/api/conventions/lists.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, FromQuery, ListQuery, Listing, Operation, Parameters, RequestStore, Scope};
use stockroom_store::Page;

use crate::view::OrganizationView;

pub(crate) struct Organizations;

impl FromQuery for Organizations {
    fn from_params<P: Parameters>(_params: &mut P) -> Option<Self> {
        Some(Self)
    }
}

impl ListQuery for Organizations {}

pub(crate) async fn list(
    store: RequestStore,
    scope: Scope,
    listing: Listing<Organizations>,
) -> Result<Answer, ApiError> {
    let own = store.organizations().own(&scope).await?;
    listing.answer(&Page::only(own), OrganizationView::from)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List your organization")
        .pages::<OrganizationView<'_>>()
        .link("getOrganization", "id", "$response.body#/items/0/id")
        .link("updateOrganization", "id", "$response.body#/items/0/id");
}
