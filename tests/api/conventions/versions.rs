//! Versions: entity tags, preconditions, concurrent changes.

use http::Method;
use serde_json::{Value, json};
use stockroom_harness::at_once;

use super::{Furnished, is_page, items, operations};
use crate::catalogue::shown;

/// The collections with a version, each with a change.
const CHANGES: [(&str, &str, &str); 3] =
    [("products", "name", "Renamed"), ("suppliers", "name", "Renamed"), ("warehouses", "location", "Elsewhere")];

#[tokio::test]
async fn read_by_id_has_a_version_and_a_strong_tag() {
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
async fn read_with_a_known_tag_after_a_logout_is_unauthenticated() {
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
async fn write_with_a_stale_if_match_is_version_mismatch() {
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
async fn concurrent_patches_with_one_if_match_change_the_item_once() {
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
async fn concurrent_puts_without_if_match_leave_one_whole_body() {
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
async fn write_without_a_difference_keeps_the_version() {
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
async fn login_keeps_version_and_updated_at_of_the_user() {
    let shop = Furnished::open().await;
    let before = shop.staff().get("/api/v1/users/me").await.expect(200);
    shop.sign_in(shop.staff()).await;
    let after = shop.staff().get("/api/v1/users/me").await.expect(200);
    assert_eq!((before.version(), after.version()), (1, 1));
    assert_eq!(before.json()["updated_at"], after.json()["updated_at"]);
    assert!(before.json()["last_login_at"].as_str() < after.json()["last_login_at"].as_str());
}
