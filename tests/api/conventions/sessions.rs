//! Sessions: login, refresh and expiry. `logout.rs` has their end by logout.

use std::time::Duration;

use http::Method;
use serde_json::json;
use stockroom_harness::{PASSWORD, Reply, Request, Shop, Stack, at_once};

use super::{Furnished, items, logout::LOGOUT};

pub(super) const REFRESH: &str = "/api/v1/auth/refresh";

/// The tokens of an answer.
#[derive(Debug, Clone)]
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: String,
}

impl From<&Reply> for Tokens {
    #[track_caller]
    fn from(reply: &Reply) -> Self {
        let tokens = reply.clone().expect(200).json();
        let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
        Self { access: token("access_token"), refresh: token("refresh_token") }
    }
}

pub(super) async fn log_in(shop: &Shop) -> Tokens {
    Tokens::from(&shop.anonymous().log_in(&shop.staff().email, PASSWORD).await)
}

pub(super) fn refresh(shop: &Shop, token: &str) -> Request {
    shop.anonymous().post(REFRESH, json!({"refresh_token": token}))
}

/// Whether an access token is valid.
pub(super) async fn opens(shop: &Shop, access: &str) -> bool {
    let reply = shop.anonymous().with_token(access).get("/api/v1/users/me").await;
    if reply.status() != 200 {
        assert_eq!(reply.clone().expect(401).code(), "unauthenticated");
    }
    reply.status() == 200
}

#[track_caller]
pub(super) fn refused(reply: Reply) {
    assert_eq!(reply.expect(401).code(), "invalid_refresh_token");
}

pub(super) fn reuses(stack: &Stack) -> usize {
    items(stack).values().filter(|item| item["data"]["action"] == "TOKEN_REUSED").count()
}

#[tokio::test]
async fn refresh_returns_the_next_token_pair() {
    let shop = Furnished::open().await;
    shop.stack().clock().stop();
    let mut tokens = log_in(&shop).await;
    for _ in 0..3 {
        let reply = refresh(&shop, &tokens.refresh).await.expect(200);
        let next = Tokens::from(&reply);
        assert_ne!((&next.access, &next.refresh), (&tokens.access, &tokens.refresh));
        assert_eq!(reply.json()["refresh_expires_in"], 7 * 24 * 60 * 60);
        assert!(opens(&shop, &next.access).await && opens(&shop, &tokens.access).await);
        tokens = next;
    }
    assert_eq!(reuses(shop.stack()), 0);
}

#[tokio::test]
async fn refresh_with_an_older_token_ends_the_session() {
    let shop = Furnished::open().await;
    let other = log_in(&shop).await;
    let first = log_in(&shop).await;
    let second = Tokens::from(&refresh(&shop, &first.refresh).await);
    let third = Tokens::from(&refresh(&shop, &second.refresh).await);

    refused(refresh(&shop, &first.refresh).await);
    for tokens in [&first, &second, &third] {
        assert!(!opens(&shop, &tokens.access).await);
        refused(refresh(&shop, &tokens.refresh).await);
    }
    assert_eq!(reuses(shop.stack()), 1, "an ended session is not ended again");
    assert!(opens(&shop, &other.access).await);
    refresh(&shop, &other.refresh).await.expect(200);
}

#[tokio::test]
async fn refresh_with_the_last_token_gives_its_successor_once_within_ten_seconds() {
    let shop = Furnished::open().await;
    let clock = shop.stack().clock();
    clock.stop();
    let mut token = log_in(&shop).await;
    for wait in [0, 1, 4_999, 10_000] {
        let next = Tokens::from(&refresh(&shop, &token.refresh).await);
        clock.advance(Duration::from_millis(wait));
        let again = Tokens::from(&refresh(&shop, &token.refresh).await);
        assert_eq!(again.refresh, next.refresh);
        assert!(opens(&shop, &again.access).await);
        token = next;
    }
    assert_eq!(reuses(shop.stack()), 0);
    let next = Tokens::from(&refresh(&shop, &token.refresh).await);

    clock.advance(Duration::from_millis(10_001));
    refused(refresh(&shop, &token.refresh).await);
    assert!(!opens(&shop, &next.access).await);
    refused(refresh(&shop, &next.refresh).await);
    assert_eq!(reuses(shop.stack()), 1);
}

#[tokio::test]
async fn refresh_with_the_last_token_a_third_time_is_refused_and_logged() {
    let shop = Furnished::open().await;
    shop.stack().clock().stop();
    let first = log_in(&shop).await;
    let second = Tokens::from(&refresh(&shop, &first.refresh).await);
    refresh(&shop, &first.refresh).await.expect(200);
    for logged in 1..4 {
        refused(refresh(&shop, &first.refresh).await);
        assert_eq!(reuses(shop.stack()), logged);
        assert!(opens(&shop, &second.access).await, "the session stays valid");
    }
    // Each generation has its own.
    let third = Tokens::from(&refresh(&shop, &second.refresh).await);
    assert_eq!(Tokens::from(&refresh(&shop, &second.refresh).await).refresh, third.refresh);
    refused(refresh(&shop, &second.refresh).await);
    assert!(opens(&shop, &third.access).await);
}

