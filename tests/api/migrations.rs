//! Items of older versions: the product reads them, and `migrate` upgrades them while the product is in use.
//! One file: every migration is tested by the same steps.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by a panic")]

mod catalogue;

mod barcodes;

use std::time::Duration;

use serde_json::{Value, json};
use stockroom_domain::text::fold;
use stockroom_harness::{Shop, Stack};
use stockroom_migrate::{Command, run};
use stockroom_store::{
    MIGRATIONS_OF_THIS_PROGRAM, MigrateError, Migration, MigrationRun, MigrationState, Pace, RUN_LEASE, Store,
};

const PACE: Pace = Pace { page: 2, pause: Duration::ZERO };

fn by_text() -> &'static Migration {
    MIGRATIONS_OF_THIS_PROGRAM.iter().find(|migration| migration.id == "0001-find-users-by-text").unwrap()
}

async fn up(store: &Store) -> Result<Option<MigrationRun>, MigrateError> {
    store.migrations().up(by_text(), false, PACE, |_| ()).await
}

fn users(stack: &Stack) -> Vec<Value> {
    let users = stack.items().into_iter().filter(|item| item["pk"].as_str().unwrap().ends_with("#USER"));
    users.collect()
}

/// Turns every user into one of the first version, without `search` and `schema`. Returns the users from before.
fn age(stack: &Stack) -> Vec<Value> {
    let of_today = users(stack);
    for user in &of_today {
        stack.forget(user, &["search", "schema"]);
    }
    of_today
}

/// Two organizations with some more users, who cannot sign in.
async fn shops(stack: &Stack) -> [Shop; 2] {
    let shops = [Shop::open(stack, "acme").await, Shop::open(stack, "globex").await];
    for shop in &shops {
        for name in ["Nancy", "Andrew"] {
            invite(shop, name).await;
        }
    }
    shops
}

async fn invite(shop: &Shop, name: &str) -> String {
    let email = format!("{name}@{}.example", shop.subdomain);
    let user = json!({"email": email, "full_name": format!("{name} Of Before"), "role": "STAFF"});
    shop.admin().post("/api/v1/users", user).await.expect(201).id()
}

async fn found(shop: &Shop, text: &str) -> usize {
    shop.admin().get("/api/v1/users").query(&[("search", text)]).await.expect(200).items().len()
}

#[tokio::test]
async fn read_of_an_old_item_succeeds_and_search_finds_it_after_up() {
    let stack = Stack::start().await;
    let [acme, globex] = shops(&stack).await;
    let of_today = age(&stack);

    // A read by key upgrades the item; the table's own filters read the stored form.
    let me = acme.manager().get("/api/v1/users/me").await.expect(200).json();
    assert_eq!(me["full_name"], "The manager");
    assert_eq!((found(&acme, "nancy").await, found(&globex, "of before").await), (0, 0));

    let store = &stack.another_process().runtime().store.clone();
    assert_eq!(store.migrations().current().await.unwrap()[0].1, MigrationState::Pending);
    let done = up(store).await.unwrap().unwrap();
    assert_eq!((done.looked_at, done.changed, done.overtaken), (10, 10, 0));
    assert_eq!(users(&stack), of_today);
    assert_eq!((found(&acme, "nancy").await, found(&globex, "of before").await), (1, 2));
    stack.check_invariants();

    // Items written since have the current version.
    invite(&acme, "Janet").await;
    assert!(users(&stack).iter().all(|user| user["schema"] == 3));
}

#[tokio::test]
async fn write_over_an_item_of_a_later_version_stores_the_current_schema() {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    let of = |kind: &str| {
        let partition = format!("ORG#{}#{kind}", shop.id);
        stack.items().into_iter().filter(move |item| item["pk"] == partition.as_str())
    };
    for item in of("USER").chain(of("ORG")) {
        stack.set(&item, "schema", 9);
    }
    shop.staff().patch("/api/v1/users/me", json!({"full_name": "Somebody Else"})).await.expect(200);
    let organization = format!("/api/v1/organizations/{}", shop.id);
    shop.admin().patch(organization, json!({"name": "Acme Anew"})).await.expect(200);

    let versions: Vec<_> = of("USER").map(|user| user["schema"].clone()).collect();
    assert_eq!(versions.iter().filter(|version| **version == 3).count(), 1, "{versions:?}");
    assert_eq!(of("ORG").next().unwrap().get("schema"), None);
    // An item of an earlier version may lack other members as well.
    age(&stack);
    shop.staff().patch("/api/v1/users/me", json!({"full_name": "Who I Was"})).await.expect(200);
    assert!(of("USER").all(|user| user.get("schema").is_none()));
}

