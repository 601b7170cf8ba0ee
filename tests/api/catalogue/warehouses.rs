//! One warehouse: create, replace, patch and delete; the list by name. `deletion.rs` deletes warehouses while stock
//! arrives.

use serde_json::{Value, json};
use stockroom_harness::{Shop, Stack};

use super::{deletion::levels, shown, texts};
use crate::stock::support::{begin, walk};

const WAREHOUSES: &str = "/api/v1/warehouses";

/// A warehouse with a value for every member.
fn whole() -> Value {
    json!({"name": "Main", "location": "Back yard", "capacity": 5})
}

#[tokio::test]
async fn create_of_a_warehouse_returns_every_member() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let made = shop.manager().post(WAREHOUSES, whole()).await.expect(201);
    assert_eq!((shown(&made, &whole()), made.version()), (whole(), 1));
    let found = shop.staff().get(format!("{WAREHOUSES}/{}", made.id())).await.expect(200);
    assert_eq!(found.json(), made.json());
    let bare = shop.manager().post(WAREHOUSES, json!({"name": "Annex", "location": "Back yard"})).await.expect(201);
    assert_eq!(bare.json()["capacity"], Value::Null);
}

#[tokio::test]
async fn put_of_a_warehouse_without_optional_members_clears_them() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let path = format!("{WAREHOUSES}/{}", shop.warehouse("Annex").await);
    let full = shop.manager().put(&path, whole()).await.expect(200);
    assert_eq!(shown(&full, &whole()), whole());
    let bare = json!({"name": "Main", "location": "Back yard", "capacity": null});
    let replaced = shop.manager().put(&path, json!({"name": "Main", "location": "Back yard"})).await.expect(200);
    assert_eq!(shown(&replaced, &bare), bare);
    assert_eq!((full.version(), replaced.version()), (2, 3));
}

#[tokio::test]
async fn delete_of_a_warehouse_with_stock_is_in_use() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = shop.stocked("SKU-1", 1).await;
    let path = format!("{WAREHOUSES}/{main}");
    assert_eq!(shop.admin().delete(&path).await.expect(409).code(), "in_use");
    shop.take(&product, &main, 1).await.expect(201);
    shop.admin().delete(&path).await.expect(204);
    assert_eq!(shop.staff().get(&path).await.expect(404).code(), "not_found");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn list_of_warehouses_sorted_by_name_puts_a_prefix_first() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let names = ["Main", "Main  1", "Main 2", "Main!", "Main#", "Main-3", "Mainz"];
    for name in names.iter().rev() {
        shop.warehouse(name).await;
    }
    for limit in [1, 100] {
        let listed = walk(shop.staff().get(WAREHOUSES).query(&[("sort", "name")]), limit).await;
        assert_eq!(texts(&listed, "name"), names);
        let descending = shop.staff().get(WAREHOUSES).query(&[("sort", "name"), ("order", "desc")]);
        let listed = walk(descending, limit).await;
        assert_eq!(texts(&listed, "name"), names.iter().rev().copied().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn rename_of_a_warehouse_during_first_receipts_keeps_its_count_of_products() {
    let shop = Shop::with_faults().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let main = shop.warehouse("Main").await;
    let path = format!("{WAREHOUSES}/{main}");
    for (number, is_rename_held) in [true, false].into_iter().enumerate() {
        let product = shop.product(&format!("SKU-{number}")).await;
        let rename = elsewhere.manager().patch(&path, json!({"name": format!("Name {number}")}));
        let arrival = shop.staff().record("COUNT", &product, &main, 0);
        let (first, second) = if is_rename_held { (rename, arrival) } else { (arrival, rename) };
        let held = shop.faults().hold("TransactWriteItems");
        let first = begin(first);
        held.arrived().await;
        assert!(second.await.status() < 300);
        held.release();
        assert!(first.await.unwrap().status() < 300);

        let renamed = shop.staff().get(&path).await.expect(200).json();
        assert_eq!(renamed["name"], format!("Name {number}"));
        let items = shop.stack().items();
        let warehouse = items.iter().find(|item| item["sk"] == main && item["data"].is_object()).unwrap();
        assert_eq!(warehouse["places"].as_u64(), Some(levels(shop.stack()).len() as u64));
    }
    shop.admin().delete(&path).await.expect(204);
    shop.stack().check_invariants();
}
