//! `POST /auth/password/forgot`: ask for a link to set a new password. The answer and the work behind it are the same
//! for known and unknown accounts.
//!
//! Tests: `tests/api/passwords/reset.rs`, `tests/api/limits/mails.rs`. Publishes `user.password_reset_requested`.

use serde_json::json;
use stockroom_api::{
    Answer, ApiError, Attempts, Body, FromBody, Members, NamedTenant, Operation, RequestContext, RequestStore,
};
use stockroom_domain::text::Email;

pub(crate) struct Forgot {
    email: Email,
}

impl FromBody for Forgot {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        Some(Self { email: object.required("email")? })
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
    let _counted = attempts.at_account(&tenant, body.email.as_str()).await?;
    let limit = attempts.link_mails(&tenant, &body.email);
    store.passwords().request_reset(&tenant, &body.email, limit.as_ref(), &context.origin()).await?;
    Ok(Answer::accepted_silently())
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Ask for a link to set a new password")
        .note(
            "The answer is the same whether or not there is such an account, and whether or not a mail is \
             sent: an account gets at most 3 mails with a link an hour (`LIMIT_LINK_MAILS`).",
        )
        .example(json!({"email": "sam@initech.example"}))
        .accepts_silently()
        .refuses(400, &["tenant_required"]);
}
