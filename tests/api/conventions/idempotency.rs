//! Retries under an idempotency key: one effect, and the stored response byte for byte.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use stockroom_harness::{PASSWORD, Reply, Request, Shop, Stack, at_once};

use super::{Furnished, items, operations};

/// Every operation that stores its response, with its path and a body.
fn kept(shop: &Furnished) -> Vec<(String, Value)> {
    operations()
        .filter(|route| route.method == Method::POST && !route.path.starts_with("/api/v1/auth/"))
        .map(|route| (shop.path(route.path), shop.body(&Method::POST, route.path)))
        .collect()
}

/// Another valid body of the operation; `None` if it has no members.
fn another(body: &Value) -> Option<Value> {
    let mut other = body.clone();
    let member = ["full_name", "rejection_reason", "name", "notes"].into_iter().find(|name| body[name].is_string());
    match member {
        Some(member) => other[member] = json!("Other"),
        None if body["items"].is_array() => other["items"][0]["quantity"] = json!(2),
        None if body["type"].is_string() => other["notes"] = json!("Other"),
        None => return None,
    }
    Some(other)
}

#[track_caller]
fn done(reply: Reply) -> Reply {
    let status = reply.status();
    reply.expect(if matches!(status, 200 | 202) { status } else { 201 })
}

/// An answer without the members that name the request.
fn content(reply: &Reply) -> (u16, Vec<u8>, [Option<String>; 3]) {
    let header = |name| reply.header(name).map(str::to_owned);
    (reply.status(), reply.bytes().to_vec(), ["location", "etag", "content-type"].map(header))
}

#[track_caller]
fn replayed(reply: &Reply) -> bool {
    reply.header("idempotency-replayed").is_some_and(|value| {
        assert_eq!(value, "true");
        true
    })
}

