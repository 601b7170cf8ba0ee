//! Users: the people of an organization, and where they are signed in.

mod body;
mod change_password;
mod create;
mod delete;
mod end_session;
mod get;
mod list;
mod me;
mod patch;
mod patch_me;
mod replace;
mod sessions;
mod view;

use stockroom_api::{Access, Routes};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes() -> Routes {
    let own = Access::Permitted(Permission::UseOwnAccount);
    let manage = Access::Permitted(Permission::ManageUsers);
    let change = Access::SelfOr(Permission::ManageUsers);
    Routes::new()
        .get("/api/v1/users/me", own, me::me)
        .patch("/api/v1/users/me", own, patch_me::patch_me)
        .query("/api/v1/users/me/sessions", own, sessions::sessions)
        .delete("/api/v1/users/me/sessions/{id}", own, end_session::end_session)
        .query("/api/v1/users", manage, list::list)
        .put("/api/v1/users/me/password", own, change_password::change_password)
        .post("/api/v1/users", manage, create::create)
        .get("/api/v1/users/{id}", Access::SelfOr(Permission::ReadUsers), get::get)
        .put("/api/v1/users/{id}", change, replace::replace)
        .patch("/api/v1/users/{id}", change, patch::patch)
        .delete("/api/v1/users/{id}", manage, delete::delete)
}
