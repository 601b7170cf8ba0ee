//! Cleanup: expired data is deleted once, and an organization that ended long ago is deleted completely.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use stockroom_cleanup::MAX_WRITES;
use stockroom_domain::source::Clock as _;
use stockroom_harness::{PASSWORD, Shop, Stack};
use stockroom_jobs::Job;

use super::{batch, cleanup, due, failed, low_stock, run, run_locally};
use crate::bus::{TestTransport, items};

const DAY: Duration = Duration::from_hours(24);
const REQUESTS: &str = "/api/v1/purchase-requests";

fn now(stack: &Stack) -> String {
    stack.clock().now().to_string()
}

/// The items by their keys.
fn table(stack: &Stack) -> BTreeMap<String, Value> {
    let key = |item: &Value| format!("{} {}", item["pk"].as_str().unwrap(), item["sk"].as_str().unwrap());
    stack.items().into_iter().map(|item| (key(&item), item)).collect()
}

/// The items that name one of these ids.
fn naming(stack: &Stack, words: &[&str]) -> Vec<String> {
    let items = table(stack).into_iter();
    let named = items.filter(|(_, item)| words.iter().any(|word| item.to_string().contains(word)));
    named.map(|(key, _)| key).collect()
}

#[tokio::test]
async fn cleanup_deletes_a_draft_of_a_month_ago_with_entry_and_event() {
    let (shop, around) = crate::bus::shop().await;
    let stack = shop.stack();
    let product = shop.product("SKU-1").await;
    let old = shop.request(&product, 3, "DRAFT").await;
    let submitted = shop.request(&product, 3, "SUBMITTED").await;
    stack.clock().advance(30 * DAY);
    let staff = shop.sign_in(shop.staff()).await;
    let lines = json!([{"product_id": product, "quantity": 1}]);
    let young = staff.post(REQUESTS, json!({"items": lines})).await.expect(201).id();

    for _ in 0..2 {
        assert_eq!(run_locally(&around, "cleanup", "").await.1["organizations"], 1);
        staff.get(format!("{REQUESTS}/{}", old.id)).await.expect(404);
    }
    staff.get(format!("{REQUESTS}/{}", submitted.id)).await.expect(200);
    staff.get(format!("{REQUESTS}/{young}")).await.expect(200);

    let admin = shop.sign_in(shop.admin()).await;
    let told = admin.get("/api/v1/audit-logs").query(&[("entity_id", &old.id)]).await.expect(200).json();
    let told = told["items"].as_array().unwrap();
    let words: Vec<_> = told.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(words, ["DELETE", "CREATE"]);
    assert_eq!((&told[0]["actor"], &told[0]["before"]["request_number"]), (&Value::Null, &json!("PR-00001")));
    assert!(told[0]["request_id"].as_str().unwrap().starts_with("cleanup 2026-12-"), "{}", told[0]);
    let events = items(&around, "/_local/events.json").await;
    let deleted = events.iter().filter(|event| event["detail-type"] == "purchase_request.deleted");
    assert_eq!(deleted.map(|event| &event["detail"]["entity_id"]).collect::<Vec<_>>(), [&json!(old.id)]);
    stack.check_invariants();
}

#[tokio::test]
async fn cleanup_counts_the_age_of_a_draft_from_its_creation() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let stack = shop.stack();
    let product = shop.product("SKU-1").await;
    let draft = shop.request(&product, 3, "DRAFT").await;
    let path = format!("{REQUESTS}/{}", draft.id);
    let made_at: stockroom_domain::time::Timestamp =
        shop.staff().get(&path).await.json()["created_at"].as_str().unwrap().parse().unwrap();
    stack.clock().advance(29 * DAY);
    let staff = shop.sign_in(shop.staff()).await;
    staff.patch(&path, json!({"notes": "soon"})).await.expect(200);

    let month = made_at.plus(30 * DAY);
    run(&cleanup(stack).0, &shop, &month.to_string()).await;
    staff.get(&path).await.expect(200);
    run(&cleanup(stack).0, &shop, &month.plus(Duration::from_millis(1)).to_string()).await;
    staff.get(&path).await.expect(404);
}

