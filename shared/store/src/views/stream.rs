//! The table's stream: which of its records are entries of the log, and what these tell.

use stockroom_domain::id::OrganizationId;

use crate::{
    dynamo::{item::Item, key::Key},
    error::StoreError,
    keys::parse_log_partition,
    upgrades::upgrade,
    views::{audit::LogEntry, events::DomainEvent},
};

/// What one entry of the log tells whoever follows the stream.
#[derive(Debug, Clone)]
pub struct Told {
    /// Whose log it is.
    pub organization: OrganizationId,
    /// In the order of their ids; none when the entry is for the audit log alone.
    pub events: Vec<DomainEvent>,
}

/// Reads an item that was put into the table, as a record of its stream shows it. `None` for whatever is no entry of the
/// log.
///
/// # Errors
/// [`StoreError::Internal`] for an entry that cannot be read.
pub fn told_by(new_image: serde_dynamo::Item) -> Result<Option<Told>, StoreError> {
    let item: Item = new_image.into();
    let key = Key::of(&item).ok_or_else(|| StoreError::internal("a record of the stream has no key"))?;
    let Some(organization) = parse_log_partition(&key.pk) else { return Ok(None) };
    let entry = LogEntry::of(&upgrade(item)?)?;
    Ok(Some(Told { organization, events: DomainEvent::of(&entry) }))
}
