//! `POST /auth/token`: sign in with a password, by JSON or by OAuth 2's password form (RFC 6749, 4.3).

use axum::extract::State;
use http::HeaderMap;
use serde_json::json;
use stockroom_api::{
    Answer, ApiError, App, Attempts, FormOrJson, FromBody, Members, NamedTenant, Operation, RequestContext,
    RequestStore, TokenPair, basic_client, password,
};
use stockroom_domain::{fault::Fault, organization::Subdomain, text::EmailLookup};

use crate::delivery::{Delivery, deliver};

pub(crate) struct Login {
    email: String,
    password: String,
    delivery: Delivery,
    tenant: Option<String>,
}

impl FromBody for Login {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let email = object.required("email");
        let password = object.required("password");
        let delivery = object.or("delivery", Delivery::Body);
        Some(Self { email: email?, password: password?, delivery: delivery?, tenant: None })
    }

    /// The form's names are OAuth 2's; `client_id` names the tenant.
    fn from_form<M: Members>(object: &mut M) -> Option<Self> {
        let grant = object.or("grant_type", "password".to_owned());
        if grant.as_deref().is_some_and(|grant| grant != "password") {
            object.report("grant_type", Fault::new("unknown_value", "must be password"));
        }
        let email = object.required("username");
        let password = object.required("password");
        let delivery = object.or("delivery", Delivery::Body);
        let tenant = object.optional::<String>("client_id");
        for unused in ["scope", "client_secret"] {
            object.optional::<String>(unused)?;
        }
        let tenant = tenant?.map(|tenant| tenant.trim().to_ascii_lowercase()).filter(|tenant| !tenant.is_empty());
        Some(Self { email: email?, password: password?, delivery: delivery?, tenant })
    }
}

pub(crate) async fn login(
    State(app): State<App>,
    store: RequestStore,
    context: RequestContext,
    attempts: Attempts,
    NamedTenant(named): NamedTenant,
    headers: HeaderMap,
    FormOrJson(login): FormOrJson<Login>,
) -> Result<Answer, ApiError> {
    // A form has it in itself or, as OAuth 2 prefers, beside it.
    let client = login.tenant.or_else(|| basic_client(&headers));
    let tenant = match (named, client) {
        (Some(named), Some(client)) if named != client => return Err(ApiError::TenantConflict),
        (Some(tenant), _) | (None, Some(tenant)) => tenant,
        (None, None) => return Err(ApiError::TenantRequired),
    };
    attempts.at_account(&tenant, &login.email).await?;
    let identity = store.identity();
    // What is no tenant or no address belongs to nobody, and takes as long to be told so.
    let email = EmailLookup::new(&login.email);
    let credential = match tenant.parse::<Subdomain>() {
        Ok(tenant) if email.forms().next().is_some() => identity.credential(tenant.as_str(), &email).await?,
        // Asks nothing of the table, but counts all the same.
        _ => store.admit().await.map(|()| None)?,
    };
    let hash = credential.as_ref().and_then(|credential| credential.hash().cloned());
    let verified = password::verify(&app, login.password, hash).await?;
    let Some(credential) = credential else { return Err(ApiError::InvalidCredentials) };
    let opened = if verified.matches {
        identity.open_session(&credential, &app.issuer()?.new_session(), &context.origin()).await?
    } else {
        None
    };
    let Some(session) = opened else {
        identity.record_failure(&credential, &context.origin()).await?;
        return Err(ApiError::InvalidCredentials);
    };
    if let Some(renewed) = verified.renewed {
        identity.renew_hash(&credential, &renewed).await;
    }
    Ok(deliver(app.issuer()?.issue(&session)?, login.delivery))
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Sign in")
        .note("By JSON, or by the password form of OAuth 2, where `client_id`, in the form or by HTTP Basic, can name the tenant.")
        .member("delivery", "`cookie` keeps the refresh token from the body, and from scripts.")
        .member("client_id", "The tenant's subdomain.")
        .member("username", "The e-mail address.")
        .member("grant_type", "`password`.")
        .example(json!({"email": "manager@northwind.example", "password": "northwind-demo-2026"}))
        .form_example(json!({
            "grant_type": "password", "username": "manager@northwind.example", "password": "northwind-demo-2026",
            "client_id": "northwind",
        }))
        .shows::<TokenPair>()
        .sets_cookie()
        .refuses(400, &["tenant_required"])
        .refuses(401, &["invalid_credentials"]);
}