#[tokio::test]
async fn up_of_a_done_migration_runs_only_with_again() {
    let stack = Stack::start().await;
    shops(&stack).await;
    age(&stack);
    let store = &stack.runtime().store;
    up(store).await.unwrap().unwrap();
    let items = stack.items();
    assert_eq!(up(store).await.unwrap(), None);
    assert_eq!(stack.items(), items);

    let again = store.migrations().up(by_text(), true, PACE, |_| ()).await.unwrap().unwrap();
    assert_eq!((again.looked_at, again.changed), (10, 0));
    let history = store.migrations().history().await.unwrap();
    let changed: Vec<_> = history.iter().map(|run| (run.changed, run.done_at.is_some())).collect();
    assert_eq!(changed, [(10, true), (0, true)]);
}

#[tokio::test]
async fn up_after_a_stop_continues_where_it_stopped() {
    let stack = Stack::start_with_faults().await;
    shops(&stack).await;
    let of_today = users(&stack);
    let mut resumed = false;
    for calls in 0.. {
        age(&stack);
        stack.forget_partition("MIGRATIONS");
        let first = stack.another_process();
        let held = stack.faults().hold_after(calls);
        let killed = tokio::select! {
            done = up(&first.runtime().store) => { done.unwrap(); false }
            () = held.arrived() => true,
        };
        drop(held);
        stack.faults().end();
        if !killed {
            break;
        }
        let second = stack.another_process();
        let left = match &second.runtime().store.migrations().current().await.unwrap()[0].1 {
            MigrationState::Running(run) => run.looked_at,
            MigrationState::Pending | MigrationState::Done(_) => 0,
        };
        stack.clock().advance(RUN_LEASE);
        // If the last call was held after all items were read, nothing remains.
        let rest = loop {
            match up(&second.runtime().store).await {
                // The held call has saved its position once more.
                Err(MigrateError::UnderWay { .. }) => stack.clock().advance(RUN_LEASE),
                done => break done.unwrap().map_or(0, |run| run.looked_at),
            }
        };
        assert!(left + rest >= 10 || rest == 0, "stopped at call {calls}: {left} + {rest}");
        resumed |= left > 0 && rest > 0 && rest < 10;
        assert_eq!(users(&stack), of_today, "stopped at call {calls}");
    }
    assert!(resumed, "no run was taken up in the middle");
    stack.check_invariants();
}

#[tokio::test]
async fn up_during_writes_keeps_every_write() {
    let stack = Stack::start_with_faults().await;
    let shop = Shop::open(&stack, "acme").await;
    let renamed = invite(&shop, "Nancy").await;
    let mut newcomer = invite(&shop, "Andrew").await;
    let mut overtaken = 0;
    for calls in 0.. {
        age(&stack);
        stack.forget_partition("MIGRATIONS");
        let process = stack.another_process();
        let held = stack.faults().hold_after(calls);
        let mut migration = tokio::spawn(async move { up(&process.runtime().store).await.unwrap().unwrap() });
        let done = tokio::select! {
            () = held.arrived() => None,
            done = &mut migration => Some(done),
        };
        let is_last = done.is_some();
        if is_last {
            stack.faults().end();
        }
        // Between two calls of the migration: one user is renamed, one deleted, one created.
        let name = format!("Nancy Renamed {calls}");
        shop.admin().patch(format!("/api/v1/users/{renamed}"), json!({"full_name": name})).await.expect(200);
        let gone = newcomer;
        shop.admin().delete(format!("/api/v1/users/{gone}")).await.expect(204);
        newcomer = invite(&shop, &format!("New{calls}")).await;
        drop(held);
        let run = match done {
            Some(done) => done,
            None => migration.await,
        };
        overtaken += run.unwrap().overtaken;
        stack.faults().end();

        let users = users(&stack);
        assert!(users.iter().all(|user| user["schema"] == 3), "held at call {calls}: {users:?}");
        assert!(users.iter().all(|user| user["sk"] != gone.as_str()), "held at call {calls}: a deleted user is back");
        assert_eq!(found(&shop, &name).await, 1, "held at call {calls}");
        stack.check_invariants();
        if is_last {
            break;
        }
    }
    assert!(overtaken > 0, "no write fell between a read of the migration and its write");
}

