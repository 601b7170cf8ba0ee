//! Request bodies for suppliers.

use stockroom_api::request_body;
use stockroom_domain::{
    catalogue::{LeadTimeDays, SupplierDetails},
    text::{Address, Email, Phone, SupplierName},
};

request_body! {
    /// A supplier to add, or to replace.
    pub(crate) struct SupplierBody(SupplierDetails), patch SupplierPatch {
        required name: SupplierName,
        optional contact_email: Email,
        optional contact_phone: Phone,
        optional address: Address,
        /// Days from order to delivery.
        optional lead_time_days: LeadTimeDays,
    }
}
