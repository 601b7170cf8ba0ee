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

/// A supplier: a company that you buy from.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Supplier")]
pub(crate) struct SupplierView<'a> {
    id: SupplierId,
    /// Id of the organization that owns the resource.
    org_id: OrganizationId,
    /// Starts at 1 and rises by 1 with every change. Send it in `If-Match` to prevent lost updates.
    #[schemars(example = 3)]
    version: u64,
    name: &'a SupplierName,
    /// Address for orders. Null if there is none. Stockroom sends no mail to it.
    #[schemars(example = &"orders@exotic.example")]
    contact_email: Option<&'a Email>,
    /// Telephone number, in any notation. Null if there is none.
    contact_phone: Option<&'a Phone>,
    /// Postal address. Null if there is none.
    address: Option<&'a Address>,
    /// Usual number of days from order to delivery. Null if unknown. For information only.
    #[schemars(with = "Option<LeadTimeDays>")]
    lead_time_days: Option<u16>,
    /// Time when the supplier was created.
    #[schemars(example = &"2026-11-02T08:20:00.000Z")]
    created_at: Timestamp,
    /// Time of the last change of the supplier.
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
