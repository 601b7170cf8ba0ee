//! `POST /auth/password/forgot`: ask for a link to set a new password. Who asks learns nothing of whether there is such an
//! account: not from the answer, and not from the work behind it.

use serde_json::json;
use stockroom_api::{
    Answer, ApiError, Attempts, Body, FromBody, Members, NamedTenant, Operation, RequestContext, RequestStore,
};
use stockroom_domain::{
    organization::Subdomain,
    text::{Email, EmailLookup},
};

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
    attempts.at_account(&tenant, body.email.as_str()).await?;
    let credential = match tenant.parse::<Subdomain>() {
        Ok(tenant) => store.identity().credential(tenant.as_str(), &EmailLookup::from(&body.email)).await?,
        // Asks nothing of the table, but counts all the same.
        Err(_) => store.admit().await.map(|()| None)?,
    };
    let Some(credential) = credential else { return Ok(Answer::accepted_silently()) };
    store.passwords().request_reset(&credential, &context.origin()).await?;
    Ok(Answer::accepted_silently())
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Ask for a link to set a new password")
        .note("The answer is the same whether or not there is such an account.")
        .example(json!({"email": "sam@initech.example"}))
        .accepts_silently()
        .refuses(400, &["tenant_required"]);
}
