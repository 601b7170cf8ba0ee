//! Lists of products by barcode.

use http::Method;
use serde_json::{Value, json};
use stockroom_harness::{Request, Shop, Stack, at_once};

use crate::stock::support::walk;

const PRODUCTS: &str = "/api/v1/products";
const EAN: &str = "4006381333931";

fn scan(shop: &Shop, barcode: &str) -> Request {
    shop.staff().get(PRODUCTS).query(&[("barcode", barcode)])
}

async fn skus(list: Request) -> Vec<String> {
    walk(list, 2).await.iter().map(|product| product["sku"].as_str().unwrap().to_owned()).collect()
}

async fn patch(shop: &Shop, product: &str, change: Value) {
    shop.manager().patch(format!("{PRODUCTS}/{product}"), change).await.expect(200);
}

#[tokio::test]
async fn list_of_products_by_barcode_returns_exact_matches() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let pen = shop.product("PEN").with("barcode", EAN).await;
    shop.product("INK").with("barcode", "4006381333").await;
    shop.product("CAP").with("barcode", "AbC#1 2/3").await;
    shop.product("LID").with("barcode", "AbC#1").await;
    shop.product("BOX").await;

    let found = scan(&shop, EAN).await.expect(200);
    assert_eq!(found.items()[0], shop.staff().get(format!("{PRODUCTS}/{pen}")).await.expect(200).json());
    assert!(found.cost().round_trips <= 2);
    for (barcode, expected) in [
        (EAN, vec!["PEN"]),
        ("  4006381333931 ", vec!["PEN"]),
        ("4006381333", vec!["INK"]),
        ("AbC#1", vec!["LID"]),
        ("AbC#1 2/3", vec!["CAP"]),
        ("abc#1", vec![]),
        ("400638133393", vec![]),
        ("PEN", vec![]),
    ] {
        assert_eq!(skus(scan(&shop, barcode)).await, expected, "{barcode}");
    }
    let head = shop.staff().request(Method::HEAD, PRODUCTS).query(&[("barcode", EAN)]).await.expect(200);
    assert_eq!(head.bytes(), b"");
    for (barcode, code) in [("", "too_short"), (&*"9".repeat(65), "too_long"), ("4\u{0}", "invalid_character")] {
        assert_eq!(scan(&shop, barcode).await.expect(422).faults(), [format!("barcode {code}")]);
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn list_of_products_by_search_finds_part_of_a_barcode() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let pen = shop.product("PEN").with("barcode", "ABC-63813").await;
    shop.product("INK").with("barcode", EAN).await;
    for sort in ["created_at", "name", "sku"] {
        let search = |text: &str| skus(shop.staff().get(PRODUCTS).query(&[("search", text), ("sort", sort)]));
        assert_eq!(search("c-638").await, ["PEN"]);
        assert_eq!(search("63813").await.len(), 2);
        // None matches the end of a SKU and the beginning of a barcode.
        assert_eq!(search("penabc").await, [""; 0]);
    }
    patch(&shop, &pen, json!({"barcode": "other"})).await;
    assert_eq!(skus(shop.staff().get(PRODUCTS).query(&[("search", "c-638")])).await, [""; 0]);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn change_or_delete_of_a_product_updates_the_list_by_barcode() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let pen = shop.product("PEN").await;
    patch(&shop, &pen, json!({"barcode": EAN})).await;
    assert_eq!(skus(scan(&shop, EAN)).await, ["PEN"]);
    patch(&shop, &pen, json!({"name": "Pen"})).await;
    patch(&shop, &pen, json!({"barcode": "12"})).await;
    assert_eq!((skus(scan(&shop, EAN)).await, skus(scan(&shop, "12")).await), (vec![], vec!["PEN".to_owned()]));
    shop.stack().check_invariants();
    let whole = json!({"sku": "PEN", "name": "Pen"});
    shop.manager().put(format!("{PRODUCTS}/{pen}"), whole).await.expect(200);
    assert_eq!(skus(scan(&shop, "12")).await, [""; 0]);
    patch(&shop, &pen, json!({"barcode": EAN})).await;
    shop.admin().delete(format!("{PRODUCTS}/{pen}")).await.expect(204);
    assert_eq!(skus(scan(&shop, EAN)).await, [""; 0]);
    shop.stack().check_invariants();
    assert!(shop.stack().items().iter().all(|item| !item["pk"].as_str().unwrap().ends_with("#BARCODE")));
}

