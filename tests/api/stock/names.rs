//! Movements keep the names and units of their time.

use serde_json::{Value, json};
use stockroom_harness::{Shop, Stack};

use super::support::walk;

const LEDGER: &str = "/api/v1/stock-movements";

fn names(shown: &Value) -> [&Value; 4] {
    ["sku", "product_name", "unit", "warehouse_name"].map(|name| &shown[name])
}

#[tokio::test]
async fn movement_keeps_names_and_unit_of_its_time() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let product = shop.product("RICE").with("unit", "kg").await;
    let (main, annex) = (shop.warehouse("Main").await, shop.warehouse("Annex").await);
    let first = shop.receive(&product, &main, 10).await.expect(201).json();
    assert_eq!(names(&first), ["RICE", "Product RICE", "kg", "Main"]);

    shop.manager()
        .patch(format!("/api/v1/products/{product}"), json!({"sku": "R-1", "name": "Rice"}))
        .await
        .expect(200);
    shop.manager().patch(format!("/api/v1/warehouses/{annex}"), json!({"name": "Cellar"})).await.expect(200);
    let out = shop.staff().transfer(&product, &main, &annex, 4).await.expect(201).json();
    assert_eq!(names(&out), ["R-1", "Rice", "kg", "Main"]);
    assert_eq!(names(&out["counterpart"]), ["R-1", "Rice", "kg", "Cellar"]);
    let ordered = shop.request(&product, 3, "ORDERED").await;
    shop.arrive(&ordered, &annex, 3).await.expect(200);

    let recorded = walk(shop.staff().get(LEDGER).query(&[("order", "asc")]), 20).await;
    let shown: Vec<_> = recorded.iter().map(names).collect();
    let renamed = |place| ["R-1", "Rice", "kg", place].map(Value::from);
    let mut expected = vec![["RICE", "Product RICE", "kg", "Main"].map(Value::from)];
    expected.extend(["Main", "Cellar", "Cellar"].map(renamed));
    let mut legs: Vec<_> = shown.iter().map(|names| names.map(Clone::clone)).collect();
    legs[1..3].sort_by(|one, other| other[3].as_str().cmp(&one[3].as_str()));
    assert_eq!(legs, expected);

    // Deleting changes nothing of it.
    shop.take(&product, &main, 6).await.expect(201);
    shop.take(&product, &annex, 7).await.expect(201);
    shop.admin().delete(format!("/api/v1/products/{product}")).await.expect(204);
    shop.admin().delete(format!("/api/v1/warehouses/{annex}")).await.expect(204);
    let one = shop.staff().get(format!("{LEDGER}/{}", first["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!(one, first);
    for filter in [("product_id", &product), ("warehouse_id", &annex)] {
        let listed = walk(shop.staff().get(LEDGER).query(&[(filter.0, filter.1)]), 2).await;
        assert!(!listed.is_empty() && listed.iter().all(|movement| movement["product_name"].is_string()));
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn audit_entry_and_event_of_a_movement_have_its_names() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = (shop.product("RICE").with("min_stock_level", 5).await, shop.warehouse("Main").await);
    shop.receive(&product, &main, 6).await.expect(201);
    let taken = shop.take(&product, &main, 6).await.expect(201).json();
    shop.admin().delete(format!("/api/v1/products/{product}")).await.expect(204);
    let expected = names(&taken);
    assert_eq!(expected, ["RICE", "Product RICE", "each", "Main"]);

    let id = taken["id"].as_str().unwrap();
    let entry = shop.admin().get(format!("/api/v1/audit-logs/{id}")).await.expect(200).json();
    assert_eq!(names(&entry["after"]), expected);
    let event = shop.staff().get(format!("/api/v1/events/{id}")).await.expect(200).json();
    assert_eq!(names(&event["data"]["movement"]), expected);
    let low = shop.staff().get("/api/v1/events").query(&[("type", "stock.low")]).await.expect(200).items();
    assert_eq!(names(&low[0]["data"]), expected);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn movement_with_names_of_usual_length_costs_six_units() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let product =
        shop.product("NW-0077").with("name", "Original Frankfurter grüne Soße").with("unit", "12 boxes").await;
    let main = shop.warehouse("Main warehouse").await;
    shop.receive(&product, &main, 100).await.expect(201);
    let browser =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari";
    let take = shop.take(&product, &main, 25).with("reference", "Order 11077").header("user-agent", browser);
    let cost = take.await.expect(201).cost();
    assert_eq!((cost.round_trips, cost.write_halves), (2, 12));
}

#[tokio::test]
async fn movement_of_an_earlier_version_has_no_names() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = shop.stocked("RICE", 5).await;
    let is_movement = |item: &Value| item["pk"].as_str().unwrap().contains("#MOVE#");
    let movement = shop.stack().items().into_iter().find(is_movement).unwrap();
    shop.stack().forget(&movement, &["data.sku", "data.name", "data.unit", "data.place"]);

    let shown = walk(shop.staff().get(LEDGER), 20).await.remove(0);
    assert_eq!(names(&shown), [&Value::Null; 4]);
    assert!(shown.as_object().unwrap().contains_key("warehouse_name"));
    let id = shown["id"].as_str().unwrap();
    let entry = shop.admin().get(format!("/api/v1/audit-logs/{id}")).await.expect(200).json();
    assert_eq!(names(&entry["after"]), [&Value::Null; 4]);
    shop.take(&product, &main, 1).await.expect(201);
    shop.stack().check_invariants();
}
