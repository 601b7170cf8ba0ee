//! Users without a password, and the link that sets the first one.

use std::time::Duration;

use serde_json::{Value, json};
use stockroom_harness::{PASSWORD, Reply, Request, Shop};
use stockroom_runtime::Purpose;

use super::{NEXT, THIRD, credential, entries, forgot, mailed, mails, problem, reset, shop, token_of};

const EMAIL: &str = "invited@acme.example";

fn invite(shop: &Shop) -> Request {
    shop.admin().post("/api/v1/users", json!({"email": EMAIL, "full_name": "Sam Invited", "role": "MANAGER"}))
}

/// The token of the invitation that was logged last.
fn invitation(shop: &Shop) -> String {
    token_of(shop, Purpose::Invitation, entries(shop.stack(), "INVITE").last().unwrap())
}

#[tokio::test]
async fn reset_with_an_invitation_sets_the_first_password() {
    let shop = shop().await;
    let made = invite(&shop).await.expect(201);
    assert_eq!(credential(shop.stack(), EMAIL).get("hash"), None);
    let [created, invited] = ["CREATE", "INVITE"].map(|action| {
        let of_request = |entry: &Value| entry["request_id"] == made.request_id();
        let found: Vec<_> = entries(shop.stack(), action).into_iter().filter(of_request).collect();
        assert_eq!(found.len(), 1, "{action}");
        found[0].clone()
    });
    for member in ["change_id", "entity", "entity_id", "actor"] {
        assert_eq!(created[member], invited[member], "{member}");
    }
    assert_eq!([&invited["entity"], &invited["entity_id"]], [&json!("User"), &json!(made.id())]);
    assert_eq!(invited["after"], json!({"auth_epoch": 0}));
    assert!(!invited.to_string().contains(EMAIL));

    let token = invitation(&shop);
    reset(&shop, &token, NEXT).await.expect(204);
    let tokens = shop.anonymous().log_in(EMAIL, NEXT).await.expect(200).json();
    let me = shop.anonymous().with_token(tokens["access_token"].as_str().unwrap()).get("/api/v1/users/me").await;
    assert_eq!(me.expect(200).json()["role"], "MANAGER");
    assert_eq!(reset(&shop, &token, THIRD).await.expect(400).code(), "invalid_token");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn login_of_an_invited_user_equals_an_unknown_account() {
    let shop = shop().await;
    invite(&shop).await.expect(201);
    let visitor = shop.anonymous();
    let nobody = visitor.log_in("nobody@acme.example", PASSWORD).await.expect(401);
    let outcome = |reply: &Reply| {
        let cost = reply.cost();
        (problem(reply), cost.round_trips, cost.calls, cost.read_halves)
    };
    for password in [PASSWORD, "", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let refused = visitor.log_in(EMAIL, password).await.expect(401);
        // The credential exists and is read; reading a missing one costs as much.
        assert_eq!(outcome(&refused), outcome(&nobody));
    }
    let wrong = visitor.log_in(&shop.staff().email, "not the password").await.expect(401);
    assert_eq!(outcome(&wrong), outcome(&nobody));
}

#[tokio::test]
async fn reset_with_an_invitation_older_than_seven_days_is_invalid_token() {
    let shop = shop().await;
    let clock = shop.stack().clock();
    clock.stop();
    invite(&shop).await.expect(201);
    let token = invitation(&shop);
    clock.advance(Duration::from_hours(7 * 24));
    assert_eq!(reset(&shop, &token, NEXT).await.expect(400).code(), "invalid_token");

    assert_eq!(mails(&shop, &forgot(&shop, EMAIL).await.expect(202)).len(), 1);
    let token = mailed(&shop, EMAIL).await;
    reset(&shop, &token, NEXT).await.expect(204);
    shop.anonymous().log_in(EMAIL, NEXT).await.expect(200);
}

#[tokio::test]
async fn create_of_a_user_with_a_password_or_repeated_sends_no_invitation() {
    let shop = shop().await;
    let user = json!({"email": "new@acme.example", "full_name": "New", "role": "STAFF", "password": PASSWORD});
    assert_eq!(mails(&shop, &shop.admin().post("/api/v1/users", user).await.expect(201)).len(), 0);
    assert_eq!(entries(shop.stack(), "INVITE").len(), 0);

    let due = [(201, 1), (201, 0)];
    for (status, mail) in due {
        assert_eq!(mails(&shop, &invite(&shop).key("k1").await.expect(status)).len(), mail);
    }
    assert_eq!(mails(&shop, &invite(&shop).await.expect(409)).len(), 0);
    assert_eq!(mails(&shop, &invite(&shop).with("role", "BOSS").await.expect(422)).len(), 0);
    assert_eq!(entries(shop.stack(), "INVITE").len(), 1);
}