#[tokio::test]
async fn refresh_with_the_last_token_from_elsewhere_ends_the_session() {
    let shop = Furnished::open().await;
    shop.stack().clock().stop();
    let elsewhere: [fn(Request) -> Request; 2] =
        [|request| request, |request| request.header("user-agent", "another/1.0")];
    for (is_address, change) in elsewhere.into_iter().enumerate() {
        for is_repeated in [false, true] {
            let first = log_in(&shop).await;
            let second = Tokens::from(&refresh(&shop, &first.refresh).await);
            if is_repeated {
                refresh(&shop, &first.refresh).await.expect(200);
            }
            let before = reuses(shop.stack());
            let client = shop.anonymous();
            let client = if is_address == 0 { client.from_address([198, 51, 100, 1]) } else { client };
            refused(change(client.post(REFRESH, json!({"refresh_token": first.refresh}))).await);
            assert!(!opens(&shop, &second.access).await);
            refused(refresh(&shop, &second.refresh).await);
            assert_eq!(reuses(shop.stack()), before + 1);
        }
    }
    // The current token may come from any address, because users travel.
    let first = log_in(&shop).await;
    let moved = shop.anonymous().from_address([198, 51, 100, 1]);
    let second = Tokens::from(&moved.post(REFRESH, json!({"refresh_token": first.refresh})).await);
    assert!(opens(&shop, &second.access).await);
}

