//! A scheduled run reaches every organization; a failing one is retried alone.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stockroom_harness::{Shop, Stack};
use stockroom_jobs::{Job, JobError, Worker};
use stockroom_low_stock::LowStock;
use stockroom_weekly_report::WeeklyReport;

use super::{batch, due, failed, scheduled, weekly_report};
use crate::bus::{TestBus, TestTransport};

const SUNDAY: &str = "2026-11-29T00:00:00Z";

/// Creates organizations as far as a job's schedule reads them.
fn enter(stack: &Stack, count: u128) -> BTreeSet<String> {
    let ids = (0..count).map(|number| format!("0190b6a4-7b1e-7c3a-8f00-{number:012x}"));
    let enter = |id: &String| {
        let shard = u8::from_str_radix(&id[34..], 16).unwrap() % 16;
        stack.put(json!({
            "pk": {"S": format!("ORG#{id}#ORG")}, "sk": {"S": "ORG"}, "i1pk": {"S": format!("DIRECTORY#{shard}")},
            "i1sk": {"S": id}, "data": {"M": {"name": {"S": "n".repeat(100)}}},
        }));
    };
    ids.inspect(enter).collect()
}

#[tokio::test]
async fn fan_out_to_1000_organizations_uses_pages_and_batches_of_ten() {
    let stack = Stack::start_observed().await;
    let organizations = enter(&stack, 1_000);
    let runtime = stack.function("weekly-report");
    let task = WeeklyReport::new(&runtime, TestTransport::default()).unwrap();
    let bus = TestBus::default();
    let worker = Worker::new(&runtime, task, bus.clone());
    assert_eq!(worker.handle(scheduled(SUNDAY)).await.unwrap(), json!({"organizations": 1_000}));

    let events = bus.taken();
    let notified: BTreeSet<_> =
        events.iter().map(|event| event["detail"]["organization_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((events.len(), notified), (1_000, organizations));
    let is_due = |event: &Value| {
        event["source"] == "stockroom.jobs"
            && event["type"] == "weekly_report.due"
            && event["detail"]["time"] == "2026-11-29T00:00:00.000Z"
            && event["detail"]["version"] == 1
    };
    assert!(events.iter().all(is_due));
    // One call of the table for each of the 16 partitions, and at most 16 calls of the bus more than full ones.
    assert!(bus.calls().len() <= 116, "{}", bus.calls().len());
    let accesses = stack.accesses();
    assert!(accesses.iter().all(|access| access.partition.starts_with("DIRECTORY#") || access.partition == "PING"));
}

#[tokio::test]
async fn fan_out_retries_failed_entries_and_then_fails() {
    let stack = Stack::start().await;
    enter(&stack, 32);
    let runtime = stack.function("weekly-report");
    let worker = |bus| {
        let task = WeeklyReport::new(&runtime, TestTransport::default()).unwrap();
        Worker::new(&runtime, task, bus)
    };
    let once = TestBus::refusing([vec![0], vec![1]]);
    assert_eq!(worker(once).handle(scheduled(SUNDAY)).await.unwrap(), json!({"organizations": 32}));

    let never = TestBus::refusing(std::iter::repeat_n((0..10).collect(), 16 * 4));
    let error = worker(never).handle(scheduled(SUNDAY)).await.unwrap_err();
    assert!(matches!(error, JobError::Rejected(_)), "{error}");
}

#[tokio::test]
async fn batch_with_failing_events_reports_those_events_only() {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    shop.stocked("SKU-1", 5).await;
    let mailer = TestTransport::default();
    let job = Job::WeeklyReport;
    let good = due(job, &shop.id, SUNDAY);
    let with = |pointer: &str, value: Value| {
        let mut event = good.clone();
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let events = [
        with("/detail/organization_id", json!("acme")),
        good.clone(),
        with("/detail/version", json!(2)),
        with("/detail-type", json!("cleanup.due")),
        with("/source", json!("somebody")),
        with("/detail/organization_id", json!("0190b6a4-7b1e-7c3a-8f00-0123456789ab")),
        json!("no event"),
    ];
    let answer = weekly_report(&stack, &mailer).handle(batch(&events)).await.unwrap();
    // An unknown organization has no recipients.
    assert_eq!(failed(&answer), ["0", "2", "3", "4", "6"]);
    assert_eq!(mailer.recipients(), ["admin@acme.example", "manager@acme.example"]);
}

#[tokio::test]
async fn batch_with_an_unreadable_organization_reports_its_event_only() {
    let stack = Stack::start().await;
    let (broken, sound) = (Shop::open(&stack, "broken").await, Shop::open(&stack, "sound").await);
    for shop in [&broken, &sound] {
        shop.stocked("SKU-1", 5).await;
    }
    stack.put(json!({
        "pk": {"S": format!("ORG#{}#USER", broken.id)}, "sk": {"S": broken.manager().id},
        "data": {"M": {"status": {"S": "ACTIVE"}, "role": {"S": "MANAGER"}}},
    }));
    let mailer = TestTransport::default();
    let events = [&broken, &sound].map(|shop| due(Job::WeeklyReport, &shop.id, SUNDAY));
    let answer = weekly_report(&stack, &mailer).handle(batch(&events)).await.unwrap();
    assert_eq!(failed(&answer), ["0"]);
    assert_eq!(mailer.recipients(), ["admin@sound.example", "manager@sound.example"]);
}

#[tokio::test]
async fn fan_out_of_an_event_that_is_no_schedule_is_refused() {
    let stack = Stack::start().await;
    let runtime = stack.function("low-stock");
    let task = LowStock::new(&runtime, TestTransport::default()).unwrap();
    let worker = Worker::new(&runtime, task, TestBus::default());
    let mut foreign = scheduled(SUNDAY);
    foreign["source"] = json!("stockroom");
    let mut timeless = scheduled(SUNDAY);
    timeless.as_object_mut().unwrap().remove("time");
    for event in [foreign, timeless, json!({}), json!([]), json!({"Records": 1})] {
        let error = worker.handle(event.clone()).await.unwrap_err();
        assert!(matches!(error, JobError::Unreadable(_)), "{event}: {error}");
    }
}
