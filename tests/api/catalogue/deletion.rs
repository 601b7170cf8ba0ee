//! Deletion of a product or a warehouse while stock may still arrive. A movement and a deletion touch different items;
//! no interleaving may leave stock of a deleted product or warehouse.

mod races;

use std::time::Duration;

use serde_json::{Value, json};
use stockroom_harness::{Fault, Reply, Request, Shop, Stack, at_once};

use crate::stock::support::{begin, count, die_when_held, walk};

/// How long the fence of an abandoned deletion keeps others waiting.
const MARK_HOLDS: Duration = Duration::from_secs(5);

fn delete_product(shop: &Shop, product: &str) -> Request {
    shop.admin().delete(format!("/api/v1/products/{product}"))
}

fn delete_warehouse(shop: &Shop, warehouse: &str) -> Request {
    shop.admin().delete(format!("/api/v1/warehouses/{warehouse}"))
}

#[track_caller]
fn is_refused(movement: Reply, pointer: &str) {
    assert_eq!(movement.expect(422).faults(), [format!("{pointer} unknown_reference")]);
}

pub(super) fn levels(stack: &Stack) -> Vec<Value> {
    let is_level = |item: &Value| item["pk"].as_str().unwrap().contains("#STOCK#");
    stack.items().into_iter().filter(is_level).collect()
}

/// Whether no deletion fence is left in the table.
fn has_no_mark(stack: &Stack) -> bool {
    stack.items().iter().all(|item| item["closing"].is_null())
}

/// A shop with faults, and the shop in another process.
async fn shops() -> (Shop, Shop) {
    let shop = Shop::with_faults().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    (shop, elsewhere)
}

#[tokio::test]
async fn first_receipt_decided_before_a_delete_is_unknown_reference() {
    let (shop, elsewhere) = shops().await;
    let main = shop.warehouse("Main").await;

    let product = shop.product("SKU-1").await;
    let held = shop.faults().hold("TransactWriteItems");
    let movement = begin(shop.receive(&product, &main, 1));
    held.arrived().await;
    delete_product(&elsewhere, &product).await.expect(204);
    held.release();
    is_refused(movement.await.unwrap(), "/product_id");

    let product = shop.product("SKU-2").await;
    let held = shop.faults().hold("TransactWriteItems");
    let movement = begin(shop.receive(&product, &main, 1));
    held.arrived().await;
    delete_warehouse(&elsewhere, &main).await.expect(204);
    held.release();
    is_refused(movement.await.unwrap(), "/warehouse_id");

    assert_eq!(levels(shop.stack()), Vec::<Value>::new());
    assert_eq!(walk(shop.staff().get("/api/v1/stock-movements"), 20).await, Vec::<Value>::new());
    shop.stack().check_invariants();
}

#[tokio::test]
async fn receipt_into_an_empty_level_decided_before_a_delete_is_unknown_reference() {
    let (shop, elsewhere) = shops().await;
    let (main, annex) = (shop.warehouse("Main").await, shop.warehouse("Annex").await);

    for (sku, of_product) in [("SKU-1", true), ("SKU-2", false)] {
        let product = shop.product(sku).await;
        shop.staff().record("COUNT", &product, &annex, 0).await.expect(201);
        shop.receive(&product, &main, 5).await.expect(201);
        let held = shop.faults().hold("TransactWriteItems");
        let movement = begin(shop.staff().transfer(&product, &main, &annex, 1));
        held.arrived().await;
        if of_product {
            shop.take(&product, &main, 5).await.expect(201);
            delete_product(&elsewhere, &product).await.expect(204);
        } else {
            delete_warehouse(&elsewhere, &annex).await.expect(204);
        }
        held.release();
        is_refused(movement.await.unwrap(), if of_product { "/product_id" } else { "/to_warehouse_id" });
        assert_eq!(shop.on_hand(&product, &annex).await, "0");
        shop.stack().check_invariants();
    }
}

