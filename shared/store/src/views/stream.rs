//! The stream of the table: the events of its records.

use stockroom_domain::id::OrganizationId;

use crate::{
    dynamo::{item::Item, key::Key},
    error::StoreError,
    keys::parse_log_partition,
    upgrades::upgrade,
    views::{audit::LogEntry, events::DomainEvent},
};

/// The events of one log entry.
#[derive(Debug, Clone)]
pub struct LoggedEvents {
    /// The organization of the log.
    pub organization: OrganizationId,
    /// The events in the order of their ids; none when the entry is for the audit log only.
    pub events: Vec<DomainEvent>,
}

/// The events of an item that was put into the table, as a record of the stream shows it. `None` for an item that is no
/// log entry.
///
/// # Errors
/// [`StoreError::Internal`] for an entry that cannot be read.
pub fn events_from(new_image: serde_dynamo::Item) -> Result<Option<LoggedEvents>, StoreError> {
    let item: Item = new_image.into();
    let key = Key::of(&item).ok_or_else(|| StoreError::internal("a record of the stream has no key"))?;
    let Some(organization) = parse_log_partition(&key.pk) else { return Ok(None) };
    let entry = LogEntry::of(&upgrade(item)?)?;
    Ok(Some(LoggedEvents { organization, events: DomainEvent::of(&entry) }))
}
