//! Cleanup: deletes expired data, and all data of organizations that ended more than 30 days ago. Tests:
//! `tests/api/jobs/cleanup.rs`.

use std::time::Duration;

use stockroom_domain::{
    id::OrganizationId,
    organization::{Organization, OrganizationStatus},
    time::Timestamp,
};
use stockroom_jobs::{Job, JobError, Progress, Task};
use stockroom_runtime::{Group, Runtime};
use stockroom_store::{Budget, Origin, Purge, Purged, Store};

/// The settings that this function reads.
pub const SETTINGS: &[Group] = &[Group::Bus];

/// The maximum age of a draft since its creation.
pub const DRAFTS_KEPT: Duration = Duration::from_hours(30 * 24);
/// The time from the end of an organization to its purge.
pub const ENDED_KEPT: Duration = Duration::from_hours(30 * 24);
/// The maximum number of items that one call writes for an organization: it takes seconds.
pub const MAX_WRITES: usize = 5_000;

/// The job.
#[derive(Debug, Clone)]
pub struct Cleanup {
    store: Store,
}

impl Cleanup {
    /// The job on the table of this process.
    #[must_use]
    pub fn new(runtime: &Runtime) -> Self {
        Self { store: runtime.store.clone() }
    }

    /// Deletes expired data of an active organization.
    async fn clean(&self, organization: OrganizationId, at: Timestamp) -> Result<Progress, JobError> {
        let cleaning = self.store.cleaning(organization);
        let mut budget = Budget::of(MAX_WRITES);
        let origin = Origin { request_id: format!("{} {at}", Job::Cleanup.name()), ..Origin::default() };
        let drafts = cleaning.drafts(at.minus(DRAFTS_KEPT), &origin, &mut budget).await?;
        let sessions = cleaning.sessions(at, &mut budget).await?;
        let claims = cleaning.claims(at, &mut budget).await?;
        if drafts > 0 || sessions > 0 || claims > 0 {
            tracing::info!(%organization, drafts, sessions, claims, "expired data deleted");
        }
        Ok(if budget.is_spent() { Progress::MoreToDo } else { Progress::Done })
    }

    /// Deletes all data of an organization that has ended.
    async fn purge(&self, organization: &Organization) -> Result<Progress, JobError> {
        let id = organization.id;
        match self.store.purging().purge(organization, &mut Budget::of(MAX_WRITES)).await? {
            Purge::Done(Purged { items, begun_at, .. }) => {
                tracing::info!(organization = %id, %begun_at, ?items, "organization purged");
                Ok(Progress::Done)
            }
            Purge::MoreToDo => Ok(Progress::MoreToDo),
            Purge::Overtaken => {
                // If that invocation stops, the run of the next day deletes the rest.
                tracing::info!(organization = %id, "another invocation purges this organization");
                Ok(Progress::Done)
            }
        }
    }
}

impl Task for Cleanup {
    const JOB: Job = Job::Cleanup;

    async fn run(&self, id: OrganizationId, at: Timestamp) -> Result<Progress, JobError> {
        let Some(organization) = self.store.cleaning(id).organization().await? else { return Ok(Progress::Done) };
        match (organization.status, organization.deleted_at) {
            (OrganizationStatus::Active, _) => self.clean(id, at).await,
            (OrganizationStatus::Deleted, Some(ended)) if ended.plus(ENDED_KEPT) <= at => {
                self.purge(&organization).await
            }
            (OrganizationStatus::Deleted, _) => Ok(Progress::Done),
        }
    }
}