#[tokio::test]
async fn cleanup_during_a_submit_deletes_or_submits_the_draft() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let stack = shop.stack();
    let product = shop.product("SKU-1").await;
    let mut drafts = Vec::new();
    for _ in 0..10 {
        drafts.push(shop.request(&product, 1, "DRAFT").await.id);
    }
    stack.clock().advance(30 * DAY);
    let staff = shop.sign_in(shop.staff()).await;
    let event = batch(&[due(Job::Cleanup, &shop.id, &now(stack))]);
    let (job, _) = cleanup(stack);
    let cleaning = tokio::spawn(async move { job.handle(event).await.unwrap() });
    let mut kept = 0;
    for draft in drafts.iter().rev() {
        let submitted = staff.post(format!("{REQUESTS}/{draft}/submit"), json!({})).await;
        let found = staff.get(format!("{REQUESTS}/{draft}")).await;
        assert!(matches!((submitted.status(), found.status()), (200, 200) | (404, 404)), "{submitted:?}");
        kept += usize::from(submitted.status() == 200);
    }
    assert_eq!(failed(&cleaning.await.unwrap()), [""; 0]);
    assert_eq!(deletions(stack) + kept, drafts.len());
    stack.check_invariants();
}

#[tokio::test]
async fn cleanup_deletes_expired_sessions_only() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let stack = shop.stack();
    stack.clock().advance(4 * DAY);
    let fresh = shop.sign_in(shop.manager()).await;
    stack.clock().advance(4 * DAY);
    let before = table(stack);
    run(&cleanup(stack).0, &shop, &now(stack)).await;

    let sessions = |table: &BTreeMap<String, Value>| -> BTreeMap<String, usize> {
        let users = table.iter().filter(|(key, _)| key.contains("#USER "));
        let count = |user: &Value| user["sessions"].as_object().unwrap().len();
        users.map(|(_, user)| (user["data"]["email"].as_str().unwrap().to_owned(), count(user))).collect()
    };
    let of = |admin, manager, staff| {
        let people = [("admin", admin), ("manager", manager), ("staff", staff)];
        BTreeMap::from(people.map(|(name, count)| (format!("{name}@acme.example"), count)))
    };
    assert_eq!((sessions(&before), sessions(&table(stack))), (of(1, 2, 1), of(0, 1, 0)));
    let token = json!({"refresh_token": fresh.refresh_token});
    shop.anonymous().without_tenant().post("/api/v1/auth/refresh", token).await.expect(200);
    assert_eq!(shop.sign_in(shop.admin()).await.get("/api/v1/users/me").await.expect(200).version(), 1);
    stack.check_invariants();
}

#[tokio::test]
async fn cleanup_deletes_expired_claims() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let stack = shop.stack();
    let product = shop.product("SKU-1").with("min_stock_level", 5).await;
    let main = shop.warehouse("Main").await;
    shop.receive(&product, &main, 1).await.expect(201);
    let mailer = TestTransport::default();
    run(&low_stock(stack, &mailer), &shop, &now(stack)).await;
    let claims = || table(stack).keys().filter(|key| key.contains("#CLAIM ")).count();
    assert_eq!((mailer.recipients().len(), claims()), (2, 2));
    stack.clock().advance(29 * DAY);
    run(&cleanup(stack).0, &shop, &now(stack)).await;
    assert_eq!(claims(), 2);
    stack.clock().advance(2 * DAY);
    run(&cleanup(stack).0, &shop, &now(stack)).await;
    assert_eq!(claims(), 0);
}

/// A shop with items of every kind, also of deleted resources.
async fn full(stack: &Stack, subdomain: &str) -> Shop {
    let shop = Shop::open(stack, subdomain).await;
    let leaver = shop.hire("leaver", "STAFF").await;
    shop.supplier("Supplier").await;
    let product = shop.product("SKU-1").with("min_stock_level", 5).with("category", "Tea").await;
    let (main, gone) = (shop.warehouse("Main").await, shop.warehouse("Gone").await);
    for warehouse in [&main, &gone] {
        leaver.receive(&product, warehouse, 4).key(&format!("k-{warehouse}")).await.expect(201);
    }
    shop.take(&product, &gone, 4).key("k").await.expect(201);
    shop.admin().delete(format!("/api/v1/warehouses/{gone}")).await.expect(204);
    shop.admin().delete(format!("/api/v1/users/{}", leaver.id)).await.expect(204);
    for status in ["DRAFT", "REJECTED", "ORDERED"] {
        shop.request(&product, 3, status).await;
    }
    shop.anonymous().log_in(&shop.staff().email, "not the password").await.expect(401);
    run(&low_stock(stack, &TestTransport::default()), &shop, &now(stack)).await;
    shop
}

/// Ends a shop, and advances the clock until its purge is due.
async fn end(shop: &Shop) {
    let admin = shop.sign_in(shop.admin()).await;
    let path = format!("/api/v1/organizations/{}", shop.id);
    admin.delete(path).query(&[("confirm", &shop.subdomain)]).await.expect(202);
    shop.stack().clock().advance(30 * DAY);
}

/// How many items of each kind an organization has.
fn kinds(stack: &Stack, shop: &Shop) -> Value {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for key in naming(stack, &[&shop.id, &shop.subdomain]) {
        let words: Vec<&str> = key.split([' ', '#']).collect();
        *kinds.entry(words[if words[0] == "ORG" { 2 } else { 0 }].to_owned()).or_default() += 1;
    }
    json!(kinds)
}

