//! Sign-in, refresh, sign-out, password reset and confirmation of addresses.

mod confirm;
mod confirm_form;
mod delivery;
mod forgot;
mod forgot_form;
mod link;
mod link_token;
mod login;
mod logout;
mod refresh;
mod reset;
mod reset_form;

use stockroom_api::{Access, Routing};

/// The operations of this function. Their handlers read the credentials, so the gate requires none.
#[must_use]
pub fn routes<R: Routing>() -> R {
    R::new()
        .token_endpoint("createToken", "/api/v1/auth/token", login::login, login::describe)
        .post("refreshToken", "/api/v1/auth/refresh", Access::Public, refresh::refresh, refresh::describe)
        .post("logout", "/api/v1/auth/logout", Access::Public, logout::logout, logout::describe)
        .post("requestPasswordReset", "/api/v1/auth/password/forgot", Access::Public, forgot::forgot, forgot::describe)
        .post("resetPassword", "/api/v1/auth/password/reset", Access::Public, reset::reset, reset::describe)
        .post("confirmEmail", "/api/v1/auth/email/confirm", Access::Public, confirm::confirm, confirm::describe)
        .form("submitForgot", "/api/v1/auth/forms/forgot", "/forgot", forgot_form::forgot_form)
        .form("submitReset", "/api/v1/auth/forms/reset", "/reset", reset_form::reset_form)
        .form("submitConfirm", "/api/v1/auth/forms/confirm", "/confirm", confirm_form::confirm_form)
}
