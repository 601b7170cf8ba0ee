//! Weekly report: mails the managers of an organization the movements of the last week, low levels, and purchase
//! requests that wait for a decision. Tests: `tests/api/jobs/weekly.rs`.

use stockroom_domain::{id::OrganizationId, report::Week, source::Sources, time::Timestamp};
use stockroom_jobs::{Job, JobError, Progress, Task};
use stockroom_notify::{Email, Mailer, Transport, WeeklyReportEmail};
use stockroom_runtime::{ConfigError, Group, Runtime};
use stockroom_store::{MailOccasion, Store};

/// The settings that this function reads.
pub const SETTINGS: &[Group] = &[Group::Bus, Group::Mail];

/// The maximum number of low levels in a report.
const MAX_LOW: usize = 50;
/// The maximum number of purchase requests in a report.
const MAX_WAITING: usize = 20;

/// The job.
#[derive(Debug, Clone)]
pub struct WeeklyReport<T> {
    store: Store,
    sources: Sources,
    mailer: Mailer<T>,
}

impl<T: Transport> WeeklyReport<T> {
    /// The job with this transport.
    ///
    /// # Errors
    /// `MAIL_FROM` is missing.
    pub fn new(runtime: &Runtime, transport: T) -> Result<Self, ConfigError> {
        let Runtime { config, sources, store, .. } = runtime;
        Ok(Self { store: store.clone(), sources: sources.clone(), mailer: Mailer::new(config, store, transport)? })
    }
}

impl<T: Transport> Task for WeeklyReport<T> {
    const JOB: Job = Job::WeeklyReport;

    async fn run(&self, organization: OrganizationId, at: Timestamp) -> Result<Progress, JobError> {
        let (mailing, reporting) = (self.store.mailing(organization), self.store.reporting(organization));
        let Some(described) = mailing.organization().await? else { return Ok(Progress::Done) };
        let week = Week::before(at);
        let low = reporting.low(MAX_LOW).await?;
        if low.count > 0 {
            // If the event that lists the organization was lost, the next run of low-stock still finds its low levels.
            self.store.low_watch(organization).mark().await?;
        }
        let email = WeeklyReportEmail {
            organization: &described,
            week,
            totals: reporting.totals(week).await?,
            before: reporting.totals(week.previous()).await?,
            low: &low,
            waiting: &reporting.waiting(MAX_WAITING).await?,
            now: self.sources.now(),
        };
        if email.is_empty() {
            return Ok(Progress::Done);
        }
        let content = email.content().map_err(|error| JobError::Template(error.to_string()))?;
        let occasion = MailOccasion::WeeklyReport(week.end);
        let managers = mailing.managers().await?.into_iter();
        let emails: Vec<_> = managers.map(|manager| (occasion, Email::new(manager.user, content.clone()))).collect();
        self.mailer.deliver(organization, &emails).await?;
        Ok(Progress::Done)
    }
}
