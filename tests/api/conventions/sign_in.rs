//! Login: account, password and tenant.

use http::{Method, header::HOST};
use serde_json::{Value, json};
use stockroom_harness::{Client, PASSWORD, Request, Shop, Stack};
use url::form_urlencoded;

use super::{Furnished, items, problem};

const LOGIN: &str = "/api/v1/auth/token";

/// OAuth 2's password form.
fn form(client: &Client, fields: &[(&str, &str)]) -> Request {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    client.request(Method::POST, LOGIN).raw_body(body, "application/x-www-form-urlencoded")
}

#[tokio::test]
async fn login_by_json_or_form_returns_tokens() {
    let shop = Furnished::open().await;
    shop.stack().clock().stop();
    let email = &*shop.staff().email;
    let visitor = shop.anonymous();
    let anywhere = visitor.without_tenant();
    let oauth = [("grant_type", "password"), ("username", email), ("password", PASSWORD)];
    for request in [
        visitor.log_in(email, PASSWORD),
        visitor.log_in(&email.to_uppercase(), PASSWORD),
        visitor.log_in(email, PASSWORD).with("delivery", "body"),
        form(&visitor, &oauth),
        form(&visitor, &oauth[1..]),
        form(&anywhere, &[&oauth[..], &[("client_id", "acme"), ("client_secret", ""), ("scope", "")]].concat()),
        form(&visitor, &[&oauth[..], &[("client_id", "")]].concat()),
        // `acme:`, as Swagger UI sends the client by default.
        form(&anywhere, &oauth).header("authorization", "Basic YWNtZTo="),
        form(&visitor, &oauth).header("authorization", "Basic YWNtZTo="),
    ] {
        let reply = request.await.expect(200);
        let tokens = reply.json();
        let names: Vec<_> = tokens.as_object().unwrap().keys().collect();
        assert_eq!(names, ["access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in"]);
        assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(900)));
        assert_eq!(tokens["refresh_expires_in"], 7 * 24 * 60 * 60);
        let me =
            anywhere.with_token(tokens["access_token"].as_str().unwrap()).get("/api/v1/users/me").await.expect(200);
        assert_eq!(me.json()["email"], email);
        assert_eq!(reply.header("set-cookie"), None);
    }
}

#[tokio::test]
async fn login_with_an_invalid_body_names_every_error() {
    let shop = Furnished::open().await;
    let visitor = shop.anonymous();
    let email = &*shop.staff().email;
    for (request, expected) in [
        (visitor.post(LOGIN, json!({})), &["/email required", "/password required"][..]),
        (visitor.post(LOGIN, json!({"email": 1, "password": null})), &["/email wrong_type", "/password required"]),
        (visitor.log_in(email, PASSWORD).with("delivery", "pigeon"), &["/delivery unknown_value"]),
        (visitor.log_in(email, PASSWORD).with("username", email), &["/username unknown_member"]),
        (visitor.log_in(email, PASSWORD).with("client_id", "acme"), &["/client_id unknown_member"]),
    ] {
        assert_eq!(request.await.expect(422).faults(), expected);
    }
    for (fields, expected) in [
        (&[][..], &["/username required", "/password required"][..]),
        (&[("username", email), ("delivery", "pigeon")], &["/delivery unknown_value", "/password required"]),
        (&[("grant_type", "refresh_token"), ("username", email)], &["/refresh_token required"]),
    ] {
        assert_eq!(form(&visitor, fields).await.expect(400).faults(), expected);
    }
}

