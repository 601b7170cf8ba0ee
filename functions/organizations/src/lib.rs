//! Organizations, which are the tenants.

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
        .idempotent_post(
            "createOrganization",
            "/api/v1/organizations",
            Access::Public,
            sign_up::sign_up,
            sign_up::describe,
        )
        .query("listOrganizations", "/api/v1/organizations", read, list::list, list::describe)
        .get("getOrganization", "/api/v1/organizations/{id}", read, get::get, get::describe)
        .put("replaceOrganization", "/api/v1/organizations/{id}", manage, replace::replace, replace::describe)
        .patch("updateOrganization", "/api/v1/organizations/{id}", manage, patch::patch, patch::describe)
        .delete_query("deleteOrganization", "/api/v1/organizations/{id}", manage, delete::delete, delete::describe)
}
