//! Functions without HTTP, each in a process of its own.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stockroom_cleanup::Cleanup;
use stockroom_harness::{Shop, Stack};
use stockroom_jobs::{Task, Worker};
use stockroom_low_stock::LowStock;
use stockroom_notifications::Notifier;
use stockroom_runtime::Runtime;
use stockroom_weekly_report::WeeklyReport;

use crate::{
    bus::{TestBus, TestTransport, delivered, relay},
    jobs::{batch, due, scheduled},
};

const SUNDAY: &str = "2026-11-29T00:00:00Z";
/// By then drafts, sessions and claims have had their time, and so has an organization that ended.
const MONTHS_LATER: &str = "2027-02-01T02:00:00Z";

/// The effects of functions outside the table.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Those that put something on the bus.
    pub(super) puts: BTreeSet<&'static str>,
    /// Those that sent mail.
    pub(super) mails: BTreeSet<&'static str>,
}

impl Done {
    fn note(&mut self, function: &'static str, bus: &TestBus, mailer: &TestTransport) {
        if !bus.taken().is_empty() {
            self.puts.insert(function);
        }
        if !mailer.mails().is_empty() {
            self.mails.insert(function);
        }
    }
}

/// A company in which every event happens; then every consumer is called with each event twice.
pub(super) async fn everything(stack: &Stack) -> Done {
    let shop = Shop::open(stack, "globex").await;
    eventful(&shop).await;
    let mut done = Done::default();

    let (bus, mailer) = (TestBus::default(), TestTransport::default());
    let runtime = stack.function("relay");
    stockroom_relay::relay(&bus, &runtime.sources, json!({"Records": relay::records(&shop)})).await;
    done.note("relay", &bus, &mailer);
    let events = delivered(&bus);

    let notifier = Notifier::new(&stack.function("notifications"), mailer.clone()).unwrap();
    for event in events.iter().chain(&events) {
        notifier.notify(event.clone()).await.unwrap();
    }
    done.note("notifications", &TestBus::default(), &mailer);

    let mailer = TestTransport::default();
    let runtime = stack.function("low-stock");
    let task = LowStock::new(&runtime, mailer.clone()).unwrap();
    let low: Vec<_> = events.iter().filter(|event| event["detail-type"] == "stock.low").cloned().collect();
    let bus = work(&runtime, task, (&low, SUNDAY), &shop).await;
    done.note("low-stock", &bus, &mailer);

    let mailer = TestTransport::default();
    let runtime = stack.function("weekly-report");
    let task = WeeklyReport::new(&runtime, mailer.clone()).unwrap();
    let bus = work(&runtime, task, (&[], SUNDAY), &shop).await;
    done.note("weekly-report", &bus, &mailer);

    let runtime = stack.function("cleanup");
    let bus = work(&runtime, Cleanup::new(&runtime), (&[], MONTHS_LATER), &shop).await;
    let path = format!("/api/v1/organizations/{}", shop.id);
    let admin = shop.sign_in(shop.admin()).await;
    admin.delete(path).query(&[("confirm", &shop.subdomain)]).await.expect(202);
    work(&runtime, Cleanup::new(&runtime), (&[], MONTHS_LATER), &shop).await;
    done.note("cleanup", &bus, &TestTransport::default());
    done
}

/// Has a job run as its schedule and its queue call it; gives what it put on the bus.
async fn work<T: Task>(runtime: &Runtime, task: T, (events, time): (&[Value], &str), shop: &Shop) -> TestBus {
    let bus = TestBus::default();
    let worker = Worker::new(runtime, task, bus.clone());
    for _ in 0..2 {
        worker.handle(scheduled(time)).await.unwrap();
        let messages = [events, &[due(T::JOB, &shop.id, time)]].concat();
        let answer = worker.handle(batch(&messages)).await.unwrap();
        assert_eq!(answer["batchItemFailures"], json!([]));
    }
    bus
}

async fn eventful(shop: &Shop) {
    let cheese = shop.product("CHEESE").with("min_stock_level", 40).with("barcode", "4006381333931").await;
    let main = shop.warehouse("Main").await;
    shop.receive(&cheese, &main, 45).await.expect(201);
    shop.take(&cheese, &main, 10).key("k").await.expect(201);
    shop.supplier("Supplier").await;
    // As if it had signed up under a key.
    let kept = format!("TENANT#{}#IDEMPOTENCY", shop.subdomain);
    shop.stack().put(json!({"pk": {"S": kept}, "sk": {"S": "sign-up"}}));
    for status in ["DRAFT", "SUBMITTED", "REJECTED"] {
        shop.request(&cheese, 2, status).await;
    }
    let priced = json!({"items": [{"product_id": cheese, "quantity": 1, "estimated_price": "2.50"}]});
    shop.staff().post("/api/v1/purchase-requests", priced).await.expect(201);
    let ordered = shop.request(&cheese, 2, "ORDERED").await;
    shop.arrive(&ordered, &main, 1).await.expect(200);
    shop.step(&ordered.id, "close").await.expect(200);
    let invited = json!({"email": "sam@globex.example", "full_name": "Sam", "role": "STAFF"});
    shop.admin().post("/api/v1/users", invited).await.expect(201);
    let forgetful = json!({"email": shop.staff().email});
    shop.anonymous().post("/api/v1/auth/password/forgot", forgetful).await.expect(202);
}
