//! `POST /users/me/email/confirmation`: send the mail that confirms an address again.
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
    op.summary("Have the mail that confirms an address sent again")
        .note(
            "To the address that one wants instead of the present one, whose earlier links are void from then \
             on; else, for an admin, the welcome mail of an organization that nobody has confirmed yet. The \
             answer is the same when no address waits for its confirmation.",
        )
        .accepts_silently();
}
