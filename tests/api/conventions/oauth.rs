//! The token endpoint for clients of OAuth 2 (RFC 6749), and every place where they can name the tenant.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Method, header::HOST};
use serde_json::json;
use stockroom_harness::{Client, PASSWORD, Request};
use url::form_urlencoded;

use super::Furnished;

const TOKEN: &str = "/api/v1/auth/token";

fn form(client: &Client, fields: &[(&str, &str)]) -> Request {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    client.request(Method::POST, TOKEN).raw_body(body, "application/x-www-form-urlencoded")
}

fn basic(text: &str) -> String {
    format!("Basic {}", STANDARD.encode(text))
}

#[tokio::test]
async fn token_form_with_unknown_parameters_is_accepted() {
    let shop = Furnished::open().await;
    let fields = [
        ("grant_type", "password"),
        ("username", &*shop.staff().email),
        ("password", PASSWORD),
        ("audience", "https://api.example.com"),
        ("resource", "https://one.example"),
        ("resource", "https://two.example"),
        ("scope", ""),
        ("client_secret", ""),
    ];
    let reply = form(&shop.anonymous(), &fields).await.expect(200);
    assert_eq!((reply.header("cache-control"), reply.header("pragma")), (Some("no-store"), Some("no-cache")));
    // JSON keeps its contract.
    let json = shop.anonymous().log_in(&shop.staff().email, PASSWORD).with("audience", "x").await.expect(422);
    assert_eq!(json.faults(), ["/audience unknown_member"]);
}

#[tokio::test]
async fn token_form_with_a_known_parameter_twice_is_invalid_request() {
    let shop = Furnished::open().await;
    let email = &*shop.staff().email;
    let fields = [("grant_type", "password"), ("username", email), ("password", PASSWORD)];
    for twice in ["grant_type", "username", "password"] {
        let again = fields.iter().find(|(name, _)| *name == twice).unwrap();
        let reply = form(&shop.anonymous(), &[&fields[..], &[*again]].concat()).await.expect(400);
        assert_eq!(reply.faults(), [format!("/{twice} duplicate_parameter")]);
        assert_eq!((reply.code().as_str(), &reply.json()["error"]), ("invalid_request", &json!("invalid_request")));
    }
    // One without a value counts as absent (RFC 6749, 3.2).
    form(&shop.anonymous(), &[&fields[..], &[("username", "")]].concat()).await.expect(200);
}

#[tokio::test]
async fn basic_credentials_that_cannot_be_decoded_are_invalid_request() {
    let shop = Furnished::open().await;
    let fields = [("grant_type", "password"), ("username", &*shop.staff().email), ("password", PASSWORD)];
    let base64 = |bytes: &[u8]| format!("Basic {}", STANDARD.encode(bytes));
    for header in ["Basic !".to_owned(), "basic".to_owned(), base64(b"acme"), base64(b"%ff:"), base64(b"\xff:")] {
        let reply = form(&shop.anonymous(), &fields).header("authorization", header.clone()).await.expect(400);
        assert_eq!((reply.code().as_str(), &reply.json()["error"]), ("invalid_request", &json!("invalid_request")));
    }
    for named in [base64(b"acme:"), base64(b":"), "Bearer x".to_owned()] {
        form(&shop.anonymous(), &fields).header("authorization", named).await.expect(200);
    }
}

#[tokio::test]
async fn problem_of_a_token_request_has_the_error_of_rfc_6749() {
    let shop = Furnished::open().await;
    let visitor = shop.anonymous();
    let email = &*shop.staff().email;
    let password = [("grant_type", "password"), ("username", email), ("password", PASSWORD)];
    let refresh = |token: &str| form(&visitor, &[("grant_type", "refresh_token"), ("refresh_token", token)]);
    for (request, status, code, error) in [
        (form(&visitor, &[]), 400, "invalid_request", "invalid_request"),
        (form(&visitor, &password[..2]), 400, "invalid_request", "invalid_request"),
        (form(&visitor, &[("grant_type", "refresh_token")]), 400, "invalid_request", "invalid_request"),
        (form(&visitor.without_tenant(), &password), 400, "tenant_required", "invalid_request"),
        (
            form(&visitor, &[&password[..], &[("client_id", "globex")]].concat()),
            400,
            "tenant_conflict",
            "invalid_request",
        ),
        (
            form(&visitor, &[("grant_type", "client_credentials")]),
            400,
            "unsupported_grant_type",
            "unsupported_grant_type",
        ),
        (
            form(&visitor, &[("username", email), ("password", "not the password")]),
            401,
            "invalid_credentials",
            "invalid_grant",
        ),
        (refresh("nonsense"), 401, "invalid_refresh_token", "invalid_grant"),
        (visitor.log_in(email, "not the password"), 401, "invalid_credentials", "invalid_grant"),
        (visitor.post(TOKEN, json!({})), 422, "validation_failed", "invalid_request"),
        (visitor.post(TOKEN, json!({})).raw_body("x", "text/plain"), 415, "unsupported_media_type", "invalid_request"),
    ] {
        let reply = request.await.expect(status);
        let problem = reply.json();
        assert_eq!((reply.code().as_str(), &problem["error"]), (code, &json!(error)), "{problem}");
        let description = problem["error_description"].as_str().unwrap();
        let is_allowed = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
        assert!(!description.is_empty() && description.chars().all(is_allowed), "{description}");
        assert_eq!((problem["status"].as_u64(), reply.header("pragma")), (Some(status.into()), Some("no-cache")));
    }
    // Elsewhere problems have no such member.
    let elsewhere = visitor.post("/api/v1/auth/refresh", json!({})).await.expect(401);
    assert_eq!(elsewhere.json().get("error"), None);
}

