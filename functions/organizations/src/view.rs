//! JSON view of an organization.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_domain::{
    id::OrganizationId,
    organization::{Currency, Organization, OrganizationStatus, Subdomain},
    text::OrganizationName,
    time::Timestamp,
};

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Organization")]
pub(crate) struct OrganizationView<'a> {
    id: OrganizationId,
    org_id: OrganizationId,
    version: u64,
    name: &'a OrganizationName,
    subdomain: &'a Subdomain,
    currency: Currency,
    #[schemars(with = "OrganizationStatus")]
    status: &'static str,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl<'a> From<&'a Organization> for OrganizationView<'a> {
    fn from(organization: &'a Organization) -> Self {
        Self {
            id: organization.id,
            org_id: organization.id,
            version: organization.version,
            name: &organization.name,
            subdomain: &organization.subdomain,
            currency: organization.currency,
            status: organization.status.name(),
            created_at: organization.created_at,
            updated_at: organization.updated_at,
        }
    }
}