#[tokio::test]
async fn post_with_a_repeated_key_returns_the_stored_response() {
    let shop = Furnished::open().await;
    for (path, body) in kept(&shop) {
        let request = shop.boss().post(&path, body).key("k1");
        let first = done(request.clone().await);
        let before = items(shop.stack());
        for _ in 0..2 {
            let again = request.clone().await;
            assert_eq!(content(&again), content(&first), "{path}");
            assert_eq!((replayed(&first), replayed(&again)), (false, true));
            assert_ne!(again.request_id(), first.request_id());
        }
        assert_eq!(items(shop.stack()), before, "{path}");
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn post_with_a_key_of_another_body_is_idempotency_key_reused() {
    let shop = Furnished::open().await;
    for (path, body) in kept(&shop) {
        done(shop.boss().post(&path, body.clone()).key("k1").await);
        let before = items(shop.stack());
        let spaced = format!("{body} ");
        let spaced = shop.boss().request(Method::POST, &path).raw_body(spaced, "application/json");
        let other = another(&body).map(|other| shop.boss().post(&path, other));
        for request in [spaced].into_iter().chain(other) {
            assert_eq!(request.key("k1").await.expect(422).code(), "idempotency_key_reused", "{path}");
        }
        assert_eq!(items(shop.stack()), before);
        done(shop.boss().post(&path, body).key("k1").await);
    }
}

#[tokio::test]
async fn post_with_a_key_of_another_route_or_user_is_executed() {
    let stack = Stack::start().await;
    let (shop, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    let body = json!({"name": "Main", "location": "Back yard"});
    let place = |path: &'static str| shop.admin().post(path, json!({"name": "Main"})).key("k1");
    let ids = [
        place("/api/v1/suppliers").await,
        place("/api/v1/warehouses").with("location", "Back yard").await,
        shop.manager().post("/api/v1/warehouses", body.clone()).key("k1").await,
        shop.admin().post("/api/v1/warehouses", body.clone()).key("K1").await,
        shop.admin().post("/api/v1/warehouses", body.clone()).await,
        globex.admin().post("/api/v1/warehouses", body.clone()).key("k1").await,
    ]
    .map(|reply| {
        assert!(!replayed(&reply));
        reply.expect(201).id()
    });
    let mut different = ids.to_vec();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), ids.len());

    let session = shop.sign_in(shop.admin()).await;
    let again = session.post("/api/v1/warehouses", body).key("k1").await.expect(201);
    assert_eq!((again.id(), replayed(&again)), (ids[1].clone(), true));
}

#[tokio::test]
async fn replay_after_a_logout_is_unauthenticated() {
    let shop = Furnished::open().await;
    let leaver = shop.sign_in(shop.manager()).await;
    let request = leaver.post("/api/v1/suppliers", json!({"name": "Hooli"})).key("k1");
    request.clone().await.expect(201);
    leaver.post("/api/v1/auth/logout", json!({})).await.expect(204);
    assert_eq!(request.await.expect(401).code(), "unauthenticated");
}

#[tokio::test]
async fn error_under_a_key_is_not_stored() {
    let shop = Furnished::open().await;
    let product = shop.manager().post("/api/v1/products", json!({"sku": "sku-1", "name": "Again"})).key("k1");
    assert_eq!(product.clone().await.expect(409).code(), "duplicate_sku");
    let first = format!("/api/v1/products/{}", shop.product);
    shop.manager().patch(&first, json!({"sku": "SKU-0"})).await.expect(200);
    let made = product.clone().await.expect(201);
    assert!(!replayed(&made));
    assert_eq!(content(&product.await), content(&made));

    let take = shop.take(&shop.product, &shop.warehouse, 12).key("k1");
    assert_eq!(take.clone().await.expect(409).code(), "insufficient_stock");
    shop.receive(&shop.product, &shop.warehouse, 5).key("k2").await.expect(201);
    assert!(!replayed(&take.clone().await.expect(201)));
    // The SKU is free again, and the stored response still says 201.
    assert!(replayed(&take.await.expect(201)));

    let supplier = shop.manager().request(Method::POST, "/api/v1/suppliers").key("k1");
    supplier.clone().raw_body("{", "application/json").await.expect(400);
    supplier.clone().json(json!({"name": ""})).await.expect(422);
    supplier.json(json!({"name": "Hooli"})).await.expect(201);
    assert_eq!(shop.on_hand(&shop.product, &shop.warehouse).await, "3");
}

#[tokio::test]
async fn stored_response_expires_after_a_day() {
    let shop = Furnished::open().await;
    let clock = shop.stack().clock();
    clock.stop();
    let product = json!({"sku": "NEW", "name": "New"});
    let first = shop.manager().post("/api/v1/products", product.clone()).key("k1").await.expect(201);
    clock.advance(Duration::from_hours(24) - Duration::from_secs(1));
    let manager = shop.sign_in(shop.manager()).await;
    let again = manager.post("/api/v1/products", product.clone()).key("k1").await;
    assert_eq!((content(&again), replayed(&again)), (content(&first), true));

    clock.advance(Duration::from_hours(1));
    let manager = shop.sign_in(shop.manager()).await;
    let anew = manager.post("/api/v1/products", product).key("k1").await.expect(409);
    assert_eq!(anew.code(), "duplicate_sku");
    // The key is free, whether or not the table has swept its item.
    let other = manager.post("/api/v1/products", json!({"sku": "OTHER", "name": "Other"})).key("k1").await.expect(201);
    assert!(!replayed(&other));
}

#[tokio::test]
async fn stored_response_of_a_movement_never_expires() {
    let shop = Furnished::open().await;
    let movement = shop.body(&Method::POST, "/api/v1/stock-movements");
    let first = shop.staff().post("/api/v1/stock-movements", movement.clone()).key("k1").await.expect(201);
    shop.stack().clock().advance(Duration::from_hours(24 * 400));
    let staff = shop.sign_in(shop.staff()).await;
    let again = staff.post("/api/v1/stock-movements", movement).key("k1").await;
    assert_eq!((content(&again), replayed(&again)), (content(&first), true));
    let other = staff.take(&shop.product, &shop.warehouse, 1).key("k1").await.expect(422);
    assert_eq!(other.code(), "idempotency_key_reused");
    let level = staff.get("/api/v1/stock-levels").await.expect(200);
    assert_eq!(level.literal("/items/0/on_hand").as_deref(), Some("11"));
}

#[tokio::test]
async fn concurrent_posts_with_one_key_have_one_effect_and_one_answer() {
    let shop = Furnished::open().await;
    let elsewhere = shop.stack().another_process();
    for (path, body) in kept(&shop) {
        // Each racing request with a password costs a hash.
        let racers = if body.to_string().contains(PASSWORD) { 5 } else { 50 };
        let before = items(shop.stack()).len();
        let racer = |n: usize| {
            let client = if n.is_multiple_of(2) { shop.boss() } else { shop.boss().at(&elsewhere) };
            client.post(&path, body.clone()).key("race")
        };
        let replies = at_once((0..racers).map(racer)).await;
        assert!(replies.iter().all(|reply| content(reply) == content(&replies[0])), "{path}: {replies:?}");
        done(replies[0].clone());
        assert_eq!(replies.iter().filter(|reply| !replayed(reply)).count(), 1, "{path}");
        // The stored response, and with it:
        let made = match path.as_str() {
            // the organization, its subdomain, three entries, the admin, the credential, the count of admins;
            "/api/v1/organizations" => 8,
            // the claim of a unique value, the item and its entry;
            "/api/v1/products" | "/api/v1/users" => 3,
            "/api/v1/suppliers" | "/api/v1/warehouses" | "/api/v1/purchase-requests" => 2,
            // the movement, which is its own entry, in a place that had stock before; the entry that leads to a mail;
            "/api/v1/stock-movements" | "/api/v1/users/me/email/confirmation" => 1,
            // the movement, the level and the entry of the receipt; the entry of any other transition.
            path if path.ends_with("/receive") => 2,
            path if path.starts_with("/api/v1/purchase-requests/") => 1,
            other => panic!("add the items that {other} writes"),
        };
        assert_eq!(items(shop.stack()).len(), before + made + 1, "{path}");
    }
    shop.stack().check_invariants();
}

/// The table was unreachable: the log has the details, and the caller retries.
#[track_caller]
fn away(reply: Reply) {
    let reply = reply.expect(503);
    assert_eq!((&*reply.code(), reply.header("retry-after")), ("unavailable", Some("1")));
    let cause = reply.log().into_iter().find(|line| line["message"] == "request failed").unwrap()["cause"].take();
    assert!(cause.as_str().is_some_and(|cause| !cause.is_empty()));
    assert_eq!(reply.json()["detail"], "The service is temporarily unavailable. Try again in a moment.");
    assert_eq!(reply.json().as_object().unwrap().len(), 7);
}

#[tokio::test]
async fn post_after_a_lost_reply_returns_the_stored_response() {
    let stack = Stack::start_with_faults().await;
    let shop = Shop::open(&stack, "acme").await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    let user = json!({"email": "new@acme.example", "full_name": "New", "role": "STAFF", "password": PASSWORD});
    let founder = json!({"email": "admin@initech.example", "full_name": "The Admin", "password": PASSWORD});
    let requests: Vec<Request> = vec![
        shop.product("NEW").request(),
        shop.supplier("Hooli").request(),
        shop.warehouse("Second").request(),
        shop.take(&product, &main, 10),
        shop.admin().post("/api/v1/users", user),
        shop.anonymous()
            .post("/api/v1/organizations", json!({"name": "Initech", "subdomain": "initech", "admin": founder})),
    ];
    let requests: Vec<_> = requests.into_iter().map(|request| request.key("k1")).collect();

    shop.faults().lose_replies();
    let lost = at_once(requests.clone()).await;
    shop.faults().end();
    let before = items(&stack);
    for (request, lost) in requests.into_iter().zip(lost) {
        away(lost);
        // Without its key it would be a duplicate, or there would be no stock left.
        assert!(replayed(&request.await.expect(201)));
    }
    assert_eq!(items(&stack), before);
    assert_eq!(shop.on_hand(&product, &main).await, "0");
    stack.check_invariants();
}

#[tokio::test]
async fn post_with_one_lost_reply_succeeds() {
    let shop = Shop::with_faults().await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    for request in [
        shop.product("NEW").request(),
        shop.supplier("Hooli").request(),
        shop.warehouse("Second").request(),
        shop.take(&product, &main, 4),
    ] {
        shop.faults().lose_next_replies_of("TransactWriteItems", 2);
        assert!(!replayed(&request.await.expect(201)));
    }
    assert_eq!(shop.faults().happened(), 8);
    assert_eq!(shop.on_hand(&product, &main).await, "6");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn other_methods_and_login_store_no_response() {
    let shop = Furnished::open().await;
    let supplier = format!("/api/v1/suppliers/{}", shop.supplier);
    let put = |name: &str| shop.manager().put(&supplier, json!({"name": name})).key("k1");
    for name in ["One", "Two", "One"] {
        assert_eq!(put(name).await.expect(200).json()["name"], name);
    }
    let login = shop.anonymous().log_in(&shop.staff().email, PASSWORD).key("k1");
    let (one, two) = (login.clone().await.expect(200), login.await.expect(200));
    assert!(!replayed(&two) && one.json()["refresh_token"] != two.json()["refresh_token"]);
}
