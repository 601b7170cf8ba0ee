//! Invisible characters, undeliverable addresses, and values that were stored before the product refused either.

use http::Method;
use serde_json::{Value, json};
use stockroom_harness::{PASSWORD, Reply, Shop};

use super::{Furnished, items};

/// One-line texts of bodies; the first ones tell one thing from another.
const LINES: [(&str, &str); 14] = [
    ("products", "sku"),
    ("products", "category"),
    ("products", "barcode"),
    ("stock-movements", "reference"),
    ("products", "name"),
    ("products", "unit"),
    ("organizations", "name"),
    ("suppliers", "name"),
    ("suppliers", "contact_phone"),
    ("suppliers", "contact_email"),
    ("users", "full_name"),
    ("users", "email"),
    ("warehouses", "name"),
    ("warehouses", "location"),
];

/// Sends a text for a member in every place where it can be written; each time it is the only validation error.
async fn refuses(shop: &Furnished, collection: &str, member: &str, text: &str, code: &str) {
    for (method, path) in shop.writing(collection) {
        let mut body = shop.body(&method, &format!("/api/v1/{collection}"));
        body[member] = json!(text);
        let reply = shop.boss().request(method.clone(), &*path).json(body).await.expect(422);
        assert_eq!(reply.faults(), [format!("/{member} {code}")], "{method} {path}: {text:?}");
    }
}

#[tokio::test]
async fn line_with_invisible_characters_is_invalid_character() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    let invisible = [
        "\u{ad}",
        "\u{61c}",
        "\u{180e}",
        "\u{200b}",
        "\u{200c}",
        "\u{200d}",
        "\u{200f}",
        "\u{202e}",
        "\u{2028}",
        "\u{2029}",
        "\u{2060}",
        "\u{2069}",
        "\u{feff}",
        "\u{fff9}",
        "\u{e000}",
        "\u{e0041}",
        "\u{3164}",
        "\u{115f}",
        "\u{34f}",
        "\u{85}",
    ];
    for (collection, member) in LINES {
        for character in invisible {
            let text = if member.ends_with("email") {
                format!("vic{character}tim@acme.example")
            } else {
                format!("ab{character}cd")
            };
            refuses(&shop, collection, member, &text, "invalid_character").await;
        }
        let blanks = ["\u{3164}", "\u{2800}", "\u{301}", "\u{115f}\u{1160}", "\u{ffa0}", "\u{200b}", "\u{2063}"];
        for blank in blanks.iter().filter(|_| !member.ends_with("email")) {
            refuses(&shop, collection, member, blank, "invalid_character").await;
        }
    }
    for (collection, member) in &LINES[..4] {
        for space in ["\u{a0}", "\u{3000}", "\u{2009}", "\u{2800}"] {
            refuses(&shop, collection, member, &format!("ab{space}cd"), "invalid_character").await;
        }
    }
    for (path, parameter) in [
        ("products", "search"),
        ("products", "sku"),
        ("products", "category"),
        ("stock-movements", "reference"),
        ("suppliers", "search"),
        ("users", "search"),
        ("warehouses", "search"),
    ] {
        for text in ["ma\u{200b}in", "\u{3164}", "ma\u{202e}in"] {
            let reply = shop.boss().get(format!("/api/v1/{path}")).query(&[(parameter, text)]).await.expect(422);
            assert_eq!(reply.faults(), [format!("{parameter} invalid_character")], "{path}");
        }
    }
    let voiced = shop.boss().get("/api/v1/products").query(&[("search", "\u{ff9e}")]).await.expect(422);
    assert_eq!(voiced.faults(), ["search invalid_character"]);
    assert_eq!(items(shop.stack()), before);
}

#[tokio::test]
async fn name_with_joiners_and_emoji_is_stored_unchanged() {
    let shop = Furnished::open().await;
    for name in [
        "کتاب\u{200c}ها",
        "क्\u{200d}ष",
        "👩\u{200d}🔬 Lab",
        "❤\u{fe0f}",
        "辻\u{e0100}商店",
        "山田\u{3000}太郎",
        "A\u{a0}B",
    ] {
        let made = shop.supplier(name).request().await.expect(201);
        assert_eq!(made.json()["name"], name);
    }
}

