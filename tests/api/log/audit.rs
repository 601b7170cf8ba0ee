//! Audit entries: their content for every kind of change, and their readers.

use serde_json::{Value, json};
use stockroom_harness::{Client, PASSWORD, Reply, Shop, Stack};

const PATH: &str = "/api/v1/audit-logs";

/// The entries that a request wrote, as they are shown, oldest first.
async fn entries_of(shop: &Shop, reply: &Reply) -> Vec<Value> {
    let newest = shop.admin().get(PATH).query(&[("limit", "100")]).await.expect(200).items();
    let mut own: Vec<_> = newest.into_iter().filter(|entry| entry["request_id"] == reply.request_id()).collect();
    own.reverse();
    own
}

/// The one entry that a request wrote.
async fn entry_of(shop: &Shop, reply: &Reply) -> Value {
    let mut entries = entries_of(shop, reply).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.remove(0)
}

/// Action, entity, and the members that changed.
fn summary(entry: &Value) -> Value {
    json!([entry["action"], entry["entity"], entry["entity_id"], entry["before"], entry["after"]])
}

#[tokio::test]
async fn change_of_a_product_logs_numbers_for_quantities() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let body = json!({"sku": "SKU-1", "name": "Pens", "decimal_places": 2, "min_stock_level": 2.5});
    let made = shop.manager().post("/api/v1/products", body).await.expect(201);
    let path = format!("/api/v1/products/{}", made.id());
    let entry = entry_of(&shop, &made).await;
    let after = json!({"sku": "SKU-1", "name": "Pens", "unit": "each", "decimal_places": 2, "min_stock_level": 2.5});
    assert_eq!(summary(&entry), json!(["CREATE", "Product", made.id(), null, after]));
    assert_eq!(entry["actor"], json!({"id": shop.manager().id, "full_name": "The manager"}));
    assert_eq!((&entry["ip"], &entry["user_agent"]), (&json!("203.0.113.7"), &json!("harness/1.0")));
    assert_eq!(entry["created_at"], made.json()["created_at"]);
    let names = ["id", "change_id", "action", "entity", "entity_id", "actor", "before", "after", "ip", "user_agent"];
    let shown: Vec<_> = entry.as_object().unwrap().keys().cloned().collect();
    assert_eq!(shown, [&names[..], &["request_id", "created_at"]].concat());

    let change = json!({"min_stock_level": 100_000_000_000.25, "reorder_quantity": 20, "name": "Pens"});
    let changed = shop.manager().patch(&path, change).await.expect(200);
    let page = shop.admin().get(PATH).query(&[("limit", "1")]).await.expect(200);
    assert_eq!(page.literal("/items/0/before/min_stock_level").unwrap(), "2.5");
    assert_eq!(page.literal("/items/0/after/min_stock_level").unwrap(), "100000000000.25");
    assert_eq!(page.literal("/items/0/after/reorder_quantity").unwrap(), "20");
    let entry = entry_of(&shop, &changed).await;
    assert_eq!((&entry["action"], &entry["before"]["reorder_quantity"]), (&json!("UPDATE"), &Value::Null));
    assert_eq!(entry["after"].as_object().unwrap().len(), 2, "changed members only");

    let deleted = shop.admin().from_address([192, 0, 2, 1]).delete(&path).header("user-agent", "tidy/2").await;
    let entry = entry_of(&shop, &deleted.expect(204)).await;
    assert_eq!((&entry["action"], &entry["before"]["sku"]), (&json!("DELETE"), &json!("SKU-1")));
    assert_eq!((&entry["after"], &entry["ip"]), (&Value::Null, &json!("192.0.2.1")));
    assert_eq!((&entry["user_agent"], &entry["actor"]["id"]), (&json!("tidy/2"), &json!(shop.admin().id)));
}

