//! JSON view of an organization.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_domain::{
    id::OrganizationId,
    organization::{Currency, Organization, OrganizationStatus, Subdomain},
    text::OrganizationName,
    time::Timestamp,
};

/// An organization: a customer with its own users, catalogue and stock.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Organization")]
pub(crate) struct OrganizationView<'a> {
    id: OrganizationId,
    /// The same as `id`, as in every other resource.
    org_id: OrganizationId,
    /// Starts at 1 and rises by 1 with every change. Send it in `If-Match` to prevent lost updates.
    #[schemars(example = 3)]
    version: u64,
    name: &'a OrganizationName,
    subdomain: &'a Subdomain,
    /// Currency of all prices (ISO 4217). It changes only while no purchase request has a price.
    currency: Currency,
    /// Whether the organization can be used. The data of a `DELETED` one is purged after 30 days.
    #[schemars(with = "OrganizationStatus")]
    status: &'static str,
    /// Time of the sign-up.
    #[schemars(example = &"2026-11-02T08:00:00.000Z")]
    created_at: Timestamp,
    /// Time of the last change of the organization.
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
