//! A supplier as it is sent.

use stockroom_api::{FromBody, Members, Patch};
use stockroom_domain::{
    catalogue::{LeadTimeDays, SupplierDetails},
    text::{Address, Email, Phone, SupplierName},
};

/// A whole supplier, to add or to replace.
pub(crate) struct SupplierBody(pub(crate) SupplierDetails);

impl FromBody for SupplierBody {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let name = object.required::<SupplierName>("name");
        let contact_email = object.optional::<Email>("contact_email");
        let contact_phone = object.optional::<Phone>("contact_phone");
        let address = object.optional::<Address>("address");
        let lead_time_days = object.optional::<LeadTimeDays>("lead_time_days");
        Some(Self(SupplierDetails {
            name: name?,
            contact_email: contact_email?,
            contact_phone: contact_phone?,
            address: address?,
            lead_time_days: lead_time_days?,
        }))
    }
}

/// What is to change of a supplier.
pub(crate) struct SupplierPatch {
    name: Option<SupplierName>,
    contact_email: Patch<Email>,
    contact_phone: Patch<Phone>,
    address: Patch<Address>,
    lead_time_days: Patch<LeadTimeDays>,
}

impl FromBody for SupplierPatch {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let name = object.patch_required("name");
        let contact_email = object.patch("contact_email");
        let contact_phone = object.patch("contact_phone");
        let address = object.patch("address");
        let lead_time_days = object.patch("lead_time_days");
        Some(Self {
            name: name?,
            contact_email: contact_email?,
            contact_phone: contact_phone?,
            address: address?,
            lead_time_days: lead_time_days?,
        })
    }
}

impl SupplierPatch {
    /// The supplier after the patch.
    pub(crate) fn apply(&self, present: &SupplierDetails) -> SupplierDetails {
        SupplierDetails {
            name: self.name.as_ref().unwrap_or(&present.name).clone(),
            contact_email: self.contact_email.or_none(&present.contact_email),
            contact_phone: self.contact_phone.or_none(&present.contact_phone),
            address: self.address.or_none(&present.address),
            lead_time_days: self.lead_time_days.or_none(&present.lead_time_days),
        }
    }
}
