//! Changes of a product's minimum while stock moves: every level gets it.

use serde_json::{Value, json};
use stockroom_harness::{Fault, Request, Shop, Stack, at_once};

use super::support::{begin, die_when_held, walk};

fn set_minimum(shop: &Shop, product: &str, minimum: u32) -> Request {
    shop.manager().patch(format!("/api/v1/products/{product}"), json!({"min_stock_level": minimum}))
}

/// Every level has the minimum of its product, no propagation is incomplete, and the low list is right.
async fn check(shop: &Shop) {
    let levels = walk(shop.staff().get("/api/v1/stock-levels"), 100).await;
    let mut low: Vec<(Value, Value)> = Vec::new();
    for level in &levels {
        let path = format!("/api/v1/products/{}", level["product_id"].as_str().unwrap());
        let product = shop.staff().get(path).await.expect(200).json();
        assert_eq!(level["min_stock_level"], product["min_stock_level"]);
        if level["on_hand"].as_u64() < level["min_stock_level"].as_u64() {
            low.push((level["product_id"].clone(), level["warehouse_id"].clone()));
        }
    }
    let listed = walk(shop.staff().get("/api/v1/stock-movements/low-stock"), 100).await;
    assert_eq!(listed.len(), low.len());
    for level in listed {
        assert!(low.contains(&(level["product_id"].clone(), level["warehouse_id"].clone())), "{level}");
    }
    assert!(shop.stack().items().iter().all(|item| item["spreading"].is_null()), "a new minimum is still on its way");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn patch_of_the_minimum_during_movements_reaches_every_level() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let mut places = Vec::new();
    for number in 0..4 {
        places.push(shop.warehouse(&format!("Warehouse {number}")).await);
    }
    for round in 0..15 {
        let product = shop.product(&format!("SKU-{round}")).await;
        shop.receive(&product, &places[0], 10).await.expect(201);
        shop.receive(&product, &places[1], 4).await.expect(201);
        let racers = [
            shop.take(&product, &places[0], 5),
            set_minimum(&elsewhere, &product, 5),
            shop.receive(&product, &places[1], 1),
            shop.receive(&product, &places[2], 3),
            elsewhere.staff().transfer(&product, &places[0], &places[3], 2),
        ];
        for reply in at_once(racers).await {
            assert!(reply.status() < 300, "{:?}", reply.json());
        }
    }
    check(&shop).await;
}

#[tokio::test]
async fn concurrent_patches_of_the_minimum_leave_one_everywhere() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let (product, main) = shop.stocked("SKU-1", 10).await;
    let annex = shop.warehouse("Annex").await;
    shop.receive(&product, &annex, 20).await.expect(201);
    for round in 0_u32..20 {
        let place = if round % 2 == 0 { &main } else { &annex };
        let racers = [
            set_minimum(&shop, &product, 5 + round),
            set_minimum(&elsewhere, &product, 30 - round),
            elsewhere.staff().record("COUNT", &product, place, round),
        ];
        for reply in at_once(racers).await {
            assert!(reply.status() < 300, "{:?}", reply.json());
        }
        check(&shop).await;
    }
}

#[tokio::test]
async fn first_receipt_decided_before_a_new_minimum_is_decided_again() {
    let shop = Shop::with_faults().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);
    let annex = shop.warehouse("Annex").await;
    shop.receive(&product, &annex, 3).await.expect(201);

    for place in [&main, &annex] {
        let minimum = if place == &main { 5 } else { 9 };
        let held = shop.faults().hold("TransactWriteItems");
        let movement = begin(shop.receive(&product, place, 1));
        held.arrived().await;
        set_minimum(&elsewhere, &product, minimum).await.expect(200);
        held.release();
        movement.await.unwrap().expect(201);
        check(&shop).await;
    }
}

#[tokio::test]
async fn movement_that_read_the_product_before_a_new_minimum_and_the_level_after_it_keeps_the_new_one() {
    let shop = Shop::with_faults().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let (product, main) = shop.stocked("SKU-1", 4).await;

    // With an idempotency key, product and level are in different halves of the batch read.
    shop.faults().next(Fault::Partial, "BatchGetItem", 1);
    let read = shop.faults().hold("BatchGetItem");
    let movement = begin(shop.take(&product, &main, 1).key("k"));
    read.arrived().await;
    set_minimum(&elsewhere, &product, 5).await.expect(200);
    read.release();
    movement.await.unwrap().expect(201);
    check(&shop).await;
}

#[tokio::test]
async fn movement_during_a_patch_of_the_minimum_uses_the_new_one() {
    let shop = Shop::with_faults().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let (product, main) = shop.stocked("SKU-1", 4).await;
    let (annex, yard) = (shop.warehouse("Annex").await, shop.warehouse("Yard").await);
    shop.receive(&product, &annex, 9).await.expect(201);

    // Held between the commit of the minimum and its propagation.
    let first = shop.faults().hold("TransactWriteItems");
    let change = begin(set_minimum(&elsewhere, &product, 5));
    first.arrived().await;
    let second = shop.faults().hold("TransactWriteItems");
    first.release();
    second.arrived().await;
    shop.take(&product, &main, 1).await.expect(201);
    shop.receive(&product, &yard, 1).await.expect(201);
    let low = walk(shop.staff().get("/api/v1/stock-movements/low-stock"), 20).await;
    assert_eq!(low.len(), 2, "the requests did not wait for it");
    shop.staff().transfer(&product, &annex, &main, 5).await.expect(201);
    second.release();

    change.await.unwrap().expect(200);
    check(&shop).await;
}

#[tokio::test]
async fn patch_of_the_minimum_completes_a_killed_one() {
    let shop = Shop::with_faults().await;
    let (main, annex) = (shop.warehouse("Main").await, shop.warehouse("Annex").await);
    // The same change again, as after a lost answer, and another one.
    for (number, next) in [json!({"min_stock_level": 5}), json!({"name": "Pens"})].into_iter().enumerate() {
        let product = shop.product(&format!("SKU-{number}")).await;
        shop.receive(&product, &main, 4).await.expect(201);
        shop.receive(&product, &annex, 9).await.expect(201);
        let dying = shop.at(&shop.stack().another_process());
        let _grave = die_when_held(set_minimum(&dying, &product, 5), shop.faults().hold("Query")).await;
        // It is committed, and movements use it.
        let path = format!("/api/v1/products/{product}");
        assert_eq!(shop.staff().get(&path).await.expect(200).json()["min_stock_level"], 5);
        shop.take(&product, &annex, 5).await.expect(201);
        let low = walk(shop.staff().get("/api/v1/stock-movements/low-stock"), 20).await;
        assert!(low.iter().any(|level| level["product_id"] == product && level["warehouse_id"] == annex), "{low:?}");
        shop.stack().check_invariants();

        shop.manager().patch(&path, next).await.expect(200);
        check(&shop).await;
    }
}
