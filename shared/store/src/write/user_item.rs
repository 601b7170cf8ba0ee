//! Attributes of the user's item that the check of a caller reads besides the user.

use stockroom_domain::{id::SessionId, text::Email, time::Timestamp};

use crate::dynamo::{expression::member, item::Item};

/// Whether the user of that item has the session, expired or not.
pub(crate) fn has_session(user: &Item, session: SessionId) -> bool {
    let sessions = user.get("sessions").and_then(|sessions| sessions.as_m().ok());
    sessions.is_some_and(|sessions| sessions.contains_key(&member(session)))
}

/// Whether the user's item has the session, and it has not expired. Every request checks this, so nothing else of
/// `Sessions` is read.
pub(crate) fn is_alive(user: &Item, session: SessionId, now: Timestamp) -> bool {
    expiry(user, session).is_some_and(|expires_at| expires_at > now)
}

/// The `expires_at` of a `SessionRecord`.
fn expiry(user: &Item, session: SessionId) -> Option<Timestamp> {
    let session = user.get("sessions")?.as_m().ok()?.get(&member(session))?;
    session.as_m().ok()?.get("expires_at")?.as_s().ok()?.parse().ok()
}

/// Time of the last sign-in of the user.
pub(crate) fn last_login(user: &Item) -> Option<Timestamp> {
    user.get("last_login_at")?.as_s().ok()?.parse().ok()
}

/// The address that the user requested and can still confirm: the request is pending and of the account's present
/// epoch. Every request reads it, so the whole change is not read.
pub(crate) fn pending_email(user: &Item) -> Option<Email> {
    let change = user.get("email_change")?.as_m().ok()?;
    let is_pending =
        change.get("state")?.as_s().ok()? == "PENDING" && change.get("auth_epoch") == user.get("auth_epoch");
    is_pending.then(|| change.get("email")?.as_s().ok()?.parse().ok()).flatten()
}
