//! Runs scheduled jobs.
//!
//! The schedule and the queue of a job call the same function. The call of the schedule lists the organizations of the
//! job and publishes one event for each (`fan_out.rs`). A rule of the bus puts these events into the queue, and the
//! calls of the queue do the work, a few organizations at once (`queue.rs`). An organization that fails is retried
//! alone. Every call can be repeated: a job does its work for an organization and a time once.

mod due;
mod fan_out;
mod queue;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use serde_json::{Value, json};
use stockroom_domain::{id::OrganizationId, source::Sources, time::Timestamp};
use stockroom_notify::{Bus, Unsent};
use stockroom_runtime::{Runtime, metrics};
use stockroom_store::{Listed, Store, StoreError};

pub use due::{Due, SOURCE};

/// A scheduled job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Job {
    /// Deletes expired data.
    Cleanup,
    /// Mails levels that became low.
    LowStock,
    /// Mails the weekly report.
    WeeklyReport,
}

impl Job {
    /// Every job.
    pub const ALL: [Self; 3] = [Self::Cleanup, Self::LowStock, Self::WeeklyReport];

    /// The name of its function and its schedule.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cleanup => "cleanup",
            Self::LowStock => "low-stock",
            Self::WeeklyReport => "weekly-report",
        }
    }

    /// The type of the event that requests it for an organization.
    #[must_use]
    pub fn event_type(self) -> &'static str {
        match self {
            Self::Cleanup => "cleanup.due",
            Self::LowStock => "low_stock.due",
            Self::WeeklyReport => "weekly_report.due",
        }
    }

    /// The organizations that it runs for.
    #[must_use]
    pub fn organizations(self) -> Listed {
        match self {
            Self::Cleanup | Self::WeeklyReport => Listed::All,
            Self::LowStock => Listed::Low,
        }
    }
}

/// The work of a job for one organization.
pub trait Task: Send + Sync {
    /// The job.
    const JOB: Job;

    /// Does the work for that time: once, even if it is called again or an earlier call was stopped.
    ///
    /// # Errors
    /// [`JobError`]: call it again.
    fn run(
        &self,
        organization: OrganizationId,
        at: Timestamp,
    ) -> impl Future<Output = Result<Progress, JobError>> + Send;

    /// Handles an event of the log that a rule of the bus puts into the queue of the job.
    ///
    /// # Errors
    /// [`JobError`]: deliver it again.
    fn on_log_event(&self, _: OrganizationId, _kind: &str) -> impl Future<Output = Result<(), JobError>> + Send {
        async { Ok(()) }
    }
}

/// The progress of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All work is done.
    Done,
    /// Another call must do the rest.
    MoreToDo,
}

/// The reason why a call must be repeated.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The event has another version than this program knows, or is malformed.
    #[error("the event cannot be read: {0}")]
    Unreadable(String),
    /// The table did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A template failed.
    #[error("the email could not be rendered: {0}")]
    Template(String),
    /// Some emails are not sent yet.
    #[error(transparent)]
    Unsent(#[from] Unsent),
    /// The bus rejected this number of events.
    #[error("the bus rejected {0} events")]
    Rejected(usize),
}

/// Handles the calls of a job.
#[derive(Debug, Clone)]
pub struct Worker<T, B> {
    task: T,
    bus: B,
    store: Store,
    sources: Sources,
}

impl<T: Task, B: Bus> Worker<T, B> {
    /// A worker that publishes on this bus.
    #[must_use]
    pub fn new(runtime: &Runtime, task: T, bus: B) -> Self {
        Self { task, bus, store: runtime.store.clone(), sources: runtime.sources.clone() }
    }

    /// Handles a call of the function by its schedule or its queue, and returns the response.
    ///
    /// # Errors
    /// [`JobError`]: the call must be repeated. The response to the queue lists failed messages instead.
    pub async fn handle(&self, event: Value) -> Result<Value, JobError> {
        if event.get("Records").is_some() {
            return self.process_batch(event).await;
        }
        let event: EventBridgeEvent =
            serde_json::from_value(event).map_err(|error| JobError::Unreadable(error.to_string()))?;
        if !matches!(event.source.as_str(), "aws.scheduler" | "aws.events") {
            return Err(JobError::Unreadable(format!("{} is not a schedule", event.source)));
        }
        let at = event.time.and_then(|time| Timestamp::from_unix_millis(time.timestamp_millis()));
        let at = at.ok_or_else(|| JobError::Unreadable("the event has no time, or one before 1970".to_owned()))?;
        let organizations = self.fan_out(at).await?;
        tracing::info!(
            target: metrics::JOB,
            job = T::JOB.name(),
            %at,
            organizations_due = organizations,
            "job requested for each organization"
        );
        Ok(json!({ "organizations": organizations }))
    }
}
