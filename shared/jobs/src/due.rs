//! The event that requests a job for one organization.

use serde::Deserialize;
use stockroom_domain::{id::OrganizationId, time::Timestamp};
use stockroom_notify::BusEntry;

use crate::Job;

/// The `source` of the events of jobs.
pub const SOURCE: &str = "stockroom.jobs";
/// The version of [`Due`]. It rises when a member is removed or changes its meaning, not when one is added.
pub(crate) const VERSION: u8 = 1;

/// The `detail` of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Due {
    pub(crate) version: u8,
    /// The organization.
    pub organization_id: OrganizationId,
    /// The scheduled time of the job, however late it runs.
    pub time: Timestamp,
}

impl Due {
    /// The event of an organization.
    #[must_use]
    pub fn new(organization_id: OrganizationId, time: Timestamp) -> Self {
        Self { version: VERSION, organization_id, time }
    }

    pub(crate) fn entry(self, job: Job) -> BusEntry {
        let detail = serde_json::json!({
            "version": self.version, "organization_id": self.organization_id, "time": self.time,
        });
        BusEntry {
            source: SOURCE,
            detail_type: job.event_type().to_owned(),
            detail: detail.to_string(),
            time: self.time,
        }
    }
}
