//! Organizations: the tenants themselves.

mod get;
mod list;
mod sign_up;
mod view;

use stockroom_api::{Access, Routes};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes() -> Routes {
    let read = Access::Permitted(Permission::ReadOrganization);
    Routes::new()
        .post("/api/v1/organizations", Access::Public, sign_up::sign_up)
        .query("/api/v1/organizations", read, list::list)
        .get("/api/v1/organizations/{id}", read, get::get)
}
