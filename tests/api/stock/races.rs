//! Everybody at once: over the last items, over one level, over a name, over one key.

use serde_json::{Value, json};
use stockroom_harness::{Reply, Request, Shop, Stack, at_once};

use super::support::{count, log_of, walk};

/// The same shop as so many processes serve it, on one table.
async fn processes(count: usize) -> Vec<Shop> {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let others = (1..count).map(|_| shop.at(&shop.stack().another_process())).collect::<Vec<_>>();
    [vec![shop], others].concat()
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
async fn sixteen_takers_of_ten_leave_six_without() {
    let shops = processes(4).await;
    let shop = &shops[0];
    for round in 0..8 {
        let product = shop.product(&format!("SKU-{round}")).await;
        let main = shop.warehouse("Main").await;
        shop.receive(&product, &main, 10).await.expect(201);
        let replies = at_once((0..16).map(|taker| shops[taker % 4].take(&product, &main, 1))).await;
        assert_eq!(count(&replies, [201, 409]), [10, 6]);
        let refused = replies.iter().filter(|reply| reply.status() == 409);
        for refused in refused.map(Reply::json) {
            assert_eq!((&refused["code"], &refused["available"]), (&json!("insufficient_stock"), &json!(0)));
        }
        assert_eq!(shop.on_hand(&product, &main).await, "0");
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn stock_going_to_and_fro_is_conserved() {
    let shops = processes(3).await;
    let shop = &shops[0];
    let (product, main) = shop.stocked("SKU-1", 10).await;
    let annex = shop.warehouse("Annex").await;
    shop.receive(&product, &annex, 10).await.expect(201);
    let mut moved = 0;
    for _ in 0..6 {
        let racers = (0..12).map(|racer| {
            let (from, to) = if racer % 2 == 0 { (&main, &annex) } else { (&annex, &main) };
            shops[racer % 3].staff().transfer(&product, from, to, 4)
        });
        let replies = at_once(racers).await;
        moved += count(&replies, [201, 409])[0];
        let here: u32 = shop.on_hand(&product, &main).await.parse().unwrap();
        let there: u32 = shop.on_hand(&product, &annex).await.parse().unwrap();
        assert_eq!(here + there, 20);
    }
    let legs = walk(shop.staff().get("/api/v1/stock-movements").query(&[("type", "TRANSFER")]), 100).await;
    assert_eq!(legs.len(), moved * 2);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn fifty_racers_with_one_key_make_one_movement_and_get_one_answer() {
    let shops = processes(5).await;
    let shop = &shops[0];
    let (product, main) = shop.stocked("SKU-1", 100).await;
    let annex = shop.warehouse("Annex").await;
    for (key, is_transfer) in [("one", false), ("two", true)] {
        let request = |shop: &Shop| {
            if is_transfer {
                shop.staff().transfer(&product, &main, &annex, 7).key(key)
            } else {
                shop.take(&product, &main, 7).key(key)
            }
        };
        let replies = at_once((0..50).map(|racer| request(&shops[racer % 5]))).await;
        let told =
            |reply: &Reply| (reply.status(), reply.bytes().to_vec(), reply.header("location").map(str::to_owned));
        for reply in &replies {
            assert_eq!(told(reply), told(&replies[0]));
        }
        replies[0].clone().expect(201);
        let first_told = replies.iter().filter(|reply| reply.header("idempotency-replayed").is_none());
        assert_eq!(first_told.count(), 1);
    }
    assert_eq!(shop.on_hand(&product, &main).await, "86");
    assert_eq!(log_of(&shop.stack().items()).iter().filter(|entry| entry["data"]["sequence"].is_u64()).count(), 4);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn sixty_four_writers_of_one_level_all_get_through() {
    let shops = processes(8).await;
    let shop = &shops[0];
    let (product, main) = shop.stocked("HOT", 1).await;
    let replies = at_once((0..64).map(|writer| shops[writer % 8].receive(&product, &main, 1))).await;
    assert_eq!(count(&replies, [201]), [64]);
    let mut sequences: Vec<u64> = replies.iter().map(|reply| reply.json()["sequence"].as_u64().unwrap()).collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (2..=65).collect::<Vec<_>>(), "each has a place of its own in the ledger");
    assert_eq!(shop.on_hand(&product, &main).await, "65");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn one_sku_goes_to_one_product() {
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
async fn skus_change_hands_one_by_one() {
    let shops = processes(2).await;
    let (shop, elsewhere) = (&shops[0], &shops[1]);
    let (one, other) = (shop.product("X").await, shop.product("Y").await);

    // Each wants what the other still has.
    for _ in 0..10 {
        let swap = [patch(shop, &one, json!({"sku": "Y"})), patch(elsewhere, &other, json!({"sku": "X"}))];
        assert_eq!(count(&at_once(swap).await, [409]), [2]);
    }
    assert_eq!(skus(shop, &[&one, &other]).await, ["X", "Y"]);

    // One gives up what the other takes: it gets it now or at its next try.
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

    // The same code in another spelling is no other code.
    patch(shop, &other, json!({"sku": "y"})).await.expect(200);
    assert_eq!(skus(shop, &[&other]).await, ["y"]);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn of_a_hundred_who_saw_the_same_version_one_changes_it() {
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
