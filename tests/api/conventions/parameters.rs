//! Malformed paths, queries and headers.

use http::{Method, header::HOST};
use serde_json::json;

use super::{Furnished, UNKNOWN_ID, faults, is_confirmed, items, operations, problem};

#[tokio::test]
async fn request_with_a_malformed_id_equals_one_with_an_unknown_id() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    let upper = shop.product.to_uppercase();
    let bare = shop.product.replace('-', "");
    let odd = ["no-id", "1", "-", "%00", "%ff", "a%2Fb", "\u{7b}id\u{7d}", "%7Bid%7D", "'%20OR%201=1", &upper, &bare];
    for route in operations().filter(|route| route.path.contains("{id}")) {
        let ask = |id: &str| {
            let confirmation = if is_confirmed(&route) { "?confirm=acme" } else { "" };
            let request = shop.boss().request(route.method.clone(), route.path.replace("{id}", id) + confirmation);
            let is_whole = matches!(route.method, Method::PUT | Method::POST);
            request.json(if is_whole { shop.body(&route.method, route.path) } else { json!({}) })
        };
        let unknown = ask(UNKNOWN_ID).await.expect(404);
        assert_eq!(unknown.code(), "not_found");
        for id in odd {
            let reply = ask(id).await.expect(404);
            assert_eq!(problem(&reply), problem(&unknown), "{} {} with {id}", route.method, route.path);
        }
    }
    assert_eq!(items(shop.stack()), before);
}

#[tokio::test]
async fn request_with_a_variant_of_a_path_is_not_found() {
    let shop = Furnished::open().await;
    let longest = format!("/api/v1/products/{}", "x".repeat(8_000));
    for path in [
        "//",
        "/api",
        "/api/v1/",
        "/api/v1/products/",
        "//api/v1/products",
        "/api/v1//products",
        "/api/v1/Products",
        "/api/v2/products",
        "/api/v1/products/../users",
        "/api/v1/products/%2e%2e",
        "/api/v1/%70roducts",
        "/api/v1/products%2F",
        "/api/v1/products;v=1",
        &longest,
    ] {
        assert_eq!(shop.boss().get(path).await.expect(404).code(), "not_found", "{path}");
    }
}

#[tokio::test]
async fn query_with_several_errors_names_them_all() {
    let shop = Furnished::open().await;
    for (path, query, expected) in [
        ("products", "limit=0", &["limit out_of_range"][..]),
        ("products", "limit=101", &["limit out_of_range"]),
        ("products", "limit=-1", &["limit out_of_range"]),
        ("products", "limit=1.5", &["limit out_of_range"]),
        ("products", "limit=abc", &["limit out_of_range"]),
        ("products", "limit=", &["limit out_of_range"]),
        ("products", "limit=99999999999999999999", &["limit out_of_range"]),
        ("products", "limit=5&limit=5", &["limit duplicate_parameter"]),
        ("products", "order=up", &["order unknown_value"]),
        ("products", "order=ASC", &["order unknown_value"]),
        ("products", "sort=price", &["sort unknown_value"]),
        ("products", "category=", &["category too_short"]),
        ("products", "search=%20", &["search too_short"]),
        ("products", "search=%00", &["search invalid_character"]),
        ("products", "sku=A%231", &["sku invalid_character"]),
        ("products", "Limit=5", &["Limit unknown_parameter"]),
        ("products", "colour=red&colour=blue", &["colour unknown_parameter", "colour unknown_parameter"]),
        ("products", "=", &[" unknown_parameter"]),
        (
            "products",
            "limit=0&order=up&sort=price&category=&cursor=x&x=1",
            &[
                "category too_short",
                "limit out_of_range",
                "order unknown_value",
                "sort unknown_value",
                "x unknown_parameter",
            ],
        ),
        ("suppliers", "sort=sku", &["sort unknown_value"]),
        ("suppliers", "category=x", &["category unknown_parameter"]),
        ("warehouses", "name=Main", &["name unknown_parameter"]),
        ("organizations", "search=acme", &["search unknown_parameter"]),
        ("stock-movements", "from=yesterday", &["from invalid_format"]),
        ("stock-movements", "to=2026-11-23", &["to invalid_format"]),
        // The + of an offset is a space in a query.
        ("stock-movements", "to=2026-11-23T09:00:00+01:00", &["to invalid_format"]),
        (
            "stock-movements",
            "product_id=x&warehouse_id=&created_by=1&type=COUNT&reference=&from=&to=now",
            &[
                "created_by invalid_format",
                "from invalid_format",
                "product_id invalid_format",
                "reference too_short",
                "to invalid_format",
                "type unknown_value",
                "warehouse_id invalid_format",
            ],
        ),
        ("stock-movements/low-stock", "warehouse_id=x", &["warehouse_id unknown_parameter"]),
        ("stock-levels", "as_of=now&product_id=x", &["as_of invalid_format", "product_id invalid_format"]),
        (
            "users",
            "role=admin&status=active&search=&x=1",
            &["role unknown_value", "search too_short", "status unknown_value", "x unknown_parameter"],
        ),
        ("users/me/sessions", "user_id=x", &["user_id unknown_parameter"]),
        ("users/me", "b=1&a=2", &["a unknown_parameter", "b unknown_parameter"]),
    ] {
        let reply = shop.boss().get(format!("/api/v1/{path}?{query}")).await.expect(422);
        assert_eq!(reply.code(), "validation_failed");
        assert_eq!(faults(&reply), expected, "{path}?{query}");
    }
    let product = format!("/api/v1/products/{}", shop.product);
    let levels = shop.boss().get(format!("{product}?include=all&x=1")).await.expect(422);
    assert_eq!(faults(&levels), ["include unknown_value", "x unknown_parameter"]);
}

