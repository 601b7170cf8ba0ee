//! `POST /auth/email/confirm`: confirms an address by the link that was mailed to it.
//!
//! Tests: `tests/api/people/addresses.rs`, `tests/api/people/confirmation.rs`. Publishes `user.updated`,
//! `user.email_changed` and `organization.confirmed`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, request_body};

use crate::link::LinkUse;

request_body! {
    /// The mailed link that confirms an address.
    pub(crate) struct Confirm {
        /// The `token` in the address of the mailed link.
        #[example = "AQGTAABwvHAAgAAAAAAAAAGTAABwvHAA"]
        required token: String,
    }
}

pub(crate) async fn confirm(link: LinkUse, Body(body): Body<Confirm>) -> Result<Answer, ApiError> {
    link.confirm_address(&body.token).await?;
    Ok(Answer::nothing())
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Confirm an e-mail address")
        .note(
            "Confirms a user's new address, or the address with which an organization was signed up. The link is \
             valid for 24 hours for a new address and for 7 days for a sign-up. After that, the user signs in with \
             the new address, or the organization sends mail to all its users. A repeated request returns the same \
             response. The link names its organization, so the request needs no tenant.",
        )
        .example(json!({"token": "AQGTAABwvHAAgAAAAAAAAAGTAABwvHAA"}))
        .no_content()
        .refuses(400, &["invalid_token"])
        .conflicts(&["duplicate_email"]);
}
