//! Stock levels, now and at any moment of the past.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use stockroom_domain::time::Timestamp;
use stockroom_harness::{Shop, Stack};

use super::{
    random::{Story, play, steps},
    support::walk,
};

const LEVELS: &str = "/api/v1/stock-levels";

/// On hand by product and warehouse, as shown.
pub(super) type OnHand = BTreeMap<(String, String), i64>;

pub(super) fn on_hand(levels: &[Value]) -> OnHand {
    let text = |level: &Value, name: &str| level[name].as_str().unwrap().to_owned();
    let place = |level| (text(level, "product_id"), text(level, "warehouse_id"));
    let shown: OnHand = levels.iter().map(|level| (place(level), level["on_hand"].as_i64().unwrap())).collect();
    assert_eq!(shown.len(), levels.len(), "a level is shown twice: {levels:?}");
    shown
}

#[tokio::test]
async fn list_of_levels_by_product_and_warehouse_finds_matches() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (pens, ink) = (shop.product("PEN").with("min_stock_level", 3).await, shop.product("INK").await);
    let (main, annex) = (shop.warehouse("Main").await, shop.warehouse("Annex").await);
    let received = shop.receive(&pens, &main, 10).await.expect(201).json();
    shop.staff().transfer(&pens, &main, &annex, 4).await.expect(201);
    shop.receive(&ink, &main, 2).await.expect(201);
    let last = shop.take(&ink, &main, 2).await.expect(201).json();

    let here = [("product_id", ink.as_str()), ("warehouse_id", main.as_str())];
    let level = shop.staff().get(LEVELS).query(&here).await.expect(200);
    assert_eq!(
        level.json(),
        json!({
            "items": [{
                "product_id": ink,
                "sku": "INK",
                "product_name": "Product INK",
                "unit": "each",
                "warehouse_id": main,
                "warehouse_name": "Main",
                "on_hand": 0,
                "min_stock_level": 0,
                "updated_at": last["created_at"],
            }],
            "next_cursor": null,
        })
    );
    assert_ne!(received["created_at"], last["created_at"]);

    let at = |product: &String, warehouse: &String| (product.clone(), warehouse.clone());
    let all = [(at(&pens, &main), 6), (at(&pens, &annex), 4), (at(&ink, &main), 0)];
    for (filter, expected) in [
        (vec![], all.to_vec()),
        (vec![("product_id", &*pens)], all[..2].to_vec()),
        (vec![("product_id", &*ink)], all[2..].to_vec()),
        (vec![("warehouse_id", &*main)], vec![all[0].clone(), all[2].clone()]),
        (vec![("warehouse_id", &*annex)], all[1..2].to_vec()),
        (vec![("product_id", &*ink), ("warehouse_id", &*annex)], vec![]),
        (vec![("product_id", &*main)], vec![]),
    ] {
        for limit in [1, 20] {
            let shown = walk(shop.staff().get(LEVELS).query(&filter), limit).await;
            assert_eq!(on_hand(&shown), expected.iter().cloned().collect(), "{filter:?}");
        }
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn list_of_levels_before_the_first_movement_is_empty() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    let first = walk(shop.staff().get("/api/v1/stock-movements"), 20).await.remove(0);
    shop.take(&product, &main, 4).await.expect(201);

    let moment: Timestamp = first["created_at"].as_str().unwrap().parse().unwrap();
    let before = Timestamp::from_unix_millis(i64::try_from(moment.unix_millis()).unwrap() - 1).unwrap();
    let as_of = |at: &str| shop.staff().get(LEVELS).query(&[("as_of", at)]);
    assert_eq!(as_of(&before.to_string()).await.expect(200).items(), Vec::<Value>::new());
    let then = as_of(&moment.to_string()).await.expect(200).items();
    assert_eq!((&then[0]["on_hand"], &then[0]["updated_at"]), (&json!(10), &first["created_at"]));
    assert_eq!(as_of("1998-05-03T00:00:00Z").await.expect(200).items(), Vec::<Value>::new());
    assert_eq!(as_of("2199-05-03T00:00:00Z").await.expect(200).items()[0]["on_hand"], 6);
    assert_eq!(as_of("yesterday").await.expect(422).faults(), ["as_of invalid_format"]);
    shop.stack().check_invariants();
}