#[tokio::test]
async fn up_during_another_run_is_refused() {
    let stack = Stack::start_with_faults().await;
    shops(&stack).await;
    age(&stack);
    let held = stack.faults().hold("Query");
    let first = stack.another_process();
    let first = tokio::spawn(async move { up(&first.runtime().store).await });
    held.arrived().await;
    let refused = up(&stack.another_process().runtime().store).await;
    assert!(matches!(refused, Err(MigrateError::UnderWay { .. })), "{refused:?}");

    // A run that was silent for too long is taken over, and stops when it continues.
    stack.clock().advance(RUN_LEASE);
    let second = up(&stack.another_process().runtime().store).await.unwrap().unwrap();
    assert_eq!(second.changed, 10);
    drop(held);
    assert!(matches!(first.await.unwrap(), Err(MigrateError::UnderWay { .. })));
    let current = stack.runtime().store.migrations().current().await.unwrap();
    assert_eq!(current[0].1, MigrationState::Done(second));
}

#[tokio::test]
async fn up_of_an_unreadable_item_stops_and_names_it() {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    age(&stack);
    let partition = format!("ORG#{}#USER", shop.id);
    stack.put(json!({"pk": {"S": partition}, "sk": {"S": "zzz"}, "data": {"S": "nothing"}}));
    let error = up(&stack.runtime().store).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(&format!("the item {partition} / zzz cannot be brought")), "{text}");
}

#[tokio::test]
async fn migrate_command_prints_its_progress() {
    let stack = Stack::start().await;
    shops(&stack).await;
    age(&stack);
    let store = &stack.runtime().store;
    let tell = async |command| {
        let mut out = Vec::new();
        run(command, store, &mut out).await.unwrap();
        String::from_utf8(out).unwrap()
    };
    let up = Command::Up { again: false, page: 100, pause: 0 };
    assert!(tell(Command::Current).await.starts_with("0001-find-users-by-text  pending\n"));
    let printed = tell(up).await;
    assert_eq!(
        printed.lines().take(3).collect::<Vec<_>>(),
        [
            "0001-find-users-by-text  done: 10 items read, 10 changed, 0 concurrent changes",
            "0003-sort-and-search-catalogue  done: 0 items read, 0 changed, 0 concurrent changes",
            "0004-find-users-without-accents  done: 10 items read, 0 changed, 0 concurrent changes",
        ]
    );
    assert_eq!(printed.lines().count(), MIGRATIONS_OF_THIS_PROGRAM.len());
    assert!(tell(up).await.lines().all(|line| line.ends_with("  already done")));
    assert!(tell(Command::Current).await.starts_with("0001-find-users-by-text  done 2"));
    let history = tell(Command::History).await;
    let first = history.lines().next().unwrap();
    assert!(first.ends_with(": 10 items read, 10 changed, 0 concurrent changes"), "{history}");
}

#[tokio::test]
async fn up_of_users_of_the_second_version_finds_them_without_accents() {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    let user = json!({"email": "istanbul@acme.example", "full_name": "İbrahim Çelik", "role": "STAFF"});
    shop.admin().post("/api/v1/users", user).await.expect(201);
    let of_today = users(&stack);
    stack.rewrite(|item| {
        if item["pk"]["S"].as_str().unwrap().ends_with("#USER") {
            let [name, email] =
                ["full_name", "email"].map(|member| fold(item["data"]["M"][member]["S"].as_str().unwrap()));
            item["search"]["S"] = format!("{name}\n{email}").into();
            item["schema"]["N"] = "2".into();
        }
    });
    assert_eq!((found(&shop, "ibrahim celik").await, found(&shop, "ISTANBUL@").await), (0, 1));
    let migration =
        MIGRATIONS_OF_THIS_PROGRAM.iter().find(|migration| migration.id == "0004-find-users-without-accents");
    let run = stack.runtime().store.migrations().up(migration.unwrap(), false, PACE, |_| ()).await.unwrap().unwrap();
    assert_eq!((run.looked_at, run.changed), (4, 4));
    assert_eq!(users(&stack), of_today);
    for text in ["ibrahim celik", "İBRAHİM", "ÇELİK", "ｉｓｔａｎｂｕｌ@"] {
        assert_eq!(found(&shop, text).await, 1, "{text}");
    }
    // No term spans the end of the name and the beginning of the address.
    assert_eq!(found(&shop, "celikistanbul").await, 0);
}

