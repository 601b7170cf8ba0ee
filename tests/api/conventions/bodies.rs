//! Unreadable bodies, at every operation that takes a body.

use http::{
    Method,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use serde_json::json;

use super::{Furnished, UNKNOWN_ID, faults, items, operations, takes_nothing, writes};

const MIB: usize = 1024 * 1024;
/// This operation also accepts a form.
const LOGIN: &str = "/api/v1/auth/token";

fn unreadable() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 22] = [
        b" ",
        b"{",
        b"{}}",
        b"{} {}",
        b"{} x",
        b"x",
        b"'{}'",
        b"{'a': 1}",
        b"{a: 1}",
        br#"{"a": 1,}"#,
        br#"{"a": 01}"#,
        br#"{"a": NaN}"#,
        br#"{"a": 1, "a": 1}"#,
        br#"{"a": 1, "\u0061": 1}"#,
        br#"{"a": {"b": [{"c": 1, "c": 1}]}}"#,
        br#"{"a": "\ud800"}"#,
        br#"{"\udc00": 1}"#,
        br#"{"a": "\x"}"#,
        b"{\"a\": \"\x00\"}",
        b"{\"a\": \"\xff\"}",
        b"{\"a\": \"\xed\xa0\x80\"}",
        b"\xef\xbb\xbf{}",
    ];
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(33), close.repeat(33)).into_bytes();
    let bottomless = vec![b'['; 64 * 1024];
    texts.map(<[u8]>::to_vec).into_iter().chain([deep("[", "]"), deep(r#"{"a":"#, "}"), bottomless]).collect()
}

#[tokio::test]
async fn body_that_is_not_one_json_value_is_malformed_json() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    for route in writes() {
        for body in unreadable() {
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            let request = shop.boss().request(route.method.clone(), shop.path(route.path));
            let reply = request.raw_body(body, "application/json").await.expect(400);
            assert_eq!(reply.code(), "malformed_json", "{} {}: {shown}", route.method, route.path);
        }
    }
    assert_eq!(items(shop.stack()), before);
}

fn padded(body: &str, length: usize) -> String {
    format!("{body}{}", " ".repeat(length - body.len()))
}

#[tokio::test]
async fn body_above_one_mebibyte_is_body_too_large() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    for route in writes() {
        let body = shop.body(&route.method, route.path).to_string();
        let request = shop.boss().request(route.method.clone(), shop.path(route.path));
        let request = request.raw_body(padded(&body, MIB + 1), "application/json");
        assert_eq!(request.clone().await.expect(413).code(), "body_too_large");
        assert_eq!(request.key("k").await.expect(413).code(), "body_too_large");
    }
    assert_eq!(items(shop.stack()), before);

    let product = json!({"sku": "SKU-2", "name": "Second"}).to_string();
    let request = shop.boss().request(Method::POST, "/api/v1/products");
    request.raw_body(padded(&product, MIB), "application/json").await.expect(201);
}

#[tokio::test]
async fn body_without_a_json_content_type_is_unsupported_media_type() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    let others = ["text/plain", "text/json", "application/jsonx", "application/xml", "application/json-patch+json", ""];
    for route in writes() {
        let body = shop.body(&route.method, route.path).to_string();
        let request = shop.boss().request(route.method.clone(), shop.path(route.path));
        let mut types: Vec<_> = others.iter().copied().map(Some).chain([None]).collect();
        if route.method != Method::PATCH {
            types.push(Some("application/merge-patch+json"));
        }
        if route.path != LOGIN {
            types.push(Some("application/x-www-form-urlencoded"));
        }
        for content_type in types {
            let reply = request.clone().raw_body(body.clone(), content_type).await.expect(415);
            assert_eq!(reply.code(), "unsupported_media_type", "{} {}", route.method, route.path);
        }
        if takes_nothing(&route) {
            shop.anonymous().request(route.method, route.path).await.expect(401);
        } else {
            request.raw_body("", None).await.expect(415);
        }
    }
    assert_eq!(items(shop.stack()), before);

    let request = shop.boss().request(Method::POST, "/api/v1/suppliers");
    for spelling in ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=\"UTF-8\""] {
        request.clone().raw_body(r#"{"name": "Hooli"}"#, spelling).await.expect(201);
    }
    for charset in
        ["application/json; charset=utf-16", "application/json;charset=latin1", "application/json; CHARSET=\"\""]
    {
        request.clone().raw_body(r#"{"name": "Hooli"}"#, charset).await.expect(415);
    }
    let twice = request.raw_body(r#"{"name": "Hooli"}"#, "application/json").header(CONTENT_TYPE, "text/plain");
    assert_eq!(twice.await.expect(415).code(), "unsupported_media_type");
}

#[tokio::test]
async fn compressed_body_is_unsupported_media_type() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    for route in writes() {
        let body = shop.body(&route.method, route.path);
        let request = shop.boss().request(route.method.clone(), shop.path(route.path)).json(body);
        for coding in ["gzip", "br", "deflate", "identity, gzip", "GZIP", "\u{e9}"] {
            let reply = request.clone().header(CONTENT_ENCODING, coding).await.expect(415);
            assert_eq!(reply.code(), "unsupported_media_type", "{} {}", route.method, route.path);
            assert_eq!(reply.header("accept-encoding"), Some("identity"));
        }
        request.header(CONTENT_ENCODING, "identity").header(CONTENT_ENCODING, "gzip").await.expect(415);
    }
    assert_eq!(items(shop.stack()), before);
    for coding in ["identity", "Identity", "", "identity,"] {
        let request = shop.boss().post("/api/v1/suppliers", json!({"name": "Hooli"}));
        request.header(CONTENT_ENCODING, coding).await.expect(201);
    }
}

#[tokio::test]
async fn body_that_is_not_an_object_is_wrong_type() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    for route in writes() {
        for body in ["[]", "[{}]", r#""{}""#, "1", "true", "null"] {
            let request = shop.boss().request(route.method.clone(), shop.path(route.path));
            let reply = request.raw_body(body, "application/json").await.expect(422);
            assert_eq!(reply.code(), "validation_failed");
            assert_eq!(reply.faults(), [" wrong_type"], "{} {}: {body}", route.method, route.path);
        }
    }
    assert_eq!(items(shop.stack()), before);
}

