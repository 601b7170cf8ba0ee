//! Low stock: tells an organization's managers which levels have become low, and each week which still are.

use stockroom_domain::{event::EventType, id::OrganizationId, organization::Organization, time::Timestamp};
use stockroom_jobs::{Job, JobError, Progress, Task};
use stockroom_notify::{Letter, LowStockLetter, Mailer, Post};
use stockroom_runtime::{ConfigError, Group, Runtime};
use stockroom_store::{LowStock as Told, MailOccasion, Store};

/// The settings that this function reads.
pub const SETTINGS: &[Group] = &[Group::Bus, Group::Mail];

/// The job.
#[derive(Debug, Clone)]
pub struct LowStock<M> {
    store: Store,
    post: Post<M>,
}

impl<M: Mailer> LowStock<M> {
    /// One that sends by this mailer.
    ///
    /// # Errors
    /// Settings that only the sender of mail needs are missing.
    pub fn new(runtime: &Runtime, mailer: M) -> Result<Self, ConfigError> {
        let Runtime { config, store, .. } = runtime;
        Ok(Self { store: store.clone(), post: Post::new(config, store, mailer)? })
    }

    async fn tell(&self, organization: &Organization, low: &Told) -> Result<(), JobError> {
        if low.levels.is_empty() {
            return Ok(());
        }
        let text = LowStockLetter { organization, low }.text();
        let text = text.map_err(|error| JobError::Letter(error.to_string()))?;
        let occasion = MailOccasion::LowStock(low.at);
        let managers = self.store.mailing(organization.id).managers().await?.into_iter();
        let letters: Vec<_> = managers.map(|manager| (occasion, Letter::new(manager.user, text.clone()))).collect();
        Ok(self.post.deliver(organization.id, &letters).await?)
    }
}

impl<M: Mailer> Task for LowStock<M> {
    const JOB: Job = Job::LowStock;

    async fn run(&self, id: OrganizationId, at: Timestamp) -> Result<Progress, JobError> {
        let watch = self.store.low_watch(id);
        let Some(organization) = self.store.mailing(id).organization().await? else {
            watch.leave().await?;
            return Ok(Progress::Done);
        };
        // What an earlier run left unfinished comes first.
        while let Some(low) = watch.due(at).await? {
            self.tell(&organization, &low).await?;
            watch.finish(&low).await?;
        }
        Ok(Progress::Done)
    }

    async fn note(&self, organization: OrganizationId, kind: &str) -> Result<(), JobError> {
        // An event can come late, even behind the purge: nothing may begin anew there.
        let is_there = kind == EventType::STOCK_LOW.to_string()
            && self.store.mailing(organization).organization().await?.is_some();
        if is_there {
            self.store.low_watch(organization).mark().await?;
        }
        Ok(())
    }
}
