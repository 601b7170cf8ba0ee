//! A refused login takes the same work for every reason. Its time reveals neither whether an account or a tenant exists
//! nor whether a user is disabled.

use serde_json::json;
use stockroom_harness::{PASSWORD, Reply, Request, Shop};

use super::{change, items, shop};

/// The calls of the table, the longest chain of them, and the hashes that a request took.
#[track_caller]
fn work(reply: &Reply) -> (usize, usize, u64) {
    let cost = reply.cost();
    (cost.calls, cost.round_trips, reply.log()[0]["password_hashes"].as_u64().unwrap())
}

/// An organization with every reason for a refused login.
async fn refused_logins(shop: &Shop) -> Vec<(&'static str, Request)> {
    let invited = json!({"email": "invited@acme.example", "full_name": "Invited", "role": "STAFF"});
    shop.admin().post("/api/v1/users", invited).await.expect(201);
    let disabled = shop.hire("disabled", "STAFF").await;
    change(shop.admin(), &disabled, json!({"status": "DISABLED"})).await.expect(200);
    let moved = shop.hire("moved", "STAFF").await;
    change(shop.admin(), &moved, json!({"status": "DISABLED", "full_name": "Moved"})).await.expect(200);
    let globex = Shop::open(shop.stack(), "globex").await;
    let end = format!("/api/v1/organizations/{}?confirm=globex", globex.id);
    globex.admin().delete(end).await.expect(202);
    let visitor = shop.anonymous();
    vec![
        ("wrong password", visitor.log_in(&shop.staff().email, "not the password")),
        ("unknown account", visitor.log_in("nobody@acme.example", PASSWORD)),
        ("no password yet", visitor.log_in("invited@acme.example", PASSWORD)),
        ("disabled", visitor.log_in(&disabled.email, PASSWORD)),
        ("disabled, wrong password", visitor.log_in(&disabled.email, "not the password")),
        ("disabled and renamed", visitor.log_in(&moved.email, PASSWORD)),
        ("unknown tenant", visitor.with_tenant("nowhere").log_in(&shop.staff().email, PASSWORD)),
        ("ended tenant", visitor.with_tenant("globex").log_in(&globex.admin().email, PASSWORD)),
    ]
}

#[tokio::test]
async fn login_with_any_wrong_part_takes_equal_work() {
    let shop = shop().await;
    for (case, request) in refused_logins(&shop).await {
        let reply = request.await.expect(401);
        assert_eq!(reply.code(), "invalid_credentials", "{case}");
        assert_eq!(work(&reply), (2, 2, 1), "{case}");
        if case.contains("password") || case.contains("disabled") {
            assert_eq!(reply.cost().write_halves, 6, "{case}: the entry alone");
        }
    }
    let login = shop.anonymous().log_in(&shop.staff().email, PASSWORD).await.expect(200);
    assert_eq!(work(&login), (2, 2, 1));
}

#[tokio::test]
async fn login_of_a_disabled_user_is_logged_as_failed() {
    let shop = shop().await;
    let failures = || {
        let items = items(shop.stack()).into_values();
        items
            .filter(|item| item["data"]["action"] == "LOGIN_FAILED" && item["data"]["entity_id"] == shop.staff().id)
            .count()
    };
    change(shop.admin(), shop.staff(), json!({"status": "DISABLED"})).await.expect(200);
    shop.anonymous().log_in(&shop.staff().email, PASSWORD).await.expect(401);
    assert_eq!(failures(), 1);
    change(shop.admin(), shop.staff(), json!({"status": "ACTIVE"})).await.expect(200);
    shop.anonymous().log_in(&shop.staff().email, PASSWORD).await.expect(200);
    assert_eq!(failures(), 1);
}

#[tokio::test]
async fn login_with_a_credential_without_status_stores_it() {
    let shop = shop().await;
    change(shop.admin(), shop.staff(), json!({"status": "DISABLED"})).await.expect(200);
    let credential = || {
        let all = shop.stack().items();
        all.into_iter().find(|item| item["pk"] == "CREDENTIAL#acme" && item["sk"] == "staff@acme.example").unwrap()
    };
    shop.stack().forget(&credential(), &["status"]);
    let log_in = || shop.anonymous().log_in(&shop.staff().email, PASSWORD);
    log_in().await.expect(401);
    assert_eq!(credential()["status"], "DISABLED");
    assert_eq!(work(&log_in().await.expect(401)), (2, 2, 1));

    // Without a status, an active user still signs in.
    change(shop.admin(), shop.staff(), json!({"status": "ACTIVE"})).await.expect(200);
    shop.stack().forget(&credential(), &["status"]);
    log_in().await.expect(200);
}
