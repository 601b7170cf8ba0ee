//! A process killed at any call of a job, and the next run: the same state, and one mail each.

use std::time::Duration;

use serde_json::Value;
use stockroom_harness::Shop;
use stockroom_jobs::{Job, Task, Worker};

use super::{batch, due, failed, low_stock, weekly_report};
use crate::bus::{TestBus, TestTransport};

const TIME: &str = "2026-11-29T00:00:00Z";
const MANAGERS: [&str; 2] = ["admin@acme.example", "manager@acme.example"];

/// A shop with a low level and a movement.
async fn shop() -> Shop {
    let shop = Shop::with_faults().await;
    let product = shop.product("SKU-1").with("min_stock_level", 40).await;
    let main = shop.warehouse("Main").await;
    shop.receive(&product, &main, 10).await.expect(201);
    shop
}

/// Kills the job's process at its first call of the table, in another shop at its second, and so on until the job
/// completes first. Each time another process runs it again. Returns the number of kills.
async fn kill_everywhere<T: Task + 'static>(worker: impl Fn(&Shop, &TestTransport) -> Worker<T, TestBus>) -> usize {
    for calls in 0.. {
        let shop = shop().await;
        let mailer = TestTransport::default();
        let event = batch(&[due(T::JOB, &shop.id, TIME)]);
        let held = shop.faults().hold_after(calls);
        let first = worker(&shop, &mailer);
        let killed = tokio::select! {
            answer = first.handle(event.clone()) => { assert_eq!(failed(&answer.unwrap()), [""; 0]); false }
            () = held.arrived() => true,
        };
        // Recipients whose mail was accepted and not yet recorded: only these may get two.
        let (accepted, settled) = (mailer.recipients().len(), settled(&shop));
        drop(held);
        shop.faults().end();

        shop.stack().clock().advance(stockroom_store::MAIL_LEASE + Duration::from_secs(1));
        let again = worker(&shop, &mailer).handle(event).await.unwrap();
        assert_eq!(failed(&again), [""; 0], "killed at call {calls}");
        let mut recipients = mailer.recipients();
        let count = recipients.len();
        recipients.dedup();
        assert_eq!(recipients, MANAGERS, "killed at call {calls}");
        assert!(count - 2 <= accepted.saturating_sub(settled), "killed at call {calls}: {count} mails");
        shop.stack().check_invariants();
        if !killed {
            return calls;
        }
    }
    unreachable!("no job is without end")
}

/// The number of mails that are recorded as sent.
fn settled(shop: &Shop) -> usize {
    let is_sent = |item: &&Value| item["state"] == "SENT";
    shop.stack().items().iter().filter(is_sent).count()
}

#[tokio::test]
async fn low_stock_killed_at_any_call_sends_each_mail_once() {
    assert_eq!(Job::LowStock.name(), "low-stock");
    let kills = kill_everywhere(|shop, mailer| low_stock(shop.stack(), mailer)).await;
    assert!(kills >= 10, "{kills}");
}

#[tokio::test]
async fn weekly_report_killed_at_any_call_sends_each_mail_once() {
    let kills = kill_everywhere(|shop, mailer| weekly_report(shop.stack(), mailer)).await;
    assert!(kills >= 10, "{kills}");
}

#[tokio::test]
async fn low_stock_with_lost_replies_sends_each_mail_once() {
    let shop = shop().await;
    let mailer = TestTransport::default();
    shop.faults().lose_next_replies_of("UpdateItem", 3);
    let event = batch(&[due(Job::LowStock, &shop.id, TIME)]);
    let job = low_stock(shop.stack(), &mailer);
    for _ in 0..2 {
        assert_eq!(failed(&job.handle(event.clone()).await.unwrap()), [""; 0]);
    }
    assert_eq!(mailer.recipients(), MANAGERS);
}
