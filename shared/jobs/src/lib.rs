//! How a scheduled job runs.
//!
//! A job's function is called by its schedule and by its queue. The schedule's call looks up the organizations concerned
//! and puts one event for each on the bus (`fan_out.rs`); a rule of the bus feeds the job's queue with these, and the
//! queue's calls do the work, a few organizations at once (`queue.rs`). So a run scales with the organizations, and one
//! that fails is tried again alone. Everything may come twice: what a job does for an organization at a moment, it does
//! once.

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

/// What is done on a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Job {
    /// Deletes what has had its time.
    Cleanup,
    /// Tells of levels that have become low.
    LowStock,
    /// Tells of the week.
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

    /// The type of the event that says that it is due for an organization.
    #[must_use]
    pub fn due(self) -> &'static str {
        match self {
            Self::Cleanup => "cleanup.due",
            Self::LowStock => "low_stock.due",
            Self::WeeklyReport => "weekly_report.due",
        }
    }

    /// Which organizations it concerns.
    #[must_use]
    pub fn concerns(self) -> Listed {
        match self {
            Self::Cleanup | Self::WeeklyReport => Listed::All,
            Self::LowStock => Listed::Low,
        }
    }
}

/// What a job does for one organization.
pub trait Task: Send + Sync {
    /// Which job it is.
    const JOB: Job;

    /// Does what is due at that moment: once, however often it is called with it, and whatever call before it was stopped.
    ///
    /// # Errors
    /// [`JobError`]: it is to be called again.
    fn run(
        &self,
        organization: OrganizationId,
        at: Timestamp,
    ) -> impl Future<Output = Result<Progress, JobError>> + Send;

    /// Takes note of an event of the organization's log that the job's queue is fed with, beside its own. Only such comes.
    ///
    /// # Errors
    /// [`JobError`]: it is to come again.
    fn note(&self, _: OrganizationId, _kind: &str) -> impl Future<Output = Result<(), JobError>> + Send {
        async { Ok(()) }
    }
}

/// How far a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All is done.
    Done,
    /// There was no time for the rest, which another call is to do.
    MoreToDo,
}

/// Why a call is to be repeated.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// It is not in the form of this program's time.
    #[error("the event cannot be read: {0}")]
    Unreadable(String),
    /// The table could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A letter could not be written.
    #[error("the letter could not be written: {0}")]
    Letter(String),
    /// Somebody has not got their mail yet.
    #[error(transparent)]
    Unsent(#[from] Unsent),
    /// The bus did not take so many events.
    #[error("the bus did not take {0} events")]
    NotTaken(usize),
}

/// A job with what it works with.
#[derive(Debug, Clone)]
pub struct Worker<T, B> {
    task: T,
    bus: B,
    store: Store,
    sources: Sources,
}

impl<T: Task, B: Bus> Worker<T, B> {
    /// One that puts its events on this bus.
    #[must_use]
    pub fn new(runtime: &Runtime, task: T, bus: B) -> Self {
        Self { task, bus, store: runtime.store.clone(), sources: runtime.sources.clone() }
    }

    /// Handles a call of the function, by its schedule or its queue; gives what its caller reads.
    ///
    /// # Errors
    /// [`JobError`]: the call is to be repeated. Of a queue's batch, the messages that failed are named instead.
    pub async fn handle(&self, event: Value) -> Result<Value, JobError> {
        if event.get("Records").is_some() {
            return self.work_off(event).await;
        }
        let event: EventBridgeEvent =
            serde_json::from_value(event).map_err(|error| JobError::Unreadable(error.to_string()))?;
        if !matches!(event.source.as_str(), "aws.scheduler" | "aws.events") {
            return Err(JobError::Unreadable(format!("{} is no schedule", event.source)));
        }
        let at = event.time.and_then(|time| Timestamp::from_unix_millis(time.timestamp_millis()));
        let at = at.ok_or_else(|| JobError::Unreadable("it has no time, or one before 1970".to_owned()))?;
        let organizations = self.fan_out(at).await?;
        tracing::info!(
            target: metrics::JOB, job = T::JOB.name(), %at, organizations_due = organizations, "a job is due"
        );
        Ok(json!({ "organizations": organizations }))
    }
}
