//! The form of every answer: problem documents, ids, headers, methods.

use std::collections::{BTreeMap, BTreeSet};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use stockroom_harness::{Client, PASSWORD, Reply};

use super::{Furnished, UNKNOWN_ID, is_page, operations};

/// The members of every problem document, in this order.
const MEMBERS: [&str; 7] = ["type", "title", "status", "detail", "instance", "code", "request_id"];

/// One answer of every kind, successful and refused.
async fn one_of_each(shop: &Furnished) -> Vec<Reply> {
    let supplier = format!("/api/v1/suppliers/{}", shop.supplier);
    let boss = shop.boss();
    let products =
        |body: &'static str, content_type| boss.request(Method::POST, "/api/v1/products").raw_body(body, content_type);
    let requests = [
        (200, boss.get(&supplier)),
        (201, boss.post("/api/v1/suppliers", json!({"name": "Hooli"}))),
        (204, boss.delete(format!("/api/v1/suppliers/{}", shop.supplier("Old").await))),
        (304, boss.get(&supplier).header("if-none-match", "*")),
        (200, boss.request(Method::OPTIONS, &supplier)),
        (200, boss.get("/health-check")),
        (200, shop.anonymous().log_in(&shop.staff().email, PASSWORD)),
        (400, products("{", "application/json")),
        (400, boss.get("/api/v1/products").query(&[("cursor", "x")])),
        (401, shop.anonymous().get(&supplier)),
        (403, shop.staff().delete(&supplier)),
        (404, boss.get(format!("/api/v1/suppliers/{UNKNOWN_ID}"))),
        (405, boss.delete("/api/v1/suppliers")),
        (409, boss.post("/api/v1/products", json!({"sku": "SKU-1", "name": "Again"}))),
        (412, boss.delete(&supplier).if_match(2)),
        (413, boss.request(Method::POST, "/api/v1/products").raw_body(vec![b' '; 1024 * 1024 + 1], "application/json")),
        (415, products("{}", "text/plain")),
        (422, products("{}", "application/json")),
    ];
    let mut replies = Vec::new();
    for (status, request) in requests {
        replies.push(request.await.expect(status));
    }
    replies
}

#[tokio::test]
async fn every_error_is_a_problem_document() {
    let shop = Furnished::open().await;
    let mut refusals = one_of_each(&shop).await;
    refusals.retain(|reply| reply.status() >= 400);
    refusals.push(shop.boss().get("/nowhere").await.expect(404));
    for reply in refusals {
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        let problem = reply.json();
        let names: Vec<_> = problem.as_object().unwrap().keys().map(String::as_str).collect();
        let more: &[&str] = if reply.status() == 422 { &["errors"] } else { &[] };
        assert_eq!(names, [&MEMBERS, more].concat(), "{reply:?}");
        let status = StatusCode::from_u16(reply.status()).unwrap();
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["title"], status.canonical_reason().unwrap());
        assert_eq!(problem["status"], reply.status());
        assert_eq!(problem["request_id"], reply.request_id());
        for error in problem["errors"].as_array().into_iter().flatten() {
            assert!(
                error["code"].is_string() && error["detail"].is_string() && error["pointer"].is_string(),
                "{error}"
            );
        }
        assert_eq!(reply.header("www-authenticate"), (status == 401).then_some("Bearer"));
    }
    let path = format!("/api/v1/products/{UNKNOWN_ID}");
    let reply = shop.boss().get(format!("{path}?include=levels")).await.expect(404);
    let expected = json!({
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "The resource does not exist.",
        "instance": path,
        "code": "not_found",
        "request_id": reply.request_id(),
    });
    assert_eq!(reply.json(), expected);
}

#[tokio::test]
async fn every_answer_and_its_log_line_have_one_request_id() {
    let shop = Furnished::open().await;
    let mut ids = BTreeSet::new();
    for reply in one_of_each(&shop).await {
        assert!(ids.insert(reply.request_id().to_owned()), "a request id is unique");
        let log = reply.log();
        let lines: Vec<_> = log.iter().filter(|line| line["message"] == "request").collect();
        assert_eq!(lines.len(), 1, "{log:?}");
        assert_eq!(lines[0]["status"], reply.status());
        let code = if reply.status() < 400 { Value::Null } else { json!(reply.code()) };
        assert_eq!(lines[0]["code"], code);
    }
    let reply = shop.staff().get(format!("/api/v1/products/{}", shop.product)).await;
    let line = &reply.log()[0];
    let expected = [
        ("method", json!("GET")),
        ("route", json!("/api/v1/products/{id}")),
        ("organization", json!(shop.shop.id)),
        ("user", json!(shop.staff().id)),
    ];
    for (member, value) in expected {
        assert_eq!(line[member], value, "{line}");
    }
}

