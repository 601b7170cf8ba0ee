//! One product: create, read, replace, patch, and concurrent requests for one SKU. Generic tests of lists are in
//! `conventions/lists.rs`.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use stockroom_harness::{Request, Shop, Stack, at_once};

use super::{processes, shown, texts};
use crate::{
    conventions::Furnished,
    stock::support::{count, walk},
};

const PRODUCTS: &str = "/api/v1/products";

/// A product with a value for every member.
fn whole() -> Value {
    json!({
        "sku": "WHOLE", "name": "Whole", "description": "All of it", "category": "Things", "unit": "kg",
        "decimal_places": 2, "min_stock_level": 1.25, "reorder_quantity": 2.5, "barcode": "4006381333931",
    })
}

fn patch(shop: &Shop, product: &str, change: Value) -> Request {
    shop.manager().patch(format!("/api/v1/products/{product}"), change)
}

async fn skus(shop: &Shop, products: &[&String]) -> Vec<String> {
    let mut skus = Vec::new();
    for product in products {
        let shown = shop.staff().get(format!("/api/v1/products/{product}")).await.expect(200).json();
        skus.push(shown["sku"].as_str().unwrap().to_owned());
    }
    skus
}

#[tokio::test]
async fn put_of_a_product_without_optional_members_sets_their_defaults() {
    let shop = Furnished::open().await;
    let made = shop.boss().post("/api/v1/products", whole()).await.expect(201);
    assert_eq!(shown(&made, &whole()), whole());
    let path = format!("/api/v1/products/{}", made.id());

    let bare = json!({
        "sku": "WHOLE", "name": "Bare", "description": null, "category": null, "unit": "each", "decimal_places": 0,
        "min_stock_level": 0, "reorder_quantity": null, "barcode": null,
    });
    let replaced = shop.boss().put(&path, json!({"sku": "WHOLE", "name": "Bare"})).await.expect(200);
    assert_eq!((shown(&replaced, &bare), replaced.version()), (bare.clone(), 2));
    // Null means the default, like an absent member.
    let spelled_out = json!({"sku": "WHOLE", "name": "Bare", "description": null, "unit": null, "decimal_places": null,
        "min_stock_level": null, "reorder_quantity": null, "barcode": null, "category": null});
    let same = shop.boss().put(&path, spelled_out).await.expect(200);
    assert_eq!(same.json(), replaced.json());
}

#[tokio::test]
async fn patch_of_a_product_keeps_absent_members_and_clears_null_members() {
    let shop = Furnished::open().await;
    let path = format!("/api/v1/products/{}", shop.boss().post("/api/v1/products", whole()).await.expect(201).id());
    let mut expected = whole();
    for (version, (member, value, shown_as)) in [
        ("name", json!("Hole"), json!("Hole")),
        ("description", json!(null), json!(null)),
        ("category", json!(null), json!(null)),
        ("unit", json!(null), json!("each")),
        ("min_stock_level", json!(null), json!(0)),
        ("reorder_quantity", json!(null), json!(null)),
        ("decimal_places", json!(null), json!(0)),
        ("barcode", json!("1"), json!("1")),
        ("sku", json!("HOLE"), json!("HOLE")),
    ]
    .into_iter()
    .enumerate()
    {
        let types = ["application/json", "application/merge-patch+json"];
        let request = shop.boss().request(Method::PATCH, &path);
        let patched = request.raw_body(json!({member: value}).to_string(), types[version % 2]).await.expect(200);
        expected[member] = shown_as;
        assert_eq!((shown(&patched, &expected), patched.version()), (expected.clone(), version as u64 + 2));
        assert_eq!(shop.boss().get(&path).await.json(), patched.json());
    }
    // Unchanged members must fit the changed ones.
    shop.boss().patch(&path, json!({"decimal_places": 2, "min_stock_level": 0.25})).await.expect(200);
    let coarse = shop.boss().patch(&path, json!({"decimal_places": 1})).await.expect(422);
    assert_eq!(coarse.faults(), ["/min_stock_level too_many_decimals"]);
}

