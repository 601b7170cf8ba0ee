//! `POST /auth/forms/reset`: sets a password by the form of the page `/reset`.
//!
//! Tests: `tests/api/pages/forms.rs`. Publishes `organization.confirmed`.

use stockroom_api::{Answer, ApiError, Form, request_body};
use stockroom_domain::{fault::Fault, user::Password};

use crate::{link::LinkUse, link_token::LinkToken};

request_body! {
    /// The fields of the form.
    pub(crate) struct NewPassword {
        required password: Password,
        /// The same password again, because the browser hides what is typed.
        required repeat: String,
    }
    check |object| {
        if let (Some(password), Some(repeat)) = (&password, &repeat)
            && Password::prepare(repeat) != password.reveal()
        {
            object.report("repeat", Fault::new("does_not_match", "must be the same password"));
        }
    }
}

pub(crate) async fn reset_form(
    link: LinkUse,
    LinkToken(token): LinkToken,
    Form(form): Form<NewPassword>,
) -> Result<Answer, ApiError> {
    let tenant = link.set_password(&token, form.password).await?;
    Ok(Answer::see_other(format!("/sign-in?notice=password_set&tenant={tenant}")))
}