#[tokio::test]
async fn change_of_every_other_entity_is_logged() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let supplier = shop.supplier("Ink & Co").request().await.expect(201);
    let after = json!({"name": "Ink & Co"});
    assert_eq!(summary(&entry_of(&shop, &supplier).await), json!(["CREATE", "Supplier", supplier.id(), null, after]));
    let warehouse = shop.warehouse("Main").with("capacity", 12.5).request().await.expect(201);
    let after = json!({"name": "Main", "location": "Back yard", "capacity": 12.5});
    assert_eq!(
        summary(&entry_of(&shop, &warehouse).await),
        json!(["CREATE", "Warehouse", warehouse.id(), null, after])
    );
    let renamed = shop.staff().patch("/api/v1/users/me", json!({"full_name": "Sam"})).await.expect(200);
    let (before, after) = (json!({"full_name": "The staff"}), json!({"full_name": "Sam"}));
    assert_eq!(summary(&entry_of(&shop, &renamed).await), json!(["UPDATE", "User", shop.staff().id, before, after]));

    // Signing up made the organization and its admin in one change.
    let first = shop.admin().get(PATH).query(&[("order", "asc"), ("limit", "2")]).await.expect(200).items();
    let mut kinds: Vec<_> = first.iter().map(|entry| entry["entity"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["Organization", "User"]);
    assert_eq!(first[0]["change_id"], first[1]["change_id"]);
    assert!(first.iter().all(|entry| entry["actor"]["id"] == shop.admin().id));
}

#[tokio::test]
async fn movement_logs_the_level_before_and_after() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    let annex = shop.warehouse("Annex").await;
    let out = shop.take(&product, &main, 4).with("reference", "PO-1").with("notes", "Broken").await.expect(201);
    let entry = entry_of(&shop, &out).await;
    let mut after = json!({
        "sku": "SKU-1", "product_name": "Product SKU-1", "unit": "each", "warehouse_name": "Main", "on_hand": 6,
        "sequence": 2, "product_id": product, "warehouse_id": main, "type": "OUT", "quantity": 4,
        "reference": "PO-1", "notes": "Broken", "occurred_at": out.json()["occurred_at"],
    });
    let id = out.id();
    assert_eq!(summary(&entry), json!(["STOCK_OUT", "StockMovement", id, {"on_hand": 10}, after]));
    assert_eq!((&entry["id"], &entry["change_id"]), (&json!(id), &json!(id)));
    assert_eq!((&entry["actor"]["id"], &entry["ip"]), (&json!(shop.staff().id), &json!("203.0.113.7")));

    let moved = shop.staff().transfer(&product, &main, &annex, 2).await.expect(201);
    let legs = entries_of(&shop, &moved).await;
    assert_eq!(legs.len(), 2);
    assert!(legs.iter().all(|leg| leg["action"] == "STOCK_TRANSFER" && leg["change_id"] == legs[0]["change_id"]));
    let levels = |leg: &Value| (leg["before"]["on_hand"].clone(), leg["after"]["on_hand"].clone());
    let out = legs.iter().find(|leg| leg["after"]["type"] == "TRANSFER_OUT").unwrap();
    let into = legs.iter().find(|leg| leg["after"]["type"] == "TRANSFER_IN").unwrap();
    assert_eq!((levels(out), levels(into)), ((json!(6), json!(4)), (json!(0), json!(2))));
    assert_eq!(out["after"]["transfer_id"], moved.json()["transfer_id"]);

    for (kind, quantity, action, before, left) in [
        ("ADJUSTMENT", -3, "STOCK_ADJUSTMENT", 4, 1),
        ("COUNT", 5, "STOCK_ADJUSTMENT", 1, 5),
        ("IN", 1, "STOCK_IN", 5, 6),
    ] {
        let entry = entry_of(&shop, &shop.staff().record(kind, &product, &main, quantity).await.expect(201)).await;
        assert_eq!((&entry["action"], levels(&entry)), (&json!(action), (json!(before), json!(left))), "{kind}");
        after = entry["after"].clone();
    }
    assert_eq!(after.get("counted_quantity"), None);
}

