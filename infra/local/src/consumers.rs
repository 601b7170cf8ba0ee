//! The consumers of the bus, and the stand-ins for the rules, queues and schedules of the template.

use serde_json::{Value, json};
use stockroom_cleanup::Cleanup;
use stockroom_domain::{event::EventType, source::Sources, time::Timestamp};
use stockroom_jobs::{Job, Worker};
use stockroom_low_stock::LowStock;
use stockroom_notifications::Notifier;
use stockroom_runtime::{ConfigError, Runtime};
use stockroom_weekly_report::WeeklyReport;

use crate::local_bus::LocalBus;
use crate::mailbox::Mailbox;
use crate::proxy_event::ACCOUNT_ID;

/// The target of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Notifications,
    /// The queue of a job.
    Queue(Job),
}

/// The functions that consume events.
#[derive(Debug)]
pub(crate) struct Consumers {
    sources: Sources,
    notifier: Notifier<Mailbox>,
    cleanup: Worker<Cleanup, LocalBus>,
    low_stock: Worker<LowStock<Mailbox>, LocalBus>,
    weekly_report: Worker<WeeklyReport<Mailbox>, LocalBus>,
}

impl Consumers {
    pub(crate) fn new(runtime: &Runtime, bus: &LocalBus, mailbox: &Mailbox) -> Result<Self, ConfigError> {
        Ok(Self {
            sources: runtime.sources.clone(),
            notifier: Notifier::new(runtime, mailbox.clone())?,
            cleanup: Worker::new(runtime, Cleanup::new(runtime), bus.clone()),
            low_stock: Worker::new(runtime, LowStock::new(runtime, mailbox.clone())?, bus.clone()),
            weekly_report: Worker::new(runtime, WeeklyReport::new(runtime, mailbox.clone())?, bus.clone()),
        })
    }

    /// Delivers an event to a target, in the form that the target gets when deployed.
    pub(crate) async fn deliver(&self, target: Target, event: &Value) -> Result<(), String> {
        match target {
            Target::Notifications => self.notifier.notify(event.clone()).await.map_err(|error| error.to_string()),
            Target::Queue(job) => {
                let answer = self.call(job, self.batch(event)).await?;
                match answer.get("batchItemFailures").and_then(Value::as_array).map(Vec::as_slice) {
                    Some([]) => Ok(()),
                    _ => Err(format!("{} reported the event as failed", job.name())),
                }
            }
        }
    }

    /// Calls a job as its schedule does. The answer has the number of due organizations.
    pub(crate) async fn run(&self, job: Job, at: Timestamp) -> Result<Value, String> {
        let event = json!({
            "version": "0",
            "id": self.id(),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": ACCOUNT_ID,
            "time": at,
            "region": "us-east-1",
            "resources": [format!("arn:aws:scheduler:us-east-1:{ACCOUNT_ID}:schedule/default/{}", job.name())],
            "detail": {},
        });
        Box::pin(self.call(job, event)).await
    }

    async fn call(&self, job: Job, event: Value) -> Result<Value, String> {
        let answered = match job {
            Job::Cleanup => self.cleanup.handle(event).await,
            Job::LowStock => self.low_stock.handle(event).await,
            Job::WeeklyReport => self.weekly_report.handle(event).await,
        };
        answered.map_err(|error| error.to_string())
    }

    /// The batch of a queue, with one message.
    fn batch(&self, event: &Value) -> Value {
        json!({ "Records": [{
            "messageId": self.id(),
            "receiptHandle": "local",
            "body": event.to_string(),
            "attributes": {},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:us-east-1:{ACCOUNT_ID}:local"),
            "awsRegion": "us-east-1",
        }] })
    }

    fn id(&self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(self.sources.bytes()).into_uuid()
    }
}

/// The rules of the bus: the targets of an event.
pub(crate) fn targets(event: &Value) -> Vec<Target> {
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let (source, kind) = (text("source"), text("detail-type"));
    if source == stockroom_jobs::SOURCE {
        return Job::ALL.into_iter().filter(|job| job.event_type() == kind).map(Target::Queue).collect();
    }
    let mut targets = vec![Target::Notifications];
    if kind == EventType::STOCK_LOW.to_string() {
        targets.push(Target::Queue(Job::LowStock));
    }
    targets
}
