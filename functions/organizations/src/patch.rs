//! `PATCH /organizations/{id}`: updates the caller's organization.
//!
//! Tests: `tests/api/people/organizations.rs`. Publishes `organization.updated`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::id::OrganizationId;

use crate::{body::OrganizationPatch, view::OrganizationView};

pub(crate) async fn patch(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<OrganizationId>,
    Precondition(version): Precondition,
    Body(OrganizationPatch(change)): Body<OrganizationPatch>,
) -> Result<Answer, ApiError> {
    let organization = store.organizations().change(&scope, id, version, &change).await?;
    Ok(Answer::ok(&OrganizationView::from(&organization)).version(organization.version))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Update your organization")
        .example(json!({"currency": "EUR"}))
        .shows::<OrganizationView<'_>>()
        .versioned()
        .conflicts(&["in_use"]);
}
