//! The log: one entry per committed change, and a replay that equals the state.

use std::collections::BTreeMap;

use proptest::prelude::Strategy;
use serde_json::{Map, Value, json};
use stockroom_harness::{PASSWORD, Request, Shop, Stack};

use super::{
    random::play,
    support::{entries_of, log_of},
};

type Members = Map<String, Value>;

#[tokio::test]
async fn every_change_writes_one_entry_and_other_requests_none() {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    let annex = shop.warehouse("Annex").await;
    let (path, other) = (format!("/api/v1/products/{product}"), shop.product("SKU-2").await);
    let visitor = shop.sign_in(shop.staff()).await;
    let user = json!({"email": "new@acme.example", "full_name": "New", "role": "STAFF", "password": PASSWORD});
    let whole = json!({"sku": "SKU-1", "name": "Pens", "min_stock_level": 5});
    let change = |body: Value| shop.manager().patch(&path, body);
    let story: Vec<(Request, u16, usize)> = vec![
        (shop.product("SKU-3").request().key("k"), 201, 1),
        (shop.product("SKU-3").request().key("k"), 201, 0),
        (shop.product("sku-3").request(), 409, 0),
        (shop.supplier("Ink & Co").request(), 201, 1),
        (shop.warehouse("Yard").request(), 201, 1),
        (change(json!({"name": "Pens"})), 200, 1),
        (change(json!({"name": "Pens"})), 200, 0),
        (change(json!({"name": "Pencils"})).if_match(1), 412, 0),
        (change(json!({"sku": "sku-2"})), 409, 0),
        (change(json!({"min_stock_level": 5})), 200, 1),
        (shop.manager().put(&path, whole), 200, 0),
        (shop.receive(&product, &main, 1), 201, 1),
        (shop.take(&product, &main, 1).key("k"), 201, 1),
        (shop.take(&product, &main, 1).key("k"), 201, 0),
        (shop.take(&product, &main, 99), 409, 0),
        (shop.receive(&product, &product, 1), 422, 0),
        (shop.staff().transfer(&product, &main, &annex, 2), 201, 2),
        (shop.staff().record("COUNT", &product, &main, 8), 201, 1),
        (shop.admin().delete(&path), 409, 0),
        (shop.manager().delete(&path), 403, 0),
        (shop.admin().delete(format!("/api/v1/products/{other}")), 204, 1),
        (shop.admin().delete(format!("/api/v1/products/{other}")), 404, 0),
        (shop.admin().delete(format!("/api/v1/warehouses/{main}")), 409, 0),
        (shop.admin().post("/api/v1/users", user.clone()), 201, 1),
        (shop.admin().post("/api/v1/users", user), 409, 0),
        (shop.staff().patch("/api/v1/users/me", json!({"full_name": "Sam"})), 200, 1),
        (visitor.post("/api/v1/auth/logout", json!({})), 204, 1),
        (visitor.post("/api/v1/auth/logout", json!({})), 401, 0),
        (shop.anonymous().log_in(&shop.staff().email, PASSWORD), 200, 1),
        (shop.anonymous().log_in(&shop.staff().email, "not the password"), 401, 1),
        (shop.staff().get(&path), 200, 0),
    ];
    for (number, (request, status, entries)) in story.into_iter().enumerate() {
        let before = log_of(&stack.items()).len();
        let reply = request.await.expect(status);
        let written = entries_of(&stack, &reply);
        assert_eq!(written.len(), entries, "request {number}: {written:?}");
        assert_eq!(log_of(&stack.items()).len(), before + entries, "request {number}");
    }
    stack.check_invariants();
}