#[tokio::test]
async fn text_with_any_line_break_is_stored_with_lf() {
    let shop = Furnished::open().await;
    let (sent, stored) = ("one\r\n\r\ntwo\rthree\u{85}four\u{2028}five\tsix\r\n", "one\n\ntwo\nthree\nfour\nfive\tsix");
    let product = format!("/api/v1/products/{}", shop.product);
    let supplier = format!("/api/v1/suppliers/{}", shop.supplier);
    let submitted = &shop.requests["reject"].id;
    let reject = format!("/api/v1/purchase-requests/{submitted}/reject");
    let requests = json!({"items": [{"product_id": shop.product, "quantity": 1}], "notes": sent});
    let boss = shop.boss();
    let notes = boss.receive(&shop.product, &shop.warehouse, 1).with("notes", sent).await.expect(201);
    for (reply, member) in [
        (notes, "notes"),
        (boss.patch(product, json!({"description": sent})).await.expect(200), "description"),
        (boss.patch(supplier, json!({"address": sent})).await.expect(200), "address"),
        (boss.post("/api/v1/purchase-requests", requests).await.expect(201), "notes"),
        (boss.post(reject, json!({"rejection_reason": sent})).await.expect(200), "rejection_reason"),
    ] {
        assert_eq!(reply.json()[member], stored, "{member}");
    }
    let most = format!("{}\r\n{}", "x".repeat(1_000), "y".repeat(998));
    boss.receive(&shop.product, &shop.warehouse, 1).with("notes", most).await.expect(201);
}

#[tokio::test]
async fn undeliverable_address_is_refused() {
    let shop = Furnished::open().await;
    let before = items(shop.stack());
    for (email, code) in [
        ("jörg@acme.example", "invalid_character"),
        ("o\u{2019}neil@acme.example", "invalid_character"),
        ("victim\u{200b}@acme.example", "invalid_character"),
        ("vісtіm@acme.example", "invalid_character"),
        ("\"a b\"@acme.example", "invalid_format"),
        ("a@acme_.example", "invalid_format"),
        ("a@127.0.0.1", "invalid_format"),
        ("a@acme.example.", "invalid_format"),
        (&format!("{}@acme.example", "a".repeat(65)), "too_long"),
    ] {
        refuses(&shop, "users", "email", email, code).await;
        refuses(&shop, "suppliers", "contact_email", email, code).await;
        let user = format!("/api/v1/users/{}", shop.staff().id);
        for reply in [
            shop.boss().patch(&*user, json!({"email": email})).await,
            shop.boss()
                .put(&*user, json!({"email": email, "full_name": "S", "role": "STAFF", "status": "ACTIVE"}))
                .await,
        ] {
            assert_eq!(reply.expect(422).faults(), [format!("/email {code}")], "{email}");
        }
        let mut sign_up = shop.body(&Method::POST, "/api/v1/organizations");
        sign_up["admin"]["email"] = json!(email);
        let reply = shop.anonymous().post("/api/v1/organizations", sign_up).await.expect(422);
        assert_eq!(reply.faults(), [format!("/admin/email {code}")], "{email}");
        let login = shop.anonymous().log_in(email, PASSWORD).await.expect(401);
        assert_eq!(login.code(), "invalid_credentials");
    }
    let after = items(shop.stack());
    assert_eq!(
        after.keys().filter(|(pk, _)| pk.ends_with("#USER") || pk.starts_with("CREDENTIAL#")).count(),
        before.keys().filter(|(pk, _)| pk.ends_with("#USER") || pk.starts_with("CREDENTIAL#")).count()
    );
}

fn user(email: &str) -> Value {
    json!({"email": email, "full_name": "Zoe", "role": "STAFF", "password": PASSWORD})
}

#[tokio::test]
async fn address_with_a_unicode_domain_is_the_account_of_its_ascii_form() {
    let shop = Furnished::open().await;
    let made = shop.admin().post("/api/v1/users", user("Zoe@BÜRO.example")).await.expect(201);
    assert_eq!(made.json()["email"], "Zoe@xn--bro-hoa.example");
    for twin in ["zoe@büro.example", "zoe@bu\u{308}ro.example", "ZOE@XN--BRO-HOA.example"] {
        assert_eq!(shop.admin().post("/api/v1/users", user(twin)).await.expect(409).code(), "duplicate_email");
        shop.anonymous().log_in(twin, PASSWORD).await.expect(200);
        shop.anonymous().post("/api/v1/auth/password/forgot", json!({"email": twin})).await.expect(202);
    }
    shop.stack().check_invariants();
}