#[tokio::test]
async fn first_receipt_decided_before_the_deletion_fence_is_refused() {
    let (shop, elsewhere) = shops().await;
    let main = shop.warehouse("Main").await;
    for (sku, of_product) in [("SKU-1", true), ("SKU-2", false)] {
        let product = shop.product(sku).await;
        let arrival = shop.faults().hold("TransactWriteItems");
        let movement = begin(shop.receive(&product, &main, 1));
        arrival.arrived().await;
        let look = shop.faults().hold("Query");
        let deletion =
            if of_product { delete_product(&elsewhere, &product) } else { delete_warehouse(&elsewhere, &main) };
        let deletion = begin(deletion);
        look.arrived().await;
        // The fence is set, and the search has not begun.
        arrival.release();
        shop.staff().get(format!("/api/v1/products/{product}")).await.expect(200);
        look.release();

        deletion.await.unwrap().expect(204);
        is_refused(movement.await.unwrap(), if of_product { "/product_id" } else { "/warehouse_id" });
        assert_eq!(levels(shop.stack()), Vec::<Value>::new());
        shop.stack().check_invariants();
    }
}

#[tokio::test]
async fn delete_finds_stock_that_arrives_after_its_fence() {
    let (shop, elsewhere) = shops().await;
    let main = shop.warehouse("Main").await;
    for (sku, is_looking) in [("SKU-1", false), ("SKU-2", true)] {
        let product = shop.product(sku).await;
        shop.staff().record("COUNT", &product, &main, 0).await.expect(201);
        let arrival = shop.faults().hold("TransactWriteItems");
        let movement = begin(shop.receive(&product, &main, 1));
        arrival.arrived().await;
        let mut next = shop.faults().hold("Query");
        let deletion = begin(delete_product(&elsewhere, &product));
        next.arrived().await;
        if is_looking {
            // It has seen the empty level, and is about to fence it.
            let freeze = shop.faults().hold("UpdateItem");
            next.release();
            freeze.arrived().await;
            next = freeze;
        }
        arrival.release();
        movement.await.unwrap().expect(201);
        next.release();

        assert_eq!(deletion.await.unwrap().expect(409).code(), "in_use");
        assert!(has_no_mark(shop.stack()));
        shop.take(&product, &main, 1).await.expect(201);
        shop.stack().check_invariants();
    }
}

#[tokio::test]
async fn movement_that_read_the_product_before_the_fence_and_the_level_after_it_is_refused() {
    let (shop, elsewhere) = shops().await;
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);
    shop.staff().record("COUNT", &product, &main, 0).await.expect(201);

    // With an idempotency key, product and level are in different halves of the batch read.
    shop.faults().next(Fault::Partial, "BatchGetItem", 1);
    let read = shop.faults().hold("BatchGetItem");
    let movement = begin(shop.receive(&product, &main, 1).key("k"));
    read.arrived().await;
    let finish = shop.faults().hold("TransactWriteItems");
    let deletion = begin(delete_product(&elsewhere, &product));
    finish.arrived().await;
    read.release();
    shop.staff().get(format!("/api/v1/products/{product}")).await.expect(200);
    assert!(!movement.is_finished());
    finish.release();

    deletion.await.unwrap().expect(204);
    is_refused(movement.await.unwrap(), "/product_id");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn write_during_a_delete_waits_for_its_end() {
    let (shop, elsewhere) = shops().await;
    let main = shop.warehouse("Main").await;
    for (sku, has_level) in [("SKU-1", false), ("SKU-2", true)] {
        let product = shop.product(sku).await;
        if has_level {
            shop.staff().record("COUNT", &product, &main, 0).await.expect(201);
        }
        let held = shop.faults().hold("TransactWriteItems");
        let deletion = begin(delete_product(&elsewhere, &product));
        held.arrived().await;
        // The fence is set, the search is done, and the commit is pending.
        let path = format!("/api/v1/products/{product}");
        let movement = begin(shop.receive(&product, &main, 1));
        let change = begin(shop.manager().patch(&path, json!({"name": "Too late"})));
        let again = begin(delete_product(&shop, &product));
        // Reads succeed meanwhile, and no write got through.
        assert_eq!(shop.staff().get(&path).await.expect(200).json()["name"], format!("Product {sku}"));
        assert!(!movement.is_finished() && !change.is_finished() && !again.is_finished());
        held.release();

        deletion.await.unwrap().expect(204);
        is_refused(movement.await.unwrap(), "/product_id");
        change.await.unwrap().expect(404);
        again.await.unwrap().expect(404);
        shop.stack().check_invariants();
    }
}

