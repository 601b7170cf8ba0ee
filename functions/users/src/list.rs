//! `GET /users`: users of the organization, page by page.
//!
//! Tests: `tests/api/people/users.rs`. Publishes no event.

use stockroom_api::{
    Answer, ApiError, FromQuery, ListQuery, Listing, Operation, Parameters, RequestStore, Scope, wire::UserView,
};
use stockroom_store::UserFilter;

pub(crate) struct People(UserFilter);

impl FromQuery for People {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
        let role = params.optional("role");
        let status = params.optional("status");
        let search = params.optional("search");
        Some(Self(UserFilter { role: role?, status: status?, search: search? }))
    }
}

impl ListQuery for People {}

pub(crate) async fn list(store: RequestStore, scope: Scope, listing: Listing<People>) -> Result<Answer, ApiError> {
    let People(filter) = &listing.filter;
    let page = store.users(&scope).list(filter, &listing.page).await?;
    let organization = scope.claim().organization;
    listing.answer(&page, |profile| UserView::new(organization, &profile.user, profile.last_login_at))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List users").about("search", "A part of the name or the address.").pages::<UserView<'_>>().link(
        "getUser",
        "id",
        "$response.body#/items/0/id",
    );
}
