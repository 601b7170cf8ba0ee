//! Logout: by either token, by cookie, at once with a refresh, and with a lost reply.

use std::time::Duration;

use http::Method;
use serde_json::json;
use stockroom_harness::{Client, Request, Shop, Stack, at_once};

use super::{
    Furnished,
    sessions::{REFRESH, Tokens, cookie, log_in, opens, refresh, refused, reuses},
};

pub(super) const LOGOUT: &str = "/api/v1/auth/logout";

/// A way of signing out with one of these tokens.
type Leave = fn(&Client, &Tokens) -> Request;

fn logout(shop: &Shop, token: &str) -> Request {
    shop.anonymous().post(LOGOUT, json!({"refresh_token": token}))
}

#[tokio::test]
async fn logout_during_a_refresh_ends_the_session() {
    let shop = Furnished::open().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    for _ in 0..10 {
        let tokens = log_in(&shop).await;
        let mut replies = at_once([refresh(&shop, &tokens.refresh), logout(&elsewhere, &tokens.refresh)]).await;
        replies.pop().unwrap().expect(204);
        let refreshed = replies.pop().unwrap();
        let mut left = vec![tokens];
        match refreshed.status() {
            200 => left.push(Tokens::from(&refreshed)),
            _ => refused(refreshed),
        }
        for tokens in left {
            assert!(!opens(&shop, &tokens.access).await);
            refused(refresh(&shop, &tokens.refresh).await);
        }
    }
}

#[tokio::test]
async fn logout_ends_the_tokens_of_one_session_only() {
    let shop = Furnished::open().await;
    let other = log_in(&shop).await;
    let visitor = shop.anonymous();
    let ways: [Leave; 5] = [
        |visitor, tokens| visitor.with_token(&*tokens.access).post(LOGOUT, json!({})),
        |visitor, tokens| visitor.with_token(&*tokens.access).request(Method::POST, LOGOUT),
        |visitor, tokens| visitor.post(LOGOUT, json!({"refresh_token": tokens.refresh})),
        |visitor, tokens| {
            visitor.request(Method::POST, LOGOUT).header("cookie", format!("refresh_token={}", tokens.refresh))
        },
        // An expired access token does not prevent a logout.
        |visitor, tokens| visitor.with_token("expired").post(LOGOUT, json!({"refresh_token": tokens.refresh})),
    ];
    for leave in ways {
        let tokens = log_in(&shop).await;
        let reply = leave(&visitor, &tokens).await.expect(204);
        assert!(reply.bytes().is_empty());
        assert!(!opens(&shop, &tokens.access).await);
        refused(refresh(&shop, &tokens.refresh).await);
        leave(&visitor, &tokens).await.expect(401);
    }
    assert!(opens(&shop, &other.access).await);
    assert_eq!(visitor.post(LOGOUT, json!({})).await.expect(401).code(), "unauthenticated");
    assert_eq!(logout(&shop, "x").await.expect(401).code(), "invalid_refresh_token");
    let unknown = visitor.post(LOGOUT, json!({"refresh_token": 1, "everywhere": true})).await.expect(422);
    assert_eq!(unknown.faults(), ["/refresh_token wrong_type", "/everywhere unknown_member"]);
    assert_eq!(reuses(shop.stack()), 0);
}

#[tokio::test]
async fn logout_ends_the_session_of_every_valid_token_in_the_request() {
    let shop = Furnished::open().await;
    let clock = shop.stack().clock();
    clock.stop();
    let visitor = shop.anonymous();
    let with_cookie = |request: Request, token: &str| request.header("cookie", format!("refresh_token={token}"));

    // The access token has expired, the cookie has not.
    let old = log_in(&shop).await;
    clock.advance(Duration::from_mins(16));
    let reply = with_cookie(visitor.with_token(&*old.access).post(LOGOUT, json!({})), &old.refresh).await.expect(204);
    assert_eq!(cookie(&reply).0, "");
    refused(refresh(&shop, &old.refresh).await);

    // Three sessions, named by body, bearer and cookie.
    let [body, bearer, kept] = [log_in(&shop).await, log_in(&shop).await, log_in(&shop).await];
    let request = visitor.with_token(&*bearer.access).post(LOGOUT, json!({"refresh_token": body.refresh}));
    with_cookie(request, &kept.refresh).await.expect(204);
    for tokens in [&body, &bearer, &kept] {
        assert!(!opens(&shop, &tokens.access).await);
        refused(refresh(&shop, &tokens.refresh).await);
    }

    // Broken tokens together with a valid one, in every place.
    for valid in 0..3 {
        let tokens = log_in(&shop).await;
        let of = |place: usize, token: &str| if place == valid { token.to_owned() } else { "broken".to_owned() };
        let request =
            visitor.with_token(of(0, &tokens.access)).post(LOGOUT, json!({"refresh_token": of(1, &tokens.refresh)}));
        let reply = with_cookie(request, &of(2, &tokens.refresh)).await.expect(204);
        assert!(cookie(&reply).1.contains(&"Max-Age=0".to_owned()));
        assert!(!opens(&shop, &tokens.access).await);
    }
}