#[tokio::test]
async fn login_and_logout_are_logged() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let visitor = shop.anonymous().from_address([192, 0, 2, 9]);
    let staff = shop.staff();
    let person = json!({"id": staff.id, "full_name": "The staff"});

    let login = visitor.log_in(&staff.email, PASSWORD).await.expect(200);
    let wrong = visitor.log_in(&staff.email, "not the password").await.expect(401);
    let nobody = visitor.log_in("nobody@acme.example", "not the password").await.expect(401);
    let token = login.json()["access_token"].as_str().unwrap().to_owned();
    let logout = visitor.with_token(token).post("/api/v1/auth/logout", json!({})).await.expect(204);
    let refresh = |token: &Value| visitor.post("/api/v1/auth/refresh", json!({"refresh_token": token}));
    let first = json!(staff.refresh_token);
    let second = refresh(&first).await.expect(200).json()["refresh_token"].take();
    refresh(&second).await.expect(200);
    let reused = refresh(&first).await.expect(401);

    for (reply, action, entity, actor) in [
        (&login, "LOGIN", json!(staff.id), person.clone()),
        (&wrong, "LOGIN_FAILED", json!(staff.id), Value::Null),
        (&nobody, "LOGIN_FAILED", Value::Null, Value::Null),
        (&logout, "LOGOUT", json!(staff.id), person.clone()),
        (&reused, "TOKEN_REUSED", json!(staff.id), person),
    ] {
        let entry = entry_of(&shop, reply).await;
        assert_eq!(summary(&entry), json!([action, "User", entity, null, null]));
        assert_eq!((&entry["actor"], &entry["ip"]), (&actor, &json!("192.0.2.9")), "{action}");
    }
}

#[tokio::test]
async fn get_of_an_audit_entry_is_for_admins_only() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    shop.take(&product, &main, 1).await.expect(201);
    let all = shop.admin().get(PATH).query(&[("limit", "100")]).await.expect(200).items();
    assert!(all.len() > 8);
    for entry in &all {
        let path = format!("{PATH}/{}", entry["id"].as_str().unwrap());
        let reply = shop.admin().get(&path).await.expect(200);
        assert_eq!((&reply.json(), reply.cost().round_trips), (entry, 1));
        assert_eq!(reply.header("etag"), None);
        for person in [shop.staff(), shop.manager()] {
            person.get(&path).await.expect(403);
        }
    }
    for person in [shop.staff(), shop.manager()] {
        person.get(PATH).await.expect(403);
    }
}

#[tokio::test]
async fn entries_and_events_hold_no_secrets() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let user =
        json!({"email": "x@acme.example", "full_name": "X", "role": "STAFF", "password": "canary-of-a-newcomer"});
    shop.admin().post("/api/v1/users", user).key("canary-key").await.expect(201);
    shop.anonymous().log_in("x@acme.example", "canary-that-is-wrong").await.expect(401);
    shop.anonymous().log_in("canary-no-such@acme.example", "canary-that-is-wrong").await.expect(401);
    let tokens = shop.anonymous().log_in("x@acme.example", "canary-of-a-newcomer").await.expect(200).json();
    let newcomer = Client::of(shop.stack()).with_token(tokens["access_token"].as_str().unwrap());
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    shop.anonymous().post("/api/v1/auth/refresh", refresh).await.expect(200);
    let change = json!({"email": "y@acme.example", "current_password": "canary-of-a-newcomer"});
    newcomer.patch("/api/v1/users/me", change).await.expect(200);
    let signatures = ["access_token", "refresh_token"].map(|name| tokens[name].as_str().unwrap().rsplit('.').next());

    for path in [PATH, "/api/v1/events"] {
        let page = shop.admin().get(path).query(&[("limit", "100")]).await.expect(200);
        let text = String::from_utf8_lossy(page.bytes()).into_owned();
        assert_eq!(text.contains("y@acme.example"), path == PATH, "only admins see an unconfirmed address");
        for secret in ["canary", "argon2", PASSWORD].into_iter().chain(signatures.into_iter().flatten()) {
            assert!(!text.contains(secret), "{secret} in {path}");
        }
    }
}
