//! Receiving what was ordered: all at once or in parts, into the ledger, and never more than was ordered.

use serde_json::{Value, json};
use stockroom_harness::{Fault, Shop, Stack};

use super::REQUESTS;

async fn shop() -> (Shop, String, String) {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = (shop.product("SKU-1").with("decimal_places", 1).await, shop.warehouse("Main").await);
    (shop, product, main)
}

#[tokio::test]
async fn parts_arrive_until_all_is_in() {
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
    let told: Vec<_> =
        lines.iter().map(|line| (&line["type"], &line["quantity"], &line["purchase_request_id"])).collect();
    let (kind, id) = (json!("IN"), json!(request.id));
    assert_eq!(told, [(&kind, &json!(6), &id), (&kind, &json!(4), &id)]);
    assert_eq!(lines[0]["created_by"]["id"], shop.manager().id.as_str());
    shop.admin().delete(format!("/api/v1/products/{product}")).await.expect(409);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn the_log_tells_of_a_receipt_what_it_changed() {
    let (shop, product, main) = shop().await;
    shop.manager().patch(format!("/api/v1/products/{product}"), json!({"min_stock_level": 5})).await.expect(200);
    let request = shop.request(&product, 10, "ORDERED").await;
    let receipt = shop.arrive(&request, &main, 4).await.expect(200);
    let audit = |query: [(&str, &str); 2]| shop.admin().get("/api/v1/audit-logs").query(&query);
    let entry = audit([("entity_id", &request.id), ("action", "RECEIVE")]).await.expect(200).items().remove(0);
    let line = |received| json!([{"id": request.item, "product_id": product, "received_quantity": received}]);
    assert_eq!((&entry["before"], &entry["after"]), (&json!({"items": line(0)}), &json!({"items": line(4)})));
    assert_eq!((&entry["entity"], &entry["request_id"]), (&json!("PurchaseRequest"), &json!(receipt.request_id())));

    // What arrived is an entry of the same change, and tells that 4 of at least 5 are there.
    let moved = audit([("entity", "StockMovement"), ("action", "STOCK_IN")]).await.expect(200).items().remove(0);
    assert_eq!(moved["change_id"], entry["change_id"]);
    assert_eq!(moved["after"]["purchase_request_id"], request.id.as_str());
    let low = shop.staff().get("/api/v1/events").query(&[("type", "stock.low")]).await.expect(200).items();
    assert_eq!((low.len(), &low[0]["entity_id"]), (1, &json!(product)));
    shop.arrive(&request, &main, 6).await.expect(200);
    let rest = audit([("entity_id", &request.id), ("action", "RECEIVE")]).await.expect(200).items().remove(0);
    let told = ["status", "received_at", "received_by"].map(|member| rest["before"][member].clone());
    assert_eq!(told, [json!("ORDERED"), Value::Null, Value::Null]);
    assert_eq!((&rest["after"]["status"], &rest["after"]["items"]), (&json!("RECEIVED"), &line(10)));
}

#[tokio::test]
async fn what_was_ordered_arrives_as_it_was_ordered() {
    let (shop, product, main) = shop().await;
    let [whole, exact] = [shop.request(&product, 1.5, "ORDERED").await, shop.request(&product, 2.5, "ORDERED").await];
    // As a product may have been left before open requests kept its decimals.
    let stored = shop.stack().items().into_iter().find(|item| item["data"]["id"] == *product).unwrap();
    shop.stack().set(&stored, "data.decimal_places", 0);
    let finer = shop.arrive(&exact, &main, 0.5).await.expect(422);
    assert_eq!(finer.faults(), ["/items/0/quantity too_many_decimals"]);
    shop.arrive(&whole, &main, Value::Null).await.expect(200);
    shop.arrive(&exact, &main, 2.5).await.expect(200);
    assert_eq!(shop.on_hand(&product, &main).await, "4");
}

#[tokio::test]
async fn never_more_arrives_than_was_ordered() {
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
async fn a_line_that_is_in_takes_no_more_while_others_wait() {
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
    assert_eq!(shop.on_hand(&other, &main).await, "0", "of a receipt that is refused nothing arrives");
    assert_eq!(receive(&made["items"][1]["id"]).await.expect(200).json()["status"], "RECEIVED");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn what_a_receipt_may_not_hold_is_refused_where_it_stands() {
    let (shop, product, main) = shop().await;
    let request = shop.request(&product, 100, "ORDERED").await;
    let another = shop.request(&product, 5, "ORDERED").await;
    let line = |member: &str, value: Value| {
        let mut line = json!({"item_id": request.item, "warehouse_id": main, "quantity": 1});
        line[member] = value;
        line
    };
    let mut many_places = Vec::new();
    for number in 0..16 {
        let place = shop.warehouse(&format!("Place {number}")).await;
        let other = shop.request(&product, 1, "DRAFT").await;
        many_places.push(json!({"item_id": other.item, "warehouse_id": place}));
    }
    for (items, faults) in [
        (json!([line("quantity", json!(0))]), vec!["/items/0/quantity out_of_range"]),
        (json!([line("quantity", json!(0.25))]), vec!["/items/0/quantity too_many_decimals"]),
        (json!([line("item_id", json!(another.item))]), vec!["/items/0/item_id unknown_reference"]),
        (json!([line("item_id", json!(product))]), vec!["/items/0/item_id unknown_reference"]),
        (json!([line("warehouse_id", json!(product))]), vec!["/items/0/warehouse_id unknown_reference"]),
        (json!([line("warehouse_id", Value::Null)]), vec!["/items/0/warehouse_id required"]),
        (json!([line("quantity", json!(1)), line("quantity", json!(2))]), vec!["/items/1/item_id duplicate_item"]),
        (json!([]), vec!["/items too_few"]),
        (Value::Array(vec![line("quantity", json!(1)); 21]), vec!["/items too_many"]),
        (Value::Array(many_places), vec!["/items too_many_warehouses"]),
    ] {
        let path = format!("{REQUESTS}/{}/receive", request.id);
        let reply = shop.manager().post(path, json!({"items": items})).await.expect(422);
        assert_eq!(reply.faults(), faults, "{items}");
    }
    assert_eq!(shop.on_hand(&product, &main).await, "0");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn the_largest_receipt_is_one_transaction() {
    let (shop, _, main) = shop().await;
    let mut lines = Vec::new();
    for number in 0..40 {
        let product = shop.product(&format!("MANY-{number}")).await;
        lines.push(json!({"product_id": product, "quantity": 2}));
    }
    let made = shop.staff().post(REQUESTS, json!({"items": lines})).await.expect(201).json();
    let id = made["id"].as_str().unwrap();
    for step in ["submit", "approve", "mark-ordered"] {
        shop.step(id, step).await.expect(200);
    }
    let mut places = Vec::new();
    for number in 0..15 {
        places.push(shop.warehouse(&format!("Place {number}")).await);
    }
    let receipt = |from: usize, place: &dyn Fn(usize) -> String| {
        let lines: Vec<_> = (from..from + 20)
            .map(|index| json!({"item_id": made["items"][index]["id"], "warehouse_id": place(index)}))
            .collect();
        shop.manager().post(format!("{REQUESTS}/{id}/receive"), json!({"items": lines})).key(&format!("from-{from}"))
    };
    assert_eq!(receipt(0, &|_| main.clone()).await.expect(200).json()["status"], "ORDERED");
    let last = receipt(20, &|index| places[index % 15].clone());
    assert_eq!(last.clone().await.expect(200).json()["status"], "RECEIVED");
    let again = last.await.expect(200);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    shop.stack().check_invariants();
}

#[tokio::test]
async fn a_lost_reply_receives_nothing_twice() {
    let shop = Shop::with_faults().await;
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);
    let request = shop.request(&product, 10, "ORDERED").await;
    let receive = shop.arrive(&request, &main, 4).key("k1");
    shop.faults().lose_next_replies_of("TransactWriteItems", 1);
    receive.clone().await.expect(200);
    receive.await.expect(200);
    assert_eq!(shop.on_hand(&product, &main).await, "4");
    // Also when the process that had the reply lost was no longer there to ask again.
    shop.faults().next(Fault::LoseReply, "TransactWriteItems", 1_000);
    let last = shop.arrive(&request, &main, 6).key("k2");
    last.clone().await.expect(503);
    shop.faults().end();
    let again = last.await.expect(200).json();
    assert_eq!((&again["status"], &again["items"][0]["received_quantity"]), (&json!("RECEIVED"), &json!(10)));
    assert_eq!(shop.on_hand(&product, &main).await, "10");
    shop.stack().check_invariants();
}
