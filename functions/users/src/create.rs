//! `POST /users`: creates a user, with a password or an invitation.
//!
//! Tests: `tests/api/people/users.rs`, `tests/api/passwords/invitation.rs`. Publishes `user.created` and
//! `user.invited`.

use axum::extract::State;
use serde_json::json;
use stockroom_api::{
    Answer, ApiError, App, Attempts, Body, Operation, RequestStore, Scope, password, request_body, wire::UserView,
};
use stockroom_domain::{
    access::Role,
    text::{Email, FullName},
    user::Password,
};
use stockroom_store::{NewUser, Outcome, UserProfile};

request_body! {
    /// A user to add.
    pub(crate) struct NewUserBody {
        /// The address with which the user signs in, unique in the organization. Case is ignored. Only ASCII before
        /// the `@`; a Unicode domain is stored in its ASCII form.
        #[example = "sam@northwind.example"]
        required email: Email,
        /// Full name, as other users see it.
        #[example = "Sam Smith"]
        required full_name: FullName,
        /// What the user may do.
        required role: Role,
        /// The first password: 12 to 128 characters. Without it, the user gets a mailed invitation and chooses one.
        optional password: Password,
    }
}

pub(crate) async fn create(
    State(app): State<App>,
    store: RequestStore,
    scope: Scope,
    attempts: Attempts,
    Body(body): Body<NewUserBody>,
) -> Result<Answer, ApiError> {
    let users = store.users(&scope);
    let created = |profile: &UserProfile| {
        let user = &profile.user;
        let view = UserView::new(scope.claim().organization, user, profile.last_login_at);
        Answer::created(format!("/api/v1/users/{}", user.id), &view).version(user.version)
    };
    let admitted = match users.admit(attempts.inviting(scope.claim().organization)).await? {
        Outcome::Done(admitted) => admitted,
        Outcome::Replayed(response) => return Answer::of(Outcome::Replayed(response), created),
    };
    let password = match body.password {
        Some(password) => {
            let clearance = attempts.by_caller()?.clear().await?;
            Some(password::hash(&app, &clearance, password).await?)
        }
        None => None,
    };
    let new = NewUser { email: body.email, full_name: body.full_name, role: body.role, password };
    let outcome = users.add(&new, admitted, |profile| created(profile).stored()).await?;
    Answer::of(outcome, created)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Create a user")
        .note(
            "Without a password, the API mails an invitation with a link that is valid for 7 days. Invitations wait \
             until an admin confirms the address with which the organization was signed up. An organization can add \
             at most 20 users per hour and 100 per day (`LIMIT_INVITATIONS`). A repeated request with the same key is \
             not counted.",
        )
        .example(json!({"email": "sam@northwind.example", "full_name": "Sam Smith", "role": "STAFF"}))
        .creates::<UserView<'_>>()
        .versioned()
        .conflicts(&["duplicate_email"])
        .link("getUser", "id", "$response.body#/id")
        .link("updateUser", "id", "$response.body#/id")
        .link("deleteUser", "id", "$response.body#/id");
}
