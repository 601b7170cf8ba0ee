//! The jobs: organizations, recipients, and each effect once.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests fail by a panic")]

mod cleanup;
mod fan_out;
mod local;
mod low_stock;
mod samples;
mod stopped;
mod weekly;

use std::sync::Arc;

use axum::body::Body;
use serde_json::{Value, json};
use stockroom_cleanup::Cleanup;
use stockroom_harness::{Shop, Stack};
use stockroom_jobs::{Job, Task, Worker};
use stockroom_local::services::LocalServices;
use stockroom_low_stock::LowStock;
use stockroom_weekly_report::WeeklyReport;

use crate::bus::{TestBus, TestTransport, ask, items};

/// The event of a job's schedule.
pub(crate) fn scheduled(time: &str) -> Value {
    json!({
        "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
        "source": "aws.scheduler", "account": "123456789012", "time": time, "region": "eu-central-1",
        "resources": ["arn:aws:scheduler:eu-central-1:123456789012:schedule/default/any"], "detail": {},
    })
}

/// A batch of a job's queue with these events; the position of a message is its id.
pub(crate) fn batch(events: &[Value]) -> Value {
    let record = |(place, event): (usize, &Value)| {
        json!({
            "messageId": place.to_string(), "receiptHandle": "x", "body": event.to_string(), "attributes": {},
            "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "eu-central-1",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:any",
        })
    };
    json!({ "Records": events.iter().enumerate().map(record).collect::<Vec<_>>() })
}

/// The event that requests a job for an organization.
pub(crate) fn due(job: Job, organization: &str, time: &str) -> Value {
    json!({
        "version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602", "detail-type": job.event_type(),
        "source": "stockroom.jobs", "account": "123456789012", "time": "2026-11-23T09:00:00Z",
        "region": "eu-central-1", "resources": [],
        "detail": {"version": 1, "organization_id": organization, "time": time},
    })
}

/// The messages of a batch that are delivered again.
pub(crate) fn failed(answer: &Value) -> Vec<String> {
    let failures = answer["batchItemFailures"].as_array().unwrap().iter();
    failures.map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

/// The cleanup function in a process of its own, and the bus on which it requests another call.
fn cleanup(stack: &Stack) -> (Worker<Cleanup, TestBus>, TestBus) {
    let (runtime, bus) = (stack.function("cleanup"), TestBus::default());
    (Worker::new(&runtime, Cleanup::new(&runtime), bus.clone()), bus)
}

/// The low-stock function in a process of its own.
fn low_stock(stack: &Stack, mailer: &TestTransport) -> Worker<LowStock<TestTransport>, TestBus> {
    let runtime = stack.function("low-stock");
    Worker::new(&runtime, LowStock::new(&runtime, mailer.clone()).unwrap(), TestBus::default())
}

/// The weekly-report function in a process of its own.
fn weekly_report(stack: &Stack, mailer: &TestTransport) -> Worker<WeeklyReport<TestTransport>, TestBus> {
    let runtime = stack.function("weekly-report");
    Worker::new(&runtime, WeeklyReport::new(&runtime, mailer.clone()).unwrap(), TestBus::default())
}

/// Runs a job for a shop; it must succeed.
async fn run<T: Task>(worker: &Worker<T, TestBus>, shop: &Shop, time: &str) {
    let answer = worker.handle(batch(&[due(T::JOB, &shop.id, time)])).await.unwrap();
    assert_eq!(failed(&answer), [""; 0]);
}

/// Runs a job for a shop in three processes at once. A run that fails because another holds the claim of a mail is
/// repeated, as the queue does.
async fn at_once<T: Task + 'static>(shop: &Shop, time: &str, worker: impl Fn() -> Worker<T, TestBus>) {
    let runs: Vec<_> = (0..3)
        .map(|_| {
            let (job, event) = (worker(), batch(&[due(T::JOB, &shop.id, time)]));
            tokio::spawn(async move {
                let mut tries = 0;
                while !failed(&job.handle(event.clone()).await.unwrap()).is_empty() {
                    tries += 1;
                    assert!(tries < 1_000);
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for run in runs {
        run.await.unwrap();
    }
}

/// Runs a job at once, as the local stack does it.
async fn run_locally(around: &Arc<LocalServices>, name: &str, body: &str) -> (http::StatusCode, Value) {
    let request = http::Request::post(format!("/_local/schedules/{name}")).body(Body::from(body.to_owned())).unwrap();
    let (parts, body) = ask(around, request).await;
    (parts.status, serde_json::from_str(&body).unwrap())
}

/// The mails of the local mailbox, subject and recipient, in order.
async fn mailed(around: &Arc<LocalServices>) -> Vec<(String, String)> {
    let mails = items(around, "/_local/mail.json").await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut mailed: Vec<_> = mails.iter().map(|mail| (text(&mail["subject"]), text(&mail["to"][0]))).collect();
    mailed.sort();
    mailed
}
