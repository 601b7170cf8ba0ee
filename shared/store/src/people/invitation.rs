//! Invitations, stored in the item of the invited user.

use serde::{Deserialize, Serialize};
use stockroom_domain::{id::EventId, time::Timestamp};

use crate::{
    dynamo::item::{Item, decode},
    error::StoreError,
    people::session_records::Sessions,
    write::log::Entry,
};

/// An invitation, as the item of the user keeps it until the account changes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Invitation {
    /// The event that leads to its mail.
    pub event: EventId,
    /// When it was logged.
    pub at: Timestamp,
    auth_epoch: u64,
}

impl Invitation {
    /// The invitation of an entry.
    pub(crate) fn of(entry: &Entry, auth_epoch: u64) -> Self {
        Self { event: entry.id.into(), at: entry.created_at, auth_epoch }
    }

    /// The invitation of the user, if the account has not changed since.
    pub(crate) fn open(user: &Item) -> Result<Option<Self>, StoreError> {
        let stored: Option<Self> = user.get("invitation").map(decode).transpose()?;
        let epoch = Sessions::of(user)?.auth_epoch;
        Ok(stored.filter(|invitation| invitation.auth_epoch == epoch))
    }
}
