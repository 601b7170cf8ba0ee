//! Receipts: complete or partial, recorded in the ledger, and never above the order.

use std::ops::Range;

use serde_json::{Value, json};
use stockroom_harness::{Fault, Shop, Stack};

use super::REQUESTS;

async fn shop() -> (Shop, String, String) {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = (shop.product("SKU-1").with("decimal_places", 1).await, shop.warehouse("Main").await);
    (shop, product, main)
}

#[tokio::test]
async fn receive_of_every_part_completes_the_request() {
    let (shop, product, main) = shop().await;
    let annex = shop.warehouse("Annex").await;
    let request = shop.request(&product, 10, "ORDERED").await;
    let part = shop.arrive(&request, &main, 4).await.expect(200).json();
    assert_eq!((&part["status"], &part["items"][0]["received_quantity"]), (&json!("ORDERED"), &json!(4)));
    assert_eq!((&part["received_at"], &part["received_by"]), (&Value::Null, &Value::Null));
    let rest = shop.arrive(&request, &annex, Value::Null).await.expect(200).json();
    assert_eq!((&rest["status"], &rest["items"][0]["received_quantity"]), (&json!("RECEIVED"), &json!(10)));
    assert_eq!((shop.on_hand(&product, &main).await, shop.on_hand(&product, &annex).await), ("4".into(), "6".into()));

    let lines = shop.staff().get("/api/v1/stock-movements").query(&[("reference", "PR-00001")]).await.items();
    let summary: Vec<_> =
        lines.iter().map(|line| (&line["type"], &line["quantity"], &line["purchase_request_id"])).collect();
    let (kind, id) = (json!("IN"), json!(request.id));
    assert_eq!(summary, [(&kind, &json!(6), &id), (&kind, &json!(4), &id)]);
    assert_eq!(lines[0]["created_by"]["id"], shop.manager().id.as_str());
    shop.admin().delete(format!("/api/v1/products/{product}")).await.expect(409);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn receive_is_logged_with_its_changes() {
    let (shop, product, main) = shop().await;
    shop.manager().patch(format!("/api/v1/products/{product}"), json!({"min_stock_level": 5})).await.expect(200);
    let request = shop.request(&product, 10, "ORDERED").await;
    let receipt = shop.arrive(&request, &main, 4).await.expect(200);
    let audit = |query: [(&str, &str); 2]| shop.admin().get("/api/v1/audit-logs").query(&query);
    let entry = audit([("entity_id", &request.id), ("action", "RECEIVE")]).await.expect(200).items().remove(0);
    let line = |received| json!([{"id": request.item, "product_id": product, "received_quantity": received}]);
    assert_eq!((&entry["before"], &entry["after"]), (&json!({"items": line(0)}), &json!({"items": line(4)})));
    assert_eq!((&entry["entity"], &entry["request_id"]), (&json!("PurchaseRequest"), &json!(receipt.request_id())));

    // The movement is an entry of the same change, and says that 4 of at least 5 are in stock.
    let moved = audit([("entity", "StockMovement"), ("action", "STOCK_IN")]).await.expect(200).items().remove(0);
    assert_eq!(moved["change_id"], entry["change_id"]);
    assert_eq!(moved["after"]["purchase_request_id"], request.id.as_str());
    let low = shop.staff().get("/api/v1/events").query(&[("type", "stock.low")]).await.expect(200).items();
    assert_eq!((low.len(), &low[0]["entity_id"]), (1, &json!(product)));
    shop.arrive(&request, &main, 6).await.expect(200);
    let rest = audit([("entity_id", &request.id), ("action", "RECEIVE")]).await.expect(200).items().remove(0);
    let summary = ["status", "received_at", "received_by"].map(|member| rest["before"][member].clone());
    assert_eq!(summary, [json!("ORDERED"), Value::Null, Value::Null]);
    assert_eq!((&rest["after"]["status"], &rest["after"]["items"]), (&json!("RECEIVED"), &line(10)));
}

#[tokio::test]
async fn receive_of_the_ordered_decimals_is_accepted_after_the_product_changed() {
    let (shop, product, main) = shop().await;
    let [whole, exact] = [shop.request(&product, 1.5, "ORDERED").await, shop.request(&product, 2.5, "ORDERED").await];
    // As before open requests prevented a product from losing decimals.
    let stored = shop.stack().items().into_iter().find(|item| item["data"]["id"] == *product).unwrap();
    shop.stack().set(&stored, "data.decimal_places", 0);
    let finer = shop.arrive(&exact, &main, 0.5).await.expect(422);
    assert_eq!(finer.faults(), ["/items/0/quantity too_many_decimals"]);
    shop.arrive(&whole, &main, Value::Null).await.expect(200);
    shop.arrive(&exact, &main, 2.5).await.expect(200);
    assert_eq!(shop.on_hand(&product, &main).await, "4");
}

#[tokio::test]
async fn receive_above_the_order_is_exceeds_order() {
    let (shop, product, main) = shop().await;
    let request = shop.request(&product, 10, "ORDERED").await;
    shop.arrive(&request, &main, 7.5).await.expect(200);
    let refused = shop.arrive(&request, &main, 2.6).await.expect(409);
    assert_eq!(refused.code(), "exceeds_order");
    assert_eq!(refused.json()["item_id"], request.item.as_str());
    let figures = ["/outstanding", "/requested"].map(|member| refused.literal(member).unwrap());
    assert_eq!(figures, ["2.5", "2.6"]);
    shop.arrive(&request, &main, 2.5).await.expect(200);
    assert_eq!(shop.arrive(&request, &main, Value::Null).await.expect(409).code(), "invalid_transition");
    assert_eq!(shop.on_hand(&product, &main).await, "10");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn receive_that_leaves_a_rest_of_too_many_digits_is_out_of_range() {
    let (shop, _, main) = shop().await;
    let product = shop.product("FINE").with("decimal_places", 4).await;
    let lines = json!({"items": [{"product_id": product, "quantity": 1_000_000_000_000_i64}]});
    let made = shop.manager().post(REQUESTS, lines).await.expect(201).json();
    let id = made["id"].as_str().unwrap();
    for step in ["submit", "approve", "mark-ordered"] {
        shop.step(id, step).await.expect(200);
    }
    let receive = |quantity: Value| {
        let line = json!({"item_id": made["items"][0]["id"], "warehouse_id": main, "quantity": quantity});
        shop.manager().post(format!("{REQUESTS}/{id}/receive"), json!({"items": [line]}))
    };
    assert_eq!(receive(json!(0.0001)).await.expect(422).faults(), ["/items/0/quantity out_of_range"]);
    assert_eq!(receive(json!(0.001)).await.expect(200).json()["status"], "ORDERED");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn receive_of_a_complete_line_is_exceeds_order() {
    let (shop, product, main) = shop().await;
    let other = shop.product("SKU-2").await;
    let items = json!([{"product_id": product, "quantity": 1}, {"product_id": other, "quantity": 1}]);
    let made = shop.staff().post(REQUESTS, json!({"items": items})).await.expect(201).json();
    let id = made["id"].as_str().unwrap();
    for step in ["submit", "approve", "mark-ordered"] {
        shop.step(id, step).await.expect(200);
    }
    let receive = |item: &Value| {
        let line = json!({"item_id": item, "warehouse_id": main});
        shop.manager().post(format!("{REQUESTS}/{id}/receive"), json!({"items": [line]}))
    };
    receive(&made["items"][0]["id"]).await.expect(200);
    assert_eq!(receive(&made["items"][0]["id"]).await.expect(409).json()["outstanding"], 0);
    let both = [0, 1].map(|index| json!({"item_id": made["items"][index]["id"], "warehouse_id": main}));
    shop.manager().post(format!("{REQUESTS}/{id}/receive"), json!({"items": both})).await.expect(409);
    assert_eq!(shop.on_hand(&other, &main).await, "0", "a refused receipt changes nothing");
    assert_eq!(receive(&made["items"][1]["id"]).await.expect(200).json()["status"], "RECEIVED");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn receive_with_an_invalid_body_names_every_error() {
    let (shop, product, main) = shop().await;
    let request = shop.request(&product, 100, "ORDERED").await;
    let another = shop.request(&product, 5, "ORDERED").await;
    let bulk = ordered(&shop, 25, |_| json!({})).await;
    let line = |member: &str, value: Value| {
        let mut line = json!({"item_id": request.item, "warehouse_id": main, "quantity": 1});
        line[member] = value;
        line
    };
    let mut many_places = Vec::new();
    for number in 0..25 {
        let place = shop.warehouse(&format!("Place {number}")).await;
        many_places.push(json!({"item_id": bulk["items"][number]["id"], "warehouse_id": place}));
    }
    let into_many = shop
        .manager()
        .post(format!("{REQUESTS}/{}/receive", bulk["id"].as_str().unwrap()), json!({"items": many_places}));
    assert_eq!(into_many.await.expect(422).faults(), ["/items too_many_warehouses"]);
    for (items, faults) in [
        (json!([line("quantity", json!(0))]), vec!["/items/0/quantity out_of_range"]),
        (json!([line("quantity", json!(0.25))]), vec!["/items/0/quantity too_many_decimals"]),
        (json!([line("item_id", json!(another.item))]), vec!["/items/0/item_id unknown_reference"]),
        (json!([line("item_id", json!(product))]), vec!["/items/0/item_id unknown_reference"]),
        (json!([line("warehouse_id", json!(product))]), vec!["/items/0/warehouse_id unknown_reference"]),
        (json!([line("warehouse_id", Value::Null)]), vec!["/items/0/warehouse_id required"]),
        (json!([line("quantity", json!(1)), line("quantity", json!(2))]), vec!["/items/1/item_id duplicate_item"]),
        (json!([]), vec!["/items too_few"]),
        (Value::Array(vec![line("quantity", json!(1)); 31]), vec!["/items too_many"]),
    ] {
        let path = format!("{REQUESTS}/{}/receive", request.id);
        let reply = shop.manager().post(path, json!({"items": items})).await.expect(422);
        assert_eq!(reply.faults(), faults, "{items}");
    }
    assert_eq!(shop.on_hand(&product, &main).await, "0");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn receive_of_the_most_lines_is_one_transaction() {
    let (shop, _, main) = shop().await;
    let mut places = vec![main];
    for number in 1..15 {
        places.push(shop.warehouse(&format!("Place {number}")).await);
    }
    // Every level is new and low, and every receipt completes its lines: the product, the warehouse, the level and the
    // movement of each line are written.
    for (lines, warehouses) in [(30, 1), (30, 7), (24, 15), (20, 15)] {
        let made = ordered(&shop, 40, |_| json!({})).await;
        let receipt = |range: Range<usize>| {
            let line = |index: usize| {
                let place = &places[index % warehouses];
                json!({"item_id": made["items"][index]["id"], "warehouse_id": place})
            };
            let path = format!("{REQUESTS}/{}/receive", made["id"].as_str().unwrap());
            shop.manager().post(path, json!({"items": range.map(line).collect::<Vec<_>>()}))
        };
        assert_eq!(receipt(0..40 - lines).await.expect(200).json()["status"], "ORDERED");
        let last = receipt(40 - lines..40).key(&format!("{lines}-into-{warehouses}"));
        assert_eq!(last.clone().await.expect(200).json()["status"], "RECEIVED");
        assert_eq!(last.await.expect(200).header("idempotency-replayed"), Some("true"));
    }
    shop.stack().check_invariants();
}

/// An order with this number of lines, each with its own product whose minimum is 5 and which has further members.
async fn ordered(shop: &Shop, lines: usize, more: impl Fn(usize) -> Value) -> Value {
    let mut items = Vec::new();
    for number in 0..lines {
        let sku = format!("{}-{number}", shop.stack().items().len());
        let product = shop.product(&sku).with("min_stock_level", 5).await;
        let mut line = json!({"product_id": product, "quantity": 2});
        for (name, value) in more(number).as_object().unwrap() {
            line[name] = value.clone();
        }
        items.push(line);
    }
    let made = shop.staff().post(REQUESTS, json!({"items": items})).await.expect(201);
    for step in ["submit", "approve", "mark-ordered"] {
        shop.step(&made.id(), step).await.expect(200);
    }
    made.json()
}

#[tokio::test]
async fn receive_without_a_warehouse_uses_the_lines_own() {
    let (shop, _, main) = shop().await;
    let annex = shop.warehouse("Annex").await;
    let made = ordered(&shop, 3, |number| match number {
        0 => json!({"warehouse_id": main}),
        1 => json!({"warehouse_id": annex}),
        _ => json!({}),
    })
    .await;
    let item = |index: usize| &made["items"][index];
    let receive = |lines: Value| {
        shop.manager().post(format!("{REQUESTS}/{}/receive", made["id"].as_str().unwrap()), json!({"items": lines}))
    };
    let without = receive(json!([{"item_id": item(0)["id"]}, {"item_id": item(2)["id"], "warehouse_id": null}]));
    assert_eq!(without.await.expect(422).faults(), ["/items/1/warehouse_id required"]);

    let level = |index: usize, place: String| {
        let product = item(index)["product_id"].as_str().unwrap().to_owned();
        let shop = &shop;
        async move { shop.on_hand(&product, &place).await }
    };
    let second = json!({"item_id": item(1)["id"], "warehouse_id": main, "quantity": 1});
    receive(json!([{"item_id": item(0)["id"], "quantity": 1}, second])).key("k1").await.expect(200);
    assert_eq!((level(0, main.clone()).await, level(1, main.clone()).await), ("1".into(), "1".into()));

    // The warehouse of a line is deleted: the line keeps its name, and the goods go elsewhere.
    shop.admin().delete(format!("/api/v1/warehouses/{annex}")).await.expect(204);
    let gone = receive(json!([{"item_id": item(1)["id"]}])).await.expect(422);
    assert_eq!(gone.faults(), ["/items/0/warehouse_id unknown_reference"]);
    assert!(gone.json()["errors"][0]["detail"].as_str().unwrap().contains("was deleted"));
    let lines: Vec<_> = (0..3).map(|index| json!({"item_id": item(index)["id"], "warehouse_id": main})).collect();
    let received = receive(json!(lines)).await.expect(200).json();
    assert_eq!(received["status"], "RECEIVED");
    assert_eq!(
        (&received["items"][1]["warehouse_id"], &received["items"][1]["warehouse_name"]),
        (&json!(annex), &json!("Annex"))
    );
    shop.stack().check_invariants();
}

#[tokio::test]
async fn receive_of_a_complete_line_releases_its_product() {
    let (shop, _, main) = shop().await;
    let made = ordered(&shop, 2, |_| json!({})).await;
    let path = format!("{REQUESTS}/{}/receive", made["id"].as_str().unwrap());
    let receive = |index: usize| {
        let line = json!({"item_id": made["items"][index]["id"], "warehouse_id": main});
        shop.manager().post(&path, json!({"items": [line]}))
    };
    receive(0).await.expect(200);
    shop.stack().check_invariants();
    let product = |index: usize| made["items"][index]["product_id"].as_str().unwrap().to_owned();
    shop.take(&product(0), &main, 2).await.expect(201);
    shop.admin().delete(format!("/api/v1/products/{}", product(0))).await.expect(204);
    shop.admin().delete(format!("/api/v1/products/{}", product(1))).await.expect(409);
    assert_eq!(receive(0).await.expect(409).code(), "exceeds_order");
    assert_eq!(receive(1).await.expect(200).json()["status"], "RECEIVED");
    assert_eq!(receive(0).await.expect(409).code(), "invalid_transition");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn receive_of_the_last_line_releases_older_complete_lines() {
    let (shop, _, main) = shop().await;
    let places = [main.clone(), shop.warehouse("Annex").await];
    let made = ordered(&shop, 40, |_| json!({})).await;
    let path = format!("{REQUESTS}/{}/receive", made["id"].as_str().unwrap());
    let receive = |range: Range<usize>, warehouses: usize| {
        let line =
            |index: usize| json!({"item_id": made["items"][index]["id"], "warehouse_id": places[index % warehouses]});
        let key = format!("{range:?}");
        shop.manager().post(&path, json!({"items": range.map(line).collect::<Vec<_>>()})).key(&key)
    };
    receive(0..10, 1).await.expect(200);
    // An earlier program received these lines: they are complete, and their products still count them.
    let stack = shop.stack();
    let partition = |kind: &str| format!("ORG#{}#{kind}", shop.id);
    let of = |kind: &str| -> Vec<Value> {
        stack.items().into_iter().filter(|item| item["pk"] == partition(kind).as_str()).collect()
    };
    for product in of("PRODUCT") {
        let is_counted = made["items"].as_array().unwrap().iter().any(|line| line["product_id"] == product["sk"]);
        if is_counted {
            stack.set(&product, "requests", 1);
        }
    }
    let request = of("PR").remove(0);
    let flags: Vec<_> = (0..10).map(|line| format!("data.items[{line}].released")).collect();
    stack.forget(&request, &flags.iter().map(String::as_str).collect::<Vec<_>>());
    stack.check_invariants();

    let too_many = receive(10..40, 1).await.expect(422);
    assert_eq!(too_many.faults(), ["/items too_many"]);
    receive(10..20, 2).await.expect(200);
    assert_eq!(receive(20..40, 2).await.expect(200).json()["status"], "RECEIVED");
    stack.check_invariants();
}

#[tokio::test]
async fn receive_after_a_lost_reply_has_one_effect() {
    let shop = Shop::with_faults().await;
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);
    let request = shop.request(&product, 10, "ORDERED").await;
    let receive = shop.arrive(&request, &main, 4).key("k1");
    shop.faults().lose_next_replies_of("TransactWriteItems", 1);
    receive.clone().await.expect(200);
    receive.await.expect(200);
    assert_eq!(shop.on_hand(&product, &main).await, "4");
    // Also if the process with the lost reply is gone and cannot repeat the call.
    shop.faults().next(Fault::LoseReply, "TransactWriteItems", 1_000);
    let last = shop.arrive(&request, &main, 6).key("k2");
    last.clone().await.expect(503);
    shop.faults().end();
    let again = last.await.expect(200).json();
    assert_eq!((&again["status"], &again["items"][0]["received_quantity"]), (&json!("RECEIVED"), &json!(10)));
    assert_eq!(shop.on_hand(&product, &main).await, "10");
    shop.stack().check_invariants();
}
