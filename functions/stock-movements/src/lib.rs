//! Stock: recording what moves, reading it back, and what is there, was there, or runs low.

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
        .query("/api/v1/stock-movements", read, list::list, list::contract)
        .post("/api/v1/stock-movements", record, record::record, record::contract)
        .query("/api/v1/stock-movements/low-stock", read, low_stock::low_stock, low_stock::contract)
        .get("/api/v1/stock-movements/{id}", read, get::get, get::contract)
        .query("/api/v1/stock-levels", read, levels::levels, levels::contract)
}
