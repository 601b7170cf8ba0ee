//! `POST /auth/forms/forgot`: requests a link to set a new password by the form of the page `/forgot`.
//!
//! Tests: `tests/api/pages/forms.rs`. Publishes `user.password_reset_requested`.

use stockroom_api::{Answer, ApiError, Form, NamedTenant, agreed, client_name, request_body};

use crate::forgot::{AccountEmail, LinkRequest};

request_body! {
    /// The fields of the form.
    pub(crate) struct ForgottenPassword {
        required email: AccountEmail,
        /// The subdomain of the organization. The host can name it too.
        optional tenant: String,
    }
}

pub(crate) async fn forgot_form(
    request: LinkRequest,
    NamedTenant(named): NamedTenant,
    Form(form): Form<ForgottenPassword>,
) -> Result<Answer, ApiError> {
    let tenant = agreed([named, form.tenant.as_deref().and_then(client_name)])?.ok_or(ApiError::TenantRequired)?;
    request.mail_link(&tenant, form.email).await?;
    Ok(Answer::see_other("/forgot?notice=link_requested".to_owned()))
}
