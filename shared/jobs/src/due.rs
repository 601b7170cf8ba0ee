//! The event that says that a job is due for an organization.

use serde::Deserialize;
use stockroom_domain::{id::OrganizationId, time::Timestamp};
use stockroom_notify::BusEntry;

use crate::Job;

/// The `source` of what the jobs tell themselves.
pub const SOURCE: &str = "stockroom.jobs";
/// The form of a [`Due`]. It rises when a member is taken away or means something else, not when one is added.
pub(crate) const VERSION: u8 = 1;

/// The event's `detail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Due {
    pub(crate) version: u8,
    /// For whom.
    pub organization_id: OrganizationId,
    /// When the job was to run, whenever it does.
    pub time: Timestamp,
}

impl Due {
    /// One for an organization.
    #[must_use]
    pub fn new(organization_id: OrganizationId, time: Timestamp) -> Self {
        Self { version: VERSION, organization_id, time }
    }

    pub(crate) fn entry(self, job: Job) -> BusEntry {
        let detail = serde_json::json!({
            "version": self.version, "organization_id": self.organization_id, "time": self.time,
        });
        BusEntry { source: SOURCE, detail_type: job.due().to_owned(), detail: detail.to_string(), time: self.time }
    }
}
