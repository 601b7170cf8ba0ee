//! The table's stream: log entries among its records, and their events.

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
    /// In the order of their ids; empty for an entry that only the audit log shows.
    pub events: Vec<DomainEvent>,
}

/// The events of a stream record's new image. `None` if the record is not a log entry.
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
