//! `PUT /organizations/{id}`: replaces the editable members of the caller's organization.
//!
//! Tests: `tests/api/people/organizations.rs`. Publishes `organization.updated`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope};
use stockroom_domain::id::OrganizationId;

use crate::{body::OrganizationBody, view::OrganizationView};

pub(crate) async fn replace(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<OrganizationId>,
    Precondition(version): Precondition,
    Body(body): Body<OrganizationBody>,
) -> Result<Answer, ApiError> {
    let organization = store.organizations().change(&scope, id, version, &body.into()).await?;
    Ok(Answer::ok(&OrganizationView::from(&organization)).version(organization.version))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Replace your organization")
        .example(json!({"name": "Northwind Traders", "currency": "EUR"}))
        .shows::<OrganizationView<'_>>()
        .versioned()
        .conflicts(&["in_use"]);
}
