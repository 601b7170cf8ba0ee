//! `DELETE /organizations/{id}?confirm=<subdomain>`: end the caller's own organization, for everybody and at once.

use std::str::FromStr;

use stockroom_api::{Answer, ApiError, FromQuery, Params, PathId, Precondition, Query, RequestStore, Scope};
use stockroom_domain::{fault::Fault, id::OrganizationId};

use crate::view::OrganizationView;

/// The subdomain, typed once more.
pub(crate) struct Confirmation(String);

impl FromStr for Confirmation {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        Ok(Self(text.to_owned()))
    }
}

impl FromQuery for Confirmation {
    fn from_params(params: &mut Params<'_>) -> Option<Self> {
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
