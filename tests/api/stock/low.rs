//! Low levels: since when, and by how much.

use std::time::Duration;

use serde_json::{Value, json};
use stockroom_harness::{Shop, Stack, at_once};

use super::support::walk;

const LOW: &str = "/api/v1/stock-movements/low-stock";

async fn shop() -> Shop {
    Shop::open(&Stack::start().await, "acme").await
}

/// The low list: warehouse, shortage and since.
async fn low(shop: &Shop) -> Vec<[Value; 3]> {
    let list = walk(shop.staff().get(LOW).query(&[("order", "asc")]), 20).await;
    list.iter().map(|level| ["warehouse_id", "shortage", "since"].map(|name| level[name].clone())).collect()
}

#[tokio::test]
async fn movement_below_the_minimum_makes_the_level_low() {
    let shop = shop().await;
    let product = shop.product("SKU-1").with("min_stock_level", 5).await;
    let main = shop.warehouse("Main").await;
    assert_eq!(low(&shop).await, Vec::<[Value; 3]>::new(), "a product without levels is not low");

    shop.receive(&product, &main, 5).await.expect(201);
    assert_eq!(low(&shop).await, Vec::<[Value; 3]>::new(), "the minimum itself is enough");
    let fell = shop.take(&product, &main, 1).await.expect(201).json();
    let last = shop.take(&product, &main, 1).await.expect(201).json();
    let listed = shop.staff().get(LOW).await.expect(200);
    assert_eq!(
        listed.json(),
        json!({
            "items": [{
                "product_id": product,
                "sku": "SKU-1",
                "product_name": "Product SKU-1",
                "unit": "each",
                "warehouse_id": main,
                "warehouse_name": "Main",
                "on_hand": 3,
                "min_stock_level": 5,
                "updated_at": last["created_at"],
                "shortage": 2,
                "since": fell["created_at"],
            }],
            "next_cursor": null,
        })
    );

    shop.receive(&product, &main, 2).await.expect(201);
    assert_eq!(low(&shop).await, Vec::<[Value; 3]>::new());
    let again = shop.staff().record("COUNT", &product, &main, 0).await.expect(201).json();
    assert_eq!(low(&shop).await, [[json!(main), json!(5), again["created_at"].clone()]]);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn first_receipt_below_the_minimum_makes_the_level_low() {
    let shop = shop().await;
    let product = shop.product("SKU-1").with("min_stock_level", 5).await;
    let main = shop.warehouse("Main").await;

    let received = shop.receive(&product, &main, 2).await.expect(201).json();
    assert_eq!(low(&shop).await, [[json!(main), json!(3), received["created_at"].clone()]]);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn transfer_ends_one_low_level_and_begins_another() {
    let shop = shop().await;
    let product = shop.product("SKU-1").with("min_stock_level", 5).await;
    let (main, annex) = (shop.warehouse("Main").await, shop.warehouse("Annex").await);
    shop.receive(&product, &main, 6).await.expect(201);
    let short = shop.receive(&product, &annex, 4).await.expect(201).json();
    assert_eq!(low(&shop).await, [[json!(annex), json!(1), short["created_at"].clone()]]);

    let moved = shop.staff().transfer(&product, &main, &annex, 2).await.expect(201).json();
    assert_eq!(low(&shop).await, [[json!(main), json!(1), moved["created_at"].clone()]]);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn patch_of_the_minimum_reaches_every_level() {
    let shop = shop().await;
    let product = shop.product("SKU-1").with("decimal_places", 1).await;
    let path = format!("/api/v1/products/{product}");
    let mut places = Vec::new();
    for (name, quantity) in [("Main", json!(10)), ("Annex", json!(5)), ("Yard", json!(0.5))] {
        let place = shop.warehouse(name).await;
        shop.receive(&product, &place, quantity).await.expect(201);
        places.push(place);
    }
    let [main, annex, yard] = places.try_into().unwrap();
    shop.stack().clock().stop();

    let raised = shop.manager().patch(&path, json!({"min_stock_level": 5})).await.expect(200).json();
    let since = &raised["updated_at"];
    assert_eq!(low(&shop).await, [[json!(yard), json!(4.5), since.clone()]], "5 is not below 5");
    shop.stack().check_invariants();

    shop.stack().clock().advance(Duration::from_mins(1));
    let higher = shop.manager().patch(&path, json!({"min_stock_level": 10.5})).await.expect(200).json();
    let all = low(&shop).await;
    let later = &higher["updated_at"];
    let expected = [
        [json!(main), json!(0.5), later.clone()],
        [json!(yard), json!(10), since.clone()],
        [json!(annex), json!(5.5), later.clone()],
    ];
    for level in &expected {
        assert!(all.contains(level), "{level:?} in {all:?}; who was low before is low since then");
    }
    assert_eq!(all.len(), 3);

    let whole = json!({"sku": "SKU-1", "name": "Pens", "decimal_places": 1, "min_stock_level": 0.5});
    shop.manager().put(&path, whole).await.expect(200);
    assert_eq!(low(&shop).await, Vec::<[Value; 3]>::new(), "a lower minimum ends every low level");
    let levels = walk(shop.staff().get("/api/v1/stock-levels"), 20).await;
    assert!(levels.iter().all(|level| level["min_stock_level"] == json!(0.5)), "{levels:?}");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn patch_of_the_minimum_with_101_levels_reaches_all() {
    let shop = shop().await;
    let product = shop.product("SKU-1").await;
    let places = at_once((0..101).map(|number| shop.warehouse(&format!("Warehouse {number}")).request())).await;
    for places in places.chunks(20) {
        let received = at_once(places.iter().map(|place| shop.receive(&product, &place.id(), 1))).await;
        assert!(received.iter().all(|reply| reply.status() == 201));
    }

    let minimum =
        |minimum: u32| shop.manager().patch(format!("/api/v1/products/{product}"), json!({"min_stock_level": minimum}));
    minimum(2).await.expect(200);
    assert_eq!(low(&shop).await.len(), 101);
    shop.stack().check_invariants();
    minimum(1).await.expect(200);
    assert_eq!(low(&shop).await.len(), 0);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn list_of_low_levels_is_in_order_of_since() {
    let shop = shop().await;
    let product = shop.product("SKU-1").with("min_stock_level", 5).await;
    let mut longest_first = Vec::new();
    for number in 0..5 {
        let place = shop.warehouse(&format!("Warehouse {number}")).await;
        shop.receive(&product, &place, 1).await.expect(201);
        longest_first.push(json!(place));
    }
    let places = |levels: Vec<Value>| -> Vec<Value> { levels.iter().map(|low| low["warehouse_id"].clone()).collect() };

    for limit in [1, 2, 5, 100] {
        let ascending = walk(shop.staff().get(LOW).query(&[("order", "asc")]), limit).await;
        assert_eq!(places(ascending), longest_first);
        let mut descending = places(walk(shop.staff().get(LOW), limit).await);
        descending.reverse();
        assert_eq!(descending, longest_first);
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn delete_of_product_or_warehouse_removes_its_low_levels() {
    let shop = shop().await;
    let (main, annex) = (shop.warehouse("Main").await, shop.warehouse("Annex").await);
    let (old, new) =
        (shop.product("OLD").with("min_stock_level", 5).await, shop.product("NEW").with("min_stock_level", 5).await);
    for (product, place) in [(&old, &main), (&new, &main), (&new, &annex)] {
        shop.receive(product, place, 1).await.expect(201);
        shop.take(product, place, 1).await.expect(201);
    }
    assert_eq!(low(&shop).await.len(), 3);

    shop.admin().delete(format!("/api/v1/products/{old}")).await.expect(204);
    assert_eq!(low(&shop).await.len(), 2);
    shop.stack().check_invariants();
    shop.admin().delete(format!("/api/v1/warehouses/{annex}")).await.expect(204);
    let left = low(&shop).await;
    assert_eq!((left.len(), &left[0][0]), (1, &json!(main)));
    shop.stack().check_invariants();
}
