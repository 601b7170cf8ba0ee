//! Events: their types, content and readers.

use serde_json::{Value, json};
use stockroom_domain::{
    id::{EntryId, Id as _},
    source::Clock as _,
};
use stockroom_harness::{Client, Shop, Stack};
use stockroom_local::embedded::TABLE_NAME;

use crate::stock::support::walk;

const PATH: &str = "/api/v1/events";

async fn events(client: &Client, query: &[(&str, &str)]) -> Vec<Value> {
    walk(client.get(PATH).query(query), 100).await
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

/// A shop with some of everything, ending with stock that became low.
async fn eventful(stack: &Stack) -> (Shop, String, String) {
    let shop = Shop::open(stack, "acme").await;
    let product = shop.product("SKU-1").with("min_stock_level", 5).await;
    let main = shop.warehouse("Main").await;
    shop.supplier("Ink & Co").await;
    shop.receive(&product, &main, 9).await.expect(201);
    shop.manager().patch(format!("/api/v1/products/{product}"), json!({"name": "Pens"})).await.expect(200);
    shop.take(&product, &main, 6).await.expect(201);
    (shop, product, main)
}

#[tokio::test]
async fn list_of_events_has_types_and_changed_members() {
    let (shop, product, main) = eventful(&Stack::start().await).await;
    let listed = events(shop.manager(), &[("order", "asc")]).await;
    let mut first = kinds(&listed[..2]);
    first.sort_unstable();
    assert_eq!(first, ["organization.created", "user.created"]);
    assert_eq!(
        kinds(&listed[2..]),
        [
            "user.created",
            "user.created",
            "product.created",
            "warehouse.created",
            "supplier.created",
            "stock.moved",
            "product.updated",
            "stock.moved",
            "stock.low",
        ]
    );
    let [.., updated, moved, low] = listed.as_slice() else { panic!("there are more") };
    assert_eq!(updated["entity_id"], json!(product));
    let data = &updated["data"];
    assert_eq!((&data["version"], &data["actor"]["id"]), (&json!(1), &json!(shop.manager().id)));
    assert_eq!((&data["before"], &data["after"]), (&json!({"name": "Product SKU-1"}), &json!({"name": "Pens"})));

    let movement = shop.staff().get(format!("/api/v1/stock-movements/{}", moved["id"].as_str().unwrap())).await;
    assert_eq!((&moved["data"]["movement"], &moved["entity_id"]), (&movement.expect(200).json(), &moved["id"]));
    assert_eq!((&low["entity_id"], &low["occurred_at"]), (&json!(product), &moved["occurred_at"]));
    let expected = json!({
        "sku": "SKU-1", "product_name": "Pens", "unit": "each", "warehouse_name": "Main",
        "version": 1, "change_id": moved["data"]["change_id"], "actor": moved["data"]["actor"], "product_id": product,
        "warehouse_id": main, "on_hand": 3, "min_stock_level": 5, "shortage": 2, "movement_id": moved["id"],
    });
    assert_eq!(low["data"], expected);
    for event in &listed {
        assert_eq!(
            event.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["id", "type", "entity_id", "occurred_at", "data"]
        );
        let one = shop.manager().get(format!("{PATH}/{}", event["id"].as_str().unwrap())).await.expect(200);
        assert_eq!((&one.json(), one.cost().round_trips), (event, 1));
    }
}

#[tokio::test]
async fn movement_below_the_minimum_publishes_one_stock_low() {
    let (shop, product, main) = eventful(&Stack::start().await).await;
    let low = async || events(shop.staff(), &[("type", "stock.low")]).await.len();
    assert_eq!(low().await, 1);
    shop.take(&product, &main, 1).await.expect(201);
    assert_eq!(low().await, 1, "it was low already");
    shop.receive(&product, &main, 5).await.expect(201);
    shop.staff().record("COUNT", &product, &main, 4).await.expect(201);
    assert_eq!(low().await, 2, "it was not any more");
    let annex = shop.warehouse("Annex").await;
    shop.staff().transfer(&product, &main, &annex, 1).await.expect(201);
    assert_eq!(low().await, 3, "the level in Annex is low");
    for limit in 1..4 {
        for order in ["asc", "desc"] {
            let pages = walk(shop.staff().get(PATH).query(&[("order", order)]), limit).await;
            let mut ids: Vec<_> = pages.iter().map(|event| event["id"].as_str().unwrap()).collect();
            if order == "desc" {
                ids.reverse();
            }
            assert!(ids.is_sorted_by(|a, b| a < b), "each once, in order");
            assert_eq!(kinds(&pages).iter().filter(|kind| **kind == "stock.low").count(), 3, "{limit} {order}");
        }
    }
}

#[tokio::test]
async fn list_of_events_by_type_has_that_type_only() {
    let (shop, ..) = eventful(&Stack::start().await).await;
    let all = events(shop.admin(), &[]).await;
    for kind in ["product.created", "product.deleted", "user.created", "stock.moved", "stock.low", "supplier.created"] {
        let expected: Vec<_> = all.iter().filter(|event| event["type"] == kind).cloned().collect();
        assert_eq!(events(shop.admin(), &[("type", kind)]).await, expected);
        assert_eq!(walk(shop.admin().get(PATH).query(&[("type", kind)]), 1).await, expected);
    }
    for unknown in ["", "product", "product.moved", "user.login", "user.invited", "stock.created", "*"] {
        let refused = shop.admin().get(PATH).query(&[("type", unknown)]).await.expect(422);
        assert_eq!(refused.faults(), ["type unknown_value"], "{unknown}");
    }
}

#[tokio::test]
async fn list_of_events_has_what_the_caller_may_read() {
    let (shop, ..) = eventful(&Stack::start().await).await;
    let colleague = shop.hire("colleague", "STAFF").await;
    colleague.patch("/api/v1/users/me", json!({"full_name": "Kim"})).await.expect(200);
    shop.anonymous().log_in(&colleague.email, "not the password").await.expect(401);
    let all = events(shop.admin(), &[]).await;
    assert_eq!(events(shop.manager(), &[]).await, all);
    assert!(kinds(&all).iter().all(|kind| !kind.contains("log")), "a login is no event");

    for person in [shop.staff(), &colleague] {
        let may =
            |event: &&Value| !event["type"].as_str().unwrap().starts_with("user.") || event["entity_id"] == person.id;
        let expected: Vec<_> = all.iter().filter(may).cloned().collect();
        assert!(expected.len() < all.len());
        assert_eq!(events(person, &[]).await, expected);
        assert_eq!(walk(person.get(PATH), 2).await, expected);
        for event in &all {
            let status = if expected.contains(event) { 200 } else { 404 };
            person.get(format!("{PATH}/{}", event["id"].as_str().unwrap())).await.expect(status);
        }
    }

    // Actions of the audit log only are no events.
    for entry in walk(shop.admin().get("/api/v1/audit-logs"), 100).await {
        let is_event = all.iter().any(|event| event["id"] == entry["id"]);
        let path = format!("{PATH}/{}", entry["id"].as_str().unwrap());
        shop.admin().get(path).await.expect(if is_event { 200 } else { 404 });
    }
}

#[tokio::test]
async fn get_of_an_id_adjacent_to_an_event_is_not_found() {
    let (shop, ..) = eventful(&Stack::start().await).await;
    for event in events(shop.admin(), &[]).await {
        let id = event["id"].as_str().unwrap();
        let last = u8::from_str_radix(&id[34..], 16).unwrap();
        for bit in 0..8 {
            let other = format!("{}{:02x}", &id[..34], last ^ (1 << bit));
            let reply = shop.admin().get(format!("{PATH}/{other}")).await;
            let is_of_low = kinds(std::slice::from_ref(&event)) == ["stock.low"] || reply.status() == 200;
            assert!(reply.status() == 404 || (is_of_low && bit == 3), "{other} beside {id}");
        }
    }
}

/// Writes a log entry of an owned resource directly into the table.
fn write_entry_of(shop: &Shop, owner: &str) -> String {
    let id = EntryId::from_parts(shop.stack().clock().now(), [0; 10]).to_string();
    let s = |text: &str| json!({"S": text});
    let data = json!({"M": {
        "change_id": s(&id), "action": s("UPDATE"), "entity": s("Supplier"), "entity_id": s(&id), "owner": s(owner),
        "after": {"M": {"name": s("Private")}}, "request_id": s("none"), "created_at": s("2026-11-23T09:00:00.000Z"),
    }});
    let item = json!({"pk": s(&format!("ORG#{}#LOG#0", shop.id)), "sk": s(&id), "data": data});
    let put = json!({"TableName": TABLE_NAME, "Item": item});
    shop.stack().database().put_item(serde_json::from_value(put).unwrap()).unwrap();
    id
}

#[tokio::test]
async fn get_of_an_owned_event_is_for_its_owner_and_managers() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let colleague = shop.hire("colleague", "STAFF").await;
    let id = write_entry_of(&shop, &shop.staff().id);
    for (person, may) in [(shop.staff(), true), (shop.manager(), true), (shop.admin(), true), (&colleague, false)] {
        person.get(format!("{PATH}/{id}")).await.expect(if may { 200 } else { 404 });
        let listed = events(person, &[]).await;
        assert_eq!(listed.iter().any(|event| event["id"] == id.as_str()), may);
    }
}
