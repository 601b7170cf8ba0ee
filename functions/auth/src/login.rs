//! `POST /auth/token`: signs in with a password, by JSON or by the forms of OAuth 2 (RFC 6749, 4.3 and 6).
//!
//! Tests: `tests/api/conventions/sign_in.rs`, `tests/api/conventions/oauth.rs`. Publishes no event.

use axum::extract::State;
use http::HeaderMap;
use serde_json::json;
use stockroom_api::{
    Answer, ApiError, App, Attempts, FormOrJson, FromBody, Members, NamedTenant, Operation, Page, RequestContext,
    RequestStore, TokenPair, agreed, basic_client, client_name, password,
};
use stockroom_domain::{fault::Fault, organization::Subdomain, text::EmailLookup};
use stockroom_store::{Refreshed, Renewal, SignIn};

use crate::delivery::{Delivery, deliver};

pub(crate) struct Login {
    grant: Grant,
    delivery: Delivery,
    client: Option<String>,
}

/// The credentials of the caller.
enum Grant {
    Password {
        email: String,
        /// Any text: passwords may have been set under other rules.
        password: String,
    },
    Refresh {
        token: String,
    },
    Unsupported,
}

impl FromBody for Login {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        object.about("The credentials of a user, or a refresh token.");
        let email = object.required("email");
        object.describe("email", "The address of the account, regardless of case.");
        object.example("email", "manager@northwind.example");
        let password = object.required("password");
        object.describe("password", PASSWORD);
        object.example("password", "northwind-demo-2026");
        let delivery = object.or("delivery", Delivery::Body);
        let grant = Grant::Password { email: email?, password: password? };
        Some(Self { grant, delivery: delivery?, client: None })
    }

    /// The form's names are OAuth 2's; `client_id` names the tenant.
    fn from_form<M: Members>(object: &mut M) -> Option<Self> {
        let grant = object.or("grant_type", "password".to_owned())?;
        let [email, password, token] = ["username", "password", "refresh_token"].map(|name| object.optional(name));
        let delivery = object.or("delivery", Delivery::Body);
        let client = object.optional::<String>("client_id")?.and_then(|client| client_name(&client));
        describe_form(object);
        let mut needed = |name: &str, value: Option<Option<String>>| {
            if value == Some(None) {
                object.report(name, Fault::new("required", "is required"));
            }
            value.flatten()
        };
        let grant = match grant.as_str() {
            "password" => {
                let (email, password) = (needed("username", email), needed("password", password));
                Grant::Password { email: email?, password: password? }
            }
            "refresh_token" => Grant::Refresh { token: needed("refresh_token", token)? },
            _ => Grant::Unsupported,
        };
        Some(Self { grant, delivery: delivery?, client })
    }
}

const PASSWORD: &str = "The password of the account. Any text is valid: an old password can break present rules.";

fn describe_form(object: &mut impl Members) {
    object.about("A form of OAuth 2 (RFC 6749) with credentials or a refresh token.");
    object.describe("grant_type", "`password` to sign in, `refresh_token` to refresh the tokens.");
    object.example("grant_type", "password");
    object.describe("username", "The e-mail address of the account. Required with the grant `password`.");
    object.example("username", "manager@northwind.example");
    object.describe("password", "The password of the account. Required with the grant `password`.");
    object.example("password", "northwind-demo-2026");
    object.describe("refresh_token", "The refresh token, which works once. Required with the grant `refresh_token`.");
    object.example("refresh_token", "eyJhbGciOiJIUzI1NiIsInR5cCI6InJ0K2p3dCJ9.eyJzdWIiOiIwMWExOWI0YSJ9.p2Zw");
    object.describe("client_id", "The tenant: the subdomain of your organization.");
    object.example("client_id", "northwind");
}