#[tokio::test]
async fn cleanup_of_an_organization_that_ended_a_month_ago_leaves_a_summary() {
    let stack = Stack::start().await;
    let (shop, other) = (full(&stack, "acme").await, full(&stack, "globex").await);
    let (job, bus) = cleanup(&stack);
    let ended_at = now(&stack);
    end(&shop).await;
    let whole = table(&stack);
    run(&job, &shop, &ended_at).await;
    assert_eq!(table(&stack), whole, "it is kept for a month");
    shop.anonymous().log_in(&shop.staff().email, PASSWORD).await.expect(401);
    shop.anonymous().post("/api/v1/auth/password/forgot", json!({"email": shop.staff().email})).await.expect(202);
    assert_eq!(table(&stack), whole, "a deleted organization starts nothing");

    let kinds = kinds(&stack, &shop);
    for kind in ["MOVE", "LOG", "STOCK", "IDEMPOTENCY", "PR", "CLAIM", "LOW", "SKU", "COUNTER", "CREDENTIAL", "TENANT"]
    {
        assert!(kinds[kind].as_u64().is_some_and(|count| count > 0), "{kind} is missing in {kinds}");
    }
    let others = naming(&stack, &[&other.id, "globex"]);
    let (before, at) = (table(&stack), now(&stack));
    run(&job, &shop, &at).await;
    let summary = format!("PURGE#{} PURGE", shop.id);
    assert_eq!(naming(&stack, &[&shop.id, "acme"]), [summary.as_str()]);
    let left = &table(&stack)[&summary];
    assert_eq!((&left["items"], &left["subdomain"]), (&kinds, &json!("acme")));
    assert_eq!(
        (&left["i1pk"], left["i1sk"].as_str().unwrap()),
        (&json!("PURGED"), &*format!("{}#{}", left["finished_at"].as_str().unwrap(), shop.id))
    );
    assert_eq!(naming(&stack, &[&other.id, "globex"]), others);
    assert!(others.iter().all(|key| table(&stack)[key] == before[key]));
    assert_eq!(bus.taken().len(), 0);

    // The subdomain is free, and a late call does not touch its next owner.
    let next = Shop::open(&stack, "acme").await;
    let after = table(&stack);
    run(&job, &shop, &at).await;
    assert_eq!(table(&stack), after);
    next.staff().get("/api/v1/users/me").await.expect(200);
    stack.check_invariants();
}

#[tokio::test]
async fn low_stock_event_after_the_purge_writes_nothing() {
    let stack = Stack::start().await;
    let shop = full(&stack, "acme").await;
    end(&shop).await;
    run(&cleanup(&stack).0, &shop, &now(&stack)).await;
    let before = table(&stack);
    let mut late = due(Job::LowStock, &shop.id, &now(&stack));
    late["source"] = json!("stockroom");
    late["detail-type"] = json!("stock.low");
    let mailer = TestTransport::default();
    let answer = low_stock(&stack, &mailer).handle(batch(&[late])).await.unwrap();
    assert_eq!((failed(&answer), table(&stack)), (Vec::new(), before));
}

#[tokio::test]
async fn cleanup_of_20000_items_deletes_a_bounded_number_per_call() {
    let stack = Stack::start_large().await;
    let shop = Shop::open(&stack, "acme").await;
    end(&shop).await;
    let many = 20_000;
    for number in 0..many {
        let shard = number % 4;
        stack.put(json!({
            "pk": {"S": format!("ORG#{}#MOVE#{shard}", shop.id)}, "sk": {"S": format!("{number:036}")},
            "i2pk": {"S": format!("ORG#{}#AT#x", shop.id)}, "i2sk": {"S": format!("{number:036}")},
            "data": {"M": {"notes": {"S": "n".repeat(200)}}},
        }));
    }
    let (job, bus) = cleanup(&stack);
    let mut event = due(Job::Cleanup, &shop.id, &now(&stack));
    let count = || naming(&stack, &[&shop.id]).len();
    let (mut calls, mut before) = (0, count());
    loop {
        calls += 1;
        let told = bus.taken().len();
        assert_eq!(failed(&job.handle(batch(&[event.clone()])).await.unwrap()), [""; 0]);
        let left = count();
        // A page may end above the budget; one summary replaces all the items.
        assert!(before - left <= MAX_WRITES + 100, "{before} to {left}");
        assert!(left < before);
        before = left;
        let Some(next) = bus.taken().get(told).cloned() else { break };
        event["detail"] = next["detail"].clone();
    }
    assert_eq!((calls, before), (many / MAX_WRITES + 1, 1));
}

