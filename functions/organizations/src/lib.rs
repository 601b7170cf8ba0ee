//! Organizations: the tenants themselves.

mod body;
mod delete;
mod get;
mod list;
mod patch;
mod replace;
mod sign_up;
mod view;

use stockroom_api::{Access, Routes};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes() -> Routes {
    let read = Access::Permitted(Permission::ReadOrganization);
    let manage = Access::Permitted(Permission::ManageOrganization);
    Routes::new()
        .post("/api/v1/organizations", Access::Public, sign_up::sign_up)
        .query("/api/v1/organizations", read, list::list)
        .get("/api/v1/organizations/{id}", read, get::get)
        .put("/api/v1/organizations/{id}", manage, replace::replace)
        .patch("/api/v1/organizations/{id}", manage, patch::patch)
        .delete_query("/api/v1/organizations/{id}", manage, delete::delete)
}