#[expect(clippy::too_many_arguments, reason = "each argument is the part of the request that it reads")]
pub(crate) async fn login(
    State(app): State<App>,
    store: RequestStore,
    context: RequestContext,
    attempts: Attempts,
    NamedTenant(named): NamedTenant,
    page: Page,
    headers: HeaderMap,
    FormOrJson(login): FormOrJson<Login>,
) -> Result<Answer, ApiError> {
    if login.delivery == Delivery::Cookie {
        page.may_use_cookie()?;
    }
    // The client is named in the form or, as OAuth 2 prefers, by HTTP Basic.
    let tenant = agreed([named, login.client, basic_client(&headers)?])?;
    let session = match login.grant {
        Grant::Password { email, password } => {
            let tenant = tenant.ok_or(ApiError::TenantRequired)?;
            let session = sign_in(&app, &store, &context, &attempts, (&tenant, &email, password)).await?;
            session.ok_or(ApiError::InvalidCredentials)?
        }
        Grant::Refresh { token } => {
            let presented = app.tokens().verify_refresh(&token)?;
            let new = app.issuer()?.new_session();
            match store.identity().refresh(presented, tenant.as_deref(), &new, &context.origin()).await? {
                Renewal::Done(session) => session,
                Renewal::Spent | Renewal::Over => return Err(ApiError::InvalidRefreshToken),
            }
        }
        Grant::Unsupported => return Err(ApiError::UnsupportedGrantType),
    };
    Ok(deliver(app.issuer()?.issue(&session)?, login.delivery, app.refresh_cookie()))
}

/// Opens a session for a password. Every refusal takes equal work: the limit, a read, a hash, a write.
async fn sign_in(
    app: &App,
    store: &RequestStore,
    context: &RequestContext,
    attempts: &Attempts,
    (tenant, email, password): (&str, &str, String),
) -> Result<Option<Refreshed>, ApiError> {
    let (counted, attempt) = attempts.at_account(tenant, email).await?;
    let (identity, origin) = (store.identity(), context.origin());
    // Malformed tenants and addresses belong to no account, so refusing them reveals nothing.
    let (tenant, email) = (tenant.parse::<Subdomain>().ok(), EmailLookup::new(email));
    let credential = match &tenant {
        Some(tenant) if email.forms().next().is_some() => identity.credential(counted, tenant.as_str(), &email).await?,
        Some(_) | None => None,
    };
    let clearance = attempt.clear().await?;
    let hash = credential.as_ref().and_then(|credential| credential.hash().cloned());
    let verified = password::verify(app, &clearance, password, hash).await?;
    let Some(credential) = &credential else {
        if let Some(tenant) = tenant {
            identity.record_nothing(tenant.as_str()).await?;
        }
        return Ok(None);
    };
    if !verified.matches {
        identity.record_failure(credential, &origin).await?;
        return Ok(None);
    }
    let SignIn::Done(session) = identity.sign_in(credential, &app.issuer()?.new_session(), &origin).await? else {
        return Ok(None);
    };
    if let Some(renewed) = verified.renewed {
        identity.renew_hash(credential, &renewed).await;
    }
    Ok(Some(session))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Sign in")
        .note(
            "Accepts JSON or a form of OAuth 2 (RFC 6749) with the grant `password` (default) or `refresh_token`. A \
             form can contain unknown parameters, which are ignored. A repeated known parameter is 400 \
             `invalid_request`. Problem documents also contain the `error` of RFC 6749.",
        )
        .note(
            "`client_id` can name the tenant, in the form or as HTTP Basic authentication. There is no client secret.",
        )
        .example(json!({"email": "manager@northwind.example", "password": "northwind-demo-2026"}))
        .form_example(json!({
            "grant_type": "password", "username": "manager@northwind.example", "password": "northwind-demo-2026",
            "client_id": "northwind",
        }))
        .shows::<TokenPair>()
        .sets_cookie()
        .refuses(400, &["tenant_required", "invalid_request", "unsupported_grant_type"])
        .refuses(401, &["invalid_credentials", "invalid_refresh_token"])
        .refuses(403, &["tenant_mismatch"]);
}
