//! Products: what the organization keeps in stock.

mod body;
mod create;
mod delete;
mod get;
mod list;
mod patch;
mod replace;
mod view;

use stockroom_api::{Access, Routes};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes() -> Routes {
    let read = Access::Permitted(Permission::ReadCatalogue);
    let write = Access::Permitted(Permission::WriteCatalogue);
    let delete = Access::Permitted(Permission::DeleteCatalogue);
    Routes::new()
        .query("/api/v1/products", read, list::list)
        .post("/api/v1/products", write, create::create)
        .query("/api/v1/products/{id}", read, get::get)
        .put("/api/v1/products/{id}", write, replace::replace)
        .patch("/api/v1/products/{id}", write, patch::patch)
        .delete("/api/v1/products/{id}", delete, delete::delete)
}
