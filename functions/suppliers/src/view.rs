//! JSON view of a supplier.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_api::Answer;
use stockroom_domain::{
    catalogue::{LeadTimeDays, Supplier},
    id::{OrganizationId, SupplierId},
    text::{Address, Email, Phone, SupplierName},
    time::Timestamp,
};

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Supplier")]
pub(crate) struct SupplierView<'a> {
    id: SupplierId,
    org_id: OrganizationId,
    version: u64,
    name: &'a SupplierName,
    contact_email: Option<&'a Email>,
    contact_phone: Option<&'a Phone>,
    address: Option<&'a Address>,
    #[schemars(with = "Option<LeadTimeDays>")]
    lead_time_days: Option<u16>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl<'a> SupplierView<'a> {
    pub(crate) fn new(organization: OrganizationId, supplier: &'a Supplier) -> Self {
        let details = &supplier.details;
        Self {
            id: supplier.id,
            org_id: organization,
            version: supplier.version,
            name: &details.name,
            contact_email: details.contact_email.as_ref(),
            contact_phone: details.contact_phone.as_ref(),
            address: details.address.as_ref(),
            lead_time_days: details.lead_time_days.map(LeadTimeDays::get),
            created_at: supplier.created_at,
            updated_at: supplier.updated_at,
        }
    }
}

/// Returns a response with a supplier and its `ETag`.
pub(crate) fn shown(organization: OrganizationId, supplier: &Supplier) -> Answer {
    Answer::ok(&SupplierView::new(organization, supplier)).version(supplier.version)
}