#[tokio::test]
async fn delete_that_finds_stock_changes_nothing() {
    let (shop, elsewhere) = shops().await;
    let (product, main) = shop.stocked("SKU-1", 1).await;
    let annex = shop.warehouse("Annex").await;
    shop.staff().record("COUNT", &product, &annex, 0).await.expect(201);

    // The empty level of another place was read before the deletion looked at it.
    let held = shop.faults().hold("TransactWriteItems");
    let movement = begin(shop.receive(&product, &annex, 3));
    held.arrived().await;
    let refused = delete_product(&elsewhere, &product).await.expect(409);
    assert_eq!(refused.code(), "in_use");
    assert!(has_no_mark(shop.stack()));
    held.release();
    assert_eq!(movement.await.unwrap().expect(201).json()["balance_after"], 3);

    for warehouse in [&main, &annex] {
        assert_eq!(delete_warehouse(&shop, warehouse).await.expect(409).code(), "in_use");
    }
    assert!(has_no_mark(shop.stack()));
    let renamed = shop.manager().patch(format!("/api/v1/products/{product}"), json!({"name": "Pens"})).await;
    assert_eq!(renamed.expect(200).version(), 2);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn delete_slower_than_its_fence_is_abandoned() {
    let (shop, elsewhere) = shops().await;
    let main = shop.warehouse("Main").await;
    // Held before it searches for levels, and before it finishes; with and without a level to fence.
    for (number, (operation, has_level)) in
        [("Query", false), ("Query", true), ("TransactWriteItems", false), ("TransactWriteItems", true)]
            .into_iter()
            .enumerate()
    {
        let product = shop.product(&format!("SKU-{number}")).await;
        if has_level {
            shop.staff().record("COUNT", &product, &main, 0).await.expect(201);
        }
        let held = shop.faults().hold(operation);
        let deletion = begin(delete_product(&elsewhere, &product));
        held.arrived().await;
        shop.stack().clock().advance(MARK_HOLDS);
        shop.receive(&product, &main, 1).await.expect(201);
        held.release();

        assert_eq!(deletion.await.unwrap().expect(409).code(), "in_use", "{operation}");
        assert_eq!(shop.on_hand(&product, &main).await, "1");
        assert!(has_no_mark(shop.stack()));
        shop.stack().check_invariants();
    }
}

#[tokio::test]
async fn delete_whose_fence_was_removed_begins_again() {
    let (shop, elsewhere) = shops().await;
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);
    let held = shop.faults().hold("TransactWriteItems");
    let deletion = begin(delete_product(&elsewhere, &product));
    held.arrived().await;
    shop.stack().clock().advance(MARK_HOLDS);
    // In and out again: the level is as empty as before, but has another version.
    shop.receive(&product, &main, 1).await.expect(201);
    shop.take(&product, &main, 1).await.expect(201);
    held.release();

    deletion.await.unwrap().expect(204);
    is_refused(shop.receive(&product, &main, 1).await, "/product_id");
    assert_eq!(walk(shop.staff().get("/api/v1/stock-movements"), 20).await.len(), 2);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn concurrent_deletes_succeed_once() {
    let (shop, elsewhere) = shops().await;
    let product = shop.product("SKU-1").await;
    // The fence of the first expires before it ends, and the second takes over.
    let held = shop.faults().hold("TransactWriteItems");
    let first = begin(delete_product(&shop, &product));
    held.arrived().await;
    shop.stack().clock().advance(MARK_HOLDS);
    delete_product(&elsewhere, &product).await.expect(204);
    held.release();
    first.await.unwrap().expect(404);

    for round in 0..20 {
        let product = shop.product(&format!("SKU-{round}")).await;
        let replies = at_once([delete_product(&shop, &product), delete_product(&elsewhere, &product)]).await;
        assert_eq!(count(&replies, [204, 404]), [1, 1]);
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn delete_of_a_killed_process_is_undone_when_its_fence_expires() {
    let shop = Shop::with_faults().await;
    let main = shop.warehouse("Main").await;
    for (number, operation) in ["Query", "TransactWriteItems"].into_iter().enumerate() {
        let product = shop.product(&format!("SKU-{number}")).await;
        shop.staff().record("COUNT", &product, &main, 0).await.expect(201);
        let dying = shop.at(&shop.stack().another_process());
        let _grave = die_when_held(delete_product(&dying, &product), shop.faults().hold(operation)).await;
        assert!(!has_no_mark(shop.stack()), "it died behind its mark");

        let path = format!("/api/v1/products/{product}");
        let movement = begin(shop.receive(&product, &main, 1));
        let change = begin(shop.manager().patch(&path, json!({"name": "Still here"})));
        shop.staff().get(&path).await.expect(200);
        assert!(!movement.is_finished() && !change.is_finished());
        shop.stack().clock().advance(MARK_HOLDS);
        movement.await.unwrap().expect(201);
        change.await.unwrap().expect(200);
        assert!(has_no_mark(shop.stack()));
        assert_eq!(delete_product(&shop, &product).await.expect(409).code(), "in_use");
        shop.take(&product, &main, 1).await.expect(201);
        delete_product(&shop, &product).await.expect(204);
        shop.stack().check_invariants();
    }
}

#[tokio::test]
async fn delete_after_a_killed_delete_succeeds() {
    let shop = Shop::with_faults().await;
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);
    shop.staff().record("COUNT", &product, &main, 0).await.expect(201);
    let dying = shop.at(&shop.stack().another_process());
    let _grave = die_when_held(delete_warehouse(&dying, &main), shop.faults().hold("TransactWriteItems")).await;

    let again = begin(delete_warehouse(&shop, &main));
    shop.staff().get(format!("/api/v1/warehouses/{main}")).await.expect(200);
    assert!(!again.is_finished());
    shop.stack().clock().advance(MARK_HOLDS);
    again.await.unwrap().expect(204);
    is_refused(shop.receive(&product, &main, 1).await, "/warehouse_id");
    shop.stack().check_invariants();
}

/// Writes that a deletion must detect: each happens after the deletion has found nothing and before it commits.
#[derive(Debug, Clone, Copy)]
enum Meanwhile {
    GoodsOfTheProduct,
    GoodsInTheWarehouse,
    ARequestForTheProduct,
}

#[tokio::test]
async fn delete_whose_fence_was_replaced_does_not_commit() {
    for meanwhile in [Meanwhile::GoodsOfTheProduct, Meanwhile::GoodsInTheWarehouse, Meanwhile::ARequestForTheProduct] {
        let shop = Shop::with_faults().await;
        let [second, writer] = [0; 2].map(|_| shop.at(&shop.stack().another_process()));
        let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);
        let delete = |shop: &Shop| match meanwhile {
            Meanwhile::GoodsInTheWarehouse => delete_warehouse(shop, &main),
            Meanwhile::GoodsOfTheProduct | Meanwhile::ARequestForTheProduct => delete_product(shop, &product),
        };
        // The first deletion has finished its search and is about to commit when its fence expires.
        let commit = shop.faults().hold("TransactWriteItems");
        let first = begin(delete(&shop));
        commit.arrived().await;
        shop.stack().clock().advance(MARK_HOLDS + Duration::from_secs(1));
        // The second has read that fence and is about to take it over when a writer removes it.
        let mark = shop.faults().hold("UpdateItem");
        let other = begin(delete(&second));
        mark.arrived().await;
        match meanwhile {
            Meanwhile::ARequestForTheProduct => _ = writer.request(&product, 1, "DRAFT").await,
            Meanwhile::GoodsOfTheProduct | Meanwhile::GoodsInTheWarehouse => {
                writer.receive(&product, &main, 5).await.expect(201);
            }
        }
        // The first commits before the second's next call.
        let next = shop.faults().hold("UpdateItem");
        mark.release();
        next.arrived().await;
        commit.release();
        assert_eq!(first.await.unwrap().expect(409).code(), "in_use", "{meanwhile:?}");
        next.release();
        assert_eq!(other.await.unwrap().expect(409).code(), "in_use", "{meanwhile:?}");
        assert!(has_no_mark(shop.stack()));
        shop.stack().check_invariants();
    }
}
