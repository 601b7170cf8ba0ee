//! Request bodies for suppliers.

use stockroom_api::request_body;
use stockroom_domain::{
    catalogue::{LeadTimeDays, SupplierDetails},
    text::{Address, Email, Phone, SupplierName},
};

request_body! {
    /// The values of a supplier.
    pub(crate) struct SupplierBody(SupplierDetails), patch SupplierPatch {
        required name: SupplierName,
        /// Address for orders. Stockroom sends no mail to it.
        #[example = "orders@exotic.example"]
        optional contact_email: Email,
        optional contact_phone: Phone,
        optional address: Address,
        /// Usual number of days from order to delivery. For information only.
        optional lead_time_days: LeadTimeDays,
    }
}
