//! Versions: entity tags, preconditions, replacing and merging.

use http::Method;
use serde_json::{Value, json};
use stockroom_harness::{Reply, at_once};

use super::{Furnished, is_page, items, operations};

/// What can be changed by anyone who may, with a change to it.
const CHANGES: [(&str, &str, &str); 3] =
    [("products", "name", "Renamed"), ("suppliers", "name", "Renamed"), ("warehouses", "location", "Elsewhere")];

/// A product with a value for everything.
fn whole() -> Value {
    json!({
        "sku": "WHOLE", "name": "Whole", "description": "All of it", "category": "Things", "unit": "kg",
        "decimal_places": 2, "min_stock_level": 1.25, "reorder_quantity": 2.5, "barcode": "4006381333931",
    })
}

/// The members of an answer that its client sent.
#[track_caller]
fn shown(reply: &Reply, like: &Value) -> Value {
    let names = like.as_object().unwrap().keys();
    Value::Object(names.map(|name| (name.clone(), reply.json()[name].clone())).collect())
}

#[tokio::test]
async fn what_can_change_has_a_version_and_a_strong_tag_that_says_it() {
    let shop = Furnished::open().await;
    for route in operations().filter(|route| route.method == Method::GET && !is_page(route)) {
        let path = shop.path(route.path);
        let reply = shop.boss().get(&path).await.expect(200);
        let version = reply.json()["version"].as_u64();
        assert_eq!(reply.tag_version(), version, "{path}");
        let Some(tag) = reply.header("etag") else { continue };

        let spellings = [tag, &format!("W/{tag}"), &format!("\"0\", {tag}"), &format!("\"x\",{tag} , \"y\""), "*"];
        for known in spellings {
            for method in [Method::GET, Method::HEAD] {
                let known = shop.boss().request(method, &path).header("if-none-match", known).await.expect(304);
                assert_eq!((known.bytes(), known.header("etag")), (&b""[..], Some(tag)), "{path}");
            }
        }
        for other in ["\"0\"", "\"1\"", "1", "x", "\"0\", \"11\"", "", &format!("W/W/{tag}"), &tag.replace('-', "")] {
            shop.boss().get(&path).header("if-none-match", other).await.expect(200);
        }
    }
    let others = format!("/api/v1/products/{}", super::UNKNOWN_ID);
    shop.boss().get(others).header("if-none-match", "*").await.expect(404);
}

#[tokio::test]
async fn a_known_version_is_not_told_to_who_may_not_see_it() {
    let shop = Furnished::open().await;
    let path = format!("/api/v1/products/{}", shop.product);
    let leaver = shop.sign_in(shop.staff()).await;
    let known = leaver.get(&path).await.expect(200).header("etag").unwrap().to_owned();
    leaver.get(&path).header("if-none-match", &known).await.expect(304);
    leaver.post("/api/v1/auth/logout", json!({})).await.expect(204);
    leaver.get(&path).header("if-none-match", &known).await.expect(401);
    shop.anonymous().get(&path).header("if-none-match", "*").await.expect(401);
}

#[tokio::test]
async fn a_stale_precondition_stops_every_change() {
    let shop = Furnished::open().await;
    for (collection, member, value) in CHANGES {
        let path = shop.path(&format!("/api/v1/{collection}/{{id}}"));
        let changed = shop.boss().patch(&path, json!({member: value})).if_match(1).await.expect(200);
        assert_eq!((changed.version(), changed.tag_version()), (2, Some(2)));
        let before = items(shop.stack());
        let body = shop.body(&Method::PUT, &format!("/api/v1/{collection}"));
        let tag = changed.header("etag").unwrap();
        for whole in
            [tag.replacen('2', "1", 1), tag.replacen('2', "02", 1), format!("{}x\"", tag.trim_end_matches('"'))]
        {
            let reply = shop.boss().delete(&path).header("if-match", &whole).await.expect(412);
            assert_eq!(reply.code(), "version_mismatch", "{whole}");
        }
        shop.boss().patch(&path, json!({})).header("if-match", tag).await.expect(200);
        for stale in [0, 1, 3] {
            for request in [
                shop.boss().put(&path, body.clone()),
                shop.boss().patch(&path, json!({member: "Late"})),
                shop.boss().patch(&path, json!({})),
                shop.boss().delete(&path),
            ] {
                assert_eq!(request.if_match(stale).await.expect(412).code(), "version_mismatch");
            }
        }
        assert_eq!(items(shop.stack()), before);
        shop.boss().put(&path, body).if_match(2).await.expect(200);
    }
    shop.boss().delete(format!("/api/v1/suppliers/{}", shop.supplier)).if_match(3).await.expect(204);

    let me = shop.staff().patch("/api/v1/users/me", json!({"full_name": "Late"})).if_match(2).await.expect(412);
    assert_eq!(me.code(), "version_mismatch");
    shop.staff().patch("/api/v1/users/me", json!({"full_name": "In time"})).if_match(1).await.expect(200);
}

