//! Requirements on a change of an address besides the permission: the password, for one's own address.

use stockroom_api::{ApiError, App, Attempts, RequestStore, Scope, password};
use stockroom_domain::{id::UserId, text::EmailLookup};
use stockroom_store::AddressTerms;

use crate::{body::Change, change_password::wrong};

/// For the descriptions of the operations.
pub(crate) const OWN_ADDRESS: &str = "To change your own address, send `current_password`. The API mails a link to \
                                      the new address; the change takes effect when you confirm it (`POST \
                                      /auth/email/confirm`). Until then the current address stays valid. To cancel \
                                      the change, send the current address.";

/// The requirements on the change of a user's address. For another own address, it verifies the password.
pub(crate) async fn terms(
    (app, store, scope, attempts): (&App, &RequestStore, &Scope, &Attempts),
    (user, expected): (UserId, Option<u64>),
    change: &mut Change,
) -> Result<AddressTerms, ApiError> {
    let Change { change, current_password } = change;
    let claim = scope.claim();
    let invitations = if user == claim.user {
        attempts.own_address(claim.organization)
    } else {
        attempts.inviting(claim.organization)
    };
    let terms = AddressTerms { invitations, ..AddressTerms::default() };
    let Some(given) = current_password.take().filter(|_| user == claim.user) else { return Ok(terms) };
    let Some(email) = &change.email else { return Ok(terms) };
    let (counted, attempt) = attempts.at_account(&claim.organization.to_string(), &claim.user.to_string()).await?;
    let own = store.passwords().own(counted, scope, expected).await?;
    let caller = scope.caller().ok_or(ApiError::Unauthenticated)?;
    if EmailLookup::from(email).forms().any(|form| form == caller.user.email.folded()) {
        return Ok(terms);
    }
    let clearance = attempt.clear().await?;
    if !password::verify(app, &clearance, given, own.hash().cloned()).await?.matches {
        return Err(wrong());
    }
    let link_mails = attempts.own_link_mails(claim.user);
    Ok(AddressTerms { password: Some(own.verified()), link_mails, ..terms })
}
