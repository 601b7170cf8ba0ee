//! A password is hashed after the rate limit and the caller's check: a request refused by either hashes none.

use serde_json::{Value, json};
use stockroom_harness::{PASSWORD, Reply, Shop};
use stockroom_runtime::Purpose;

use super::support::{limited, under};

#[track_caller]
fn hashes(reply: &Reply) -> u64 {
    reply.log()[0]["password_hashes"].as_u64().unwrap()
}

fn organization(subdomain: &str) -> Value {
    let admin = json!({"email": "a@x.example", "full_name": "A", "password": "nine staplers, no cake"});
    json!({"name": "Initech", "subdomain": subdomain, "admin": admin})
}

#[tokio::test]
async fn sign_up_over_the_limit_hashes_no_password() {
    let limits = [("LIMIT_ONBOARDING", "1/hour")];
    let shop = limited(&limits).await;
    let first = shop.anonymous().post("/api/v1/organizations", organization("initech")).await.expect(201);
    assert_eq!(hashes(&first), 1);
    // Another process has to ask, and asks first.
    let other = under(&shop, &limits);
    for _ in 0..2 {
        let refused = other.anonymous().post("/api/v1/organizations", organization("hooli")).await.expect(429);
        assert_eq!(hashes(&refused), 0);
    }
}

#[tokio::test]
async fn login_reset_and_change_over_the_limit_hash_no_password() {
    // A change with a wrong password counts twice: the new password could be the current one, after a lost response.
    let limits = [("LIMIT_LOGIN", "2/hour")];
    let shop = limited(&limits).await;
    let link = shop.stack().link_token(Purpose::PasswordReset, &shop.id, &shop.manager().id, 7);
    let login = |shop: &Shop| shop.anonymous().log_in(&shop.staff().email, "not the password");
    let reset = |shop: &Shop| {
        let body = json!({"token": link, "password": "nine staplers, no cake"});
        shop.anonymous().post("/api/v1/auth/password/reset", body)
    };
    let change = |shop: &Shop| {
        let body = json!({"current_password": "not the password", "new_password": "nine staplers, no cake"});
        shop.staff().put("/api/v1/users/me/password", body)
    };
    for _ in 0..2 {
        login(&shop).await.expect(401);
        reset(&shop).await.expect(400);
    }
    change(&shop).await.expect(422);
    let other = under(&shop, &limits);
    for refused in [login(&other).await, reset(&other).await, change(&other).await] {
        assert_eq!(hashes(&refused.expect(429)), 0);
    }
}

#[tokio::test]
async fn change_password_verifies_one_password_for_each_counted_attempt() {
    let shop = limited(&[("LIMIT_LOGIN", "3/hour")]).await;
    let change = || {
        let body = json!({"current_password": "not the password", "new_password": "nine staplers, no cake"});
        shop.staff().put("/api/v1/users/me/password", body)
    };
    assert_eq!(hashes(&change().await.expect(422)), 2);
    assert_eq!(hashes(&change().await.expect(429)), 1);
    assert_eq!(hashes(&change().await.expect(429)), 0);
}

#[tokio::test]
async fn repeated_request_at_the_limit_replays_its_response_without_a_token_or_a_hash() {
    let limits = [("LIMIT_INVITATIONS", "1/hour"), ("LIMIT_ONBOARDING", "1/hour")];
    let shop = limited(&limits).await;
    let user = json!({"email": "x@acme.example", "full_name": "X", "role": "STAFF", "password": PASSWORD});
    let add = |shop: &Shop| shop.admin().post("/api/v1/users", user.clone()).key("k1");
    let sign_up = |shop: &Shop| shop.anonymous().post("/api/v1/organizations", organization("initech")).key("k1");
    let first = [add(&shop).await.expect(201), sign_up(&shop).await.expect(201)];
    let elsewhere = under(&shop, &limits);
    for again in [&shop, &elsewhere] {
        for (first, reply) in first.iter().zip([add(again).await, sign_up(again).await]) {
            let reply = reply.expect(201);
            assert_eq!((reply.bytes(), reply.header("idempotency-replayed")), (first.bytes(), Some("true")));
            assert_eq!(hashes(&reply), 0);
        }
    }
    let body = json!({"email": "y@acme.example", "full_name": "Y", "role": "STAFF"});
    shop.admin().post("/api/v1/users", body.clone()).await.expect(429);
    let reused = shop.admin().post("/api/v1/users", body).key("k1").await.expect(422);
    assert_eq!(reused.code(), "idempotency_key_reused");
}

#[tokio::test]
async fn create_of_a_user_without_permission_or_session_hashes_no_password() {
    let shop = limited(&[]).await;
    let user = json!({"email": "x@acme.example", "full_name": "X", "role": "STAFF", "password": PASSWORD});
    let add = |client: &stockroom_harness::Client| client.post("/api/v1/users", user.clone());
    let gone = shop.sign_in(shop.admin()).await;
    gone.post("/api/v1/auth/logout", json!({})).await.expect(204);
    for (reply, status) in [
        (add(shop.staff()).await, 403),
        (add(shop.manager()).await, 403),
        (add(&shop.admin().with_tenant("globex")).await, 403),
        (add(&gone).await, 401),
        (add(&shop.anonymous()).await, 401),
    ] {
        assert_eq!(hashes(&reply.expect(status)), 0);
    }
    assert_eq!(hashes(&add(shop.admin()).await.expect(201)), 1);
}
