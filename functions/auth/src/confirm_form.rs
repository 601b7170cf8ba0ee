//! `POST /auth/forms/confirm`: confirms an address by the form of the page `/confirm`. A mail program that opens the
//! link to look for harmful pages sends no form, so it confirms nothing.
//!
//! Tests: `tests/api/pages/forms.rs`. Publishes `user.updated`, `user.email_changed` and `organization.confirmed`.

use stockroom_api::{Answer, ApiError};

use crate::{link::LinkUse, link_token::LinkToken};

pub(crate) async fn confirm_form(link: LinkUse, LinkToken(token): LinkToken) -> Result<Answer, ApiError> {
    let tenant = link.confirm_address(&token).await?;
    Ok(Answer::see_other(format!("/sign-in?notice=address_confirmed&tenant={tenant}")))
}
