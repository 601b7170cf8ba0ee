//! One organization: change of name and currency, deletion.

use http::Method;
use serde_json::{Value, json};
use stockroom_harness::{PASSWORD, Person, Request, Shop, Stack};

use super::{ME, because, entries_of, items, log_in, refresh, refused, shop};

fn path(shop: &Shop) -> String {
    format!("/api/v1/organizations/{}", shop.id)
}

fn end(shop: &Shop, by: &Person) -> Request {
    by.delete(path(shop)).query(&[("confirm", &shop.subdomain)])
}

#[tokio::test]
async fn patch_and_put_of_an_organization_change_name_and_currency() {
    let shop = shop().await;
    let (admin, path) = (shop.admin(), path(&shop));
    let patched = admin.patch(&path, json!({"currency": "EUR"})).if_match(1).await.expect(200);
    assert_eq!((&patched.json()["name"], &patched.json()["currency"]), (&json!("acme"), &json!("EUR")));
    assert_eq!((patched.version(), patched.tag_version()), (2, Some(2)));
    assert_eq!(shop.staff().get(&path).await.json(), patched.json());
    assert_eq!(admin.patch(&path, json!({"currency": "EUR"})).await.expect(200).json(), patched.json());

    let stale = admin.put(&path, json!({"name": "Late"})).if_match(1).await;
    assert_eq!(refused(&stale), because(412, "version_mismatch"));
    // A currency cannot be cleared; without one it stays.
    let replaced = admin.put(&path, json!({"name": " Acme & Co "})).await.expect(200);
    assert_eq!((&replaced.json()["name"], &replaced.json()["currency"]), (&json!("Acme & Co"), &json!("EUR")));
    admin.patch(&path, json!({"currency": "JPY"})).await.expect(200);
    let cleared = admin.patch(&path, json!({"currency": null})).await.expect(422);
    assert_eq!(cleared.faults(), ["/currency required"]);
    assert_eq!(shop.staff().get(&path).await.json()["currency"], "JPY");

    let entry = entries_of(shop.stack(), &replaced).remove(0);
    assert_eq!((&entry["action"], &entry["entity"]), (&json!("UPDATE"), &json!("Organization")));
    assert_eq!(entry["before"], json!({"name": "acme"}));
    assert_eq!(entry["after"], json!({"name": "Acme & Co"}));
    shop.stack().check_invariants();
}

