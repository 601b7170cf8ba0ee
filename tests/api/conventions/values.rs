//! Readable but invalid values: the answer names each with its place, and nothing changes.

use http::Method;
use serde_json::{Value, json};
use stockroom_harness::{Client, Reply};

use super::{Furnished, UNKNOWN_ID, faults, items};

/// The collections that all three methods write.
const CATALOGUE: [&str; 3] = ["products", "suppliers", "warehouses"];

/// JSON text of an object with one member as this literal, also beyond the range of a binary float.
fn spliced(body: &Value, member: &str, literal: &str) -> String {
    let others = body.as_object().unwrap().iter().filter(|(name, _)| *name != member);
    let others = others.map(|(name, value)| format!(",{}:{value}", json!(name)));
    format!("{{\"{member}\":{literal}{}}}", others.collect::<String>())
}

fn send(client: &Client, method: &Method, path: &str, body: String) -> stockroom_harness::Request {
    client.request(method.clone(), path).raw_body(body, "application/json")
}

impl Furnished {
    /// Every operation that writes to a collection, with its path.
    pub(super) fn writing(&self, collection: &str) -> Vec<(Method, String)> {
        let all = format!("/api/v1/{collection}");
        let one = self.path(&format!("{all}/{{id}}"));
        let mut writing = vec![(Method::POST, all)];
        if CATALOGUE.contains(&collection) {
            writing.extend([(Method::PUT, one.clone()), (Method::PATCH, one)]);
        }
        writing
    }

    /// Sends a literal for one member in every place where it can be written; each time it is the only validation
    /// error.
    async fn refuses(&self, collection: &str, member: &str, literal: &str, code: &str) {
        for (method, path) in self.writing(collection) {
            let body = self.body(&method, &format!("/api/v1/{collection}"));
            let reply = send(&self.boss(), &method, &path, spliced(&body, member, literal)).await.expect(422);
            assert_eq!(reply.code(), "validation_failed");
            assert_eq!(reply.faults(), [format!("/{member} {code}")], "{method} {path}: {literal:.80}");
        }
    }
}

#[tokio::test]
async fn write_of_a_text_with_a_bad_length_or_control_character_is_refused() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    for (collection, member, longest, many_lines) in [
        ("organizations", "name", 200, false),
        ("products", "sku", 64, false),
        ("products", "name", 200, false),
        ("products", "description", 2_000, true),
        ("products", "category", 100, false),
        ("products", "unit", 20, false),
        ("products", "barcode", 64, false),
        ("stock-movements", "reference", 100, false),
        ("stock-movements", "notes", 2_000, true),
        ("suppliers", "name", 200, false),
        ("suppliers", "contact_phone", 40, false),
        ("suppliers", "address", 500, true),
        ("users", "full_name", 200, false),
        ("warehouses", "name", 200, false),
        ("warehouses", "location", 200, false),
    ] {
        let quoted = |text: &str| json!(text).to_string();
        for (literal, code) in [
            (quoted(""), "too_short"),
            (quoted(" \t\u{3000}\n "), "too_short"),
            (quoted(&"x".repeat(longest + 1)), "too_long"),
            (quoted(&"é".repeat(longest + 1)), "too_long"),
            (quoted(&format!("x{}", " ".repeat(longest))), "too_long"),
            (quoted("NUL\0NUL"), "invalid_character"),
            (quoted("bell\u{7}"), "invalid_character"),
            ("1".to_owned(), "wrong_type"),
            ("true".to_owned(), "wrong_type"),
            ("[\"x\"]".to_owned(), "wrong_type"),
            ("{}".to_owned(), "wrong_type"),
        ] {
            shop.refuses(collection, member, &literal, code).await;
        }
        if !many_lines {
            for text in ["two\nlines", "two\r\nlines", "carriage\rreturn", "next\u{85}line"] {
                shop.refuses(collection, member, &quoted(text), "invalid_character").await;
            }
        }
    }
    shop.refuses("products", "sku", r#""A#1""#, "invalid_character").await;
    let sku_of_1025_bytes = format!("\"{}x\"", "é".repeat(512));
    shop.refuses("products", "sku", &sku_of_1025_bytes, "too_long").await;
    assert_eq!(items(shop.stack()), before);
}

