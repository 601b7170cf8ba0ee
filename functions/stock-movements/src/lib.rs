//! Stock: recording what moves, reading it back, and what is there, was there, or runs low.

mod body;
mod get;
mod levels;
mod list;
mod low_stock;
mod record;
mod view;

use stockroom_api::{Access, Routes};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes() -> Routes {
    let read = Access::Permitted(Permission::ReadStock);
    let record = Access::Permitted(Permission::RecordStock);
    Routes::new()
        .query("/api/v1/stock-movements", read, list::list)
        .post("/api/v1/stock-movements", record, record::record)
        .query("/api/v1/stock-movements/low-stock", read, low_stock::low_stock)
        .get("/api/v1/stock-movements/{id}", read, get::get)
        .query("/api/v1/stock-levels", read, levels::levels)
}
