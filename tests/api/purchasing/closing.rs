//! Closing of an order, or of some of its lines.

use serde_json::{Value, json};
use stockroom_harness::{Fault, Request, Shop, Stack};

use super::REQUESTS;

async fn shop() -> (Shop, [String; 2], String) {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let products = [shop.product("SKU-1").await, shop.product("SKU-2").await];
    let main = shop.warehouse("Main").await;
    (shop, products, main)
}

/// An order of 10 of each product.
async fn order(shop: &Shop, products: &[String]) -> Value {
    let items: Vec<_> = products.iter().map(|product| json!({"product_id": product, "quantity": 10})).collect();
    let made = shop.staff().post(REQUESTS, json!({"items": items})).await.expect(201);
    for step in ["submit", "approve", "mark-ordered"] {
        shop.step(&made.id(), step).await.expect(200);
    }
    made.json()
}

fn path(order: &Value, step: &str) -> String {
    format!("{REQUESTS}/{}/{step}", order["id"].as_str().unwrap())
}

fn receive(shop: &Shop, order: &Value, line: usize, main: &str, quantity: u32) -> Request {
    let line = json!({"item_id": order["items"][line]["id"], "warehouse_id": main, "quantity": quantity});
    shop.manager().post(path(order, "receive"), json!({"items": [line]}))
}

