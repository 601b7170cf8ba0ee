//! Suppliers of products.

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
        .query("listSuppliers", "/api/v1/suppliers", read, list::list, list::describe)
        .idempotent_post("createSupplier", "/api/v1/suppliers", write, create::create, create::describe)
        .get("getSupplier", "/api/v1/suppliers/{id}", read, get::get, get::describe)
        .put("replaceSupplier", "/api/v1/suppliers/{id}", write, replace::replace, replace::describe)
        .patch("updateSupplier", "/api/v1/suppliers/{id}", write, patch::patch, patch::describe)
        .delete("deleteSupplier", "/api/v1/suppliers/{id}", delete, delete::delete, delete::describe)
}
