//! API Gateway's own address has a stage before every path: links in answers have it too.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use stockroom_harness::{PASSWORD, Shop, Stack};
use stockroom_local::{
    functions,
    invoke::invoke,
    proxy_event::{GatewayContext, proxy_event},
};

/// Asks a function as the gateway's stage `prod` does.
async fn ask(shop: &Shop, function: &str, request: http::request::Builder, body: Value) -> Value {
    let (parts, body) = request.body(Bytes::from(body.to_string())).unwrap().into_parts();
    let context = GatewayContext {
        source_ip: [203, 0, 113, 7].into(),
        request_id: "0190b6a4-7b1e-7c3a-8f00-0123456789ab",
        time: jiff::Timestamp::UNIX_EPOCH,
        resource: parts.uri.path(),
        path_parameters: [].into(),
    };
    let mut event = proxy_event(&parts, &body, &context);
    event["requestContext"]["path"] = format!("/prod{}", parts.uri.path()).into();
    event["requestContext"]["stage"] = "prod".into();
    let mut functions = functions::all(shop.stack().app()).into_iter();
    let router = functions.find(|known| known.name == function).unwrap().router;
    invoke(router, event, "call").await.unwrap()
}

#[track_caller]
fn header<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer["multiValueHeaders"][name][0].as_str().unwrap_or_else(|| panic!("no {name}: {answer}"))
}

#[tokio::test]
async fn request_behind_a_stage_gets_links_with_the_stage() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let authorization = format!("Bearer {}", shop.manager().token());
    let request = |method, path: &str| {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        request.header("authorization", &authorization)
    };

    let create = || request(Method::POST, "/api/v1/products").header("idempotency-key", "one");
    let product = json!({"sku": "SKU-1", "name": "One"});
    let created = ask(&shop, "products", create(), product.clone()).await;
    assert!(header(&created, "location").starts_with("/prod/api/v1/products/"), "{created}");
    // The stored response names no stage.
    let again = shop.manager().post("/api/v1/products", product).key("one").await.expect(201);
    assert!(again.header("location").unwrap().starts_with("/api/v1/products/"), "{again:?}");

    shop.product("SKU-2").await;
    let page = ask(&shop, "products", request(Method::GET, "/api/v1/products?limit=1"), Value::Null).await;
    assert!(header(&page, "link").starts_with("</prod/api/v1/products?"), "{page}");

    let sign_in = Request::builder().method(Method::POST).uri("/api/v1/auth/token").header("x-tenant-id", "acme");
    let sign_in = sign_in.header("content-type", "application/json");
    let credentials = json!({"email": shop.staff().email, "password": PASSWORD, "delivery": "cookie"});
    let signed_in = ask(&shop, "auth", sign_in, credentials).await;
    assert!(header(&signed_in, "set-cookie").ends_with("; Path=/prod/api/v1/auth"), "{signed_in}");

    let missing = ask(&shop, "products", request(Method::GET, "/api/v1/products/nothing"), Value::Null).await;
    let problem: Value = serde_json::from_str(missing["body"].as_str().unwrap()).unwrap();
    assert_eq!(problem["instance"], "/prod/api/v1/products/nothing");

    let document = ask(&shop, "docs", Request::builder().uri("/openapi.json"), Value::Null).await;
    let document: Value = serde_json::from_str(document["body"].as_str().unwrap()).unwrap();
    assert_eq!(document["servers"], json!([{"url": "/prod"}]));
    let flow = &document["components"]["securitySchemes"]["password"]["flows"]["password"];
    assert_eq!(flow["tokenUrl"], "/prod/api/v1/auth/token");
}