#[tokio::test]
async fn close_of_a_partly_received_order_cancels_the_rest() {
    let (shop, products, main) = shop().await;
    let order = order(&shop, &products[..1]).await;
    receive(&shop, &order, 0, &main, 6).await.expect(200);
    let delete = |product: &str| shop.admin().delete(format!("/api/v1/products/{product}"));
    assert_eq!(delete(&products[0]).await.expect(409).code(), "in_use");

    let reason = json!({"reason": "The supplier has no more"});
    let closed = shop.manager().post(path(&order, "close"), reason).if_match(5).await.expect(200);
    assert_eq!(closed.version(), 6);
    let shown = closed.json();
    assert_eq!((&shown["status"], &shown["close_reason"]), (&json!("RECEIVED"), &json!("The supplier has no more")));
    assert_eq!((&shown["closed_by"]["id"], &shown["closed_at"]), (&json!(shop.manager().id), &shown["updated_at"]));
    assert_eq!((&shown["received_by"], &shown["received_at"]), (&Value::Null, &Value::Null));
    let line = &shown["items"][0];
    let quantities = ["quantity", "received_quantity", "cancelled_quantity"].map(|name| &line[name]);
    assert_eq!(quantities, [&json!(10), &json!(6), &json!(4)]);

    let log = shop.admin().get("/api/v1/audit-logs").query(&[("action", "CLOSE")]).await.expect(200).items();
    let line = |cancelled| json!([{"id": line["id"], "product_id": products[0], "cancelled_quantity": cancelled}]);
    assert_eq!((&log[0]["before"]["items"], &log[0]["after"]["items"]), (&line(0), &line(4)));
    assert_eq!(log[0]["after"]["close_reason"], "The supplier has no more");
    let events = shop.staff().get("/api/v1/events").query(&[("type", "purchase_request.closed")]);
    assert_eq!(events.await.expect(200).items()[0]["entity_id"], order["id"]);

    for step in ["close", "cancel"] {
        let again = shop.manager().post(path(&order, step), json!({})).await.expect(409);
        assert_eq!(again.code(), "invalid_transition");
    }
    assert_eq!(receive(&shop, &order, 0, &main, 1).await.expect(409).code(), "invalid_transition");
    shop.take(&products[0], &main, 6).await.expect(201);
    delete(&products[0]).await.expect(204);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn close_of_named_lines_leaves_the_others_open() {
    let (shop, products, main) = shop().await;
    let order = order(&shop, &products).await;
    let close = |line: &Value| shop.manager().post(path(&order, "close"), json!({"items": [{"item_id": line["id"]}]}));
    let shown = close(&order["items"][0]).await.expect(200).json();
    assert_eq!((&shown["status"], &shown["items"][0]["cancelled_quantity"]), (&json!("ORDERED"), &json!(10)));
    assert_eq!((&shown["items"][1]["cancelled_quantity"], &shown["close_reason"]), (&json!(0), &Value::Null));
    shop.admin().delete(format!("/api/v1/products/{}", products[0])).await.expect(204);
    shop.admin().delete(format!("/api/v1/products/{}", products[1])).await.expect(409);

    let complete = close(&order["items"][0]).await.expect(409);
    assert_eq!((complete.code().as_str(), &complete.json()["item_id"]), ("line_complete", &order["items"][0]["id"]));
    let refused = receive(&shop, &order, 0, &main, 1).await.expect(409).json();
    assert_eq!((&refused["code"], &refused["outstanding"]), (&json!("exceeds_order"), &json!(0)));
    let received = receive(&shop, &order, 1, &main, 10).await.expect(200).json();
    assert_eq!((&received["status"], &received["received_by"]["id"]), (&json!("RECEIVED"), &json!(shop.manager().id)));
    shop.stack().check_invariants();
}

#[tokio::test]
async fn close_without_a_body_cancels_every_open_line() {
    let (shop, products, main) = shop().await;
    let order = order(&shop, &products).await;
    receive(&shop, &order, 0, &main, 10).await.expect(200);
    let shown = shop.manager().request(http::Method::POST, path(&order, "close")).await.expect(200).json();
    let cancelled = [0, 1].map(|line: usize| shown["items"][line]["cancelled_quantity"].clone());
    assert_eq!((&shown["status"], cancelled), (&json!("RECEIVED"), [json!(0), json!(10)]));
    shop.stack().check_invariants();
}

#[tokio::test]
async fn close_with_an_invalid_body_names_every_error() {
    let (shop, products, _) = shop().await;
    let (one, another) = (order(&shop, &products[..1]).await, order(&shop, &products[1..]).await);
    let id = |order: &Value| json!({"item_id": order["items"][0]["id"]});
    for (body, faults) in [
        (json!({"reason": "x".repeat(1_001)}), vec!["/reason too_long"]),
        (json!({"items": []}), vec!["/items too_few"]),
        (json!({"items": [{}]}), vec!["/items/0/item_id required"]),
        (json!({"items": [id(&one), id(&one)]}), vec!["/items/1/item_id duplicate_item"]),
        (json!({"items": [id(&one), id(&another)]}), vec!["/items/1/item_id unknown_reference"]),
        (
            json!({"items": [{"item_id": one["items"][0]["id"], "quantity": 1}]}),
            vec!["/items/0/quantity unknown_member"],
        ),
    ] {
        let reply = shop.manager().post(path(&one, "close"), body.clone()).await.expect(422);
        assert_eq!(reply.faults(), faults, "{body}");
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn close_by_staff_is_forbidden_and_by_others_not_found() {
    let (shop, products, _) = shop().await;
    let order = order(&shop, &products[..1]).await;
    let other = Shop::open(shop.stack(), "globex").await;
    assert_eq!(shop.staff().post(path(&order, "close"), json!({})).await.expect(403).code(), "forbidden");
    assert_eq!(other.admin().post(path(&order, "close"), json!({})).await.expect(404).code(), "not_found");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn close_of_forty_lines_is_one_transaction() {
    let (shop, _, _) = shop().await;
    let mut products = Vec::new();
    for number in 0..40 {
        products.push(shop.product(&format!("MANY-{number}")).await);
    }
    let order = order(&shop, &products).await;
    let close = shop.manager().post(path(&order, "close"), json!({})).key("forty");
    let shown = close.clone().await.expect(200);
    assert_eq!(shown.json()["status"], "RECEIVED");
    let again = close.await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), again.json()), (Some("true"), shown.json()));
    shop.stack().check_invariants();
}

#[tokio::test]
async fn close_after_a_lost_reply_finds_its_first_attempt() {
    let shop = Shop::with_faults().await;
    let product = shop.product("SKU-1").await;
    let request = shop.request(&product, 10, "ORDERED").await;
    let close = shop.step(&request.id, "close").key("k1");
    shop.faults().next(Fault::LoseReply, "TransactWriteItems", 1_000);
    close.clone().await.expect(503);
    shop.faults().end();
    assert_eq!(close.await.expect(200).json()["status"], "RECEIVED");
    shop.stack().check_invariants();
}

/// Deletes a product that a request holds, as can happen after a program that does not count made the count too low.
async fn delete_held(shop: &Shop, product: &str) {
    let stored = shop.stack().items().into_iter().find(|item| item["sk"] == product).unwrap();
    shop.stack().set(&stored, "requests", 0);
    shop.admin().delete(format!("/api/v1/products/{product}")).await.expect(204);
}

#[tokio::test]
async fn requests_end_after_a_product_that_they_hold_was_deleted() {
    let (shop, [product, _], main) = shop().await;
    for (status, step) in [("SUBMITTED", "reject"), ("APPROVED", "cancel"), ("ORDERED", "close")] {
        let (gone, held) = (shop.product(&format!("GONE-{status}")).await, &product);
        let lines = [&gone, held].map(|product| json!({"product_id": product, "quantity": 1}));
        let made = shop.staff().post(REQUESTS, json!({"items": lines})).await.expect(201);
        let steps = ["submit", "approve", "mark-ordered"];
        let count = ["SUBMITTED", "APPROVED", "ORDERED"].iter().position(|known| *known == status).unwrap() + 1;
        for step in &steps[..count] {
            shop.step(&made.id(), step).await.expect(200);
        }
        delete_held(&shop, &gone).await;
        if step == "close" {
            receive(&shop, &made.json(), 1, &main, 1).await.expect(200);
        }
        shop.step(&made.id(), step).await.expect(200);
    }
    let gone = shop.product("GONE-DRAFT").await;
    for is_revised in [false, true] {
        let gone = if is_revised { shop.product("GONE-TOO").await } else { gone.clone() };
        let draft = shop.request(&gone, 1, "DRAFT").await;
        delete_held(&shop, &gone).await;
        let path = format!("{REQUESTS}/{}", draft.id);
        if is_revised {
            let line = json!({"product_id": product, "quantity": 1});
            shop.staff().put(&path, json!({"items": [line]})).await.expect(200);
        }
        shop.staff().delete(&path).await.expect(204);
    }
    shop.stack().check_invariants();
    shop.take(&product, &main, 1).await.expect(201);
    shop.admin().delete(format!("/api/v1/products/{product}")).await.expect(204);
}

#[tokio::test]
async fn deletion_of_a_product_with_a_negative_count_is_in_use() {
    let (shop, [product, _], _) = shop().await;
    shop.stack().rewrite(|item| {
        if item["sk"]["S"] == product.as_str() {
            item["requests"] = json!({"N": "-1"});
        }
    });
    let path = format!("/api/v1/products/{product}");
    assert_eq!(shop.admin().delete(&path).await.expect(409).code(), "in_use");
    assert_eq!(shop.manager().patch(&path, json!({"unit": "kg"})).await.expect(409).code(), "in_use");
}