/// The levels that the movements up to a moment add up to.
pub(super) fn replay(movements: &[Value], moment: Timestamp) -> OnHand {
    let mut levels = OnHand::new();
    for movement in movements {
        let at: Timestamp = movement["created_at"].as_str().unwrap().parse().unwrap();
        if at <= moment {
            let text = |name: &str| movement[name].as_str().unwrap().to_owned();
            let quantity = movement["quantity"].as_i64().unwrap();
            let sign = if matches!(movement["type"].as_str(), Some("OUT" | "TRANSFER_OUT")) { -1 } else { 1 };
            *levels.entry((text("product_id"), text("warehouse_id"))).or_default() += sign * quantity;
        }
    }
    levels
}

#[test]
fn list_of_levels_as_of_any_moment_equals_the_ledger() {
    play(4, &steps(30), async |steps| {
        let story = Story::of(&steps).await;
        let mut moments = Vec::new();
        for movement in &story.movements {
            let at: Timestamp = movement["created_at"].as_str().unwrap().parse().unwrap();
            let before = Timestamp::from_unix_millis(i64::try_from(at.unix_millis()).unwrap() - 1).unwrap();
            moments.extend([before, at, at.plus(Duration::from_millis(1))]);
        }
        moments.dedup();
        for (number, moment) in moments.into_iter().enumerate() {
            let product = &story.products[number % story.products.len()];
            let warehouse = &story.warehouses[number % story.warehouses.len()];
            let filter = [("product_id", product.as_str()), ("warehouse_id", warehouse.as_str())];
            let filter = [&filter[..0], &filter[..1], &filter[1..], &filter[..]][number % 4];
            let is_meant = |(of, place): &(String, String)| {
                filter.iter().all(|(name, id)| id == if *name == "product_id" { of } else { place })
            };
            let mut expected = replay(&story.movements, moment);
            expected.retain(|place, _| is_meant(place));
            let as_of = story.shop.staff().get(LEVELS).query(&[("as_of", &moment.to_string())]).query(filter);
            assert_eq!(on_hand(&walk(as_of, 4).await), expected, "{moment} {filter:?}");
        }
        story.shop.stack().check_invariants();
    });
}

/// Plain JSON as an attribute value.
fn typed(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(is_true) => json!({"BOOL": is_true}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(values) => json!({"L": values.iter().map(typed).collect::<Vec<_>>()}),
        Value::Object(_) => json!({"M": typed_members(value)}),
    }
}

fn typed_members(value: &Value) -> Value {
    value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), typed(value))).collect()
}

#[tokio::test]
async fn get_of_a_product_with_levels_in_very_many_warehouses_shows_a_thousand() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = shop.stocked("RICE", 5).await;
    let stack = shop.stack();
    let items = stack.items();
    let ends = |item: &&Value, end: &str| item["pk"].as_str().unwrap().ends_with(end);
    let warehouse = items.iter().find(|item| ends(item, "#WAREHOUSE")).unwrap();
    let level = items.iter().find(|item| ends(item, &format!("#STOCK#{main}"))).unwrap();
    let with_levels = shop.staff().get(format!("/api/v1/products/{product}")).query(&[("include", "levels")]);
    for number in 1..1_001 {
        let id = format!("{}{number:04x}", &main[..main.len() - 4]);
        for item in [warehouse, level] {
            let text = item.to_string().replace(&main, &id);
            stack.put(typed_members(&serde_json::from_str(&text).unwrap()));
        }
    }
    let shown = with_levels.clone().await.expect(200);
    assert_eq!(shown.json()["levels"].as_array().unwrap().len(), 1_000);
    let all = format!("</api/v1/stock-levels?product_id={product}>; rel=\"next\"");
    assert_eq!(shown.header("link"), Some(all.as_str()));
    assert!(shown.cost().round_trips <= 3, "{:?}", shown.cost());
}
