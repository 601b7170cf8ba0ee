//! Stock: movements, and levels now, at a past time, or below their minimum.

mod body;
mod get;
mod levels;
mod list;
mod low_stock;
mod record;
mod view;

use stockroom_api::{Access, Routing};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes<R: Routing>() -> R {
    let read = Access::Permitted(Permission::ReadStock);
    let record = Access::Permitted(Permission::RecordStock);
    R::new()
        .query("listMovements", "/api/v1/stock-movements", read, list::list, list::describe)
        .idempotent_post("createMovement", "/api/v1/stock-movements", record, record::record, record::describe)
        .query("listLowStock", "/api/v1/stock-movements/low-stock", read, low_stock::low_stock, low_stock::describe)
        .get("getMovement", "/api/v1/stock-movements/{id}", read, get::get, get::describe)
        .query("listStockLevels", "/api/v1/stock-levels", read, levels::levels, levels::describe)
}
