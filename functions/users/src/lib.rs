//! Users of an organization, and the caller's sessions.

mod address;
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
mod resend_confirmation;
mod sessions;
mod view;

use stockroom_api::{Access, Routing};
use stockroom_domain::access::Permission;

/// The operations of this function.
#[must_use]
pub fn routes<R: Routing>() -> R {
    let own = Access::Permitted(Permission::UseOwnAccount);
    let manage = Access::Permitted(Permission::ManageUsers);
    let change = Access::SelfOr(Permission::ManageUsers);
    R::new()
        .get("getCurrentUser", "/api/v1/users/me", own, me::me, me::describe)
        .patch("updateCurrentUser", "/api/v1/users/me", own, patch_me::patch_me, patch_me::describe)
        .query("listSessions", "/api/v1/users/me/sessions", own, sessions::sessions, sessions::describe)
        .delete("deleteSession", "/api/v1/users/me/sessions/{id}", own, end_session::end_session, end_session::describe)
        .query("listUsers", "/api/v1/users", manage, list::list, list::describe)
        .put(
            "changePassword",
            "/api/v1/users/me/password",
            own,
            change_password::change_password,
            change_password::describe,
        )
        .idempotent_post(
            "resendEmailConfirmation",
            "/api/v1/users/me/email/confirmation",
            own,
            resend_confirmation::resend_confirmation,
            resend_confirmation::describe,
        )
        .idempotent_post("createUser", "/api/v1/users", manage, create::create, create::describe)
        .get("getUser", "/api/v1/users/{id}", Access::SelfOr(Permission::ReadUsers), get::get, get::describe)
        .put("replaceUser", "/api/v1/users/{id}", change, replace::replace, replace::describe)
        .patch("updateUser", "/api/v1/users/{id}", change, patch::patch, patch::describe)
        .delete("deleteUser", "/api/v1/users/{id}", manage, delete::delete, delete::describe)
}