#[tokio::test]
async fn create_of_a_product_with_the_longest_texts_stores_every_character() {
    let shop = Furnished::open().await;
    for character in ["x", "é", "ΐ", "ﬃ", "𝕏"] {
        let text = |length| character.repeat(length);
        let product = json!({
            "sku": text(64), "name": text(200), "description": text(2_000), "category": text(100), "unit": text(20),
            "barcode": text(64),
        });
        let reply = shop.boss().post("/api/v1/products", product.clone()).await.expect(201);
        for (member, value) in product.as_object().unwrap() {
            assert_eq!(reply.json()[member], *value);
        }
        let page = shop.boss().get("/api/v1/products").query(&[("category", &text(100)), ("search", &text(200))]);
        assert_eq!(page.await.expect(200).items().len(), 1);
    }
}

#[tokio::test]
async fn create_or_patch_of_a_product_with_a_twin_of_a_taken_sku_is_duplicate_sku() {
    let shop = Furnished::open().await;
    let made = shop.product("  Cafe\u{301} straße ").request().await.expect(201);
    assert_eq!(made.json()["sku"], "Caf\u{e9} straße");
    for twin in ["Caf\u{e9} straße", "CAFE\u{301} STRASSE", "caf\u{c9} stra\u{1e9e}e"] {
        assert_eq!(shop.product(twin).request().await.expect(409).code(), "duplicate_sku", "{twin}");
        let own = format!("/api/v1/products/{}", made.id());
        shop.manager().patch(&own, json!({"sku": twin})).await.expect(200);
        let others = format!("/api/v1/products/{}", shop.product);
        let taken = shop.manager().patch(&others, json!({"sku": twin})).await.expect(409);
        assert_eq!(taken.code(), "duplicate_sku");
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn get_of_a_product_with_include_levels_has_its_levels() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    let path = format!("/api/v1/products/{product}");

    let alone = shop.staff().get(&path).await.expect(200);
    assert_eq!(alone.json().get("levels"), None);
    let shown = shop.staff().get(&path).query(&[("include", "levels")]).await.expect(200).json();
    let updated_at = shown["levels"][0]["updated_at"].clone();
    let level = json!({
        "warehouse_id": main,
        "warehouse_name": "Main",
        "on_hand": 10,
        "min_stock_level": 0,
        "updated_at": updated_at,
    });
    assert_eq!(shown["levels"], json!([level]));
    shop.stack().check_invariants();
}

#[tokio::test]
async fn list_of_products_by_search_ignores_case_and_normal_form() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let fit = shop.product("S-1").with("name", "Große Caf\u{e9}tasse").with("category", "Küche").await;
    let bolt = shop.product("STRASSE-7").with("name", "Bolt").with("category", "Bolts").await;
    let sigma = shop.product("s-3").with("name", "ΟΔΥΣΣΕΥΣ").await;
    for (query, expected) in [
        (&[("search", "GROSSE")][..], &[&fit][..]),
        (&[("search", "große")], &[&fit]),
        (&[("search", "cafe\u{301}T")], &[&fit]),
        (&[("search", "CAF\u{c9}")], &[&fit]),
        (&[("search", "straße")], &[&bolt]),
        (&[("search", "οδυσσευς")], &[&sigma]),
        (&[("search", "οδυσσευσ")], &[&sigma]),
        (&[("search", "s-")], &[&sigma, &fit]),
        (&[("search", " S-1 ")], &[&fit]),
        (&[("search", "fitS-1")], &[]),
        (&[("search", "%")], &[]),
        (&[("search", "nothing")], &[]),
        (&[("category", "Bolts")], &[&bolt]),
        (&[("category", "Ku\u{308}che")], &[&fit]),
        (&[("category", "bolts")], &[]),
        (&[("category", "Bolts"), ("search", "bol")], &[&bolt]),
        (&[("category", "Bolts"), ("search", "große")], &[]),
        (&[("sku", "strasse-7")], &[&bolt]),
        (&[("sku", "Straße-7")], &[&bolt]),
        (&[("sku", "STRASSE")], &[]),
        (&[("sku", "S-1"), ("category", "Bolts")], &[]),
        (&[("sku", "S-1"), ("search", "tasse")], &[&fit]),
    ] {
        let newest_first = walk(shop.staff().get(PRODUCTS).query(query), 20).await;
        assert_eq!(texts(&newest_first, "id").iter().collect::<Vec<_>>(), expected, "{query:?}");
        for sort in ["name", "sku"] {
            let sorted = walk(shop.staff().get(PRODUCTS).query(query).query(&[("sort", sort)]), 1).await;
            let ids: BTreeSet<_> = texts(&sorted, "id").into_iter().collect();
            assert_eq!(ids, expected.iter().map(|id| (*id).clone()).collect(), "{query:?} by {sort}");
        }
    }
}

