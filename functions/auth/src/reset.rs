//! `POST /auth/password/reset`: sets a password by the link of an invitation or of a reset. A link works once.
//!
//! Tests: `tests/api/passwords/reset.rs`, `tests/api/passwords/invitation.rs`. Publishes `organization.confirmed`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, request_body};
use stockroom_domain::user::Password;

use crate::link::LinkUse;

request_body! {
    /// A new password, and the mailed link that permits it.
    pub(crate) struct Reset {
        /// The `token` in the address of the mailed link.
        #[example = "AQGTAABwvHAAgAAAAAAAAAGTAABwvHAA"]
        required token: String,
        required password: Password,
    }
}

pub(crate) async fn reset(link: LinkUse, Body(body): Body<Reset>) -> Result<Answer, ApiError> {
    link.set_password(&body.token, body.password).await?;
    Ok(Answer::nothing())
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Set a new password with a link")
        .note(
            "Sets the password and ends all sessions of the user. A link can be used once, within 30 minutes; the \
             link of an invitation within 7 days. The link names its organization, so the request needs no tenant. A \
             different tenant is rejected.",
        )
        .example(json!({"token": "AQGTAABwvHAAgAAAAAAAAAGTAABwvHAA", "password": "ten staplers, and no cake"}))
        .no_content()
        .refuses(400, &["invalid_token"]);
}