#[tokio::test]
async fn up_counts_requests_with_prices_for_the_change_of_currency() {
    const REQUESTS: &str = "/api/v1/purchase-requests";
    let stack = Stack::start().await;
    let shops = [Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await];
    let mut drafts = Vec::new();
    for shop in &shops {
        let product = shop.product("SKU-1").await;
        for price in [Some("1"), Some("2"), None] {
            let line = json!({"product_id": product, "quantity": 1, "estimated_price": price});
            drafts.push(shop.staff().post(REQUESTS, json!({"items": [line]})).await.expect(201).id());
        }
    }
    let counters = || stack.items().into_iter().filter(|item| item["sk"] == "REQUESTS");
    let of_today: Vec<_> = counters().collect();
    for counter in &of_today {
        stack.forget(counter, &["priced", "counts_prices"]);
    }
    for request in stack.items().iter().filter(|item| drafts.iter().any(|id| item["sk"] == id.as_str())) {
        stack.forget(request, &["data.currency"]);
    }
    let change =
        |shop: &Shop| shop.admin().patch(format!("/api/v1/organizations/{}", shop.id), json!({"currency": "EUR"}));
    let [acme, globex] = &shops;
    // The number of requests with prices is unknown. Later writes are counted from there.
    for draft in &drafts[3..5] {
        globex.staff().delete(format!("{REQUESTS}/{draft}")).await.expect(204);
    }
    assert_eq!(globex.staff().get(REQUESTS).await.expect(200).items()[0]["currency"], Value::Null);
    let older = acme.staff().get(format!("{REQUESTS}/{}", drafts[0])).await.expect(200);
    assert_eq!(older.json()["currency"], "USD");
    assert_eq!(change(acme).await.expect(409).code(), "in_use");
    assert_eq!(change(globex).await.expect(200).json()["currency"], "EUR", "a look finds no price");

    let prices = MIGRATIONS_OF_THIS_PROGRAM.iter().find(|migration| migration.id == "0007-count-prices").unwrap();
    let store = &stack.runtime().store;
    let done = store.migrations().up(prices, false, PACE, |_| ()).await.unwrap().unwrap();
    assert_eq!(done.changed, 2);
    let counted: Vec<_> = counters().map(|counter| counter["priced"].as_u64()).collect();
    let has_two = |counter: &Value| counter["pk"].as_str().unwrap().contains(&acme.id);
    let expected: Vec<_> = of_today.iter().map(|counter| Some(if has_two(counter) { 2 } else { 0 })).collect();
    assert_eq!(counted, expected);
    assert_eq!(change(acme).await.expect(409).code(), "in_use");
    assert_eq!(change(globex).await.expect(200).json()["currency"], "EUR");
    for draft in &drafts[..2] {
        acme.staff().delete(format!("{REQUESTS}/{draft}")).await.expect(204);
    }
    change(acme).await.expect(200);
    let again = store.migrations().up(prices, true, PACE, |_| ()).await.unwrap().unwrap();
    assert_eq!(again.changed, 0);
    stack.check_invariants();
}

fn counter(stack: &Stack) -> Value {
    stack.items().into_iter().find(|item| item["sk"] == "REQUESTS").unwrap()
}

fn migration(id: &str) -> &'static Migration {
    MIGRATIONS_OF_THIS_PROGRAM.iter().find(|migration| migration.id == id).unwrap()
}

#[tokio::test]
async fn count_of_prices_again_after_a_rollback_is_right() {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    let product = shop.product("SKU-1").await;
    let line = json!({"product_id": product, "quantity": 1, "estimated_price": "2"});
    shop.staff().post("/api/v1/purchase-requests", json!({"items": [line]})).await.expect(201);
    assert_eq!(counter(&stack).get("counts_prices"), None, "only the migration says that all are counted");
    let store = &stack.runtime().store;
    let prices = migration("0007-count-prices");
    store.migrations().up(prices, false, PACE, |_| ()).await.unwrap().unwrap();
    // A program that does not count prices has written the request.
    stack.set(&counter(&stack), "priced", 0);

    let path = format!("/api/v1/organizations/{}", shop.id);
    let refused = shop.admin().patch(path, json!({"currency": "EUR"})).await.expect(409);
    assert_eq!(refused.code(), "in_use");
    let again = store.migrations().up(prices, true, PACE, |_| ()).await.unwrap().unwrap();
    assert_eq!((again.changed, &counter(&stack)["priced"]), (1, &json!(1)));
    stack.check_invariants();
}