#[tokio::test]
async fn every_answer_has_security_headers() {
    let shop = Furnished::open().await;
    for reply in one_of_each(&shop).await {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("strict-transport-security", "max-age=63072000; includeSubDomains"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{name} of {reply:?}");
        }
        let types = reply.headers().get_all("content-type").iter().count();
        assert_eq!(types, usize::from(!reply.bytes().is_empty()), "{reply:?}");
    }
}

/// Every path with the methods it knows.
fn methods() -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut methods: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for route in operations() {
        let known = methods.entry(route.path).or_default();
        known.insert(route.method.to_string());
        if route.method == Method::GET {
            known.insert("HEAD".to_owned());
        }
    }
    methods
}

#[tokio::test]
async fn request_with_an_unknown_method_is_method_not_allowed_with_allow() {
    let shop = Furnished::open().await;
    for (path, known) in methods() {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
            if known.contains(method) {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let reply = shop.anonymous().request(method.clone(), shop.path(path)).await.expect(405);
            let allowed = reply.header("allow").unwrap().split(',').map(|name| name.trim().to_owned()).collect();
            assert_eq!(known, allowed, "{path}");
            if method != Method::HEAD {
                assert_eq!(reply.code(), "method_not_allowed");
            }
        }
    }
}

/// The parts that HEAD shares with GET.
fn head(reply: &Reply) -> BTreeMap<String, String> {
    let is_own = |name: &str| ["x-request-id", "content-length"].contains(&name);
    let headers = reply.headers().iter().filter(|(name, _)| !is_own(name.as_str()));
    // No two cursors are the same.
    let plain = |value: &str| value.split("cursor=").next().unwrap().to_owned();
    headers.map(|(name, value)| (name.to_string(), plain(value.to_str().unwrap()))).collect()
}

#[tokio::test]
async fn head_equals_get_without_the_body() {
    let shop = Furnished::open().await;
    let unknown = format!("/api/v1/products/{UNKNOWN_ID}");
    let mut asked: Vec<(Client, String)> = operations()
        .filter(|route| route.method == Method::GET)
        .map(|route| (shop.boss(), shop.path(route.path)))
        .collect();
    asked.extend([
        (shop.boss(), unknown),
        (shop.boss(), "/api/v1/products?limit=0".to_owned()),
        (shop.anonymous(), "/api/v1/products".to_owned()),
        (shop.staff().without_tenant(), format!("/api/v1/users/{}", shop.admin().id)),
    ]);
    for (client, path) in asked {
        let get = client.get(&path).await;
        let same = client.request(Method::HEAD, &path).await;
        assert_eq!((same.status(), same.bytes()), (get.status(), &b""[..]), "{path}");
        assert_eq!(head(&same), head(&get), "{path}");
        assert!(!get.bytes().is_empty());
    }
}

#[tokio::test]
async fn create_returns_the_location_of_the_new_item() {
    let shop = Furnished::open().await;
    for path in ["products", "suppliers", "warehouses", "stock-movements", "users", "organizations"] {
        let path = format!("/api/v1/{path}");
        let made = shop.boss().post(&path, shop.body(&Method::POST, &path)).await.expect(201);
        let location = made.header("location").unwrap();
        if path == "/api/v1/organizations" {
            let id = &made.json()["organization"]["id"];
            assert_eq!(location, format!("{path}/{}", id.as_str().unwrap()));
            continue;
        }
        assert_eq!(location, format!("{path}/{}", made.id()));
        let found = shop.boss().get(location).await.expect(200);
        assert_eq!(found.json(), made.json());
        assert_eq!(found.header("etag"), made.header("etag"));
        assert_eq!(made.tag_version(), (path != "/api/v1/stock-movements").then_some(1));
    }
}

/// Every text of a document whose name says that it is a time.
fn times(document: &Value, found: &mut Vec<String>) {
    match document {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str() {
                    Some(text) if name.ends_with("_at") || name == "since" => found.push(text.to_owned()),
                    _ => times(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| times(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn every_time_in_an_answer_is_utc_with_milliseconds() {
    let shop = Furnished::open().await;
    let low = shop.product("LOW").with("min_stock_level", 5).await;
    let occurred = shop.receive(&low, &shop.warehouse, 1).with("occurred_at", "1998-05-03T01:02:03.4567+02:00").await;
    assert_eq!(occurred.expect(201).json()["occurred_at"], "1998-05-02T23:02:03.456Z");

    let mut found = Vec::new();
    for route in operations().filter(|route| route.method == Method::GET && !is_page(route)) {
        times(&shop.boss().get(shop.path(route.path)).await.expect(200).json(), &mut found);
    }
    assert!(found.len() > 20, "{found:?}");
    for time in found {
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000Z");
    }
}
