//! Warehouses: the places that hold stock.

mod body;
mod create;
mod delete;
mod get;
mod list;
mod patch;
mod replace;
mod view;

use stockroom_api::{Access, Routing};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes<R: Routing>() -> R {
    let read = Access::Permitted(Permission::ReadCatalogue);
    let write = Access::Permitted(Permission::WriteCatalogue);
    let delete = Access::Permitted(Permission::DeleteCatalogue);
    R::new()
        .query("listWarehouses", "/api/v1/warehouses", read, list::list, list::describe)
        .idempotent_post("createWarehouse", "/api/v1/warehouses", write, create::create, create::describe)
        .get("getWarehouse", "/api/v1/warehouses/{id}", read, get::get, get::describe)
        .put("replaceWarehouse", "/api/v1/warehouses/{id}", write, replace::replace, replace::describe)
        .patch("updateWarehouse", "/api/v1/warehouses/{id}", write, patch::patch, patch::describe)
        .delete("deleteWarehouse", "/api/v1/warehouses/{id}", delete, delete::delete, delete::describe)
}
