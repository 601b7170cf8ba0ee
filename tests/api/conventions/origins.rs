//! Requests that set or use the cookie with the refresh token: the accepted pages, and the cookie's name.

use http::Method;
use serde_json::json;
use stockroom_harness::{Client, PASSWORD, Reply, Request, Shop};

use super::{Furnished, items};

const TOKEN: &str = "/api/v1/auth/token";
const REFRESH: &str = "/api/v1/auth/refresh";
const LOGOUT: &str = "/api/v1/auth/logout";

/// Requests that a page of another site can send: a form, JSON by script, a request without a body.
fn attacks(client: &Client, email: &str, refresh_token: &str) -> Vec<Request> {
    let form = format!("username={email}&password={PASSWORD}&delivery=cookie");
    let by_refresh = format!("grant_type=refresh_token&refresh_token={refresh_token}&delivery=cookie");
    let with_cookie =
        |path: &str| client.request(Method::POST, path).header("cookie", format!("refresh_token={refresh_token}"));
    vec![
        client.request(Method::POST, TOKEN).raw_body(form, "application/x-www-form-urlencoded"),
        client.request(Method::POST, TOKEN).raw_body(by_refresh, "application/x-www-form-urlencoded"),
        client.log_in(email, PASSWORD).with("delivery", "cookie"),
        client.log_in(email, "not the password").with("delivery", "cookie"),
        with_cookie(REFRESH),
        with_cookie(LOGOUT),
        with_cookie(REFRESH).header("cookie", "refresh_token=another"),
    ]
}

#[tokio::test]
async fn cookie_request_of_a_foreign_page_is_forbidden() {
    let shop = Furnished::open().await;
    let staff = shop.sign_in(shop.staff()).await;
    let before = items(shop.stack());
    for headers in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://app.example.com.evil.example"), ("sec-fetch-site", "cross-site")],
    ] {
        for request in attacks(&shop.anonymous(), &staff.email, &staff.refresh_token) {
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
            let reply = request.await.expect(403);
            assert_eq!((reply.code().as_str(), reply.header("set-cookie")), ("forbidden", None), "{headers:?}");
        }
    }
    assert_eq!(items(shop.stack()), before);
}

#[tokio::test]
async fn cookie_request_of_an_accepted_page_or_program_succeeds() {
    let shop = Furnished::open().await;
    for headers in [
        &[][..],
        &[("origin", "http://localhost:8000")],
        &[("origin", "https://app.example.com"), ("sec-fetch-site", "cross-site")],
        &[("origin", "https://acme.example.com"), ("sec-fetch-site", "same-site")],
        &[("origin", "https://stock.example"), ("host", "stock.example"), ("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
    ] {
        let send =
            |request: Request| headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let login = shop.anonymous().log_in(&shop.staff().email, PASSWORD).with("delivery", "cookie");
        let first = cookie(&send(login).await.expect(200));
        let with = |path: &str, token: &str| {
            send(shop.anonymous().request(Method::POST, path).header("cookie", format!("refresh_token={token}")))
        };
        let second = cookie(&with(REFRESH, &first).await.expect(200));
        with(LOGOUT, &second).await.expect(204);
    }
    // Requests that neither set nor use the cookie are answered as usual.
    let foreign = shop.anonymous().log_in(&shop.staff().email, PASSWORD).header("origin", "https://evil.example");
    let tokens = foreign.await.expect(200).json();
    let body = json!({"refresh_token": tokens["refresh_token"]});
    shop.anonymous().post(LOGOUT, body).header("origin", "https://evil.example").await.expect(204);
}

#[track_caller]
fn cookie(reply: &Reply) -> String {
    let value = reply.header("set-cookie").unwrap().split(';').next().unwrap();
    value.split_once('=').unwrap().1.to_owned()
}

#[tokio::test]
async fn login_over_https_sets_a_secure_prefixed_cookie() {
    let shop = Furnished::open().await;
    let clock = shop.stack().clock().clone();
    let secure = shop.stack().another_process_with(clock, &[("PUBLIC_URL", "https://stock.example/prod")]);
    let shop: Shop = shop.at(&secure);
    let visitor = shop.anonymous();
    let login = visitor.log_in(&shop.staff().email, PASSWORD).with("delivery", "cookie").await.expect(200);
    let set = login.header("set-cookie").unwrap();
    assert!(set.starts_with("__Secure-refresh_token="), "{set}");
    assert!(set.ends_with("; HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth"), "{set}");
    let token = cookie(&login);
    let with = |name: &str| visitor.request(Method::POST, REFRESH).header("cookie", format!("{name}={token}"));
    with("refresh_token").await.expect(401);
    let renewed = with("__Secure-refresh_token").await.expect(200);
    assert!(renewed.header("set-cookie").unwrap().starts_with("__Secure-refresh_token="));
    let plain = with("__Secure-refresh_token").header("origin", "http://stock.example").await.expect(403);
    assert_eq!(plain.code(), "forbidden");
    let out =
        visitor.request(Method::POST, LOGOUT).header("cookie", format!("__Secure-refresh_token={}", cookie(&renewed)));
    let out = out.await.expect(204);
    assert!(out.header("set-cookie").unwrap().starts_with("__Secure-refresh_token=; Max-Age=0"));
}
