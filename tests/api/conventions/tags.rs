//! Entity tags: two answers to one read have the same tag only if they have the same body.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;

use super::{Furnished, is_page, operations};

/// The answers of reads by id so far: the body by path and tag.
type Seen = BTreeMap<(String, String), Vec<u8>>;

/// Reads every resource by id, and fails if a known tag belongs to another body.
async fn look(shop: &Furnished, seen: &mut Seen, after: &str) {
    for route in operations().filter(|route| route.method == Method::GET && !is_page(route)) {
        let path = shop.path(route.path);
        for client in [shop.boss(), shop.staff().with_tenant(&*shop.subdomain)] {
            let reply = client.get(&path).await;
            let Some(tag) = reply.header("etag") else { continue };
            let body = seen.entry((path.clone(), tag.to_owned())).or_insert_with(|| reply.bytes().to_vec());
            assert_eq!(
                String::from_utf8_lossy(body),
                String::from_utf8_lossy(reply.bytes()),
                "{path} has the tag {tag} for two bodies after {after}"
            );
        }
    }
}

#[tokio::test]
async fn read_by_id_with_another_body_has_another_tag() {
    let shop = Furnished::open().await;
    let mut seen = Seen::new();
    look(&shop, &mut seen, "nothing").await;

    shop.sign_in(shop.staff()).await;
    shop.sign_in(shop.admin()).await;
    look(&shop, &mut seen, "a login").await;

    for (path, change) in [
        ("/api/v1/products/{id}", json!({"name": "Renamed", "sku": "SKU-2", "min_stock_level": 50})),
        ("/api/v1/warehouses/{id}", json!({"name": "Renamed"})),
        ("/api/v1/suppliers/{id}", json!({"name": "Renamed"})),
        ("/api/v1/organizations/{id}", json!({"name": "Renamed"})),
        ("/api/v1/users/{id}", json!({"full_name": "Renamed"})),
    ] {
        shop.boss().patch(shop.path(path), change).await.expect(200);
        look(&shop, &mut seen, path).await;
    }
    shop.boss().patch("/api/v1/users/me", json!({"full_name": "Renamed, too"})).await.expect(200);
    look(&shop, &mut seen, "a change of the admin's name").await;

    shop.take(&shop.product, &shop.warehouse, 3).await.expect(201);
    shop.arrive(&shop.requests["receive"], &shop.warehouse, 1).await.expect(200);
    look(&shop, &mut seen, "movements").await;

    shop.step(&shop.requests[""].id, "submit").await.expect(200);
    look(&shop, &mut seen, "a step of the request").await;
    assert!(seen.len() >= 15, "{}", seen.len());
}

#[tokio::test]
async fn login_changes_the_tag_and_not_the_version_of_a_user() {
    let shop = Furnished::open().await;
    for path in [format!("/api/v1/users/{}", shop.staff().id), "/api/v1/users/me".to_owned()] {
        let reader = if path.ends_with("/me") { shop.staff().with_tenant("acme") } else { shop.boss() };
        let before = reader.get(&path).await.expect(200);
        let tag = before.header("etag").unwrap().to_owned();
        reader.get(&path).header("if-none-match", &tag).await.expect(304);

        shop.sign_in(shop.staff()).await;
        let after = reader.get(&path).header("if-none-match", &tag).await.expect(200);
        assert_ne!(after.json()["last_login_at"], before.json()["last_login_at"]);
        assert_ne!(after.header("etag"), Some(&*tag));
        assert_eq!(after.version(), before.version(), "a login makes no new version");

        // The administrator who read the user before the login has not missed a change.
        let name = format!("Renamed at version {}", before.version());
        let edit = shop.boss().patch(format!("/api/v1/users/{}", shop.staff().id), json!({"full_name": name}));
        edit.clone().header("if-match", &tag).await.expect(200);
        assert_eq!(edit.header("if-match", &tag).await.expect(412).code(), "version_mismatch");
    }
}
