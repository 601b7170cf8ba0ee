//! `POST /organizations`: signs up an organization with its first admin.
//!
//! Tests: `tests/api/people/confirmation.rs`, `tests/api/limits/attempts.rs`. Publishes `organization.created`,
//! `user.created` and `user.welcomed`.

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use stockroom_api::{
    Answer, ApiError, App, Attempts, Body, FromBody, IdempotencyHeader, Members, Operation, RequestContext,
    RequestStore, password, wire::UserView,
};
use stockroom_domain::{
    organization::{Currency, Subdomain},
    text::{Email, FullName, OrganizationName},
    user::Password,
};
use stockroom_store::{NewOrganization, Outcome, SignedUp};

use crate::view::OrganizationView;

pub(crate) struct SignUp {
    name: OrganizationName,
    subdomain: Subdomain,
    currency: Currency,
    admin: FirstAdmin,
}

struct FirstAdmin {
    email: Email,
    full_name: FullName,
    password: Password,
}

impl FromBody for SignUp {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        object.about("An organization to sign up, with its first admin.");
        let name: Option<OrganizationName> = object.required("name");
        let subdomain: Option<Subdomain> = object.required("subdomain");
        let currency = object.or("currency", Currency::default());
        object.describe("currency", "Currency of all prices (ISO 4217). It can change while there are no prices.");
        let admin = object.nested("admin", |admin| {
            admin.about("The first user of an organization.");
            let email = admin.required("email");
            admin.describe("email", "The address of the first admin, who confirms it by a mailed link.");
            admin.example("email", "admin@northwind.example");
            let full_name = admin.required("full_name");
            admin.example("full_name", "Northwind Admin");
            let password: Option<Password> = admin.required("password");
            if let (Some(password), Some(email)) = (&password, &email) {
                let names = [name.as_ref().map(OrganizationName::as_str), subdomain.as_ref().map(Subdomain::as_str)];
                let names: Vec<_> = names.into_iter().flatten().collect();
                if let Err(fault) = password.check_guessable(email, &names) {
                    admin.report("password", fault);
                }
            }
            Some(FirstAdmin { email: email?, full_name: full_name?, password: password? })
        });
        object.describe("admin", "The first user, with the role `ADMIN`.");
        Some(Self { name: name?, subdomain: subdomain?, currency: currency?, admin: admin? })
    }
}

/// A new organization with its first admin.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SignedUp")]
struct SignedUpView<'a> {
    /// The new organization.
    organization: OrganizationView<'a>,
    /// Its first user, with the role `ADMIN`.
    admin: UserView<'a>,
}

pub(crate) async fn sign_up(
    State(app): State<App>,
    store: RequestStore,
    context: RequestContext,
    attempts: Attempts,
    IdempotencyHeader(key): IdempotencyHeader,
    Body(body): Body<SignUp>,
) -> Result<Answer, ApiError> {
    let created = |made: &SignedUp| {
        let view = SignedUpView {
            organization: OrganizationView::from(&made.organization),
            admin: UserView::new(made.organization.id, &made.admin, None),
        };
        Answer::created(format!("/api/v1/organizations/{}", made.organization.id), &view)
    };
    let origin = context.origin();
    let (admitted, clearance) = match attempts.at_signing_up(&body.subdomain, &origin, key.as_ref()).await? {
        Outcome::Done(admitted) => admitted,
        Outcome::Replayed(response) => return Answer::of(Outcome::Replayed(response), created),
    };
    let new = NewOrganization {
        name: body.name,
        subdomain: body.subdomain,
        currency: body.currency,
        admin_email: body.admin.email,
        admin_name: body.admin.full_name,
        admin_hash: password::hash(&app, &clearance, body.admin.password).await?.hash,
        is_confirmed: false,
    };
    let organizations = store.organizations();
    let outcome = organizations.sign_up(&new, admitted, &origin, key.as_ref(), |made| created(made).stored()).await?;
    Answer::of(outcome, created)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Sign up an organization")
        .note(
            "Creates the organization and its first admin. The admin signs in with `subdomain` as the tenant and \
             receives a mail with a link that confirms the address. The link is valid for 7 days. Until the address \
             is confirmed, the organization sends no mail to other users; their invitations are sent afterwards.",
        )
        .example(json!({
            "name": "Northwind Traders", "subdomain": "northwind",
            "admin": {
                "email": "admin@northwind.example", "full_name": "Northwind Admin",
                "password": "ten staplers, and no cake",
            },
        }))
        .creates::<SignedUpView<'_>>()
        .conflicts(&["duplicate_subdomain"])
        .refuses(429, &["rate_limited"]);
}
