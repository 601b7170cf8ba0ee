//! Single movements.

use serde_json::{Value, json};
use stockroom_harness::{Reply, Request, Shop, Stack};

use super::support::{entries_of, walk};

const NOWHERE: &str = "0190b6a4-7b1e-7c3a-8f00-0123456789ab";

async fn shop() -> Shop {
    Shop::open(&Stack::start().await, "acme").await
}

/// A movement whose quantity is this literal, to the last digit.
fn record(shop: &Shop, kind: &str, (product, warehouse): (&str, &str), quantity: &str) -> Request {
    let body = format!(
        r#"{{"type": "{kind}", "product_id": "{product}", "warehouse_id": "{warehouse}", "quantity": {quantity}}}"#
    );
    shop.staff().post("/api/v1/stock-movements", Value::Null).raw_body(body, "application/json")
}

/// Quantity, balance and sequence as they are written.
fn figures(reply: &Reply) -> [String; 3] {
    ["/quantity", "/balance_after", "/sequence"].map(|pointer| reply.literal(pointer).unwrap())
}

/// The available and requested quantities of an `insufficient_stock`.
#[track_caller]
fn shortfall(reply: Reply) -> [String; 2] {
    let reply = reply.expect(409);
    assert_eq!(reply.code(), "insufficient_stock");
    ["/available", "/requested"].map(|pointer| reply.literal(pointer).unwrap())
}

async fn recorded(shop: &Shop) -> usize {
    walk(shop.staff().get("/api/v1/stock-movements"), 100).await.len()
}

