//! `POST /auth/password/forgot`: requests a link to set a new password. Answer and work are equal for known and unknown
//! accounts.
//!
//! Tests: `tests/api/passwords/reset.rs`, `tests/api/limits/mails.rs`. Publishes `user.password_reset_requested`.

use serde_json::json;
use stockroom_api::{
    Answer, ApiError, Attempts, Body, FromJson, NamedTenant, Node, Operation, RequestContext, RequestStore, describe,
    request_body,
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

pub(crate) async fn forgot(
    store: RequestStore,
    context: RequestContext,
    attempts: Attempts,
    NamedTenant(named): NamedTenant,
    Body(body): Body<Forgot>,
) -> Result<Answer, ApiError> {
    let tenant = named.ok_or(ApiError::TenantRequired)?;
    let AccountEmail(email) = body.email;
    let account = email.forms().next().unwrap_or_default();
    let (counted, _) = attempts.at_account(&tenant, account).await?;
    let limit = attempts.link_mails(&tenant, account);
    store.passwords().request_reset(counted, &tenant, &email, limit.as_ref(), &context.origin()).await?;
    Ok(Answer::accepted_silently())
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Request a link to set a new password")
        .note(
            "The response never reveals whether the account exists or whether a mail was sent. An account receives at \
             most 3 mails with a link per hour (`LIMIT_LINK_MAILS`).",
        )
        .example(json!({"email": "sam@initech.example"}))
        .accepts_silently()
        .refuses(400, &["tenant_required"]);
}
