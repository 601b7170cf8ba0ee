//! Limits on mail: users that an organization adds, and mails with a link to one account.

use serde_json::{Value, json};
use stockroom_harness::{PASSWORD, Person, Reply, Request, Shop, at_once};

use super::support::{limited, retry_after, under, wait};

const USERS: &str = "/api/v1/users";
const MINUTE: u64 = 60_000;

fn invite(shop: &Shop, name: &str) -> Request {
    let user = json!({"email": format!("{name}@elsewhere.example"), "full_name": "Stranger", "role": "STAFF"});
    shop.admin().post(USERS, user)
}

fn forgot(shop: &Shop, email: &str, source: u8) -> Request {
    let visitor = shop.anonymous().from_address([198, 51, 100, source]);
    visitor.post("/api/v1/auth/password/forgot", json!({ "email": email }))
}

fn logged(shop: &Shop, action: &str) -> usize {
    shop.stack().items().iter().filter(|item| item["data"]["action"] == action).count()
}

fn users(shop: &Shop) -> usize {
    shop.stack().items().iter().filter(|item| item.get("sessions").is_some()).count()
}

#[tokio::test]
async fn invitation_above_20_an_hour_or_100_a_day_is_rate_limited() {
    let shop = limited(&[("LIMIT_INVITATIONS", "")]).await;
    let before = users(&shop);
    for n in 0..20 {
        invite(&shop, &format!("n{n}")).await.expect(201);
    }
    let refused = invite(&shop, "late").await.expect(429);
    assert_eq!(
        (refused.code(), refused.json()["limit"].clone()),
        ("rate_limited".to_owned(), json!("invitations-hour"))
    );
    assert_eq!(retry_after(&refused), 180);
    assert_eq!(users(&shop), before + 20, "nothing was created");
    // A user with a password gets mail later on, too.
    let with_password = invite(&shop, "later").with("password", PASSWORD).await;
    assert_eq!(with_password.status(), 429);
    // Other processes and other admins meet the same bucket.
    let elsewhere = under(&shop, &[("LIMIT_INVITATIONS", "")]);
    invite(&elsewhere, "other").await.expect(429);
    wait(&shop, 3 * MINUTE);
    invite(&elsewhere, "other").await.expect(201);

    let shop = limited(&[("LIMIT_INVITATIONS", "1000/hour,100/day")]).await;
    for n in 0..100 {
        invite(&shop, &format!("n{n}")).await.expect(201);
    }
    assert_eq!(invite(&shop, "late").await.expect(429).json()["limit"], "invitations-day");
}

#[tokio::test]
async fn invitation_without_permission_does_not_count() {
    let shop = limited(&[("LIMIT_INVITATIONS", "2/hour")]).await;
    for _ in 0..5 {
        let user = json!({"email": "x@elsewhere.example", "full_name": "Stranger", "role": "STAFF"});
        shop.staff().post(USERS, user).await.expect(403);
    }
    for name in ["a", "b"] {
        invite(&shop, name).await.expect(201);
    }
    invite(&shop, "c").await.expect(429);
}

