//! Products of the catalogue.

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
        .query("listProducts", "/api/v1/products", read, list::list, list::describe)
        .idempotent_post("createProduct", "/api/v1/products", write, create::create, create::describe)
        .query("getProduct", "/api/v1/products/{id}", read, get::get, get::describe)
        .put("replaceProduct", "/api/v1/products/{id}", write, replace::replace, replace::describe)
        .patch("updateProduct", "/api/v1/products/{id}", write, patch::patch, patch::describe)
        .delete("deleteProduct", "/api/v1/products/{id}", delete, delete::delete, delete::describe)
}