#[tokio::test]
async fn entry_has_actor_action_and_origin() {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    let product = shop.product("SKU-1").with("min_stock_level", 3).with("category", "Paper").await;
    let path = format!("/api/v1/products/{product}");

    let change = json!({"min_stock_level": 5, "category": null, "barcode": "4006381333931", "name": "Product SKU-1"});
    let reply = shop.manager().patch(&path, change).await.expect(200);
    let entry = entries_of(&stack, &reply).remove(0)["data"].take();
    assert_eq!(entry["before"], json!({"min_stock_level": "3", "category": "Paper", "barcode": null}));
    assert_eq!(entry["after"], json!({"min_stock_level": "5", "category": null, "barcode": "4006381333931"}));
    assert_eq!((&entry["action"], &entry["entity"]), (&json!("UPDATE"), &json!("Product")));
    assert_eq!(entry["entity_id"], json!(product));
    assert_eq!(entry["actor"], json!({"id": shop.manager().id, "full_name": "The manager"}));
    assert_eq!((&entry["ip"], &entry["user_agent"]), (&json!("203.0.113.7"), &json!("harness/1.0")));
    assert_eq!(entry["created_at"], reply.json()["updated_at"]);

    let whole = json!({"sku": "SKU-2", "name": "Product SKU-1", "min_stock_level": 5, "barcode": "4006381333931"});
    let reply = shop.manager().put(&path, whole).await.expect(200);
    let entry = entries_of(&stack, &reply).remove(0)["data"].take();
    assert_eq!((&entry["before"], &entry["after"]), (&json!({"sku": "SKU-1"}), &json!({"sku": "SKU-2"})));
    stack.check_invariants();
}

/// A random change of one of a few resources.
#[derive(Debug, Clone)]
struct Edit {
    kind: usize,
    thing: usize,
    action: Action,
    changes: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
enum Action {
    Patch,
    Replace,
    Delete,
}

const KINDS: [(&str, &str); 3] = [("products", "Product"), ("suppliers", "Supplier"), ("warehouses", "Warehouse")];
const THINGS: usize = 2;
const CHANGES: usize = 8;

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let action = proptest::sample::select(vec![Action::Patch, Action::Patch, Action::Replace, Action::Delete]);
    let changes = proptest::collection::vec(0..CHANGES, 1..4);
    let edit = (0..KINDS.len(), 0..THINGS, action, changes).prop_map(|(kind, thing, action, changes)| Edit {
        kind,
        thing,
        action,
        changes,
    });
    proptest::collection::vec(edit, 30..=60)
}

/// The minimal body of a resource.
fn bare(kind: usize, thing: usize) -> Value {
    match kind {
        0 => json!({"sku": format!("SKU-{thing}"), "name": "Product"}),
        1 => json!({"name": "Supplier"}),
        _ => json!({"name": "Warehouse", "location": "Here"}),
    }
}

fn change(kind: usize, thing: usize, number: usize) -> (&'static str, Value) {
    let products = [
        ("sku", json!(format!("CODE-{thing}"))),
        ("name", json!("Pens")),
        ("description", json!("Blue")),
        ("description", Value::Null),
        ("category", json!("Paper")),
        ("category", Value::Null),
        ("min_stock_level", json!(5)),
        ("reorder_quantity", json!(20)),
    ];
    let suppliers = [
        ("name", json!("Ink & Co")),
        ("name", json!("Paper & Co")),
        ("contact_email", json!("ink@supplier.example")),
        ("contact_email", Value::Null),
        ("contact_phone", json!("+49 30 1234567")),
        ("address", json!("1 Ink Street")),
        ("address", Value::Null),
        ("lead_time_days", json!(3)),
    ];
    let warehouses = [
        ("name", json!("Main")),
        ("name", json!("Annex")),
        ("location", json!("There")),
        ("location", json!("Elsewhere")),
        ("capacity", json!(100)),
        ("capacity", json!(12.5)),
        ("capacity", Value::Null),
        ("name", json!("Yard")),
    ];
    [products, suppliers, warehouses][kind][number].clone()
}

