//! Organizations: the tenants themselves.

mod body;
mod delete;
mod get;
mod list;
mod patch;
mod replace;
mod sign_up;
mod view;

use stockroom_api::{Access, Routing};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes<R: Routing>() -> R {
    let read = Access::Permitted(Permission::ReadOrganization);
    let manage = Access::Permitted(Permission::ManageOrganization);
    R::new()
        .post("/api/v1/organizations", Access::Public, sign_up::sign_up, sign_up::contract)
        .query("/api/v1/organizations", read, list::list, list::contract)
        .get("/api/v1/organizations/{id}", read, get::get, get::contract)
        .put("/api/v1/organizations/{id}", manage, replace::replace, replace::contract)
        .patch("/api/v1/organizations/{id}", manage, patch::patch, patch::contract)
        .delete_query("/api/v1/organizations/{id}", manage, delete::delete, delete::contract)
}