#[tokio::test]
async fn write_of_a_number_out_of_bounds_is_refused_and_others_are_exact() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    let digits = "1".repeat(39);
    let quantities = [
        ("-1", "out_of_range"),
        ("1e400", "out_of_range"),
        ("1E+99999999999999999999", "out_of_range"),
        ("1000000000000000", "out_of_range"),
        (&digits, "too_many_digits"),
        ("0.1234567890123456", "too_many_digits"),
        ("0.00001", "too_many_decimals"),
        ("1e-5", "too_many_decimals"),
        ("\"5\"", "wrong_type"),
        ("true", "wrong_type"),
        ("[5]", "wrong_type"),
        ("{}", "wrong_type"),
    ];
    for (collection, member) in
        [("products", "min_stock_level"), ("products", "reorder_quantity"), ("warehouses", "capacity")]
    {
        for (literal, code) in quantities {
            shop.refuses(collection, member, literal, code).await;
        }
    }
    // The product is counted in whole numbers.
    shop.refuses("products", "min_stock_level", "0.5", "too_many_decimals").await;
    for (collection, member, above) in [("products", "decimal_places", "5"), ("suppliers", "lead_time_days", "3651")] {
        for literal in ["-1", "0.5", "1e400", &digits, "65536", "4294967296", above] {
            shop.refuses(collection, member, literal, "out_of_range").await;
        }
        for literal in ["\"2\"", "false", "[]"] {
            shop.refuses(collection, member, literal, "wrong_type").await;
        }
    }
    assert_eq!(items(shop.stack()), before);

    let fine = shop.body(&Method::POST, "/api/v1/products");
    let fine = spliced(&fine, "min_stock_level", "1234567890.1234").replace('}', ",\"decimal_places\":4.0}");
    let made = send(&shop.boss(), &Method::POST, "/api/v1/products", fine).await.expect(201);
    assert_eq!(made.literal("/min_stock_level").as_deref(), Some("1234567890.1234"));
    assert_eq!(made.literal("/decimal_places").as_deref(), Some("4"));
}

#[tokio::test]
async fn write_without_a_required_member_is_required() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    for (collection, members) in [
        ("organizations", &["name", "subdomain", "admin"][..]),
        ("products", &["sku", "name"]),
        ("stock-movements", &["type", "product_id", "warehouse_id", "quantity"]),
        ("suppliers", &["name"]),
        ("users", &["email", "full_name", "role"]),
        ("warehouses", &["name", "location"]),
    ] {
        for member in members {
            shop.refuses(collection, member, "null", "required").await;
        }
        let all: Vec<_> = members.iter().map(|member| format!("/{member} required")).collect();
        for (method, path) in shop.writing(collection).into_iter().filter(|(method, _)| *method != Method::PATCH) {
            let reply = send(&shop.boss(), &method, &path, "{}".to_owned()).await.expect(422);
            assert_eq!(reply.faults(), all, "{method} {path}");
        }
    }
    let me = shop.staff().patch("/api/v1/users/me", json!({"email": null, "full_name": null})).await.expect(422);
    assert_eq!(me.faults(), ["/email required", "/full_name required"]);
    let login = shop.anonymous().post("/api/v1/auth/token", json!({"email": null})).await.expect(422);
    assert_eq!(login.faults(), ["/email required", "/password required"]);
    assert_eq!(items(shop.stack()), before);
}