async fn edit(shop: &Shop, ids: &mut BTreeMap<(usize, usize), String>, edit: &Edit) {
    let Edit { kind, thing, action, changes } = edit;
    let path = format!("/api/v1/{}", KINDS[*kind].0);
    let Some(id) = ids.get(&(*kind, *thing)).cloned() else {
        let made = shop.manager().post(path, bare(*kind, *thing)).await.expect(201);
        ids.insert((*kind, *thing), made.id());
        return;
    };
    let path = format!("{path}/{id}");
    let changes: Members = changes
        .iter()
        .map(|number| change(*kind, *thing, *number))
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    match action {
        Action::Patch => {
            shop.manager().patch(path, changes.into()).await.expect(200);
        }
        Action::Replace => {
            let mut whole = bare(*kind, *thing);
            whole.as_object_mut().unwrap().extend(changes);
            shop.manager().put(path, whole).await.expect(200);
        }
        Action::Delete => {
            shop.admin().delete(path).await.expect(204);
            ids.remove(&(*kind, *thing));
        }
    }
}

/// The sum of the entries of one kind of resource, with their number. Each entry must fit the state before it.
fn replayed(log: &[Value], entity: &str) -> BTreeMap<String, (Members, u64)> {
    let mut entries: Vec<&Value> = log.iter().map(|entry| &entry["data"]).filter(|it| it["entity"] == entity).collect();
    entries.sort_by_key(|entry| entry["created_at"].as_str());
    let mut state: BTreeMap<String, (Members, u64)> = BTreeMap::new();
    for entry in entries {
        let id = entry["entity_id"].as_str().unwrap().to_owned();
        let (before, after) = (entry["before"].as_object(), entry["after"].as_object());
        match (entry["action"].as_str().unwrap(), before, after) {
            ("CREATE", None, Some(after)) => {
                assert_eq!(state.insert(id, (after.clone(), 1)), None);
            }
            ("UPDATE", Some(before), Some(after)) => {
                let (members, version) = state.get_mut(&id).unwrap();
                assert!(!after.is_empty() && before.len() == after.len(), "{entry}");
                for (name, value) in after {
                    assert_eq!(members.get(name).unwrap_or(&Value::Null), &before[name], "{entry}");
                    assert_ne!(value, &before[name], "an unchanged member is logged");
                    members.insert(name.clone(), value.clone());
                }
                members.retain(|_, value| !value.is_null());
                *version += 1;
            }
            ("DELETE", Some(before), None) => assert_eq!(state.remove(&id).unwrap().0, *before),
            _ => panic!("unexpected entry {entry}"),
        }
    }
    state
}

/// The stored state of a kind of resource, without its bookkeeping.
fn stored(items: &[Value], entity: &str) -> BTreeMap<String, (Members, u64)> {
    let partition = format!("#{}", entity.to_uppercase());
    let is_of_kind = |item: &&Value| item["pk"].as_str().unwrap().ends_with(&partition);
    let members = |item: &Value| {
        let mut members = item["data"].as_object().unwrap().clone();
        let bookkeeping = ["id", "version", "created_at", "updated_at", "search"];
        members.retain(|name, value| !value.is_null() && !bookkeeping.contains(&name.as_str()));
        (members, item["data"]["version"].as_u64().unwrap())
    };
    items.iter().filter(is_of_kind).map(|item| (item["sk"].as_str().unwrap().to_owned(), members(item))).collect()
}

#[test]
fn replay_of_the_log_equals_the_catalogue() {
    play(3, &edits(), async |edits| {
        let stack = Stack::start().await;
        let shop = Shop::open(&stack, "acme").await;
        let mut ids = BTreeMap::new();
        for next in &edits {
            edit(&shop, &mut ids, next).await;
        }
        let items = stack.items();
        let log = log_of(&items);
        for (_, entity) in KINDS {
            assert_eq!(replayed(&log, entity), stored(&items, entity));
        }
        stack.check_invariants();
    });
}
