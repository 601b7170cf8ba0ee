//! Products: what the organization keeps in stock.

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
        .query("/api/v1/products", read, list::list, list::contract)
        .post("/api/v1/products", write, create::create, create::contract)
        .query("/api/v1/products/{id}", read, get::get, get::contract)
        .put("/api/v1/products/{id}", write, replace::replace, replace::contract)
        .patch("/api/v1/products/{id}", write, patch::patch, patch::contract)
        .delete("/api/v1/products/{id}", delete, delete::delete, delete::contract)
}
