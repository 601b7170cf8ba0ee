//! Users: the people of an organization.

mod change_password;
mod create;
mod get;
mod me;
mod patch_me;
mod view;

use stockroom_api::{Access, Routes};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes() -> Routes {
    let own = Access::Permitted(Permission::UseOwnAccount);
    let manage = Access::Permitted(Permission::ManageUsers);
    Routes::new()
        .get("/api/v1/users/me", own, me::me)
        .patch("/api/v1/users/me", own, patch_me::patch_me)
        .put("/api/v1/users/me/password", own, change_password::change_password)
        .post("/api/v1/users", manage, create::create)
        // Oneself for anyone; the repository asks for more to see others.
        .get("/api/v1/users/{id}", own, get::get)
}