#[tokio::test]
async fn write_of_a_malformed_word_address_time_or_id_is_refused() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    let long_address = format!("\"{}@{}.example\"", "a".repeat(64), "b".repeat(200));
    let upper_case = json!(shop.product.to_uppercase()).to_string();
    for (collection, member, literal, code) in [
        ("organizations", "currency", r#""usd""#, "unknown_value"),
        ("organizations", "currency", r#""QQQ""#, "unknown_value"),
        ("organizations", "currency", "840", "wrong_type"),
        ("organizations", "subdomain", r#""ab""#, "invalid_length"),
        ("organizations", "subdomain", r#""Initech""#, "invalid_character"),
        ("organizations", "subdomain", r#""init#ech""#, "invalid_character"),
        ("organizations", "subdomain", r#""-initech""#, "invalid_character"),
        ("organizations", "subdomain", r#"" initech""#, "invalid_character"),
        ("organizations", "subdomain", r#""www""#, "reserved"),
        ("organizations", "admin", "[]", "wrong_type"),
        ("stock-movements", "type", r#""in""#, "unknown_value"),
        ("stock-movements", "type", r#""TRANSFER_OUT""#, "unknown_value"),
        ("stock-movements", "type", "1", "wrong_type"),
        ("stock-movements", "product_id", r#""no-id""#, "invalid_format"),
        ("stock-movements", "product_id", &upper_case, "invalid_format"),
        ("stock-movements", "product_id", "1", "wrong_type"),
        ("stock-movements", "product_id", &json!(UNKNOWN_ID).to_string(), "unknown_reference"),
        ("stock-movements", "product_id", &json!(shop.warehouse).to_string(), "unknown_reference"),
        ("stock-movements", "warehouse_id", r#""""#, "invalid_format"),
        ("stock-movements", "warehouse_id", &json!(UNKNOWN_ID).to_string(), "unknown_reference"),
        ("stock-movements", "occurred_at", r#""yesterday""#, "invalid_format"),
        ("stock-movements", "occurred_at", r#""2026-11-23""#, "invalid_format"),
        ("stock-movements", "occurred_at", r#""2026-11-23T09:00:00""#, "invalid_format"),
        ("stock-movements", "occurred_at", r#""2026-02-30T09:00:00Z""#, "invalid_format"),
        ("stock-movements", "occurred_at", r#""1969-12-31T23:59:59Z""#, "invalid_format"),
        ("stock-movements", "occurred_at", "1795402620", "wrong_type"),
        ("suppliers", "contact_email", r#""@globex.example""#, "invalid_format"),
        ("suppliers", "contact_email", r#""sales@globex""#, "invalid_format"),
        ("users", "email", r#""new""#, "invalid_format"),
        ("users", "email", r#""new@acme..example""#, "invalid_format"),
        ("users", "email", r#""a new@acme.example""#, "invalid_format"),
        ("users", "email", r#""New <new@acme.example>""#, "invalid_format"),
        ("users", "email", r#""new@acme.example\r\nBcc: all@acme.example""#, "invalid_character"),
        ("users", "email", &long_address, "too_long"),
        ("users", "role", r#""admin""#, "unknown_value"),
        ("users", "role", "1", "wrong_type"),
    ] {
        shop.refuses(collection, member, literal, code).await;
    }
    assert_eq!(items(shop.stack()), before);
}

#[tokio::test]
async fn create_of_a_user_with_an_address_that_grows_when_folded_never_fails() {
    let shop = Furnished::open().await;
    // Of three bytes each, and five folded: too long for a key of 1,024 bytes, though not for an address.
    let label = "ᾀ".repeat(57);
    let email = format!("{}@{label}.{label}.{label}.example", "ᾀ".repeat(64));
    let user = shop.body(&Method::POST, "/api/v1/users");
    let added = shop.boss().post("/api/v1/users", user).with("email", &*email).await;
    assert!(matches!(added.status(), 201 | 422), "{added:?}");
    let login = shop.anonymous().log_in(&email, "a password it might have").await;
    assert_eq!(login.status(), 401, "{login:?}");
}

#[tokio::test]
async fn record_with_a_quantity_unfit_for_the_type_is_refused() {
    let shop = Furnished::open().await;
    let other = shop.warehouse("Second").await;
    let before = items(shop.stack());
    let digits = "1".repeat(39);
    let movement = |kind: &str| {
        let movement = json!({"type": kind, "product_id": shop.product, "warehouse_id": shop.warehouse});
        let destination = (kind == "TRANSFER").then_some(("to_warehouse_id".to_owned(), json!(other)));
        Value::Object(movement.as_object().unwrap().clone().into_iter().chain(destination).collect())
    };
    let record = async |kind: &str, literal: &str| -> Reply {
        let body = spliced(&movement(kind), "quantity", literal);
        send(shop.staff(), &Method::POST, "/api/v1/stock-movements", body).await
    };
    let kinds = ["IN", "OUT", "TRANSFER", "ADJUSTMENT", "COUNT"];
    let of_all = [
        ("1e400", "out_of_range"),
        ("1000000000000000", "out_of_range"),
        (&*digits, "too_many_digits"),
        ("0.00001", "too_many_decimals"),
        // The product is counted in whole numbers.
        ("0.5", "too_many_decimals"),
        ("\"5\"", "wrong_type"),
        ("true", "wrong_type"),
        ("null", "required"),
    ];
    let of_some =
        [("0", &kinds[..4]), ("-0", &kinds[..4]), ("-0.0", &kinds[..4]), ("-1", &["IN", "OUT", "TRANSFER", "COUNT"])];
    let all = of_all.iter().flat_map(|(literal, code)| kinds.map(|kind| (kind, *literal, *code)));
    let some = of_some.iter().flat_map(|(literal, kinds)| kinds.iter().map(|kind| (*kind, *literal, "out_of_range")));
    for (kind, literal, code) in all.chain(some) {
        let reply = record(kind, literal).await.expect(422);
        assert_eq!(reply.faults(), [format!("/quantity {code}")], "{kind} {literal}");
    }
    assert_eq!(items(shop.stack()), before);

    for (kind, literal, balance) in [
        ("ADJUSTMENT", "-10", "0"),
        ("COUNT", "0", "0"),
        ("IN", "1.50e1", "15"),
        ("OUT", "5.0", "10"),
        ("TRANSFER", "1", "9"),
    ] {
        assert_eq!(record(kind, literal).await.expect(201).literal("/balance_after").as_deref(), Some(balance));
    }
}

#[tokio::test]
async fn record_with_a_destination_unfit_for_the_type_is_refused() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    let here = shop.warehouse.clone();
    for (kind, destination, fault) in [
        ("IN", json!(UNKNOWN_ID), "unknown_member"),
        ("OUT", json!(here), "unknown_member"),
        ("ADJUSTMENT", json!(UNKNOWN_ID), "unknown_member"),
        ("COUNT", json!(UNKNOWN_ID), "unknown_member"),
        ("TRANSFER", json!(null), "required"),
        ("TRANSFER", json!(here), "same_warehouse"),
        ("TRANSFER", json!(UNKNOWN_ID), "unknown_reference"),
        ("TRANSFER", json!("there"), "invalid_format"),
    ] {
        let reply = shop.staff().record(kind, &shop.product, &here, 1).with("to_warehouse_id", destination).await;
        assert_eq!(reply.expect(422).faults(), [format!("/to_warehouse_id {fault}")], "{kind}");
    }
    assert_eq!(items(shop.stack()), before);
}

#[tokio::test]
async fn body_with_several_errors_names_them_all() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    let movement = |more: Value| {
        let mut body = shop.body(&Method::POST, "/api/v1/stock-movements");
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (path, body, expected) in [
        (
            "/api/v1/organizations",
            json!({"name": "", "subdomain": "a", "currency": 1, "admin": {"email": "x", "password": "short", "id": 1}}),
            &[
                "/admin/email invalid_format",
                "/admin/full_name required",
                "/admin/id unknown_member",
                "/admin/password too_short",
                "/currency wrong_type",
                "/name too_short",
                "/subdomain invalid_length",
            ][..],
        ),
        (
            "/api/v1/users",
            json!({"email": 1, "role": "BOSS", "password": "short", "status": "DISABLED"}),
            &[
                "/email wrong_type",
                "/full_name required",
                "/password too_short",
                "/role unknown_value",
                "/status unknown_member",
            ],
        ),
        (
            "/api/v1/products",
            json!({"sku": "A#1", "name": null, "decimal_places": 2, "min_stock_level": 0.125, "reorder_quantity": -1}),
            &[
                "/min_stock_level too_many_decimals",
                "/name required",
                "/reorder_quantity out_of_range",
                "/sku invalid_character",
            ],
        ),
        (
            "/api/v1/stock-movements",
            json!({"type": "SIDEWAYS", "product_id": "x", "warehouse_id": 1, "quantity": "5", "reference": "",
                "notes": 5, "occurred_at": "now", "to_warehouse_id": "y", "balance_after": 5}),
            &[
                "/balance_after unknown_member",
                "/notes wrong_type",
                "/occurred_at invalid_format",
                "/product_id invalid_format",
                "/quantity wrong_type",
                "/reference too_short",
                "/to_warehouse_id invalid_format",
                "/type unknown_value",
                "/warehouse_id wrong_type",
            ],
        ),
        (
            "/api/v1/stock-movements",
            movement(json!({"type": "TRANSFER", "quantity": -1})),
            &["/quantity out_of_range", "/to_warehouse_id required"],
        ),
        (
            "/api/v1/stock-movements",
            movement(json!({"product_id": UNKNOWN_ID, "warehouse_id": UNKNOWN_ID})),
            &["/product_id unknown_reference", "/warehouse_id unknown_reference"],
        ),
        (
            "/api/v1/stock-movements",
            movement(json!({"warehouse_id": UNKNOWN_ID, "quantity": 0.5})),
            &["/quantity too_many_decimals", "/warehouse_id unknown_reference"],
        ),
    ] {
        let reply = shop.boss().post(path, body).await.expect(422);
        assert_eq!(faults(&reply), expected, "{path}");
    }
    assert_eq!(items(shop.stack()), before);
}

#[tokio::test]
async fn record_above_the_largest_level_is_level_out_of_range() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    let most = shop.receive(&shop.product, &shop.warehouse, 999_999_999_999_999_u64).await.expect(409);
    assert_eq!(most.code(), "level_out_of_range");
    assert_eq!(items(shop.stack()), before);
}
