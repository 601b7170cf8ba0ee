//! Concurrent movements: the last items, one level, one idempotency key.

use serde_json::json;
use stockroom_harness::{Reply, Shop, at_once};

use super::support::{count, log_of, walk};
use crate::catalogue::processes;

#[tokio::test]
async fn concurrent_movements_of_more_than_the_stock_are_insufficient_stock() {
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
async fn concurrent_transfers_conserve_the_stock() {
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
async fn concurrent_movements_with_one_key_are_one_movement() {
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
        let content =
            |reply: &Reply| (reply.status(), reply.bytes().to_vec(), reply.header("location").map(str::to_owned));
        for reply in &replies {
            assert_eq!(content(reply), content(&replies[0]));
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
async fn concurrent_movements_of_64_writers_of_one_level_all_succeed() {
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
