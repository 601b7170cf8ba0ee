//! Request bodies for warehouses.

use stockroom_api::{body::NotNegative, request_body};
use stockroom_domain::{
    catalogue::WarehouseDetails,
    text::{Location, WarehouseName},
};

request_body! {
    /// A warehouse to add, or to replace.
    pub(crate) struct WarehouseBody(WarehouseDetails), patch WarehousePatch {
        required name: WarehouseName,
        required location: Location,
        /// The capacity, in any unit that you choose.
        optional capacity: NotNegative,
    }
}
