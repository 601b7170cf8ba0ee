//! One supplier: create, replace, patch and delete; the list while suppliers are created and deleted.

use serde_json::{Value, json};
use stockroom_harness::{Shop, Stack};

use super::{shown, texts};

const SUPPLIERS: &str = "/api/v1/suppliers";

/// A supplier with a value for every member.
fn whole() -> Value {
    json!({
        "name": "Globex", "contact_email": "sales@globex.example", "contact_phone": "+49 1", "address": "Somewhere",
        "lead_time_days": 5,
    })
}

#[tokio::test]
async fn create_of_a_supplier_returns_every_member() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let made = shop.manager().post(SUPPLIERS, whole()).await.expect(201);
    assert_eq!((shown(&made, &whole()), made.version()), (whole(), 1));
    let found = shop.staff().get(format!("{SUPPLIERS}/{}", made.id())).await.expect(200);
    assert_eq!(found.json(), made.json());
    let bare = shop.manager().post(SUPPLIERS, json!({"name": "Globex"})).await.expect(201).json();
    for member in ["contact_email", "contact_phone", "address", "lead_time_days"] {
        assert_eq!(bare[member], Value::Null, "{member}");
    }
}

#[tokio::test]
async fn create_of_a_supplier_trims_name_and_address() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let body = json!({"name": "  A\u{a0}B ", "address": " one\n\ttwo\n"});
    let lines = shop.manager().post(SUPPLIERS, body).await;
    assert_eq!(lines.json()["name"], "A\u{a0}B");
    assert_eq!(lines.json()["address"], "one\n\ttwo");
}

#[tokio::test]
async fn put_of_a_supplier_without_optional_members_clears_them() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let path = format!("{SUPPLIERS}/{}", shop.supplier("Hooli").await);
    let full = shop.manager().put(&path, whole()).await.expect(200);
    assert_eq!(shown(&full, &whole()), whole());
    let replaced = shop.manager().put(&path, json!({"name": "Globex"})).await.expect(200);
    let bare = json!({
        "name": "Globex", "contact_email": null, "contact_phone": null, "address": null, "lead_time_days": null,
    });
    assert_eq!(shown(&replaced, &bare), bare);
    assert_eq!((full.version(), replaced.version()), (2, 3));
}

#[tokio::test]
async fn patch_of_a_supplier_keeps_absent_members_and_clears_null_members() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let path = format!("{SUPPLIERS}/{}", shop.supplier("Globex").await);
    shop.manager().patch(&path, json!({"lead_time_days": 5, "address": "Here"})).await.expect(200);
    let cleared = shop.manager().patch(&path, json!({"lead_time_days": null})).await.expect(200).json();
    assert_eq!((&cleared["lead_time_days"], &cleared["address"]), (&json!(null), &json!("Here")));
}

#[tokio::test]
async fn delete_of_a_supplier_is_not_found_afterwards() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let path = format!("{SUPPLIERS}/{}", shop.supplier("Globex").await);
    shop.admin().delete(&path).await.expect(204);
    assert_eq!(shop.staff().get(&path).await.expect(404).code(), "not_found");
    assert_eq!(shop.admin().delete(&path).await.expect(404).code(), "not_found");
    assert_eq!(shop.staff().get(SUPPLIERS).await.items(), [Value::Null; 0]);
}

#[tokio::test]
async fn list_of_suppliers_during_creates_and_deletes_has_no_gap_and_no_repeat() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    for number in 0..25 {
        shop.supplier(&format!("Supplier {number}")).await;
    }
    let first = shop.staff().get(SUPPLIERS).query(&[("limit", "10")]).await;
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let added = shop.supplier("Late").await;
    let gone = &first.items()[9]["id"];
    shop.admin().delete(format!("{SUPPLIERS}/{}", gone.as_str().unwrap())).await.expect(204);

    let rest = shop.staff().get(SUPPLIERS).query(&[("limit", "100"), ("cursor", &cursor)]).await;
    let mut ids = texts(&first.items(), "id");
    ids.extend(texts(&rest.items(), "id"));
    assert_eq!((ids.len(), ids.contains(&added)), (25, false));
}