#[tokio::test]
async fn write_with_unknown_parameters_is_unknown_parameter() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    for route in operations().filter(|route| route.method != Method::GET) {
        let request = shop.boss().request(route.method.clone(), shop.address(&route));
        let request = match route.method {
            Method::DELETE => request,
            _ => request.json(shop.body(&route.method, route.path)),
        };
        let reply = request.query(&[("x", "1"), ("y", "2")]).await.expect(422);
        assert_eq!(faults(&reply), ["x unknown_parameter", "y unknown_parameter"], "{} {}", route.method, route.path);
    }
    assert_eq!(items(shop.stack()), before);
}

#[tokio::test]
async fn list_with_from_after_to_is_empty() {
    let shop = Furnished::open().await;
    let (product, warehouse) = (("product_id", &*shop.product), ("warehouse_id", &*shop.warehouse));
    let places = [vec![], vec![product], vec![warehouse], vec![product, warehouse]];
    let now = shop.boss().get("/api/v1/stock-movements").await.items()[0]["created_at"].as_str().unwrap().to_owned();
    for (from, to, found) in [
        ("2030-01-01T00:00:00Z", "2020-01-01T00:00:00Z", 0),
        (&*now, &*now, 0),
        ("9999-12-30T00:00:00Z", "1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00Z", "9999-12-30T00:00:00Z", 1),
        (&*now, "2030-01-01T00:00:00+00:00", 1),
        ("1970-01-01T00:00:00Z", &*now, 0),
    ] {
        for place in &places {
            for order in ["asc", "desc"] {
                let span = [("from", from), ("to", to), ("order", order)];
                let page = shop.boss().get("/api/v1/stock-movements").query(&span).query(place).await.expect(200);
                assert_eq!(page.items().len(), found, "{from} to {to}, {place:?}");
            }
        }
    }
}

#[tokio::test]
async fn if_match_with_a_malformed_tag_is_version_mismatch() {
    let shop = Furnished::open().await;
    let supplier = format!("/api/v1/suppliers/{}", shop.supplier);
    let before = items(shop.stack());
    for route in operations().filter(|route| [Method::PUT, Method::PATCH, Method::DELETE].contains(&route.method)) {
        let request = shop.boss().request(route.method.clone(), shop.address(&route));
        let request = match route.method {
            Method::DELETE => request,
            _ => request.json(shop.body(&route.method, route.path)),
        };
        for tag in
            ["\"0\"", "\"2\"", "\"01\"", "\"+1\"", "\"1 \"", "\"x\"", "\"\"", "1", "W/\"1\"", "\"1", "x", "\u{e9}", ""]
        {
            let reply = request.clone().header("if-match", tag).await.expect(412);
            assert_eq!(reply.code(), "version_mismatch", "{} {}: {tag}", route.method, route.path);
        }
        let reply = request.clone().header("if-match", "\"1\", \"2\"").await.expect(422);
        assert_eq!(reply.faults(), ["If-Match invalid_format"]);
        let reply = request.header("if-match", "\"1\"").header("if-match", "\"1\"").await.expect(422);
        assert_eq!(reply.faults(), ["If-Match invalid_format"]);
    }
    assert_eq!(items(shop.stack()), before);
    shop.boss().patch(&supplier, json!({"address": "Here"})).header("if-match", "*").await.expect(200);
    shop.boss().patch(&supplier, json!({"address": "There"})).header("if-match", " \"2\" ").await.expect(200);
}