/// An organization to be purged and one with a draft to be deleted, their events, and the number of items of each kind
/// in the first.
struct Due {
    prepared: Stack,
    ended: String,
    events: Value,
    kinds: Value,
}

impl Due {
    async fn prepare() -> Self {
        let prepared = Stack::start().await;
        let (ended, shop) = (full(&prepared, "initech").await, full(&prepared, "acme").await);
        end(&ended).await;
        prepared.clock().advance(DAY);
        let time = now(&prepared);
        let events = batch(&[due(Job::Cleanup, &ended.id, &time), due(Job::Cleanup, &shop.id, &time)]);
        Self { kinds: kinds(&prepared, &ended), ended: ended.id.clone(), events, prepared }
    }

    /// The same, on a table of its own.
    fn on(&self, stack: Stack) -> Stack {
        stack.continue_from(&self.prepared);
        stack
    }

    #[track_caller]
    fn assert_done(&self, stack: &Stack, when: &str) {
        let summary = &table(stack)[&format!("PURGE#{} PURGE", self.ended)];
        assert!(summary["finished_at"].is_string(), "{when}");
        assert_eq!(summary["items"], self.kinds, "{when}");
        assert_eq!((naming(stack, &[&self.ended]).len(), deletions(stack)), (1, 1), "{when}");
        stack.check_invariants();
    }
}

#[tokio::test]
async fn concurrent_cleanups_do_the_work_once() {
    let due = Due::prepare().await;
    for round in 0..20 {
        let stack = due.on(Stack::start().await);
        let runs = (0..3).map(|_| {
            let ((job, _), events) = (cleanup(&stack), due.events.clone());
            tokio::spawn(async move { job.handle(events).await.unwrap() })
        });
        for run in runs.collect::<Vec<_>>() {
            assert_eq!(failed(&run.await.unwrap()), [""; 0]);
        }
        due.assert_done(&stack, &format!("round {round}"));
    }
}

/// How many drafts the log says were deleted.
fn deletions(stack: &Stack) -> usize {
    let is_one = |item: &&Value| item["data"]["action"] == "DELETE" && item["data"]["entity"] == "PurchaseRequest";
    stack.items().iter().filter(is_one).count()
}

#[tokio::test]
async fn cleanup_killed_at_any_call_is_completed_by_the_next_run() {
    let due = Due::prepare().await;
    for calls in 0.. {
        let stack = due.on(Stack::start_with_faults().await);
        let held = stack.faults().hold_after(calls);
        let (first, _) = cleanup(&stack);
        let killed = tokio::select! {
            answer = first.handle(due.events.clone()) => { assert_eq!(failed(&answer.unwrap()), [""; 0]); false }
            () = held.arrived() => true,
        };
        drop(held);
        stack.faults().end();
        for _ in 0..2 {
            assert_eq!(failed(&cleanup(&stack).0.handle(due.events.clone()).await.unwrap()), [""; 0]);
        }
        due.assert_done(&stack, &format!("killed at call {calls}"));
        if !killed {
            assert!(calls >= 40, "{calls}");
            return;
        }
    }
}

#[tokio::test]
async fn cleanup_with_lost_replies_and_throttling_has_the_same_result() {
    let stack = Stack::start_with_faults().await;
    let shop = full(&stack, "acme").await;
    end(&shop).await;
    let kinds = kinds(&stack, &shop);
    stack.faults().lose_next_replies_of("TransactWriteItems", 4);
    stack.faults().throttle(5);
    stack.faults().conflict(3);
    run(&cleanup(&stack).0, &shop, &now(&stack)).await;
    assert!(stack.faults().happened() >= 12);
    assert_eq!(table(&stack)[&format!("PURGE#{} PURGE", shop.id)]["items"], kinds);
}

#[tokio::test]
async fn cleanup_of_many_drafts_continues_in_another_call() {
    let shop = Shop::open(&Stack::start_large().await, "acme").await;
    let stack = shop.stack();
    let mut lines = Vec::new();
    for number in 0..40 {
        lines.push(json!({"product_id": shop.product(&format!("SKU-{number}")).await, "quantity": 1}));
    }
    let drafts = MAX_WRITES / 42 + 5;
    for _ in 0..drafts {
        shop.staff().post(REQUESTS, json!({"items": lines})).await.expect(201);
    }
    stack.clock().advance(31 * DAY);
    let (job, bus) = cleanup(stack);
    run(&job, &shop, &now(stack)).await;
    assert_eq!(bus.taken().len(), 1, "there is more to do");
    assert!(deletions(stack) < drafts);
    run(&job, &shop, &now(stack)).await;
    assert_eq!((bus.taken().len(), deletions(stack)), (1, drafts));
    stack.check_invariants();
}
