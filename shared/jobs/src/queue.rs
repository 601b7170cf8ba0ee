//! From the queue to the work.

use aws_lambda_events::{
    eventbridge::EventBridgeEvent,
    sqs::{BatchItemFailure, SqsBatchResponse},
};
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::Value;
use stockroom_domain::id::OrganizationId;
use stockroom_notify::{Bus, put_all};
use stockroom_runtime::{metrics, report};

use crate::{
    Due, JobError, Progress, Task, Worker,
    due::{SOURCE, VERSION},
};

/// How many messages of a batch are worked on at once.
const AT_ONCE: usize = 4;

/// The part of an event of the log that a job looks at.
#[derive(Debug, Deserialize)]
struct Noted {
    organization_id: OrganizationId,
}

impl<T: Task, B: Bus> Worker<T, B> {
    /// Works on every message of a batch; names those that are to come again.
    pub(crate) async fn work_off(&self, mut batch: Value) -> Result<Value, JobError> {
        let Some(Value::Array(records)) = batch.get_mut("Records").map(Value::take) else {
            return Err(JobError::Unreadable("its records are no list".to_owned()));
        };
        let messages: Vec<_> = records.iter().map(|record| self.work_on(record)).collect();
        let failed: Vec<Option<String>> = stream::iter(messages).buffered(AT_ONCE).collect().await;
        let messages = failed.len();
        let failed: Vec<String> = failed.into_iter().flatten().collect();
        tracing::info!(
            target: metrics::JOB,
            job = T::JOB.name(),
            messages_done = messages.saturating_sub(failed.len()),
            messages_failed = failed.len(),
            "a batch is worked off"
        );
        let mut response = SqsBatchResponse::default();
        for message in failed {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message;
            response.batch_item_failures.push(failure);
        }
        serde_json::to_value(response).map_err(|error| JobError::Unreadable(error.to_string()))
    }

    /// Gives the message's id if it failed.
    async fn work_on(&self, record: &Value) -> Option<String> {
        let id = record.get("messageId").and_then(Value::as_str).unwrap_or_default();
        let body = record.get("body").and_then(Value::as_str).unwrap_or_default();
        let error = self.work_on_event(body).await.err()?;
        let organization = organization_of(body);
        let shown = organization.map(|id| id.to_string());
        tracing::error!(job = T::JOB.name(), message = id, organization = shown, %error, "a message is to come again");
        report("message_failed", &error, organization);
        Some(id.to_owned())
    }

    async fn work_on_event(&self, body: &str) -> Result<(), JobError> {
        let unreadable = |error: serde_json::Error| JobError::Unreadable(error.to_string());
        let event: EventBridgeEvent = serde_json::from_str(body).map_err(unreadable)?;
        if event.source == stockroom_notify::SOURCE {
            // Whatever its version: whose it is and what it is called are in every one.
            let noted: Noted = serde_json::from_value(event.detail).map_err(unreadable)?;
            return self.task.note(noted.organization_id, &event.detail_type).await;
        }
        if (event.source.as_str(), event.detail_type.as_str()) != (SOURCE, T::JOB.due()) {
            return Err(JobError::Unreadable(format!("{} of {} is not this job's", event.detail_type, event.source)));
        }
        let due: Due = serde_json::from_value(event.detail).map_err(unreadable)?;
        if due.version != VERSION {
            return Err(JobError::Unreadable(format!("its version is {}", due.version)));
        }
        match self.task.run(due.organization_id, due.time).await? {
            Progress::Done => Ok(()),
            Progress::MoreToDo => {
                let failed = put_all(&self.bus, &self.sources, vec![((), due.entry(T::JOB))]).await;
                if failed.is_empty() { Ok(()) } else { Err(JobError::NotTaken(failed.len())) }
            }
        }
    }
}

/// Whom a message is about that could not be worked on, if that much of it can be read.
fn organization_of(body: &str) -> Option<OrganizationId> {
    let event: Value = serde_json::from_str(body).ok()?;
    event.pointer("/detail/organization_id")?.as_str()?.parse().ok()
}
