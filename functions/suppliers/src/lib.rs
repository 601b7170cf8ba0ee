//! Suppliers: whom products are bought from.

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
        .query("/api/v1/suppliers", read, list::list)
        .post("/api/v1/suppliers", write, create::create)
        .get("/api/v1/suppliers/{id}", read, get::get)
        .put("/api/v1/suppliers/{id}", write, replace::replace)
        .patch("/api/v1/suppliers/{id}", write, patch::patch)
        .delete("/api/v1/suppliers/{id}", delete, delete::delete)
}
