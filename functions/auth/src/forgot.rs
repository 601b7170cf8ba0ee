//! `POST /auth/password/forgot`: requests a link to set a new password. Answer and work are equal for known and unknown
//! accounts.
//!
//! Tests: `tests/api/passwords/reset.rs`, `tests/api/limits/mails.rs`. Publishes `user.password_reset_requested`.

use axum::{RequestPartsExt as _, extract::FromRequestParts};
use http::request::Parts;
use serde_json::json;
use stockroom_api::{
    Answer, ApiError, App, Attempts, Body, FromJson, NamedTenant, Node, Operation, OperationInput, RequestContext,
    RequestStore, describe, request_body,
};
use stockroom_domain::{
    fault::Fault,
    text::{Email, EmailLookup},
};

request_body! {
    /// The account that gets a link.
    pub(crate) struct Forgot {
        required email: AccountEmail,
    }
}

/// The address of an account, which may be older than the present rules for addresses.
pub(crate) struct AccountEmail(EmailLookup);

describe!(AccountEmail: {
    "description": "The e-mail address of an account, compared without regard to case.",
    "type": "string",
    "format": "idn-email",
    "maxLength": Email::LONGEST,
    "examples": ["manager@northwind.example"],
});

impl FromJson for AccountEmail {
    fn from_json(node: &Node) -> Result<Self, Fault> {
        let text = String::from_json(node)?;
        let lookup = EmailLookup::new(&text);
        match text.parse::<Email>() {
            // Addresses of older accounts may have non-ASCII characters before the `@`.
            Err(fault) if text.is_ascii() || lookup.forms().next().is_none() => Err(fault),
            Ok(_) | Err(_) => Ok(Self(lookup)),
        }
    }
}

/// The inputs of a request for a link, apart from tenant and address.
pub(crate) struct LinkRequest {
    store: RequestStore,
    context: RequestContext,
    attempts: Attempts,
}

impl FromRequestParts<App> for LinkRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Ok(Self {
            store: parts.extract_with_state(app).await?,
            context: parts.extract_with_state(app).await?,
            attempts: parts.extract_with_state(app).await?,
        })
    }
}

impl OperationInput for LinkRequest {
    fn describe(operation: &mut Operation) {
        Attempts::describe(operation);
    }
}

impl LinkRequest {
    /// Mails a link to set a new password, if the account exists and its limit allows another mail.
    ///
    /// # Errors
    /// 429 when the attempts of the account or the address are used up.
    pub(crate) async fn mail_link(&self, tenant: &str, AccountEmail(email): AccountEmail) -> Result<(), ApiError> {
        let account = email.forms().next().unwrap_or_default();
        let (counted, _) = self.attempts.at_account(tenant, account).await?;
        let limit = self.attempts.link_mails(tenant, account);
        let (passwords, origin) = (self.store.passwords(), self.context.origin());
        passwords.request_reset(counted, tenant, &email, limit.as_ref(), &origin).await?;
        Ok(())
    }
}

pub(crate) async fn forgot(
    request: LinkRequest,
    NamedTenant(named): NamedTenant,
    Body(body): Body<Forgot>,
) -> Result<Answer, ApiError> {
    request.mail_link(&named.ok_or(ApiError::TenantRequired)?, body.email).await?;
    Ok(Answer::accepted_silently())
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Request a link to set a new password")
        .note(
            "The response never reveals whether the account exists or whether a mail was sent. An account receives at \
             most 3 mails with a link per hour (`LIMIT_LINK_MAILS`).",
        )
        .example(json!({"email": "manager@northwind.example"}))
        .accepts_silently()
        .refuses(400, &["tenant_required"]);
}
