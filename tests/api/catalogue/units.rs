//! A product's unit and decimals cannot change while recorded quantities or open requests use them.

use serde_json::{Value, json};
use stockroom_harness::{Fault, Reply, Request, Shop, Stack, at_once};

use crate::stock::support::{begin, walk};

fn path(product: &str) -> String {
    format!("/api/v1/products/{product}")
}

fn patch(shop: &Shop, product: &str, change: Value) -> Request {
    shop.manager().patch(path(product), change)
}

#[track_caller]
fn is_in_use(reply: Reply, by: &str) {
    let reply = reply.expect(409);
    assert_eq!(reply.code(), "in_use");
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(by), "{detail}");
}

async fn shown(shop: &Shop, product: &str) -> Value {
    shop.staff().get(path(product)).await.expect(200).json()
}

/// The product as the table has it.
fn stored(shop: &Shop, product: &str) -> Value {
    shop.stack().items().into_iter().find(|item| item["sk"] == product && item["data"]["sku"].is_string()).unwrap()
}

/// Turns a product into one from before products recorded whether they have levels.
fn age(shop: &Shop, product: &str) {
    shop.stack().forget(&stored(shop, product), &["has_levels"]);
}

#[tokio::test]
async fn patch_of_the_unit_after_a_movement_is_in_use() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let product = shop.product("RICE").with("unit", "kg").with("decimal_places", 2).await;
    let main = shop.warehouse("Main").await;
    patch(&shop, &product, json!({"unit": "g", "decimal_places": 0})).await.expect(200);
    patch(&shop, &product, json!({"unit": "kg", "decimal_places": 2})).await.expect(200);
    shop.receive(&product, &main, 1.25).await.expect(201);

    for change in [
        json!({"unit": "g"}),
        json!({"unit": null}),
        json!({"unit": "KG"}),
        json!({"decimal_places": 1}),
        json!({"decimal_places": null}),
    ] {
        is_in_use(patch(&shop, &product, change).await, "Movements");
    }
    // More decimals still fit the recorded quantities, and all other members still change.
    patch(&shop, &product, json!({"decimal_places": 3, "name": "Rice", "min_stock_level": 1.125})).await.expect(200);
    shop.take(&product, &main, 0.125).await.expect(201);
    assert_eq!(shop.on_hand(&product, &main).await, "1.125");
    is_in_use(patch(&shop, &product, json!({"decimal_places": 2, "min_stock_level": 1})).await, "Movements");

    // An empty level still has its movements.
    shop.take(&product, &main, 1.125).await.expect(201);
    is_in_use(patch(&shop, &product, json!({"unit": "g"})).await, "Movements");
    shop.admin().delete(format!("/api/v1/warehouses/{main}")).await.expect(204);
    is_in_use(patch(&shop, &product, json!({"unit": "g"})).await, "Movements");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn put_without_the_unit_of_a_moved_product_is_in_use() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let product = shop.product("RICE").with("unit", "kg").with("decimal_places", 2).await;
    let main = shop.warehouse("Main").await;
    let put = |body: Value| shop.manager().put(path(&product), body);
    shop.receive(&product, &main, 1.25).await.expect(201);

    is_in_use(put(json!({"sku": "RICE", "name": "Rice"})).await, "unit");
    is_in_use(put(json!({"sku": "RICE", "name": "Rice", "unit": "kg"})).await, "decimal_places");
    is_in_use(put(json!({"sku": "RICE", "name": "Rice", "decimal_places": 2})).await, "unit");
    assert_eq!(shown(&shop, &product).await["version"], 1);
    let whole = json!({"sku": "RICE", "name": "Rice", "unit": "kg", "decimal_places": 2});
    put(whole.clone()).await.expect(200);
    assert_eq!(put(whole).await.expect(200).version(), 2);

    // 422 and 412 come before 409.
    let finer = json!({"sku": "RICE", "name": "Rice", "min_stock_level": 0.5});
    assert_eq!(put(finer).await.expect(422).faults(), ["/min_stock_level too_many_decimals"]);
    assert_eq!(put(json!({"sku": "RICE", "name": "Rice"})).if_match(1).await.expect(412).code(), "version_mismatch");

    // A product without movements takes the default.
    let fresh = shop.product("FRESH").with("unit", "kg").await;
    let replaced = shop.manager().put(path(&fresh), json!({"sku": "FRESH", "name": "Fresh"})).await.expect(200);
    assert_eq!(replaced.json()["unit"], "each");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn patch_of_the_unit_under_an_open_request_is_in_use() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let main = shop.warehouse("Main").await;
    for status in ["DRAFT", "SUBMITTED", "APPROVED", "ORDERED"] {
        let product = shop.product(status).with("unit", "kg").with("decimal_places", 1).await;
        shop.request(&product, 2, status).await;
        is_in_use(patch(&shop, &product, json!({"unit": "g"})).await, "purchase request");
        is_in_use(patch(&shop, &product, json!({"decimal_places": 0})).await, "purchase request");
        patch(&shop, &product, json!({"decimal_places": 2})).await.expect(200);
    }
    for status in ["REJECTED", "CANCELLED"] {
        let product = shop.product(status).with("unit", "kg").await;
        shop.request(&product, 2, status).await;
        patch(&shop, &product, json!({"unit": "g"})).await.expect(200);
    }
    let product = shop.product("ARRIVED").with("unit", "kg").await;
    let ordered = shop.request(&product, 2, "ORDERED").await;
    shop.arrive(&ordered, &main, 2).await.expect(200);
    is_in_use(patch(&shop, &product, json!({"unit": "g"})).await, "Movements");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn patch_of_the_unit_of_an_older_product_looks_for_its_levels() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (moved, main) = shop.stocked("MOVED", 5).await;
    let gone = shop.warehouse("Gone").await;
    let fresh = shop.product("FRESH").await;
    age(&shop, &moved);
    is_in_use(patch(&shop, &moved, json!({"unit": "kg"})).await, "Movements");
    patch(&shop, &fresh, json!({"unit": "kg"})).await.expect(200);

    // Where the only level is in a warehouse that was deleted.
    let once = shop.product("ONCE").await;
    shop.staff().record("COUNT", &once, &gone, 0).await.expect(201);
    shop.admin().delete(format!("/api/v1/warehouses/{gone}")).await.expect(204);
    age(&shop, &once);
    is_in_use(patch(&shop, &once, json!({"unit": "kg"})).await, "Movements");

    // The next movement records it permanently, at the cost of one more write; later movements cost as usual.
    let healing = shop.take(&moved, &main, 1).await.expect(201).cost();
    assert_eq!(stored(&shop, &moved)["has_levels"], true);
    let usual = shop.take(&moved, &main, 1).await.expect(201).cost();
    assert_eq!(healing.write_halves - usual.write_halves, 4);
    // A change of the name meanwhile keeps it.
    patch(&shop, &moved, json!({"name": "Moved"})).await.expect(200);
    assert_eq!(stored(&shop, &moved)["has_levels"], true);
    shop.staff().record("COUNT", &once, &main, 0).await.expect(201);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn patch_of_the_unit_with_a_lost_reply_has_one_effect() {
    let shop = Shop::with_faults().await;
    let (product, main) = (shop.product("RICE").await, shop.warehouse("Main").await);
    shop.faults().next(Fault::LoseReply, "TransactWriteItems", 1);
    assert_eq!(patch(&shop, &product, json!({"unit": "kg"})).await.expect(200).version(), 2);
    shop.faults().end();

    // The reply to the client was lost, and a movement came in between: the unit is already the requested one.
    shop.receive(&product, &main, 1).await.expect(201);
    assert_eq!(patch(&shop, &product, json!({"unit": "kg"})).await.expect(200).version(), 2);
    is_in_use(patch(&shop, &product, json!({"unit": "each"})).await, "Movements");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn first_movement_decided_before_a_new_unit_is_recorded_in_it() {
    let shop = Shop::with_faults().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let main = shop.warehouse("Main").await;
    for is_older in [false, true] {
        let product = shop.product(if is_older { "OLDER" } else { "NEW" }).await;
        if is_older {
            age(&shop, &product);
        }
        let held = shop.faults().hold("TransactWriteItems");
        let movement = begin(shop.receive(&product, &main, 1));
        held.arrived().await;
        patch(&elsewhere, &product, json!({"unit": "kg"})).await.expect(200);
        held.release();
        assert_eq!(movement.await.unwrap().expect(201).json()["unit"], "kg");
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn patch_of_the_unit_decided_before_a_first_movement_is_in_use() {
    let shop = Shop::with_faults().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let main = shop.warehouse("Main").await;
    let product = shop.product("RICE").await;
    let held = shop.faults().hold("TransactWriteItems");
    let change = begin(patch(&shop, &product, json!({"unit": "kg"})));
    held.arrived().await;
    elsewhere.receive(&product, &main, 1).await.expect(201);
    held.release();
    is_in_use(change.await.unwrap(), "Movements");

    let product = shop.product("BEANS").await;
    let held = shop.faults().hold("TransactWriteItems");
    let change = begin(patch(&shop, &product, json!({"unit": "kg"})));
    held.arrived().await;
    elsewhere.request(&product, 1, "DRAFT").await;
    held.release();
    is_in_use(change.await.unwrap(), "purchase request");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn patch_of_the_unit_against_a_first_movement_succeeds_once() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let (main, annex) = (shop.warehouse("Main").await, shop.warehouse("Annex").await);
    let (mut changed, mut kept) = (0, 0);
    for round in 0..150 {
        let product = shop.product(&format!("SKU-{round}")).with("decimal_places", 1).await;
        let change = match round % 3 {
            0 => json!({"unit": "kg"}),
            1 => json!({"decimal_places": 0}),
            _ => json!({"unit": "kg", "decimal_places": 0}),
        };
        let change = begin(patch(&elsewhere, &product, change));
        for _ in 0..round % 4 {
            shop.anonymous().get("/health-check").await.expect(200);
        }
        let movements = at_once([shop.receive(&product, &main, 0.5), elsewhere.receive(&product, &annex, 2)]).await;
        let change = change.await.unwrap();
        let now = shown(&shop, &product).await;
        match change.status() {
            200 => changed += 1,
            409 => kept += 1,
            other => panic!("the change is answered {other}"),
        }
        for movement in movements {
            let is_too_fine = now["decimal_places"] == 0 && movement.status() == 422;
            assert!(is_too_fine || movement.expect(201).json()["unit"] == now["unit"], "round {round}: {now}");
        }
    }
    assert!(changed > 0 && kept > 0, "the same side wins every race: {changed}, {kept}");
    let movements = walk(shop.staff().get("/api/v1/stock-movements"), 100).await;
    assert!(movements.iter().all(|movement| movement["unit"].is_string()));
    shop.stack().check_invariants();
}

#[tokio::test]
async fn patch_of_the_unit_against_a_new_request_line_succeeds_once() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let (mut changed, mut kept) = (0, 0);
    for round in 0..100 {
        let product = shop.product(&format!("SKU-{round}")).with("decimal_places", 1).await;
        let change = begin(patch(&elsewhere, &product, json!({"decimal_places": 0})));
        for _ in 0..round % 4 {
            shop.anonymous().get("/health-check").await.expect(200);
        }
        let lines = json!({"items": [{"product_id": product, "quantity": 0.5}]});
        let request = shop.staff().post("/api/v1/purchase-requests", lines).await;
        match (change.await.unwrap().status(), request.status()) {
            (200, 422) => changed += 1,
            (409, 201) => kept += 1,
            other => panic!("round {round}: {other:?}"),
        }
    }
    assert!(changed > 0 && kept > 0, "the same side wins every race: {changed}, {kept}");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn unit_change_finds_an_older_level_that_the_index_misses() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, _) = shop.stocked("RICE", 5).await;
    age(&shop, &product);
    let level =
        shop.stack().items().into_iter().find(|item| item["on_hand"].is_number() || item["revision"] == 1).unwrap();
    shop.stack().forget(&level, &["i2pk", "i2sk"]);
    is_in_use(patch(&shop, &product, json!({"unit": "kg"})).await, "Movements");
}
