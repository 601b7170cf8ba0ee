//! `DELETE /organizations/{id}?confirm=<subdomain>`: deletes the caller's organization for all its users.
//!
//! Tests: `tests/api/people/organizations.rs`. Publishes `organization.deleted`.

use std::str::FromStr;

use stockroom_api::{
    Answer, ApiError, FromQuery, Operation, Parameters, PathId, Precondition, Query, RequestStore, Scope, describe,
};
use stockroom_domain::{fault::Fault, id::OrganizationId};

use crate::view::OrganizationView;

/// The subdomain, repeated by the caller to confirm the deletion.
pub(crate) struct Confirmation(String);

describe!(Confirmation: {
    "description": "The subdomain of the organization, to confirm the deletion. Any other text is 422.",
    "type": "string", "examples": ["northwind"],
});

impl FromStr for Confirmation {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        Ok(Self(text.to_owned()))
    }
}

impl FromQuery for Confirmation {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
        params.required("confirm")
    }
}

pub(crate) async fn delete(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<OrganizationId>,
    Precondition(version): Precondition,
    Query(Confirmation(confirmed)): Query<Confirmation>,
) -> Result<Answer, ApiError> {
    let organization = store.organizations().delete(&scope, id, version, &confirmed).await?;
    Ok(Answer::accepted(&OrganizationView::from(&organization)).version(organization.version))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Delete your organization")
        .note("All users lose access immediately. The data is purged after 30 days.")
        .accepts::<OrganizationView<'_>>()
        .versioned();
}