#[tokio::test]
async fn login_accepts_the_tenant_in_header_host_or_form() {
    let stack = Stack::start().await;
    let (shop, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    let anywhere = shop.anonymous().without_tenant();
    let login = |client: &Client| client.log_in(&shop.staff().email, PASSWORD);
    let oauth = [("username", &*shop.staff().email), ("password", PASSWORD)];
    let with_form = |client: &Client, tenant: &str| form(client, &[&oauth[..], &[("client_id", tenant)]].concat());
    let ours = shop.anonymous();
    for (case, (request, status, code)) in [
        (login(&ours), 200, ""),
        (login(&anywhere.with_tenant("ACME")), 200, ""),
        (login(&anywhere).header(HOST, "acme.example.com"), 200, ""),
        (login(&anywhere).header(HOST, "Acme.Example.com:8443"), 200, ""),
        (login(&ours).header(HOST, "acme.example.com"), 200, ""),
        (login(&ours).header(HOST, "example.com"), 200, ""),
        (login(&ours).header(HOST, "globex.example.org"), 200, ""),
        (with_form(&anywhere, "acme"), 200, ""),
        (with_form(&anywhere, "ACME"), 200, ""),
        (with_form(&ours, "acme"), 200, ""),
        (login(&anywhere), 400, "tenant_required"),
        (login(&anywhere.with_tenant("")), 400, "tenant_required"),
        (login(&anywhere).header(HOST, "example.com"), 400, "tenant_required"),
        (login(&anywhere).header(HOST, "shop.acme.example.com"), 400, "tenant_required"),
        (login(&anywhere).header(HOST, "acmeexample.com"), 400, "tenant_required"),
        (login(&anywhere).header("x-forwarded-host", "acme.example.com"), 400, "tenant_required"),
        (login(&anywhere).header("forwarded", "host=acme.example.com"), 400, "tenant_required"),
        (login(&ours).header(HOST, "globex.example.com"), 400, "tenant_conflict"),
        (login(&anywhere).header("x-tenant-id", "acme").header("x-tenant-id", "globex"), 400, "tenant_conflict"),
        (with_form(&ours, "globex"), 400, "tenant_conflict"),
        (with_form(&anywhere, "globex").header(HOST, "acme.example.com"), 400, "tenant_conflict"),
        (login(&globex.anonymous()), 401, "invalid_credentials"),
    ]
    .into_iter()
    .enumerate()
    {
        let reply = request.await;
        let refusal = if reply.status() == 200 { String::new() } else { reply.code() };
        assert_eq!((reply.status(), &*refusal), (status, code), "case {case}");
    }
}

#[tokio::test]
async fn request_naming_another_tenant_than_the_token_is_tenant_mismatch() {
    let stack = Stack::start().await;
    let (shop, _globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    let before = items(&stack);
    for tenant in ["globex", "nobody"] {
        for request in [
            shop.staff().with_tenant(tenant).get("/api/v1/products"),
            shop.staff().get("/api/v1/users/me").header(HOST, format!("{tenant}.example.com")),
            shop.manager().with_tenant(tenant).post("/api/v1/suppliers", json!({"name": "Hooli"})),
            shop.staff().with_tenant(tenant).post("/api/v1/auth/logout", json!({})),
        ] {
            assert_eq!(request.await.expect(403).code(), "tenant_mismatch");
        }
    }
    let torn = shop.staff().with_tenant("acme").get("/api/v1/products").header(HOST, "globex.example.com");
    assert_eq!(torn.await.expect(400).code(), "tenant_conflict");
    assert_eq!(items(&stack), before);
    shop.staff().with_tenant("acme").get("/api/v1/products").header(HOST, "acme.example.com").await.expect(200);
}

#[tokio::test]
async fn refresh_naming_another_tenant_than_the_token_is_tenant_mismatch() {
    let stack = Stack::start().await;
    let (shop, _globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    let refresh = |tenant: &str| {
        let token = json!({"refresh_token": shop.staff().refresh_token});
        shop.anonymous().with_tenant(tenant).post("/api/v1/auth/refresh", token)
    };
    let before = items(&stack);
    for tenant in ["globex", "nobody"] {
        assert_eq!(refresh(tenant).await.expect(403).code(), "tenant_mismatch");
    }
    assert_eq!(items(&stack), before);
    refresh("acme").await.expect(200);
}

#[tokio::test]
async fn login_with_any_wrong_part_is_invalid_credentials() {
    let shop = Furnished::open().await;
    let invited = json!({"email": "invited@acme.example", "full_name": "Invited", "role": "STAFF"});
    shop.admin().post("/api/v1/users", invited).await.expect(201);
    let email = &*shop.staff().email;
    let nowhere = shop.anonymous().with_tenant("nowhere");
    let wrong = shop.anonymous().log_in(email, "not the password").await.expect(401);
    assert_eq!(wrong.code(), "invalid_credentials");
    for request in [
        nowhere.log_in(email, PASSWORD),
        shop.anonymous().log_in("nobody@acme.example", PASSWORD),
        shop.anonymous().log_in("no address", PASSWORD),
        shop.anonymous().log_in("", ""),
        shop.anonymous().log_in("invited@acme.example", PASSWORD),
        shop.anonymous().log_in("invited@acme.example", ""),
        shop.anonymous().log_in(email, ""),
        shop.anonymous().log_in(email, &PASSWORD.to_uppercase()),
        shop.anonymous().log_in(email, &format!(" {PASSWORD}")),
        shop.anonymous().log_in(email, &PASSWORD.repeat(1_000)),
        shop.anonymous().log_in(email, "NUL\0"),
        form(&shop.anonymous(), &[("username", email), ("password", "not the password")]),
    ] {
        let reply = request.await.expect(401);
        assert_eq!(problem(&reply), problem(&wrong));
        let names = |reply: &stockroom_harness::Reply| reply.headers().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&reply), names(&wrong));
    }
}

#[tokio::test]
async fn create_of_an_account_requires_a_password_of_12_to_128_characters() {
    let shop = Furnished::open().await;
    let passwords = [
        ("x".repeat(11), Err("too_short")),
        ("𝕏".repeat(11), Err("too_short")),
        ("x".repeat(12), Ok(())),
        (format!(" {} ", "ß".repeat(10)), Ok(())),
        ("𝕏".repeat(128), Ok(())),
        ("x".repeat(129), Err("too_long")),
    ];
    for (n, (password, verdict)) in passwords.into_iter().enumerate() {
        let email = format!("user-{n}@acme.example");
        let user = json!({"email": email, "full_name": "New", "role": "STAFF", "password": password});
        let founder = json!({"email": email, "full_name": "New", "password": password});
        let subdomain = format!("initech-{n}");
        let organization = json!({"name": "Initech", "subdomain": subdomain, "admin": founder});
        let joined = shop.admin().post("/api/v1/users", user).await;
        let opened = shop.anonymous().post("/api/v1/organizations", organization).await;
        if let Err(code) = verdict {
            assert_eq!(joined.expect(422).faults(), [format!("/password {code}")]);
            assert_eq!(opened.expect(422).faults(), [format!("/admin/password {code}")]);
            continue;
        }
        joined.expect(201);
        opened.expect(201);
        shop.anonymous().log_in(&email, &password).await.expect(200);
        shop.anonymous().with_tenant(subdomain).log_in(&email, &password).await.expect(200);
        let trimmed = password.trim();
        let status = if trimmed == password { 200 } else { 401 };
        shop.anonymous().log_in(&email, trimmed).await.expect(status);
    }
}

#[tokio::test]
async fn every_login_to_a_known_tenant_is_logged() {
    let shop = Furnished::open().await;
    let entries = |action: &str| {
        let entries: Vec<Value> =
            items(shop.stack()).into_values().filter(|item| item["data"]["action"] == action).collect();
        entries
    };
    let (logins, failures) = (entries("LOGIN").len(), entries("LOGIN_FAILED").len());
    shop.anonymous().log_in(&shop.staff().email, PASSWORD).await.expect(200);
    shop.anonymous().log_in(&shop.staff().email, "not the password").await.expect(401);
    shop.anonymous().log_in("nobody@acme.example", "not the password").await.expect(401);
    shop.anonymous().with_tenant("nowhere").log_in(&shop.staff().email, PASSWORD).await.expect(401);
    assert_eq!((entries("LOGIN").len(), entries("LOGIN_FAILED").len()), (logins + 1, failures + 2));
}
