//! Calls from pages of other origins: only configured origins are allowed.

use http::Method;
use serde_json::json;
use stockroom_harness::Request;

use super::{Furnished, operations};

const OURS: &str = "https://app.example.com";

fn from(origin: &str, request: Request) -> Request {
    request.header("origin", origin)
}

#[tokio::test]
async fn preflight_of_a_configured_origin_allows_the_route() {
    let shop = Furnished::open().await;
    for route in operations() {
        let preflight = shop.anonymous().request(Method::OPTIONS, shop.path(route.path));
        let preflight = from(OURS, preflight).header("access-control-request-method", route.method.as_str()).header(
            "access-control-request-headers",
            "authorization,content-type,idempotency-key,if-match,x-tenant-id",
        );
        let reply = preflight.await.expect(200);
        assert_eq!(reply.header("access-control-allow-origin"), Some(OURS));
        assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
        let listed = |name: &str| reply.header(name).unwrap().to_ascii_lowercase();
        let methods = listed("access-control-allow-methods");
        assert!(methods.split(',').any(|method| method == route.method.as_str().to_ascii_lowercase()), "{methods}");
        let headers = listed("access-control-allow-headers");
        for wanted in ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "x-tenant-id"] {
            assert!(headers.split(',').any(|header| header == wanted), "{headers}");
        }
        assert!(reply.bytes().is_empty());
    }
}

#[tokio::test]
async fn every_answer_is_readable_by_the_configured_origin_only() {
    let shop = Furnished::open().await;
    let supplier = format!("/api/v1/suppliers/{}", shop.supplier);
    for (status, request) in [
        (200, shop.boss().get(&supplier)),
        (201, shop.boss().post("/api/v1/suppliers", json!({"name": "Hooli"}))),
        (304, shop.boss().get(&supplier).header("if-none-match", "*")),
        (401, shop.anonymous().get(&supplier)),
        (405, shop.boss().delete("/api/v1/suppliers")),
        (422, shop.boss().post("/api/v1/suppliers", json!({}))),
    ] {
        let ours = from(OURS, request.clone()).await.expect(status);
        assert_eq!(ours.header("access-control-allow-origin"), Some(OURS), "{ours:?}");
        assert_eq!(ours.header("access-control-allow-credentials"), Some("true"));
        let exposed = ours.header("access-control-expose-headers").unwrap().to_ascii_lowercase();
        for header in ["etag", "link", "location", "x-request-id", "idempotency-replayed", "retry-after"] {
            assert!(exposed.split(',').any(|name| name == header), "{exposed}");
        }
        for origin in ["https://evil.example", "https://app.example.com.evil.example", "http://app.example.com", "null"]
        {
            let foreign = from(origin, request.clone()).await;
            assert_eq!(foreign.header("access-control-allow-origin"), None, "{foreign:?}");
            assert!(foreign.header("vary").unwrap().contains("origin"));
        }
    }
}

#[tokio::test]
async fn preflight_of_a_foreign_origin_allows_nothing() {
    let shop = Furnished::open().await;
    let preflight = shop.anonymous().request(Method::OPTIONS, "/api/v1/products");
    let reply = from("https://evil.example", preflight).header("access-control-request-method", "POST").await;
    assert_eq!(reply.header("access-control-allow-origin"), None);
}