#[tokio::test]
async fn record_of_a_receipt_returns_and_stores_the_movement() {
    let shop = shop().await;
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);

    let received = shop.receive(&product, &main, 10).await.expect(201);
    let movement = received.json();
    assert_eq!(
        movement,
        json!({
            "id": received.id(),
            "type": "IN",
            "product_id": product,
            "warehouse_id": main,
            "sku": "SKU-1",
            "product_name": "Product SKU-1",
            "unit": "each",
            "warehouse_name": "Main",
            "quantity": 10,
            "counted_quantity": null,
            "balance_after": 10,
            "sequence": 1,
            "reference": null,
            "notes": null,
            "transfer_id": null,
            "purchase_request_id": null,
            "occurred_at": movement["created_at"],
            "created_at": movement["created_at"],
            "created_by": {"id": shop.staff().id, "full_name": "The staff"},
        })
    );

    let location = received.header("location").unwrap();
    assert_eq!(location, format!("/api/v1/stock-movements/{}", received.id()));
    let found = shop.staff().get(location).await.expect(200);
    assert_eq!(found.bytes(), received.bytes());
    shop.staff().get(format!("/api/v1/stock-movements/{NOWHERE}")).await.expect(404);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn record_of_more_than_the_stock_is_insufficient_stock() {
    let shop = shop().await;
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);

    assert_eq!(shortfall(shop.take(&product, &main, 1).await), ["0", "1"]);
    shop.receive(&product, &main, 10).await.expect(201);
    let taken = shop.take(&product, &main, 4).await.expect(201);
    assert_eq!(figures(&taken), ["4", "6", "2"]);
    assert_eq!(shortfall(shop.take(&product, &main, 7).await), ["6", "7"]);
    let rest = shop.take(&product, &main, 6).await.expect(201);
    assert_eq!(figures(&rest), ["6", "0", "3"]);
    assert_eq!(recorded(&shop).await, 3);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn record_of_a_transfer_has_two_legs_in_one_transaction() {
    let shop = shop().await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    let annex = shop.warehouse("Annex").await;

    let moved = shop.staff().transfer(&product, &main, &annex, 4).with("reference", "T-1").await.expect(201);
    assert_eq!((moved.cost().round_trips, moved.cost().calls), (2, 2), "read together, then one transaction");
    let mut out = moved.json();
    let into = out.as_object_mut().unwrap().remove("counterpart").unwrap();
    let summary = |leg: &Value| {
        ["type", "warehouse_id", "quantity", "balance_after", "sequence", "reference"].map(|name| leg[name].clone())
    };
    assert_eq!(summary(&out), [json!("TRANSFER_OUT"), json!(main), json!(4), json!(6), json!(2), json!("T-1")]);
    assert_eq!(summary(&into), [json!("TRANSFER_IN"), json!(annex), json!(4), json!(4), json!(1), json!("T-1")]);
    assert_ne!(out["id"], into["id"]);
    assert!(out["transfer_id"].is_string());
    for name in ["transfer_id", "product_id", "created_at", "occurred_at", "created_by", "notes"] {
        assert_eq!(out[name], into[name], "{name}");
    }
    for leg in [&out, &into] {
        let id = leg["id"].as_str().unwrap();
        assert_eq!(&shop.staff().get(format!("/api/v1/stock-movements/{id}")).await.expect(200).json(), leg);
    }
    let entries = entries_of(shop.stack(), &moved);
    assert_eq!(entries.len(), 2);
    assert!(entries[0]["data"]["change_id"].is_string());
    assert_eq!(entries[0]["data"]["change_id"], entries[1]["data"]["change_id"]);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn record_of_a_transfer_above_the_stock_is_insufficient_stock() {
    let shop = shop().await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    let annex = shop.warehouse("Annex").await;

    assert_eq!(shortfall(shop.staff().transfer(&product, &main, &annex, 11).await), ["10", "11"]);
    assert_eq!(recorded(&shop).await, 1);
    let levels = shop.staff().get("/api/v1/stock-levels").await.expect(200).items();
    assert_eq!(levels.len(), 1, "no level was made where nothing arrived");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn record_of_an_adjustment_below_zero_is_insufficient_stock() {
    let shop = shop().await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    let adjust = |quantity: i32| shop.staff().record("ADJUSTMENT", &product, &main, quantity);

    let found = adjust(3).await.expect(201);
    assert_eq!(found.json()["type"], "ADJUSTMENT");
    assert_eq!(figures(&found), ["3", "13", "2"]);
    let lost = adjust(-5).await.expect(201);
    assert_eq!(figures(&lost), ["-5", "8", "3"]);
    assert_eq!(shortfall(adjust(-9).await), ["8", "9"]);
    assert_eq!(figures(&adjust(-8).await.expect(201)), ["-8", "0", "4"]);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn record_of_a_count_is_an_adjustment_by_the_difference() {
    let shop = shop().await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    let annex = shop.warehouse("Annex").await;

    for (place, counted, expected) in [
        (&main, 7, ["-3", "7", "2"]),
        (&main, 12, ["5", "12", "3"]),
        (&main, 12, ["0", "12", "4"]),
        (&main, 0, ["-12", "0", "5"]),
        (&annex, 3, ["3", "3", "1"]),
    ] {
        let count = shop.staff().record("COUNT", &product, place, counted).await.expect(201);
        assert_eq!(count.json()["type"], "ADJUSTMENT");
        assert_eq!(count.json()["counted_quantity"], counted);
        assert_eq!(figures(&count), expected);
        let found = shop.staff().get(count.header("location").unwrap()).await.expect(200);
        assert_eq!(found.bytes(), count.bytes());
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn record_of_decimals_is_exact() {
    let shop = shop().await;
    let product = shop.product("SKU-1").with("decimal_places", 2).await;
    let main = shop.warehouse("Main").await;
    let place = (product.as_str(), main.as_str());

    assert_eq!(figures(&record(&shop, "IN", place, "0.1").await.expect(201)), ["0.1", "0.1", "1"]);
    assert_eq!(figures(&record(&shop, "IN", place, "0.2").await.expect(201)), ["0.2", "0.3", "2"]);
    assert_eq!(shop.on_hand(&product, &main).await, "0.3");
    assert_eq!(shortfall(record(&shop, "OUT", place, "0.31").await), ["0.3", "0.31"]);
    assert_eq!(figures(&record(&shop, "IN", place, "1.50").await.expect(201)), ["1.5", "1.8", "3"]);
    assert_eq!(figures(&record(&shop, "IN", place, "12e-1").await.expect(201)), ["1.2", "3", "4"]);
    assert_eq!(figures(&record(&shop, "ADJUSTMENT", place, "-0.01").await.expect(201)), ["-0.01", "2.99", "5"]);

    for too_fine in ["0.005", "1e-3"] {
        let refused = record(&shop, "IN", place, too_fine).await.expect(422);
        assert_eq!(refused.faults(), ["/quantity too_many_decimals"]);
    }
    let whole = shop.product("SKU-2").await;
    let refused = record(&shop, "OUT", (&whole, &main), "0.5").await.expect(422);
    assert_eq!(refused.faults(), ["/quantity too_many_decimals"], "a product is counted in whole numbers by default");
    assert_eq!(recorded(&shop).await, 5);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn record_above_fifteen_digits_is_level_out_of_range() {
    let shop = shop().await;
    let fine = shop.product("SKU-1").with("decimal_places", 4).await;
    let (whole, main) = (shop.product("SKU-2").await, shop.warehouse("Main").await);
    let (fine, whole) = ((fine.as_str(), main.as_str()), (whole.as_str(), main.as_str()));

    let full = record(&shop, "IN", whole, "999999999999999").await.expect(201);
    assert_eq!(figures(&full), ["999999999999999", "999999999999999", "1"]);
    let refused = record(&shop, "IN", whole, "1").await.expect(409);
    assert_eq!(refused.code(), "level_out_of_range");
    assert_eq!(figures(&record(&shop, "OUT", whole, "999999999999998").await.expect(201))[1], "1");

    record(&shop, "IN", fine, "99999999999.9998").await.expect(201);
    assert_eq!(
        shortfall(record(&shop, "OUT", fine, "99999999999.9999").await),
        ["99999999999.9998", "99999999999.9999"]
    );
    let refused = record(&shop, "IN", fine, "100000000000").await.expect(409);
    assert_eq!(refused.code(), "level_out_of_range", "199999999999.9998 has sixteen digits");
    assert_eq!(figures(&record(&shop, "IN", fine, "0.0002").await.expect(201))[1], "100000000000");

    for (literal, code) in [
        ("1000000000000000", "out_of_range"),
        ("1e15", "out_of_range"),
        ("1234567890123456", "too_many_digits"),
        ("0.00001", "too_many_decimals"),
    ] {
        let refused = record(&shop, "IN", fine, literal).await.expect(422);
        assert_eq!(refused.faults(), [format!("/quantity {code}")], "{literal}");
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn record_with_occurred_at_keeps_that_time() {
    let shop = shop().await;
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);

    let now = shop.receive(&product, &main, 1).await.expect(201).json();
    assert_eq!(now["occurred_at"], now["created_at"]);
    let earlier = shop.receive(&product, &main, 1).with("occurred_at", "2026-11-01T08:30:00.1239+01:00");
    let earlier = earlier.await.expect(201).json();
    assert_eq!(earlier["occurred_at"], "2026-11-01T07:30:00.123Z");
    assert!(earlier["created_at"].as_str() > now["created_at"].as_str(), "`created_at` is the time of recording");
    let refused = shop.receive(&product, &main, 1).with("occurred_at", "yesterday").await.expect(422);
    assert_eq!(refused.faults(), ["/occurred_at invalid_format"]);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn record_with_reference_and_notes_keeps_them() {
    let shop = shop().await;
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);

    let noted =
        shop.receive(&product, &main, 1).with("reference", "  PO-7 ").with("notes", "two\n\tlines, cafe\u{301}");
    let noted = noted.await.expect(201).json();
    assert_eq!((&noted["reference"], &noted["notes"]), (&json!("PO-7"), &json!("two\n\tlines, caf\u{e9}")));
    let bare = shop.receive(&product, &main, 1).with("reference", Value::Null).with("notes", Value::Null);
    let bare = bare.await.expect(201).json();
    assert_eq!((&bare["reference"], &bare["notes"]), (&Value::Null, &Value::Null));
    let refused =
        shop.receive(&product, &main, 1).with("reference", "a\nb").with("notes", "bell \u{7}").await.expect(422);
    assert_eq!(refused.faults(), ["/reference invalid_character", "/notes invalid_character"]);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn record_with_unknown_references_names_them_all() {
    let shop = shop().await;
    let (product, main) = shop.stocked("SKU-1", 10).await;

    let neither = shop.receive(NOWHERE, NOWHERE, 1).await.expect(422);
    assert_eq!(neither.faults(), ["/product_id unknown_reference", "/warehouse_id unknown_reference"]);
    let moved = shop.staff().transfer(&product, &main, NOWHERE, 1).await.expect(422);
    assert_eq!(moved.faults(), ["/to_warehouse_id unknown_reference"]);
    // The ids are well-formed, but those of other things.
    let swapped = shop.receive(&main, &product, 1).await.expect(422);
    assert_eq!(swapped.faults(), ["/product_id unknown_reference", "/warehouse_id unknown_reference"]);
    let fine = shop.staff().record("IN", &product, NOWHERE, json!(0.5)).await.expect(422);
    assert_eq!(fine.faults(), ["/quantity too_many_decimals", "/warehouse_id unknown_reference"]);
    assert_eq!(recorded(&shop).await, 1);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn record_with_a_quantity_or_destination_unfit_for_the_type_is_refused() {
    let shop = shop().await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    let annex = shop.warehouse("Annex").await;

    for (kind, quantity) in
        [("IN", 0), ("IN", -1), ("OUT", 0), ("OUT", -1), ("TRANSFER", 0), ("ADJUSTMENT", 0), ("COUNT", -1)]
    {
        let mut request = shop.staff().record(kind, &product, &main, quantity);
        if kind == "TRANSFER" {
            request = request.with("to_warehouse_id", annex.as_str());
        }
        assert_eq!(request.await.expect(422).faults(), ["/quantity out_of_range"], "{kind} {quantity}");
    }
    let nowhere = shop.staff().record("TRANSFER", &product, &main, 1).await.expect(422);
    assert_eq!(nowhere.faults(), ["/to_warehouse_id required"]);
    let home = shop.staff().transfer(&product, &main, &main, 1).await.expect(422);
    assert_eq!(home.faults(), ["/to_warehouse_id same_warehouse"]);
    for kind in ["IN", "OUT", "ADJUSTMENT", "COUNT"] {
        let led_astray = shop.staff().record(kind, &product, &main, 1).with("to_warehouse_id", annex.as_str());
        assert_eq!(led_astray.await.expect(422).faults(), ["/to_warehouse_id unknown_member"], "{kind}");
    }
    let strange = shop.staff().record("GIFT", &product, &main, 1).await.expect(422);
    assert_eq!(strange.faults(), ["/type unknown_value"]);
    assert_eq!(recorded(&shop).await, 1);
    shop.stack().check_invariants();
}