#[tokio::test]
async fn token_form_with_a_refresh_token_gives_the_next_tokens() {
    let shop = Furnished::open().await;
    let staff = shop.sign_in(shop.staff()).await;
    let anywhere = shop.anonymous().without_tenant();
    let refresh = |token: &str, more: &[(&str, &str)]| {
        form(&anywhere, &[&[("grant_type", "refresh_token"), ("refresh_token", token)][..], more].concat())
    };
    let other = refresh(&staff.refresh_token, &[("client_id", "globex")]).await.expect(403);
    assert_eq!((other.code().as_str(), &other.json()["error"]), ("tenant_mismatch", &json!("invalid_grant")));
    let tokens = refresh(&staff.refresh_token, &[("client_id", "acme"), ("scope", "x")]).await.expect(200).json();
    let second = tokens["refresh_token"].as_str().unwrap();
    assert_ne!(second, staff.refresh_token);
    let access = tokens["access_token"].as_str().unwrap();
    anywhere.with_token(access).get("/api/v1/users/me").await.expect(200);

    let in_cookie = refresh(second, &[("delivery", "cookie")]).await.expect(200);
    assert!(in_cookie.header("set-cookie").unwrap().starts_with("refresh_token="));
    assert_eq!(in_cookie.json().get("refresh_token"), None);
}

/// A way to name a client outside the form.
type Way = fn(&Client, &[(&str, &str)], &str) -> Request;

#[tokio::test]
async fn login_with_two_differing_tenant_names_is_tenant_conflict() {
    let shop = Furnished::open().await;
    let anywhere = shop.anonymous().without_tenant();
    let oauth = [("username", &*shop.staff().email), ("password", PASSWORD)];
    // Each way to name a tenant.
    let ways: [(&str, Way); 5] = [
        ("header", |client, fields, tenant| form(&client.with_tenant(tenant), fields)),
        ("host", |client, fields, tenant| form(client, fields).header(HOST, format!("{tenant}.example.com"))),
        ("host with a dot", |client, fields, tenant| {
            form(client, fields).header(HOST, format!("{tenant}.example.com."))
        }),
        ("form", |client, fields, tenant| form(client, &[fields, &[("client_id", tenant)]].concat())),
        ("Basic", |client, fields, tenant| form(client, fields).header("authorization", basic(&format!("{tenant}:")))),
    ];
    for (name, way) in ways {
        way(&anywhere, &oauth, "acme").await.expect(200);
        assert_eq!(way(&anywhere, &oauth, "globex").await.expect(401).code(), "invalid_credentials", "{name}");
    }
    let both = |one: &str, other: &str| {
        let with_client = [&oauth[..], &[("client_id", one)]].concat();
        let header = anywhere.with_tenant(one);
        [
            form(&anywhere, &with_client).header("authorization", basic(&format!("{other}:"))),
            form(&anywhere, &with_client).header(HOST, format!("{other}.example.com")),
            form(&anywhere, &with_client).header(HOST, format!("{other}.example.com.:8443")),
            form(&anywhere.with_tenant(other), &with_client),
            form(&header, &oauth).header("authorization", basic(&format!("{other}:"))),
            form(&header, &oauth).header(
                "authorization",
                basic(&format!("{}%{:02x}:", &other[..other.len() - 1], other.as_bytes()[other.len() - 1])),
            ),
            form(&header, &oauth).header(HOST, format!("{}.example.com.", other.to_uppercase())),
            header.log_in(&shop.staff().email, PASSWORD).header("authorization", basic(&format!("{other}:"))),
            header.log_in(&shop.staff().email, PASSWORD).header(HOST, format!("{other}.example.com.")),
        ]
    };
    for request in both("acme", "acme") {
        request.await.expect(200);
    }
    for request in both("acme", "globex").into_iter().chain(both("globex", "acme")) {
        assert_eq!(request.await.expect(400).code(), "tenant_conflict");
    }
    for request in [
        form(&anywhere, &oauth).header("authorization", basic("acme:")).header("authorization", basic("globex:")),
        form(&anywhere, &oauth).header("x-tenant-id", "acme").header("x-tenant-id", "acme"),
        form(&anywhere, &oauth).header(HOST, "acme.example.com").header(HOST, "globex.example.com"),
    ] {
        assert_eq!(request.await.expect(400).code(), "tenant_conflict");
    }
}

#[tokio::test]
async fn host_with_a_trailing_dot_names_the_same_tenant() {
    let shop = Furnished::open().await;
    for host in ["acme.example.com.", "ACME.Example.com.:8443"] {
        shop.staff().get("/api/v1/users/me").header(HOST, host).await.expect(200);
    }
    let other = shop.staff().get("/api/v1/users/me").header(HOST, "globex.example.com.").await.expect(403);
    assert_eq!(other.code(), "tenant_mismatch");
    let torn = shop.staff().with_tenant("acme").get("/api/v1/users/me").header(HOST, "globex.example.com.");
    assert_eq!(torn.await.expect(400).code(), "tenant_conflict");
}