#[tokio::test]
async fn logout_with_tokens_of_two_tenants_is_tenant_mismatch() {
    let stack = Stack::start().await;
    let (shop, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    let ours = log_in(&shop).await;
    let theirs = globex.sign_in(globex.staff()).await;
    let request =
        shop.anonymous().with_token(&*ours.access).post(LOGOUT, json!({"refresh_token": theirs.refresh_token}));
    assert_eq!(request.clone().await.expect(403).code(), "tenant_mismatch");
    assert!(opens(&shop, &ours.access).await);
    theirs.get("/api/v1/users/me").await.expect(200);
}

#[tokio::test]
async fn refresh_or_logout_with_a_dead_cookie_clears_it() {
    let shop = Furnished::open().await;
    let visitor = shop.anonymous();
    let with = |path: &str, cookies: &str| visitor.request(Method::POST, path).header("cookie", cookies);
    let ended = log_in(&shop).await;
    logout(&shop, &ended.refresh).await.expect(204);
    for dead in [format!("refresh_token={}", ended.refresh), "refresh_token=x".to_owned(), "refresh_token=".to_owned()]
    {
        for path in [REFRESH, LOGOUT] {
            let reply = with(path, &dead).await.expect(401);
            assert_eq!(cookie(&reply).1[0], "Max-Age=0", "{path} {dead}");
        }
    }
    // Neither without a cookie, nor for a token in the body.
    for reply in [
        visitor.request(Method::POST, LOGOUT).await.expect(401),
        visitor.request(Method::POST, REFRESH).await.expect(401),
        refresh(&shop, "x").header("cookie", format!("refresh_token={}", ended.refresh)).await.expect(401),
    ] {
        assert_eq!(reply.header("set-cookie"), None);
    }
    // A token that another tab has just used: the browser may have its successor by now.
    let living = log_in(&shop).await;
    let cookies = format!("refresh_token={}", living.refresh);
    with(REFRESH, &cookies).await.expect(200);
    with(REFRESH, &cookies).await.expect(200);
    assert_eq!(with(REFRESH, &cookies).await.expect(401).header("set-cookie"), None);
}

#[tokio::test]
async fn refresh_or_logout_with_two_cookies_is_invalid_refresh_token() {
    let shop = Furnished::open().await;
    let visitor = shop.anonymous();
    let (one, other) = (log_in(&shop).await, log_in(&shop).await);
    for cookies in [
        format!("refresh_token={}; refresh_token={}", one.refresh, other.refresh),
        format!("refresh_token={0}; refresh_token={0}", one.refresh),
        format!("refresh_token=; a=b; refresh_token={}", one.refresh),
    ] {
        for path in [REFRESH, LOGOUT] {
            let reply = visitor.request(Method::POST, path).header("cookie", cookies.clone()).await.expect(401);
            assert_eq!((reply.code().as_str(), cookie(&reply).1[0].as_str()), ("invalid_refresh_token", "Max-Age=0"));
        }
        let lines = cookies.split_once("; ").unwrap();
        let request = visitor.request(Method::POST, REFRESH).header("cookie", lines.0).header("cookie", lines.1);
        request.await.expect(401);
    }
    assert!(opens(&shop, &one.access).await && opens(&shop, &other.access).await);
    // Another token still signs out.
    let cookies = format!("refresh_token={}; refresh_token=x", one.refresh);
    let reply = visitor.with_token(&*other.access).post(LOGOUT, json!({})).header("cookie", cookies).await.expect(204);
    assert_eq!(cookie(&reply).1[0], "Max-Age=0");
    assert!(opens(&shop, &one.access).await && !opens(&shop, &other.access).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logout_with_a_lost_reply_is_204() {
    let shop = Shop::with_faults().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    for _ in 0..20 {
        let tokens = log_in(&shop).await;
        for reply in at_once([logout(&shop, &tokens.refresh), logout(&elsewhere, &tokens.refresh)]).await {
            // The later request finds the session ended.
            assert!(matches!(reply.status(), 204 | 401), "{reply:?}");
        }
        assert!(!opens(&shop, &tokens.access).await);
    }
    let tokens = log_in(&shop).await;
    shop.faults().lose_next_replies_of("TransactWriteItems", 2);
    logout(&shop, &tokens.refresh).await.expect(204);
    assert_eq!(shop.faults().happened(), 2);
}
