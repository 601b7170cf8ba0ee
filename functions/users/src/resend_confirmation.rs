//! `POST /users/me/email/confirmation`: sends the mail that confirms an address again.
//!
//! Tests: `tests/api/people/addresses.rs`, `tests/api/people/confirmation.rs`. Publishes `user.email_change_requested`
//! and `user.welcomed`.

use stockroom_api::{Answer, ApiError, Attempts, Nothing, Operation, OptionalBody, RequestStore, Scope};
use stockroom_store::AddressTerms;

pub(crate) async fn resend_confirmation(
    store: RequestStore,
    scope: Scope,
    attempts: Attempts,
    OptionalBody(Nothing): OptionalBody<Nothing>,
) -> Result<Answer, ApiError> {
    store.verify(&scope).await?;
    let caller = scope.caller().ok_or(ApiError::Unauthenticated)?;
    let terms = AddressTerms {
        password: None,
        invitations: attempts.own_address(caller.organization.id),
        link_mails: attempts.own_link_mails(caller.user.id),
    };
    let accepted = Answer::accepted_silently;
    let outcome = store.users(&scope).resend_confirmation(&terms, || accepted().stored()).await?;
    Answer::of(outcome, |()| accepted())
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Resend the confirmation mail")
        .note(
            "If a change of your address is pending, the API mails a new link to the new address; earlier links \
             become invalid. Otherwise, for an admin of an unconfirmed organization, it sends the welcome mail again. \
             The response is the same if no confirmation is pending.",
        )
        .accepts_silently();
}