#[tokio::test]
async fn concurrent_creates_of_products_with_one_sku_succeed_once() {
    let shops = processes(2).await;
    let shop = &shops[0];
    for round in 0..15 {
        let spellings = [format!("sku-{round}"), format!("SKU-{round}"), format!("Sku-{round}")];
        let racers = (0..6).map(|racer| shops[racer % 2].product(&spellings[racer % 3]).request());
        let replies = at_once(racers).await;
        assert_eq!(count(&replies, [201, 409]), [1, 5]);
        assert!(replies.iter().all(|reply| reply.status() == 201 || reply.code() == "duplicate_sku"));
    }
    let (one, other) = (shop.product("ONE").await, shop.product("OTHER").await);
    for round in 0..15 {
        let sku = json!({"sku": format!("both-{round}")});
        let replies = at_once([patch(shop, &one, sku.clone()), patch(&shops[1], &other, sku)]).await;
        assert_eq!(count(&replies, [200, 409]), [1, 1]);
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn concurrent_exchange_of_skus_is_duplicate_sku() {
    let shops = processes(2).await;
    let (shop, elsewhere) = (&shops[0], &shops[1]);
    let (one, other) = (shop.product("X").await, shop.product("Y").await);

    // Each patch takes the SKU that the other product still has.
    for _ in 0..10 {
        let swap = [patch(shop, &one, json!({"sku": "Y"})), patch(elsewhere, &other, json!({"sku": "X"}))];
        assert_eq!(count(&at_once(swap).await, [409]), [2]);
    }
    assert_eq!(skus(shop, &[&one, &other]).await, ["X", "Y"]);

    // One product gives up the SKU that the other takes: the other gets it now or at its next attempt.
    for round in 0..10 {
        let (free, kept) = if round % 2 == 0 { ("X", "Z") } else { ("Z", "X") };
        let giving = patch(shop, &one, json!({"sku": kept}));
        let taking = patch(elsewhere, &other, json!({"sku": free}));
        let [_, late] = count(&at_once([giving, taking.clone()]).await, [200, 409]);
        if late == 1 {
            taking.await.expect(200);
        }
        assert_eq!(skus(shop, &[&one, &other]).await, [kept, free]);
        patch(elsewhere, &other, json!({"sku": "Y"})).await.expect(200);
    }

    // A code that differs in spelling only is the same code.
    patch(shop, &other, json!({"sku": "y"})).await.expect(200);
    assert_eq!(skus(shop, &[&other]).await, ["y"]);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn concurrent_patches_of_a_product_with_one_if_match_succeed_once() {
    let shops = processes(4).await;
    let shop = &shops[0];
    let product = shop.product("SKU-1").await;
    let racers =
        (0..100).map(|racer| patch(&shops[racer % 4], &product, json!({"name": format!("Name {racer}")})).if_match(1));
    let replies = at_once(racers).await;
    assert_eq!(count(&replies, [200, 412]), [1, 99]);
    let winner = replies.iter().find(|reply| reply.status() == 200).unwrap();
    let shown = shop.staff().get(format!("/api/v1/products/{product}")).await.expect(200);
    assert_eq!((shown.version(), shown.bytes()), (2, winner.bytes()));
    shop.stack().check_invariants();
}
