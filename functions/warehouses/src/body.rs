//! Request bodies for warehouses.

use stockroom_api::{body::NotNegative, request_body};
use stockroom_domain::{
    catalogue::WarehouseDetails,
    text::{Location, WarehouseName},
};

request_body! {
    /// The values of a warehouse.
    pub(crate) struct WarehouseBody(WarehouseDetails), patch WarehousePatch {
        required name: WarehouseName,
        required location: Location,
        /// Capacity in a unit of your choice. For information only; it limits nothing.
        #[example = 5000]
        optional capacity: NotNegative,
    }
}