#[tokio::test]
async fn list_of_products_with_a_shared_barcode_supports_every_order_and_filter() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    for number in 0..9 {
        let sku = format!("S-{}", number * 4 % 9);
        let product = shop.product(&sku).with("name", format!("Name {}", number * 2 % 9)).with("barcode", EAN);
        product.with("category", if number % 2 == 0 { "Even" } else { "Odd" }).await;
        shop.product(&format!("OTHER-{number}")).with("category", "Even").await;
    }
    for (sort, member) in [("created_at", "created_at"), ("name", "name"), ("sku", "sku")] {
        for order in ["asc", "desc"] {
            let query = [("sort", sort), ("order", order)];
            for limit in [2, 100] {
                let listed = walk(scan(&shop, EAN).query(&query), limit).await;
                assert_eq!(listed.len(), 9);
                let is_sorted = |earlier: &Value, later: &Value| {
                    let (earlier, later) = (earlier[member].as_str(), later[member].as_str());
                    if order == "asc" { earlier <= later } else { earlier >= later }
                };
                assert!(listed.is_sorted_by(is_sorted), "{sort} {order}: {listed:?}");
                let even = walk(scan(&shop, EAN).query(&query).query(&[("category", "Even")]), limit).await;
                assert_eq!(even.len(), 5, "{sort} {order}");
                let found = walk(scan(&shop, EAN).query(&query).query(&[("search", "s-3")]), limit).await;
                assert_eq!(found.len(), 1, "{sort} {order}");
            }
        }
    }
    assert_eq!(skus(scan(&shop, EAN).query(&[("sku", "s-3")])).await, ["S-3"]);
    assert_eq!(skus(scan(&shop, "none").query(&[("sku", "s-3")])).await, [""; 0]);
    let page = scan(&shop, EAN).query(&[("limit", "2")]).await.expect(200).json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let other = scan(&shop, "12").query(&[("limit", "2"), ("cursor", cursor)]).await.expect(400);
    assert_eq!(other.code(), "invalid_cursor");
}

#[tokio::test]
async fn list_of_products_by_a_foreign_barcode_equals_an_unknown_one() {
    let stack = Stack::start().await;
    let (acme, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    acme.product("PEN").with("barcode", EAN).await;
    assert_eq!(scan(&globex, EAN).await.expect(200).bytes(), scan(&globex, "unknown").await.expect(200).bytes());
    globex.product("CAP").with("barcode", EAN).await;
    assert_eq!(skus(scan(&globex, EAN)).await, ["CAP"]);
    assert_eq!(skus(scan(&acme, EAN)).await, ["PEN"]);
}

#[tokio::test]
async fn concurrent_changes_of_a_barcode_keep_the_table_consistent() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let pen = shop.product("PEN").with("barcode", "0").await;
    for round in 0..20 {
        let at = |shop: &Shop, barcode: String| {
            shop.manager().patch(format!("{PRODUCTS}/{pen}"), json!({"barcode": barcode}))
        };
        let changes = [at(&shop, format!("{round}-a")), at(&elsewhere, format!("{round}-b")), at(&shop, "0".into())];
        for reply in at_once(changes).await {
            reply.expect(200);
        }
        shop.stack().check_invariants();
    }
}

#[tokio::test]
async fn list_by_a_frequent_barcode_and_sku_follows_no_pointers_that_do_not_fit() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    for number in 0..60 {
        shop.product(&format!("PEN-{number:02}")).with("barcode", EAN).await;
    }
    let list = scan(&shop, EAN).query(&[("sort", "sku")]);
    let page = list.clone().query(&[("limit", "1")]).await.expect(200);
    assert_eq!(page.items()[0]["sku"], "PEN-00");
    assert!(page.cost().read_halves <= 150, "{:?}", page.cost());
    let expected: Vec<_> = (0..60).map(|number| format!("PEN-{number:02}")).collect();
    let walked: Vec<_> =
        walk(list, 7).await.iter().map(|product| product["sku"].as_str().unwrap().to_owned()).collect();
    assert_eq!(walked, expected);
}