#[tokio::test]
async fn count_of_prices_during_changes_of_prices_is_right() {
    let stack = Stack::start_with_faults().await;
    let shop = Shop::open(&stack, "acme").await;
    let product = shop.product("SKU-1").await;
    let items = |price: Value| json!({"items": [{"product_id": product, "quantity": 1, "estimated_price": price}]});
    let mut drafts = Vec::new();
    for price in [Value::Null, json!("1"), Value::Null] {
        drafts.push(shop.staff().post("/api/v1/purchase-requests", items(price)).await.expect(201).id());
    }
    let set = async |draft: usize, price: Value| {
        let path = format!("/api/v1/purchase-requests/{}", drafts[draft]);
        shop.staff().patch(path, items(price)).await.expect(200);
    };
    for calls in 0.. {
        stack.forget(&counter(&stack), &["counts_prices"]);
        stack.forget_partition("MIGRATIONS");
        let process = stack.another_process();
        let mut held = stack.faults().hold_after(calls);
        let mut run = tokio::spawn(async move {
            process.runtime().store.migrations().up(migration("0007-count-prices"), false, PACE, |_| ()).await
        });
        let mut is_done = false;
        // One request gets a price before the next call of the migration, and another loses its own before the call
        // after it.
        for (draft, price) in [(0, json!("2")), (1, Value::Null)] {
            tokio::select! {
                () = held.arrived() => {}
                run = &mut run, if !is_done => { run.unwrap().unwrap(); is_done = true; }
            }
            stack.faults().end();
            set(draft, price).await;
            let next = stack.faults().hold_after(0);
            drop(held);
            held = next;
            if is_done {
                break;
            }
        }
        stack.faults().end();
        drop(held);
        if !is_done {
            run.await.unwrap().unwrap();
        }
        stack.check_invariants();
        set(0, Value::Null).await;
        set(1, json!("1")).await;
        if is_done {
            break;
        }
    }
}

#[tokio::test]
async fn count_of_prices_during_new_requests_is_not_repeated() {
    let stack = Stack::start_with_faults().await;
    let shop = Shop::open(&stack, "acme").await;
    let product = shop.product("SKU-1").await;
    let line = json!({"product_id": product, "quantity": 1});
    let add = || shop.staff().post("/api/v1/purchase-requests", json!({"items": [line]}));
    add().await.expect(201);
    for calls in 0.. {
        stack.forget(&counter(&stack), &["counts_prices", "priced"]);
        stack.forget_partition("MIGRATIONS");
        let process = stack.another_process();
        let held = stack.faults().hold_after(calls);
        let mut run = tokio::spawn(async move {
            process.runtime().store.migrations().up(migration("0007-count-prices"), false, PACE, |_| ()).await
        });
        let done = tokio::select! {
            () = held.arrived() => None,
            done = &mut run => Some(done),
        };
        let is_last = done.is_some();
        stack.faults().end();
        add().await.expect(201);
        drop(held);
        let run = match done {
            Some(done) => done,
            None => run.await,
        };
        assert_eq!(run.unwrap().unwrap().unwrap().overtaken, 0, "held at call {calls}");
        stack.check_invariants();
        if is_last {
            break;
        }
    }
}

#[tokio::test]
async fn up_counts_the_lines_that_hold_a_product() {
    let stack = Stack::start_with_faults().await;
    let shop = Shop::open(&stack, "acme").await;
    let (low, high, free) = (shop.product("LOW").await, shop.product("HIGH").await, shop.product("FREE").await);
    let products = [(&low, "0"), (&high, "7"), (&free, "-2")];
    for (product, _) in &products[..2] {
        shop.request(product, 1, "ORDERED").await;
    }
    let migration = migration("0008-count-open-lines");
    for calls in 0.. {
        // The state that programs leave which do not count.
        stack.rewrite(|item| {
            if let Some((_, count)) = products.iter().find(|(id, _)| item["sk"]["S"] == id.as_str()) {
                item["requests"] = json!({"N": count});
            }
        });
        stack.forget_partition("MIGRATIONS");
        let process = stack.another_process();
        let held = stack.faults().hold_after(calls);
        let mut run =
            tokio::spawn(async move { process.runtime().store.migrations().up(migration, false, PACE, |_| ()).await });
        let done = tokio::select! {
            () = held.arrived() => None,
            done = &mut run => Some(done),
        };
        let is_last = done.is_some();
        stack.faults().end();
        let draft = shop.request(&low, 1, "DRAFT").await;
        shop.request(&free, 1, "REJECTED").await;
        let next = stack.faults().hold_after(0);
        drop(held);
        let done = if done.is_some() {
            done
        } else {
            tokio::select! {
                () = next.arrived() => None,
                done = &mut run => Some(done),
            }
        };
        stack.faults().end();
        shop.staff().delete(format!("/api/v1/purchase-requests/{}", draft.id)).await.expect(204);
        drop(next);
        let run = match done {
            Some(done) => done,
            None => run.await,
        };
        run.unwrap().unwrap();
        stack.check_invariants();
        if is_last {
            break;
        }
    }
    shop.admin().delete(format!("/api/v1/products/{free}")).await.expect(204);
    shop.admin().delete(format!("/api/v1/products/{low}")).await.expect(409);
}
