//! Low stock: mails the managers of an organization which levels have become low, and each week which still are. Tests:
//! `tests/api/jobs/low_stock.rs`.

use stockroom_domain::{event::EventType, id::OrganizationId, organization::Organization, time::Timestamp};
use stockroom_jobs::{Job, JobError, Progress, Task};
use stockroom_notify::{Email, LowStockEmail, Mailer, Transport};
use stockroom_runtime::{ConfigError, Group, Runtime};
use stockroom_store::{LowStock as LowLevels, MailOccasion, Store};

/// The settings that this function reads.
pub const SETTINGS: &[Group] = &[Group::Bus, Group::Mail];

/// The job.
#[derive(Debug, Clone)]
pub struct LowStock<T> {
    store: Store,
    mailer: Mailer<T>,
}

impl<T: Transport> LowStock<T> {
    /// The job with this transport.
    ///
    /// # Errors
    /// `MAIL_FROM` is missing.
    pub fn new(runtime: &Runtime, transport: T) -> Result<Self, ConfigError> {
        let Runtime { config, store, .. } = runtime;
        Ok(Self { store: store.clone(), mailer: Mailer::new(config, store, transport)? })
    }

    async fn mail(&self, organization: &Organization, low: &LowLevels) -> Result<(), JobError> {
        if low.levels.is_empty() {
            return Ok(());
        }
        let content = LowStockEmail { organization, low }.content();
        let content = content.map_err(|error| JobError::Template(error.to_string()))?;
        let occasion = MailOccasion::LowStock(low.at);
        let managers = self.store.mailing(organization.id).managers().await?.into_iter();
        let emails: Vec<_> = managers.map(|manager| (occasion, Email::new(manager.user, content.clone()))).collect();
        Ok(self.mailer.deliver(organization.id, &emails).await?)
    }
}

impl<T: Transport> Task for LowStock<T> {
    const JOB: Job = Job::LowStock;

    async fn run(&self, id: OrganizationId, at: Timestamp) -> Result<Progress, JobError> {
        let watch = self.store.low_watch(id);
        let Some(organization) = self.store.mailing(id).organization().await? else {
            watch.leave().await?;
            return Ok(Progress::Done);
        };
        // The unfinished work of an earlier run comes first.
        while let Some(low) = watch.due(at).await? {
            self.mail(&organization, &low).await?;
            watch.finish(&low).await?;
        }
        Ok(Progress::Done)
    }

    async fn on_log_event(&self, organization: OrganizationId, kind: &str) -> Result<(), JobError> {
        // A late event may arrive after the purge of the organization, which must not get new items.
        let exists = kind == EventType::STOCK_LOW.to_string()
            && self.store.mailing(organization).organization().await?.is_some();
        if exists {
            self.store.low_watch(organization).mark().await?;
        }
        Ok(())
    }
}
