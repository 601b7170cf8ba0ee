//! `GET /organizations/{id}`: gets the caller's organization. Any other id is unknown.
//!
//! Tests: `tests/api/people/organizations.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, Operation, PathId, RequestStore, Scope};
use stockroom_domain::id::OrganizationId;

use crate::view::OrganizationView;

pub(crate) async fn get(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<OrganizationId>,
) -> Result<Answer, ApiError> {
    let organization = store.organizations().get(&scope, id).await?;
    Ok(Answer::ok(&OrganizationView::from(&organization)).version(organization.version))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Get your organization").shows::<OrganizationView<'_>>().versioned();
}
