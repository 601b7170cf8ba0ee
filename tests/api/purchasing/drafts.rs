//! Drafts: valid lines, numbers, and the products they hold.

use serde_json::{Value, json};
use stockroom_harness::{Shop, Stack};

use super::REQUESTS;

async fn shop() -> (Shop, String) {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let product = shop.product("SKU-1").await;
    (shop, product)
}

#[tokio::test]
async fn create_with_an_invalid_line_names_every_error() {
    let (shop, product) = shop().await;
    let other = Shop::open(shop.stack(), "globex").await;
    let (foreign, foreign_place) = (other.product("SKU-1").await, other.warehouse("Main").await);
    let foreign_supplier = other.supplier("Nuts").await;
    let line = |member: &str, value: Value| {
        let mut line = json!({"product_id": product, "quantity": 1});
        line[member] = value;
        json!([line])
    };
    let many = |count: usize| Value::Array(vec![json!({"product_id": product, "quantity": 1}); count]);
    for (items, faults) in [
        (line("quantity", json!(0)), vec!["/items/0/quantity out_of_range"]),
        (line("quantity", json!(-1)), vec!["/items/0/quantity out_of_range"]),
        (line("quantity", json!("1")), vec!["/items/0/quantity wrong_type"]),
        (line("quantity", json!(0.5)), vec!["/items/0/quantity too_many_decimals"]),
        (line("estimated_price", json!("-1")), vec!["/items/0/estimated_price out_of_range"]),
        (line("estimated_price", json!("1.00001")), vec!["/items/0/estimated_price too_many_decimals"]),
        (line("estimated_price", json!("cheap")), vec!["/items/0/estimated_price invalid_format"]),
        (line("product_id", json!(foreign)), vec!["/items/0/product_id unknown_reference"]),
        (line("product_id", json!("SKU-1")), vec!["/items/0/product_id invalid_format"]),
        (line("supplier_id", json!(foreign_supplier)), vec!["/items/0/supplier_id unknown_reference"]),
        (line("warehouse_id", json!(foreign_place)), vec!["/items/0/warehouse_id unknown_reference"]),
        (line("received_quantity", json!(1)), vec!["/items/0/received_quantity unknown_member"]),
        (many(2), vec!["/items/1/product_id duplicate_product"]),
        (many(0), vec!["/items too_few"]),
        (many(41), vec!["/items too_many"]),
        (json!({}), vec!["/items wrong_type"]),
        (Value::Null, vec!["/items required"]),
        (json!([7]), vec!["/items/0 wrong_type"]),
        (
            json!([{"quantity": 0}, {"product_id": product, "quantity": true}]),
            vec!["/items/0/product_id required", "/items/0/quantity out_of_range", "/items/1/quantity wrong_type"],
        ),
    ] {
        let reply = shop.staff().post(REQUESTS, json!({"items": items})).await.expect(422);
        assert_eq!(reply.faults(), faults, "{items}");
    }
    let as_number = line("estimated_price", json!(3));
    let made = shop.staff().post(REQUESTS, json!({"items": as_number})).await.expect(201).json();
    assert_eq!(made["items"][0]["estimated_price"], "3.00");
    assert_eq!(made["request_number"], "PR-00001", "no number is lost to a request that failed");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn create_of_requests_numbers_them_without_gaps() {
    let (shop, product) = shop().await;
    let body = json!({"items": [{"product_id": product, "quantity": 1}]});
    let number = async || {
        let made = shop.staff().post(REQUESTS, body.clone()).await.expect(201);
        (made.id(), made.json()["request_number"].as_str().unwrap().to_owned())
    };
    let (first, one) = number().await;
    shop.staff().delete(format!("{REQUESTS}/{first}")).await.expect(204);
    shop.staff().post(REQUESTS, json!({"items": []})).await.expect(422);
    let (_, two) = number().await;
    assert_eq!((one.as_str(), two.as_str()), ("PR-00001", "PR-00002"));
    let other = Shop::open(shop.stack(), "globex").await;
    let theirs = other.product("SKU-1").await;
    let made =
        other.staff().post(REQUESTS, json!({"items": [{"product_id": theirs, "quantity": 1}]})).await.expect(201);
    assert_eq!(made.json()["request_number"], "PR-00001", "each organization counts for itself");
}

#[tokio::test]
async fn put_or_patch_of_a_submitted_request_is_invalid_transition() {
    let (shop, product) = shop().await;
    let other = shop.product("SKU-2").await;
    let request = shop.request(&product, 5, "DRAFT").await;
    let path = format!("{REQUESTS}/{}", request.id);
    let replaced = json!({"items": [{"product_id": other, "quantity": 2}, {"product_id": product, "quantity": 6}]});
    let reply = shop.staff().put(&path, replaced).if_match(1).await.expect(200).json();
    assert_eq!(reply["items"][1]["id"], request.item.as_str(), "a product's line keeps its id");
    assert_eq!((&reply["version"], &reply["notes"]), (&json!(2), &Value::Null));

    let noted = shop.manager().patch(&path, json!({"notes": "Soon"})).await.expect(200).json();
    assert_eq!((&noted["items"], &noted["notes"]), (&reply["items"], &json!("Soon")));
    let same = shop.staff().patch(&path, json!({"notes": "Soon"})).await.expect(200).json();
    assert_eq!(same["version"], 3, "a change without a difference makes no version");
    let cleared = shop.staff().patch(&path, json!({"notes": null})).await.expect(200).json();
    assert_eq!((&cleared["notes"], &cleared["version"]), (&Value::Null, &json!(4)));
    shop.staff().patch(&path, json!({"items": null})).await.expect(422);
    shop.staff().patch(&path, json!({"notes": "Late"})).if_match(3).await.expect(412);
    shop.staff().delete(&path).if_match(3).await.expect(412);

    shop.staff().post(format!("{path}/submit"), json!({})).if_match(4).await.expect(200);
    for reply in [
        shop.staff().put(&path, json!({"items": [{"product_id": product, "quantity": 1}]})).await,
        shop.staff().patch(&path, json!({"notes": "Now"})).await,
        shop.staff().delete(&path).await,
    ] {
        assert_eq!(reply.expect(409).code(), "invalid_transition");
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn delete_of_a_product_in_an_open_request_is_in_use() {
    let (shop, product) = shop().await;
    let other = shop.product("SKU-2").await;
    let delete = |product: &str| shop.admin().delete(format!("/api/v1/products/{product}"));
    let request = shop.request(&product, 5, "DRAFT").await;
    let refused = delete(&product).await.expect(409).json();
    assert_eq!(refused["code"], "in_use");
    assert!(refused["detail"].as_str().unwrap().contains("purchase request"), "{refused}");

    let path = format!("{REQUESTS}/{}", request.id);
    shop.staff().put(&path, json!({"items": [{"product_id": other, "quantity": 2}]})).await.expect(200);
    delete(&product).await.expect(204);
    delete(&other).await.expect(409);
    for (step, status) in [("submit", 409), ("reject", 204)] {
        shop.step(&request.id, step).await.expect(200);
        delete(&other).await.expect(status);
    }
    // Deleted references stay in the request's history.
    assert_eq!(shop.staff().get(&path).await.expect(200).json()["items"][0]["sku"], "SKU-2");

    // Changing the product keeps the count of its requests.
    let third = shop.product("SKU-3").await;
    let held = shop.request(&third, 1, "DRAFT").await;
    shop.manager().patch(format!("/api/v1/products/{third}"), json!({"name": "Renamed"})).await.expect(200);
    delete(&third).await.expect(409);
    shop.staff().delete(format!("{REQUESTS}/{}", held.id)).await.expect(204);
    delete(&third).await.expect(204);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn put_of_forty_other_lines_is_one_transaction() {
    let (shop, _) = shop().await;
    let mut lines = Vec::new();
    for number in 0..80 {
        let product = shop.product(&format!("MANY-{number}")).await;
        lines.push(json!({"product_id": product, "quantity": 1}));
    }
    let made = shop.staff().post(REQUESTS, json!({"items": lines[..40]})).key("forty").await.expect(201);
    let path = format!("{REQUESTS}/{}", made.id());
    shop.staff().put(&path, json!({"items": lines[40..]})).await.expect(200);
    shop.stack().check_invariants();
    shop.staff().delete(&path).await.expect(204);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn put_of_a_draft_with_its_deleted_references_is_accepted() {
    let (shop, product) = shop().await;
    let (supplier, main) = (shop.supplier("Nuts").await, shop.warehouse("Main").await);
    let other = shop.product("SKU-2").await;
    let line = json!({"product_id": product, "quantity": 5, "supplier_id": supplier, "warehouse_id": main});
    let made =
        shop.staff().post(REQUESTS, json!({"items": [line, {"product_id": other, "quantity": 1}]})).await.expect(201);
    let path = format!("{REQUESTS}/{}", made.id());
    shop.admin().delete(format!("/api/v1/suppliers/{supplier}")).await.expect(204);
    shop.admin().delete(format!("/api/v1/warehouses/{main}")).await.expect(204);

    let read = shop.staff().get(&path).await.expect(200).json();
    let names =
        ["supplier_id", "supplier_name", "warehouse_id", "warehouse_name"].map(|name| read["items"][0][name].clone());
    assert_eq!(names, [json!(supplier), json!("Nuts"), json!(main), json!("Main")]);
    let settable = ["product_id", "quantity", "estimated_price", "supplier_id", "warehouse_id"];
    let sent = |line: &Value| settable.map(|name| (name.to_owned(), line[name].clone())).into_iter().collect::<Value>();
    let mut lines: Vec<_> = read["items"].as_array().unwrap().iter().map(sent).collect();
    let same = shop.staff().put(&path, json!({"items": lines})).await.expect(200);
    assert_eq!((same.version(), same.json()["items"].clone()), (1, read["items"].clone()));
    lines[0]["quantity"] = json!(6);
    let changed = shop.staff().patch(&path, json!({"items": lines})).await.expect(200).json();
    assert_eq!((&changed["items"][0]["supplier_name"], &changed["version"]), (&json!("Nuts"), &json!(2)));

    // Another line, and another request, find nothing there.
    for member in ["supplier_id", "warehouse_id"] {
        let mut moved = lines.clone();
        moved[1][member] = lines[0][member].clone();
        let refused = shop.staff().put(&path, json!({"items": moved})).await.expect(422);
        assert_eq!(refused.faults(), [format!("/items/1/{member} unknown_reference")]);
    }
    let anew = shop.staff().post(REQUESTS, json!({"items": lines})).await.expect(422);
    assert_eq!(anew.faults(), ["/items/0/supplier_id unknown_reference", "/items/0/warehouse_id unknown_reference"]);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn get_of_a_line_of_an_earlier_version_has_no_unit_and_no_names() {
    let (shop, product) = shop().await;
    let supplier = shop.supplier("Nuts").await;
    let line = json!({"product_id": product, "quantity": 5, "supplier_id": supplier});
    let made = shop.staff().post(REQUESTS, json!({"items": [line]})).await.expect(201);
    let stack = shop.stack();
    let stored = stack.items().into_iter().find(|item| item["sk"] == made.id().as_str()).unwrap();
    stack.forget(&stored, &["data.items[0].unit", "data.items[0].supplier_name"]);
    let path = format!("{REQUESTS}/{}", made.id());
    let shown = shop.staff().get(&path).await.expect(200).json();
    let shown = ["unit", "supplier_id", "supplier_name"].map(|name| shown["items"][0][name].clone());
    assert_eq!(shown, [Value::Null, json!(supplier), Value::Null]);
    shop.staff().put(&path, json!({"items": [line]})).await.expect(200);
    let shown = shop.staff().get(&path).await.expect(200).json();
    assert_eq!((&shown["items"][0]["unit"], &shown["items"][0]["supplier_name"]), (&json!("each"), &json!("Nuts")));
}