/// Replaces a text by another one in every item, including keys, as an older version of the product had stored it.
fn store_instead(shop: &Shop, old: &str, new: &str) {
    let (old, new) = (json!(old).to_string(), json!(new).to_string());
    let (old, new) = (old.trim_matches('"').to_owned(), new.trim_matches('"').to_owned());
    shop.stack().rewrite(|item| {
        let text = item.to_string().replace(&old, &new);
        *item = serde_json::from_str(&text).unwrap();
    });
}

#[tokio::test]
async fn values_stored_under_older_rules_are_read_and_sign_in() {
    let shop = Furnished::open().await;
    let (joerg, zoe) = ("jörg@acme.example", "zoe@büro.example");
    for (today, before) in [("legacy-local@acme.example", joerg), ("legacy@domain.example", zoe)] {
        shop.admin().post("/api/v1/users", user(today)).await.expect(201);
        store_instead(&shop, today, before);
    }
    let product = format!("/api/v1/products/{}", shop.product);
    store_instead(&shop, "Product SKU-1", "Pro\u{200b}duct \u{202e}1");
    shop.boss().receive(&shop.product, &shop.warehouse, 1).with("notes", "first line").await.expect(201);
    store_instead(&shop, "first line", "first\u{2066} line");

    for email in [joerg, zoe, "ZOE@Bu\u{308}ro.example", "zoe@xn--bro-hoa.example"] {
        let tokens = shop.anonymous().log_in(email, PASSWORD).await.expect(200).json();
        let me = shop.anonymous().without_tenant().with_token(tokens["access_token"].as_str().unwrap());
        me.get("/api/v1/users/me").await.expect(200);
        me.patch("/api/v1/users/me", json!({"full_name": "Still Me"})).await.expect(200);
    }
    let forgot = |email: &str| shop.anonymous().post("/api/v1/auth/password/forgot", json!({ "email": email }));
    for email in [zoe, joerg] {
        forgot(email).await.expect(202);
    }
    let logged = shop.stack().items();
    let is_reset =
        |item: &&Value| item["data"]["action"] == "PASSWORD_RESET_REQUESTED" && !item["data"]["entity_id"].is_null();
    assert_eq!(logged.iter().filter(is_reset).count(), 2, "both get their mail");
    for unknown in ["nobody", "a b@acme.example", "@acme.example", "a\0@acme.example"] {
        forgot(unknown).await.expect(422);
    }
    // No other user gets an account of that address.
    for twin in [zoe, "zoe@xn--bro-hoa.example"] {
        assert_eq!(shop.admin().post("/api/v1/users", user(twin)).await.expect(409).code(), "duplicate_email");
        let staff = format!("/api/v1/users/{}", shop.staff().id);
        assert_eq!(shop.admin().patch(staff, json!({"email": twin})).await.expect(409).code(), "duplicate_email");
    }

    let read = async |path: &str| -> Reply { shop.boss().get(path.to_owned()).await.expect(200) };
    assert_eq!(read(&product).await.json()["name"], "Pro\u{200b}duct \u{202e}1");
    let users = read("/api/v1/users?limit=100").await.items();
    let id = |email: &str| users.iter().find(|user| user["email"] == email).unwrap()["id"].as_str().unwrap().to_owned();
    shop.boss().patch(product, json!({"min_stock_level": 3})).await.expect(200);
    let movements = read("/api/v1/stock-movements").await.items();
    assert!(movements.iter().any(|movement| movement["notes"] == "first\u{2066} line"));

    // An admin who sends the address as read corrects it.
    let zoes = format!("/api/v1/users/{}", id(zoe));
    let right = shop.admin().patch(zoes, json!({"email": zoe})).await.expect(200);
    assert_eq!(right.json()["email"], "zoe@xn--bro-hoa.example");
    shop.anonymous().log_in(zoe, PASSWORD).await.expect(200);
    shop.anonymous().log_in(joerg, PASSWORD).await.expect(200);
    shop.admin().delete(format!("/api/v1/users/{}", id(joerg))).await.expect(204);
    shop.anonymous().log_in(joerg, PASSWORD).await.expect(401);
    shop.stack().check_invariants();
}