#[tokio::test]
async fn patch_of_the_currency_with_existing_prices_is_in_use() {
    const REQUESTS: &str = "/api/v1/purchase-requests";
    let shop = shop().await;
    let (admin, path) = (shop.admin(), path(&shop));
    let product = shop.product("SKU-1").await;
    let line = |price: Value| json!({"items": [{"product_id": product, "quantity": 1, "estimated_price": price}]});
    let change = |currency: &str| admin.patch(&path, json!({"currency": currency}));

    // A request without prices has no currency.
    let draft = shop.staff().post(REQUESTS, line(Value::Null)).await.expect(201);
    let draft_path = format!("{REQUESTS}/{}", draft.id());
    assert_eq!(draft.json()["currency"], Value::Null);
    change("EUR").await.expect(200);
    assert_eq!(shop.staff().get(&draft_path).await.expect(200).json(), draft.json());
    assert_eq!(shop.manager().get(REQUESTS).await.expect(200).items()[0]["currency"], Value::Null);

    let priced = shop.staff().patch(&draft_path, line(json!("2.50"))).await.expect(200);
    assert_eq!(priced.json()["currency"], "EUR");
    let before = items(shop.stack());
    for body in [json!({"name": "Acme", "currency": "USD"}), json!({"name": "acme", "currency": "JPY"})] {
        let refused = admin.put(&path, body).await.expect(409).json();
        assert_eq!(refused["code"], "in_use");
        assert!(refused["detail"].as_str().unwrap().contains("prices"), "{refused}");
    }
    assert_eq!(change("USD").await.expect(409).code(), "in_use");
    assert_eq!(items(shop.stack()), before);
    let renamed = admin.put(&path, json!({"name": "Acme", "currency": "EUR"})).await.expect(200);
    assert_eq!(admin.put(&path, json!({"name": "Acme"})).await.expect(200).json(), renamed.json());

    // Without its price, or deleted, the request no longer counts.
    shop.staff().patch(&draft_path, line(json!("3"))).await.expect(200);
    shop.staff().put(&draft_path, line(Value::Null)).await.expect(200);
    change("USD").await.expect(200);
    let priced = shop.staff().post(REQUESTS, line(json!("2.50"))).await.expect(201);
    assert_eq!(priced.json()["currency"], "USD");
    change("EUR").await.expect(409);
    shop.staff().delete(format!("{REQUESTS}/{}", priced.id())).await.expect(204);
    change("EUR").await.expect(200);

    // A request that was decided keeps its prices for good.
    let rejected = shop.staff().post(REQUESTS, line(json!("2.50"))).await.expect(201).id();
    for step in ["submit", "reject"] {
        shop.step(&rejected, step).await.expect(200);
    }
    change("USD").await.expect(409);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn patch_or_put_of_an_organization_with_fixed_members_is_unknown_member() {
    let shop = shop().await;
    let before = items(shop.stack());
    for method in [Method::PUT, Method::PATCH] {
        let send = |body: Value| shop.admin().request(method.clone(), path(&shop)).json(body);
        for member in ["subdomain", "status", "deleted_at", "id"] {
            let reply = send(json!({"name": "Acme"})).with(member, "acme").await.expect(422);
            assert_eq!(reply.faults(), [format!("/{member} unknown_member")], "{method}");
        }
        let faults = send(json!({"name": "", "currency": "usd"})).await.expect(422).faults();
        assert_eq!(faults, ["/name too_short", "/currency unknown_value"]);
        assert_eq!(send(json!({"name": null})).await.expect(422).faults(), ["/name required"]);
    }
    assert_eq!(shop.admin().put(path(&shop), json!({})).await.expect(422).faults(), ["/name required"]);
    assert_eq!(items(shop.stack()), before);
}

#[tokio::test]
async fn delete_of_an_organization_requires_its_subdomain() {
    let stack = Stack::start().await;
    let (shop, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    let admin = shop.admin();
    let before = items(&stack);
    for (query, fault) in [
        ("", "confirm required"),
        ("?confirm=", "confirm does_not_match"),
        ("?confirm=ACME", "confirm does_not_match"),
        ("?confirm=globex", "confirm does_not_match"),
        ("?confirm=acme&confirm=acme", "confirm duplicate_parameter"),
        ("?confirm=acme&force=true", "force unknown_parameter"),
    ] {
        let reply = admin.delete(path(&shop) + query).await.expect(422);
        assert_eq!((reply.code().as_str(), reply.faults()), ("validation_failed", vec![fault.to_owned()]), "{query}");
    }
    for (of, confirm) in [(&globex, "globex"), (&globex, "acme")] {
        let foreign = admin.delete(path(of)).query(&[("confirm", confirm)]).await;
        assert_eq!(refused(&foreign), because(404, "not_found"));
    }
    assert_eq!(refused(&end(&shop, admin).if_match(2).await), because(412, "version_mismatch"));
    for other in [shop.manager(), shop.staff()] {
        assert_eq!(refused(&end(&shop, other).await), because(403, "forbidden"));
    }
    assert_eq!(items(&stack), before);
}

#[tokio::test]
async fn delete_of_an_organization_ends_access_for_all_users() {
    let stack = Stack::start().await;
    let (shop, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    let shown = shop.admin().get(path(&shop)).await.json();
    let ended = end(&shop, shop.admin()).if_match(1).await.expect(202);
    let deleted = ended.json();
    assert_eq!((&deleted["status"], &deleted["version"], ended.tag_version()), (&json!("DELETED"), &json!(2), Some(2)));
    for same in ["id", "org_id", "name", "subdomain", "currency", "created_at"] {
        assert_eq!(deleted[same], shown[same]);
    }

    let key = (format!("ORG#{}#ORG", shop.id), "ORG".to_owned());
    let stored = items(&stack).remove(&key).unwrap();
    assert_eq!(stored["data"]["deleted_at"], deleted["updated_at"], "the purge will know since when");
    let entries = entries_of(&stack, &ended);
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0]["action"], &entries[0]["entity_id"]), (&json!("DELETE"), &json!(shop.id)));
    assert_eq!((&entries[0]["before"]["status"], &entries[0]["after"]), (&json!("ACTIVE"), &Value::Null));

    let before = items(&stack);
    let out = because(401, "unauthenticated");
    // A repeated request after a lost reply is unauthenticated, too.
    assert_eq!(refused(&end(&shop, shop.admin()).await), out);
    for person in [shop.admin(), shop.manager(), shop.staff()] {
        assert_eq!(refused(&person.get(ME).await), out);
        assert_eq!(refused(&person.patch(ME, json!({"full_name": "Late"})).await), out);
        assert_eq!(refused(&person.post("/api/v1/auth/logout", json!({})).await), out);
        assert_eq!(refused(&refresh(&shop, person).await), because(401, "invalid_refresh_token"));
        assert_eq!(refused(&shop.product("LATE").request().await), out);
    }
    assert_eq!(items(&stack), before, "nothing is written to a deleted organization");
    assert_eq!(refused(&log_in(&shop, shop.staff()).await), because(401, "invalid_credentials"));

    // Its subdomain is not free before its data is purged.
    let founder = json!({"email": "x@acme.example", "full_name": "X", "password": PASSWORD});
    let again = json!({"name": "Acme", "subdomain": "acme", "admin": founder});
    let again = shop.anonymous().without_tenant().post("/api/v1/organizations", again).await;
    assert_eq!(refused(&again), because(409, "duplicate_subdomain"));
    globex.staff().get(ME).await.expect(200);
    stack.check_invariants();
}