#[tokio::test]
async fn refresh_of_a_session_without_a_stored_rotation_succeeds() {
    let shop = Furnished::open().await;
    shop.stack().clock().stop();
    let person = shop.hire("old", "STAFF").await;
    let first = Tokens::from(&refresh(&shop, &person.refresh_token).await);
    // As the previous version of the product leaves it: refreshed, without an origin.
    let user = || {
        let all = shop.stack().items();
        all.into_iter().find(|item| item["sk"] == person.id && item["pk"].as_str().unwrap().ends_with("#USER")).unwrap()
    };
    let item = user();
    let session = item["sessions"].as_object().unwrap().keys().next().unwrap().clone();
    assert!(item["sessions"][&session]["rotation"].is_object());
    shop.stack().forget(&item, &[&format!("sessions.{session}.rotation")]);
    let moved = shop.anonymous().from_address([198, 51, 100, 1]);
    let again = moved.post(REFRESH, json!({"refresh_token": person.refresh_token}));
    assert_eq!(Tokens::from(&again.clone().await).refresh, first.refresh);
    refused(again.await);
    assert!(opens(&shop, &first.access).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_refreshes_with_the_last_token_give_its_successor_once() {
    let shop = Furnished::open().await;
    let processes: Vec<Shop> = (0..4).map(|_| shop.at(&shop.stack().another_process())).collect();
    for round in 0..40 {
        let first = log_in(&shop).await;
        let second = Tokens::from(&refresh(&shop, &first.refresh).await);
        let before = reuses(shop.stack());
        let replies = at_once(processes.iter().cycle().take(8).map(|shop| refresh(shop, &first.refresh))).await;
        let (got, not): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status() == 200);
        assert_eq!((got.len(), not.len()), (1, 7), "round {round}");
        assert_eq!(Tokens::from(&got[0]).refresh, second.refresh);
        not.into_iter().for_each(refused);
        assert_eq!(reuses(shop.stack()), before + 7);
        assert!(opens(&shop, &second.access).await);
    }
}

#[tokio::test]
async fn refresh_with_the_last_token_after_a_lost_reply_gives_its_successor_once() {
    let shop = Shop::with_faults().await;
    let first = log_in(&shop).await;
    let second = Tokens::from(&refresh(&shop, &first.refresh).await);
    shop.faults().lose_next_replies_of("UpdateItem", 1);
    assert_eq!(Tokens::from(&refresh(&shop, &first.refresh).await).refresh, second.refresh);
    assert_eq!(shop.faults().happened(), 1);
    refused(refresh(&shop, &first.refresh).await);
    assert_eq!(reuses(shop.stack()), 1);
    assert!(opens(&shop, &second.access).await);
}

#[tokio::test]
async fn refresh_with_a_lost_reply_keeps_the_session() {
    let shop = Shop::with_faults().await;
    let first = log_in(&shop).await;
    shop.faults().lose_next_replies_of("UpdateItem", 1);
    let second = Tokens::from(&refresh(&shop, &first.refresh).await);
    assert_eq!(shop.faults().happened(), 1);
    let third = Tokens::from(&refresh(&shop, &second.refresh).await);
    assert!(opens(&shop, &third.access).await);
    assert_eq!(reuses(shop.stack()), 0);
}

#[tokio::test]
async fn concurrent_refreshes_of_two_tabs_give_the_same_successor() {
    let shop = Furnished::open().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let mut tokens = log_in(&shop).await;
    for round in 0..50 {
        let replies = at_once([refresh(&shop, &tokens.refresh), refresh(&elsewhere, &tokens.refresh)]).await;
        let both: Vec<_> = replies.iter().map(Tokens::from).collect();
        assert_eq!(both[0].refresh, both[1].refresh, "round {round}");
        assert!(opens(&shop, &both[0].access).await && opens(&shop, &both[1].access).await);
        tokens = both[0].clone();
    }
    assert_eq!(reuses(shop.stack()), 0);
}

/// The cookie of an answer, and its attributes.
#[track_caller]
pub(super) fn cookie(reply: &Reply) -> (String, Vec<String>) {
    let mut parts = reply.header("set-cookie").unwrap().split("; ").map(str::to_owned);
    let value = parts.next().unwrap().strip_prefix("refresh_token=").unwrap().to_owned();
    (value, parts.collect())
}

#[tokio::test]
async fn login_with_cookie_delivery_sets_an_http_only_cookie() {
    let shop = Furnished::open().await;
    shop.stack().clock().stop();
    let attributes = ["Max-Age=604800", "HttpOnly", "Secure", "SameSite=Strict", "Path=/api/v1/auth"];
    let visitor = shop.anonymous();
    let with = |path: &str, token: &str| {
        visitor.request(Method::POST, path).header("cookie", format!("theme=dark; refresh_token={token}; a=b"))
    };

    let login = visitor.log_in(&shop.staff().email, PASSWORD).with("delivery", "cookie").await.expect(200);
    let (first, set) = cookie(&login);
    assert_eq!(set, attributes);
    assert_eq!(login.json().get("refresh_token"), None);
    assert!(!first.is_empty() && !String::from_utf8_lossy(login.bytes()).contains(&first));

    let reply = with(REFRESH, &first).await.expect(200);
    let (second, set) = cookie(&reply);
    assert_eq!((set, reply.json().get("refresh_token")), (attributes.map(str::to_owned).to_vec(), None));
    assert_ne!(second, first);
    let again = with(REFRESH, &first).await.expect(200);
    assert_eq!(cookie(&again).0, second);
    let access = again.json()["access_token"].as_str().unwrap().to_owned();
    assert!(opens(&shop, &access).await);

    let (nothing, cleared) = cookie(&with(LOGOUT, &second).await.expect(204));
    assert_eq!((nothing.as_str(), &*cleared[0], &cleared[1..]), ("", "Max-Age=0", &attributes.map(str::to_owned)[1..]));
    assert!(!opens(&shop, &access).await);
    refused(with(REFRESH, &second).await);
    refused(visitor.request(Method::POST, REFRESH).await);
    refused(with(REFRESH, "").await);
}

#[tokio::test]
async fn tokens_expire_after_15_minutes_and_sessions_after_seven_days_unused() {
    let shop = Furnished::open().await;
    let clock = shop.stack().clock();
    clock.set("2026-11-23T12:00:00Z".parse().unwrap());
    clock.stop();
    let tokens = log_in(&shop).await;
    clock.advance(Duration::from_mins(15) - Duration::from_millis(1));
    assert!(opens(&shop, &tokens.access).await);
    clock.advance(Duration::from_millis(1));
    assert!(!opens(&shop, &tokens.access).await);

    let renewed = Tokens::from(&refresh(&shop, &tokens.refresh).await);
    clock.advance(Duration::from_hours(7 * 24) - Duration::from_millis(1));
    let again = Tokens::from(&refresh(&shop, &renewed.refresh).await);
    assert!(opens(&shop, &again.access).await);
    clock.advance(Duration::from_hours(7 * 24));
    refused(refresh(&shop, &again.refresh).await);
    assert_eq!(reuses(shop.stack()), 0);
}

#[tokio::test]
async fn login_to_an_eleventh_session_ends_the_longest_unused_one() {
    let shop = Furnished::open().await;
    let person = shop.hire("busy", "STAFF").await;
    let login = async || Tokens::from(&shop.anonymous().log_in(&person.email, PASSWORD).await);
    let mut sessions = vec![Tokens { access: person.token().to_owned(), refresh: person.refresh_token.clone() }];
    while sessions.len() < 10 {
        sessions.push(login().await);
    }
    // The first was used since the second was.
    sessions[0] = Tokens::from(&refresh(&shop, &sessions[0].refresh).await);

    for evicted in [1, 2] {
        sessions.push(login().await);
        for (n, tokens) in sessions.iter().enumerate() {
            assert_eq!(opens(&shop, &tokens.access).await, !(1..=evicted).contains(&n), "session {n}");
        }
    }
    refused(refresh(&shop, &sessions[1].refresh).await);
    refresh(&shop, &sessions[0].refresh).await.expect(200);
}