#[tokio::test]
async fn patch_of_an_invited_address_counts_as_an_invitation() {
    let shop = limited(&[("LIMIT_INVITATIONS", "3/hour")]).await;
    let invited = invite(&shop, "mistyped").await.expect(201).id();
    let path = format!("{USERS}/{invited}");
    for n in 0..5 {
        shop.admin().patch(&path, json!({"full_name": format!("Sam {n}")})).await.expect(200);
    }
    for n in 0..2 {
        shop.admin().patch(&path, json!({"email": format!("right-{n}@elsewhere.example")})).await.expect(200);
    }
    let before = shop.stack().items();
    shop.admin().patch(&path, json!({"email": "late@elsewhere.example"})).await.expect(429);
    let is_bucket = |item: &Value| item["pk"].as_str().unwrap().starts_with("RATE#");
    let without_buckets = |items: Vec<Value>| items.into_iter().filter(|item| !is_bucket(item)).collect::<Vec<_>>();
    assert_eq!(without_buckets(shop.stack().items()), without_buckets(before));
    // Another address of one's own costs the organization no invitation, and has the same limits.
    let own = |person: &Person, n| {
        let body = json!({"email": format!("me-{n}@elsewhere.example"), "current_password": PASSWORD});
        person.patch("/api/v1/users/me", body)
    };
    for n in 0..3 {
        own(shop.staff(), n).await.expect(200);
    }
    assert_eq!(own(shop.manager(), 3).await.expect(429).json()["limit"], "invitations-hour");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn own_address_of_staff_uses_up_no_invitation() {
    let shop = limited(&[("LIMIT_INVITATIONS", "2/hour")]).await;
    for name in ["a", "b"] {
        let body = json!({"email": format!("{name}@elsewhere.example"), "current_password": PASSWORD});
        shop.staff().patch("/api/v1/users/me", body).await.expect(200);
    }
    for name in ["c", "d"] {
        invite(&shop, name).await.expect(201);
    }
    invite(&shop, "e").await.expect(429);
}

#[tokio::test]
async fn forgot_above_three_an_hour_for_an_account_sends_no_mail() {
    let shop = limited(&[("LIMIT_LINK_MAILS", "")]).await;
    for source in 0..60 {
        let spelling = if source % 2 == 0 { shop.staff().email.clone() } else { shop.staff().email.to_uppercase() };
        assert!(forgot(&shop, &spelling, source).await.expect(202).bytes().is_empty());
    }
    assert_eq!(logged(&shop, "PASSWORD_RESET_REQUESTED"), 3);
    // Other accounts are unaffected, and an unknown account is counted like a known one.
    for source in 0..5 {
        forgot(&shop, &shop.manager().email, source).await.expect(202);
        forgot(&shop, "nobody@acme.example", source).await.expect(202);
    }
    assert_eq!(logged(&shop, "PASSWORD_RESET_REQUESTED"), 9);
    wait(&shop, 59 * MINUTE);
    forgot(&shop, &shop.staff().email, 1).await.expect(202);
    assert_eq!(logged(&shop, "PASSWORD_RESET_REQUESTED"), 9);
    wait(&shop, MINUTE);
    for source in 0..5 {
        forgot(&shop, &shop.staff().email, source).await.expect(202);
    }
    assert_eq!(logged(&shop, "PASSWORD_RESET_REQUESTED"), 12);
}

#[tokio::test]
async fn concurrent_forgots_send_at_most_three_mails() {
    let shop = limited(&[("LIMIT_LINK_MAILS", "")]).await;
    let elsewhere = under(&shop, &[("LIMIT_LINK_MAILS", "")]);
    for round in 0..10 {
        let requests =
            (0..16).map(|source| forgot([&shop, &elsewhere][usize::from(source % 2)], &shop.staff().email, source));
        for reply in at_once(requests).await {
            reply.expect(202);
        }
        // Of several at the very same moment, one at least is logged.
        let sent = logged(&shop, "PASSWORD_RESET_REQUESTED");
        assert!((1 + 3 * round..=3 * (round + 1)).contains(&sent), "{sent} in round {round}");
        for source in 0..3 {
            forgot(&shop, &shop.staff().email, source).await.expect(202);
        }
        assert_eq!(logged(&shop, "PASSWORD_RESET_REQUESTED"), 3 * (round + 1));
        wait(&shop, 60 * MINUTE);
    }
}

#[tokio::test]
async fn confirmation_of_own_address_above_the_limit_of_link_mails_is_rate_limited() {
    let shop = limited(&[("LIMIT_LINK_MAILS", "")]).await;
    let change = |name: &str| {
        let body = json!({"email": format!("{name}@elsewhere.example"), "current_password": PASSWORD});
        shop.staff().patch("/api/v1/users/me", body)
    };
    for source in 0..4 {
        forgot(&shop, &shop.staff().email, source).await.expect(202);
    }
    change("a").await.expect(200);
    change("b").await.expect(200);
    shop.staff().request(http::Method::POST, "/api/v1/users/me/email/confirmation").await.expect(202);
    let refused = change("c").await.expect(429);
    assert_eq!((refused.json()["limit"].clone(), retry_after(&refused)), (json!("link-mails"), 3_600));
    shop.staff().request(http::Method::POST, "/api/v1/users/me/email/confirmation").await.expect(429);
    assert_eq!(logged(&shop, "PASSWORD_RESET_REQUESTED"), 3);
}

#[tokio::test]
async fn forgot_makes_the_same_calls_for_every_account_and_limit() {
    let shop = limited(&[("LIMIT_LINK_MAILS", "")]).await;
    let calls = |reply: &Reply| {
        let cost = reply.cost();
        (cost.round_trips, cost.calls)
    };
    let known = calls(&forgot(&shop, &shop.staff().email, 1).await.expect(202));
    let unknown = forgot(&shop, "nobody@acme.example", 1).await.expect(202);
    assert_eq!(calls(&unknown), known, "unknown account");
    for tenant in ["nowhere", "no tenant at all", "www", "xn--x"] {
        let body = json!({"email": shop.staff().email});
        let visitor = shop.anonymous().with_tenant(tenant);
        let nowhere = visitor.post("/api/v1/auth/password/forgot", body).await.expect(202);
        assert_eq!(calls(&nowhere), known, "{tenant}");
    }
    for source in 0..6 {
        let exhausted = forgot(&shop, &shop.staff().email, source).await.expect(202);
        assert_eq!(calls(&exhausted), known, "exhausted");
    }
    assert_eq!(known, (2, 2));
}
