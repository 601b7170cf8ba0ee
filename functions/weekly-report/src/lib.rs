//! Weekly report: tells an organization's managers of the week that has ended, and of what needs them now.

use stockroom_domain::{id::OrganizationId, report::Week, source::Sources, time::Timestamp};
use stockroom_jobs::{Job, JobError, Progress, Task};
use stockroom_notify::{Letter, Mailer, Post, WeeklyLetter};
use stockroom_runtime::{ConfigError, Group, Runtime};
use stockroom_store::{MailOccasion, Store};

/// The settings that this function reads.
pub const SETTINGS: &[Group] = &[Group::Bus, Group::Mail];

/// The most low levels that a report lists.
const MOST_LOW: usize = 50;
/// The most purchase requests that it lists.
const MOST_WAITING: usize = 20;

/// The job.
#[derive(Debug, Clone)]
pub struct WeeklyReport<M> {
    store: Store,
    sources: Sources,
    post: Post<M>,
}

impl<M: Mailer> WeeklyReport<M> {
    /// One that sends by this mailer.
    ///
    /// # Errors
    /// Settings that only the sender of mail needs are missing.
    pub fn new(runtime: &Runtime, mailer: M) -> Result<Self, ConfigError> {
        let Runtime { config, sources, store, .. } = runtime;
        Ok(Self { store: store.clone(), sources: sources.clone(), post: Post::new(config, store, mailer)? })
    }
}

impl<M: Mailer> Task for WeeklyReport<M> {
    const JOB: Job = Job::WeeklyReport;

    async fn run(&self, organization: OrganizationId, at: Timestamp) -> Result<Progress, JobError> {
        let (mailing, reporting) = (self.store.mailing(organization), self.store.reporting(organization));
        let Some(described) = mailing.organization().await? else { return Ok(Progress::Done) };
        let week = Week::before(at);
        let low = reporting.low(MOST_LOW).await?;
        if low.count > 0 {
            // Should the event that enters it into the list have been lost, what is low is told by the next run all
            // the same.
            self.store.low_watch(organization).mark().await?;
        }
        let letter = WeeklyLetter {
            organization: &described,
            week,
            totals: reporting.totals(week).await?,
            before: reporting.totals(week.previous()).await?,
            low: &low,
            waiting: &reporting.waiting(MOST_WAITING).await?,
            now: self.sources.now(),
        };
        if letter.is_empty() {
            return Ok(Progress::Done);
        }
        let text = letter.text().map_err(|error| JobError::Letter(error.to_string()))?;
        let occasion = MailOccasion::WeeklyReport(week.end);
        let managers = mailing.managers().await?.into_iter();
        let letters: Vec<_> = managers.map(|manager| (occasion, Letter::new(manager.user, text.clone()))).collect();
        self.post.deliver(organization, &letters).await?;
        Ok(Progress::Done)
    }
}