#[tokio::test]
async fn idempotency_key_with_spaces_or_repeated_is_invalid_format() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    let kept = operations().filter(|route| route.method == Method::POST && !route.path.contains("/auth/"));
    for route in kept {
        let request = shop.boss().post(route.path, shop.body(&Method::POST, route.path));
        for key in ["", "two words", "tab\tbed", "caf\u{e9}", &"k".repeat(256)] {
            let reply = request.clone().key(key).await.expect(422);
            assert_eq!(reply.code(), "validation_failed");
            assert_eq!(reply.faults(), ["Idempotency-Key invalid_format"], "{}: {key}", route.path);
        }
        let twice = request.key("one").key("two").await.expect(422);
        assert_eq!(twice.faults(), ["Idempotency-Key invalid_format"]);
    }
    assert_eq!(items(shop.stack()), before);
    for key in ["k", "!~", &"k".repeat(255)] {
        shop.boss().post("/api/v1/suppliers", json!({"name": "Hooli"})).key(key).await.expect(201);
    }
}

#[tokio::test]
async fn request_with_an_unusual_query_or_header_never_fails() {
    let shop = Furnished::open().await;
    let products = || shop.boss().get("/api/v1/products");
    for host in ["", " ", "a b", "[", "[::1]:99999", "exa%mple", "a/b", "a?b", "user@host", "x:y:z", "\u{e9}", ".."] {
        products().header(HOST, host).await.expect(200);
    }
    for query in [
        "%",
        "%ff",
        "%00",
        "&&",
        "=&=",
        "search=%ff",
        "search=%ED%A0%80",
        "search=a|b\\^`{}~!$'()*,;:@",
        "x[]=1",
        "limit=%31",
    ] {
        let reply = shop.boss().get(format!("/api/v1/products?{query}")).await;
        assert!(matches!(reply.status(), 200 | 422), "{query}: {reply:?}");
    }
    let longest = "x".repeat(8_000);
    for (header, value) in [
        ("user-agent", "\u{e9}"),
        ("user-agent", &longest),
        ("accept", "text/html"),
        ("accept-encoding", "br"),
        ("range", "bytes=0-1"),
        ("expect", "100-continue"),
        ("content-type", "\u{e9}"),
        ("cookie", ";;==; refresh_token"),
        ("x-forwarded-for", "'; --"),
        ("x-forwarded-host", "globex.example.com"),
        ("forwarded", "host=globex.example.com"),
        ("x-http-method-override", "DELETE"),
        ("x-request-id", "chosen"),
    ] {
        let reply = products().header(header, value).await.expect(200);
        assert_ne!(reply.request_id(), "chosen");
    }
    let added = shop.boss().post("/api/v1/suppliers", json!({"name": "Hooli"}));
    added.header("user-agent", "\u{e9}\u{1f600}").await.expect(201);
}

#[tokio::test]
async fn tenant_of_extreme_length_equals_an_unknown_tenant() {
    let shop = Furnished::open().await;
    let long = "x".repeat(3_000);
    for tenant in [&*long, "\u{e9}", "a#b", "#", "..", "acme#IDEMPOTENCY"] {
        let login = shop.anonymous().without_tenant().log_in(&shop.staff().email, stockroom_harness::PASSWORD);
        assert_eq!(login.header("x-tenant-id", tenant).await.expect(401).code(), "invalid_credentials");
        let read = shop.staff().get("/api/v1/products").header("x-tenant-id", tenant);
        assert_eq!(read.await.expect(403).code(), "tenant_mismatch");
    }
    let form = format!("username=x%40acme.example&password=x&client_id={}", "x".repeat(100_000));
    let login = shop.anonymous().without_tenant().request(Method::POST, "/api/v1/auth/token");
    let reply = login.raw_body(form, "application/x-www-form-urlencoded").await.expect(401);
    assert_eq!(reply.code(), "invalid_credentials");
}