#[tokio::test]
async fn of_a_hundred_racers_with_one_version_one_wins() {
    let shop = Furnished::open().await;
    let path = format!("/api/v1/products/{}", shop.product);
    let racers = (0..100).map(|n| shop.boss().patch(&path, json!({"name": format!("Racer {n}")})).if_match(1));
    let replies = at_once(racers).await;

    let winners: Vec<_> = replies.iter().filter(|reply| reply.status() == 200).collect();
    assert_eq!(winners.len(), 1);
    let losers: Vec<_> = replies.iter().filter(|reply| reply.status() == 412).collect();
    assert_eq!(losers.len(), 99, "{replies:?}");
    assert!(losers.iter().all(|reply| reply.code() == "version_mismatch"));
    let now = shop.boss().get(&path).await;
    assert_eq!((now.version(), now.json()), (2, winners[0].json()));
    shop.stack().check_invariants();
}

#[tokio::test]
async fn without_a_precondition_the_last_write_wins_whole() {
    let shop = Furnished::open().await;
    let path = format!("/api/v1/products/{}", shop.product);
    let bodies: Vec<_> = (0..20)
        .map(|n| json!({"sku": format!("SKU-{n}"), "name": format!("Name {n}"), "category": format!("Category {n}")}))
        .collect();
    let replies = at_once(bodies.iter().map(|body| shop.boss().put(&path, body.clone()))).await;
    assert!(replies.iter().all(|reply| reply.status() == 200), "{replies:?}");
    let now = shop.boss().get(&path).await;
    assert!(bodies.contains(&shown(&now, &bodies[0])), "{now:?}");
    assert_eq!(now.version(), 21);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn put_replaces_and_what_is_absent_takes_its_default() {
    let shop = Furnished::open().await;
    let made = shop.boss().post("/api/v1/products", whole()).await.expect(201);
    assert_eq!(shown(&made, &whole()), whole());
    let path = format!("/api/v1/products/{}", made.id());

    let bare = json!({
        "sku": "WHOLE", "name": "Bare", "description": null, "category": null, "unit": "each", "decimal_places": 0,
        "min_stock_level": 0, "reorder_quantity": null, "barcode": null,
    });
    let replaced = shop.boss().put(&path, json!({"sku": "WHOLE", "name": "Bare"})).await.expect(200);
    assert_eq!((shown(&replaced, &bare), replaced.version()), (bare.clone(), 2));
    // Null says the same as nothing.
    let spelled_out = json!({"sku": "WHOLE", "name": "Bare", "description": null, "unit": null, "decimal_places": null,
        "min_stock_level": null, "reorder_quantity": null, "barcode": null, "category": null});
    let same = shop.boss().put(&path, spelled_out).await.expect(200);
    assert_eq!(same.json(), replaced.json());

    let supplier = json!({"name": "Globex", "contact_email": "sales@globex.example", "contact_phone": "+49 1",
        "address": "Somewhere", "lead_time_days": 5});
    let warehouse = json!({"name": "Main", "location": "Back yard", "capacity": 5});
    for (collection, whole, bare) in [
        ("suppliers", supplier, json!({"name": "Globex"})),
        ("warehouses", warehouse, json!({"name": "Main", "location": "Back yard"})),
    ] {
        let path = shop.path(&format!("/api/v1/{collection}/{{id}}"));
        let full = shop.boss().put(&path, whole.clone()).await.expect(200);
        assert_eq!(shown(&full, &whole), whole);
        let replaced = shop.boss().put(&path, bare.clone()).await.expect(200);
        for (member, value) in whole.as_object().unwrap() {
            let expected = if bare[member].is_null() { &Value::Null } else { value };
            assert_eq!(replaced.json()[member], *expected, "{member}");
        }
        assert_eq!((full.version(), replaced.version()), (2, 3));
    }
}

#[tokio::test]
async fn patch_merges_what_is_absent_stays_and_null_clears() {
    let shop = Furnished::open().await;
    let path = format!("/api/v1/products/{}", shop.boss().post("/api/v1/products", whole()).await.expect(201).id());
    let mut expected = whole();
    for (version, (member, value, shown_as)) in [
        ("name", json!("Hole"), json!("Hole")),
        ("description", json!(null), json!(null)),
        ("category", json!(null), json!(null)),
        ("unit", json!(null), json!("each")),
        ("min_stock_level", json!(null), json!(0)),
        ("reorder_quantity", json!(null), json!(null)),
        ("decimal_places", json!(null), json!(0)),
        ("barcode", json!("1"), json!("1")),
        ("sku", json!("HOLE"), json!("HOLE")),
    ]
    .into_iter()
    .enumerate()
    {
        let types = ["application/json", "application/merge-patch+json"];
        let request = shop.boss().request(Method::PATCH, &path);
        let patched = request.raw_body(json!({member: value}).to_string(), types[version % 2]).await.expect(200);
        expected[member] = shown_as;
        assert_eq!((shown(&patched, &expected), patched.version()), (expected.clone(), version as u64 + 2));
        assert_eq!(shop.boss().get(&path).await.json(), patched.json());
    }
    // What a patch leaves must fit what it sets.
    shop.boss().patch(&path, json!({"decimal_places": 2, "min_stock_level": 0.25})).await.expect(200);
    let coarse = shop.boss().patch(&path, json!({"decimal_places": 1})).await.expect(422);
    assert_eq!(coarse.faults(), ["/min_stock_level too_many_decimals"]);

    let supplier = format!("/api/v1/suppliers/{}", shop.supplier);
    shop.boss().patch(&supplier, json!({"lead_time_days": 5, "address": "Here"})).await.expect(200);
    let cleared = shop.boss().patch(&supplier, json!({"lead_time_days": null})).await.expect(200).json();
    assert_eq!((&cleared["lead_time_days"], &cleared["address"]), (&json!(null), &json!("Here")));
}

#[tokio::test]
async fn a_change_that_changes_nothing_is_none() {
    let shop = Furnished::open().await;
    for (collection, member, value) in CHANGES {
        let path = shop.path(&format!("/api/v1/{collection}/{{id}}"));
        let changed = shop.boss().patch(&path, json!({member: value})).await.expect(200);
        let before = items(shop.stack());
        let whole = shop.boss().get(&path).await.json();
        let set: Vec<_> = ["id", "org_id", "version", "created_at", "updated_at"].into();
        let body = whole.as_object().unwrap().iter().filter(|(name, _)| !set.contains(&name.as_str()));
        let body = Value::Object(body.map(|(name, value)| (name.clone(), value.clone())).collect());
        for request in [
            shop.boss().patch(&path, json!({})),
            shop.boss().patch(&path, json!({member: format!(" {value} ")})),
            shop.boss().patch(&path, body.clone()),
            shop.boss().put(&path, body),
        ] {
            assert_eq!(request.await.expect(200).json(), changed.json());
        }
        assert_eq!(items(shop.stack()), before);
    }
}

#[tokio::test]
async fn signing_in_is_no_change_of_the_user() {
    let shop = Furnished::open().await;
    let before = shop.staff().get("/api/v1/users/me").await.expect(200);
    shop.sign_in(shop.staff()).await;
    let after = shop.staff().get("/api/v1/users/me").await.expect(200);
    assert_eq!((before.version(), after.version()), (1, 1));
    assert_eq!(before.json()["updated_at"], after.json()["updated_at"]);
    assert!(before.json()["last_login_at"].as_str() < after.json()["last_login_at"].as_str());
}
