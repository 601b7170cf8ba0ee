//! `GET /users`: lists the users of the organization.
//!
//! Tests: `tests/api/people/users.rs`. Publishes no event.

use stockroom_api::{
    Answer, ApiError, ListQuery, Listing, Operation, RequestStore, Scope, request_query, wire::UserView,
};
use stockroom_domain::{access::Role, text::SearchTerm, user::UserStatus};
use stockroom_store::UserFilter;

request_query! {
    /// Filters of users.
    pub(crate) struct People(UserFilter) {
        /// Only users with this role.
        optional role: Role,
        /// Only users in this status.
        optional status: UserStatus,
        /// Only users with this text in name or e-mail address. Case, accents and width are ignored.
        #[example = "smith"]
        optional search: SearchTerm,
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
    op.summary("List users").pages::<UserView<'_>>().link("getUser", "id", "$response.body#/items/0/id");
}