#[tokio::test]
async fn body_with_unknown_members_names_them_all() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    let members = ["id", "org_id", "version", "created_at", "updated_at", "last_login_at", "Name", "", "a/b~c", "é\0"];
    let mut expected: Vec<_> = members
        .iter()
        .map(|member| format!("/{} unknown_member", member.replace('~', "~0").replace('/', "~1")))
        .collect();
    expected.sort();
    for route in writes() {
        for value in [json!(null), json!(1), json!({"x": []})] {
            let mut body = shop.body(&route.method, route.path);
            for member in members {
                body[member] = value.clone();
            }
            let request = shop.boss().request(route.method.clone(), shop.path(route.path));
            let reply = request.json(body).await.expect(422);
            assert_eq!(reply.code(), "validation_failed");
            assert_eq!(faults(&reply), expected, "{} {}", route.method, route.path);
        }
    }
    let mut founding = shop.body(&Method::POST, "/api/v1/organizations");
    founding["admin"]["role"] = json!("STAFF");
    let reply = shop.anonymous().post("/api/v1/organizations", founding).await.expect(422);
    assert_eq!(reply.faults(), ["/admin/role unknown_member"]);
    assert_eq!(items(shop.stack()), before);
}

#[tokio::test]
async fn body_with_100000_errors_gets_a_short_answer() {
    let shop = Furnished::open().await;
    let members: Vec<String> = (0..100_000).map(|n| format!(r#""{n}":1"#)).collect();
    let body = format!("{{{}}}", members.join(","));
    let reply = shop.boss().request(Method::POST, "/api/v1/suppliers").raw_body(body, "application/json").await;
    // A function's answer ends at 6 MB.
    assert!(reply.expect(422).bytes().len() < MIB);
}

#[tokio::test]
async fn request_with_several_errors_is_refused_for_the_first_of_the_contract() {
    let shop = Furnished::open().await;
    let product = format!("/api/v1/products/{}", shop.product);
    let unknown = format!("/api/v1/products/{UNKNOWN_ID}");
    let no_id = "/api/v1/products/no-id".to_owned();
    shop.product("TAKEN").await;
    let (broken, invalid, twin) = ("{", r#"{"sku": ""}"#, r#"{"sku": "taken"}"#);
    let staff = shop.staff();
    let manager = shop.manager();
    let stranger = staff.with_tenant("globex");
    let steps = [
        (shop.anonymous(), Method::POST, &product, broken, 405, "method_not_allowed"),
        (shop.anonymous().with_tenant("globex"), Method::PATCH, &product, broken, 401, "unauthenticated"),
        (stranger, Method::PATCH, &product, broken, 403, "tenant_mismatch"),
        (staff.without_tenant(), Method::PATCH, &product, broken, 403, "forbidden"),
        (manager.without_tenant(), Method::PATCH, &unknown, broken, 400, "malformed_json"),
        (manager.without_tenant(), Method::PATCH, &no_id, broken, 400, "malformed_json"),
        (manager.without_tenant(), Method::PATCH, &unknown, invalid, 422, "validation_failed"),
        (manager.without_tenant(), Method::PATCH, &no_id, invalid, 422, "validation_failed"),
        (manager.without_tenant(), Method::PATCH, &unknown, twin, 404, "not_found"),
        (manager.without_tenant(), Method::PATCH, &no_id, twin, 404, "not_found"),
        (manager.without_tenant(), Method::PATCH, &product, twin, 412, "version_mismatch"),
    ];
    for (client, method, path, body, status, code) in steps {
        let request = client.request(method, path).raw_body(body, "application/json").if_match(7);
        assert_eq!(request.await.expect(status).code(), code);
    }
    let last = manager.request(Method::PATCH, product).raw_body(twin, "application/json").if_match(1);
    assert_eq!(last.await.expect(409).code(), "duplicate_sku");
}

#[tokio::test]
async fn malformed_body_is_refused_before_parameters_and_keys() {
    let shop = Furnished::open().await;
    for route in writes() {
        let request = shop.boss().request(route.method.clone(), shop.path(route.path)).query(&[("x", "1")]);
        let broken = request.clone().raw_body("{", "application/json").key("not a key");
        assert_eq!(broken.await.expect(400).code(), "malformed_json", "{} {}", route.method, route.path);
        let other = request.raw_body("{}", "text/plain").key("not a key");
        assert_eq!(other.await.expect(415).code(), "unsupported_media_type", "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn read_and_delete_ignore_a_body() {
    let shop = Furnished::open().await;
    for route in operations().filter(|route| route.method == Method::GET) {
        let request = shop.boss().get(shop.path(route.path)).raw_body("{", "application/json");
        request.await.expect(200);
    }
    let supplier = shop.boss().delete(format!("/api/v1/suppliers/{}", shop.supplier));
    supplier.raw_body("{", "application/json").await.expect(204);
}
