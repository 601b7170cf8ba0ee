//! The call of the queue: the work for each organization.

use aws_lambda_events::{
    eventbridge::EventBridgeEvent,
    sqs::{BatchItemFailure, SqsBatchResponse},
};
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::Value;
use stockroom_domain::id::OrganizationId;
use stockroom_notify::{Bus, publish_all};
use stockroom_runtime::{metrics, report};

use crate::{
    Due, JobError, Progress, Task, Worker,
    due::{SOURCE, VERSION},
};

/// The number of messages of a batch that are processed at once.
const CONCURRENCY: usize = 4;

/// The part of a log event that a job reads.
#[derive(Debug, Deserialize)]
struct LogEvent {
    organization_id: OrganizationId,
}

impl<T: Task, B: Bus> Worker<T, B> {
    /// Processes all messages of a batch. The response lists the failed ones, which the queue delivers again.
    pub(crate) async fn process_batch(&self, mut batch: Value) -> Result<Value, JobError> {
        let Some(Value::Array(records)) = batch.get_mut("Records").map(Value::take) else {
            return Err(JobError::Unreadable("its records are not a list".to_owned()));
        };
        let messages: Vec<_> = records.iter().map(|record| self.process_message(record)).collect();
        let failed: Vec<Option<String>> = stream::iter(messages).buffered(CONCURRENCY).collect().await;
        let messages = failed.len();
        let failed: Vec<String> = failed.into_iter().flatten().collect();
        tracing::info!(
            target: metrics::JOB,
            job = T::JOB.name(),
            messages_done = messages.saturating_sub(failed.len()),
            messages_failed = failed.len(),
            "batch processed"
        );
        let mut response = SqsBatchResponse::default();
        for message in failed {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message;
            response.batch_item_failures.push(failure);
        }
        serde_json::to_value(response).map_err(|error| JobError::Unreadable(error.to_string()))
    }

    /// The id of the message if it failed.
    async fn process_message(&self, record: &Value) -> Option<String> {
        let id = record.get("messageId").and_then(Value::as_str).unwrap_or_default();
        let body = record.get("body").and_then(Value::as_str).unwrap_or_default();
        let error = self.process_event(body).await.err()?;
        let organization = organization_of(body);
        let shown = organization.map(|id| id.to_string());
        tracing::error!(
            job = T::JOB.name(), message = id, organization = shown, %error,
            "message failed, the queue delivers it again"
        );
        report("message_failed", &error, organization);
        Some(id.to_owned())
    }

    async fn process_event(&self, body: &str) -> Result<(), JobError> {
        let unreadable = |error: serde_json::Error| JobError::Unreadable(error.to_string());
        let event: EventBridgeEvent = serde_json::from_str(body).map_err(unreadable)?;
        if event.source == stockroom_notify::SOURCE {
            // Every version has the organization and the type.
            let log_event: LogEvent = serde_json::from_value(event.detail).map_err(unreadable)?;
            return self.task.on_log_event(log_event.organization_id, &event.detail_type).await;
        }
        if (event.source.as_str(), event.detail_type.as_str()) != (SOURCE, T::JOB.event_type()) {
            return Err(JobError::Unreadable(format!(
                "{} of {} is not an event of this job",
                event.detail_type, event.source
            )));
        }
        let due: Due = serde_json::from_value(event.detail).map_err(unreadable)?;
        if due.version != VERSION {
            return Err(JobError::Unreadable(format!("its version is {}", due.version)));
        }
        match self.task.run(due.organization_id, due.time).await? {
            Progress::Done => Ok(()),
            Progress::MoreToDo => {
                let failed = publish_all(&self.bus, &self.sources, vec![((), due.entry(T::JOB))]).await;
                if failed.is_empty() { Ok(()) } else { Err(JobError::Rejected(failed.len())) }
            }
        }
    }
}

/// The organization of a failed message, if it can be read.
fn organization_of(body: &str) -> Option<OrganizationId> {
    let event: Value = serde_json::from_str(body).ok()?;
    event.pointer("/detail/organization_id")?.as_str()?.parse().ok()
}
