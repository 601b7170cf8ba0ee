//! Races of a deletion against arriving stock, without held calls.

use stockroom_harness::{Reply, Request, Shop, Stack, at_once};

use super::{delete_product, delete_warehouse, has_no_mark};
use crate::stock::support::begin;

/// How many rounds of a race run side by side.
const LANES: usize = 4;

/// How often the movement won, and how often the deletion.
#[derive(Debug, Default)]
struct Tally {
    moved: usize,
    deleted: usize,
}

impl Tally {
    /// One of the two must have won, and the other must have been refused.
    #[track_caller]
    fn settle(&mut self, movement: &Reply, deletion: &Reply, pointer: &str) {
        match (movement.status(), deletion.status()) {
            (201, 409) => {
                assert_eq!(deletion.code(), "in_use");
                self.moved += 1;
            }
            (422, 204) => {
                assert_eq!(movement.faults(), [format!("{pointer} unknown_reference")]);
                self.deleted += 1;
            }
            _ => panic!("the movement was answered {:?}, the deletion {}", movement.json(), deletion.status()),
        }
    }

    #[track_caller]
    fn check(&self, stack: &Stack) {
        stack.check_invariants();
        assert!(has_no_mark(stack));
        assert!(self.moved > 0 && self.deleted > 0, "the same side wins every race: {self:?}");
    }
}

/// Two processes that serve one shop with one warehouse.
#[derive(Debug, Clone)]
struct Racers {
    shop: Shop,
    elsewhere: Shop,
    main: String,
}

impl Racers {
    async fn meet() -> Self {
        let shop = Shop::open(&Stack::start().await, "acme").await;
        let elsewhere = shop.at(&shop.stack().another_process());
        Self { main: shop.warehouse("Main").await, shop, elsewhere }
    }

    /// Both at once; the movement starts some round trips late.
    async fn race(&self, late: usize, movement: Request, deletion: Request) -> (Reply, Reply) {
        let deletion = begin(deletion);
        for _ in 0..late {
            self.shop.anonymous().get("/health-check").await.expect(200);
        }
        (movement.await, deletion.await.unwrap())
    }

    /// Plays several rounds, some in parallel: the loser of a race mostly waits.
    async fn play<R>(
        &self,
        rounds: usize,
        pointer: &'static str,
        round: impl Fn(Self, usize) -> R + Copy + Send + 'static,
    ) where
        R: Future<Output = (Reply, Reply)> + Send,
    {
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| {
                let racers = self.clone();
                tokio::spawn(async move {
                    let mut tally = Tally::default();
                    for number in (lane..rounds).step_by(LANES) {
                        let (movement, deletion) = round(racers.clone(), number).await;
                        tally.settle(&movement, &deletion, pointer);
                    }
                    tally
                })
            })
            .collect();
        let mut all = Tally::default();
        for lane in lanes {
            let Tally { moved, deleted } = lane.await.unwrap();
            all.moved += moved;
            all.deleted += deleted;
        }
        assert_eq!(all.moved + all.deleted, rounds);
        all.check(self.shop.stack());
    }
}

#[tokio::test]
async fn delete_of_a_product_against_its_first_receipt_succeeds_once() {
    let racers = Racers::meet().await;
    racers
        .play(1_000, "/product_id", |racers, number| async move {
            let product = racers.shop.product(&format!("SKU-{number}")).await;
            let movement = racers.shop.receive(&product, &racers.main, 1);
            racers.race(number % 2, movement, delete_product(&racers.elsewhere, &product)).await
        })
        .await;
}

#[tokio::test]
async fn delete_of_a_product_against_a_receipt_into_an_empty_level_succeeds_once() {
    let racers = Racers::meet().await;
    racers
        .play(200, "/product_id", |racers, number| async move {
            let product = racers.shop.product(&format!("SKU-{number}")).await;
            racers.shop.staff().record("COUNT", &product, &racers.main, 0).await.expect(201);
            let movement = racers.shop.receive(&product, &racers.main, 1);
            racers.race(number % 5, movement, delete_product(&racers.elsewhere, &product)).await
        })
        .await;
}

#[tokio::test]
async fn delete_of_a_warehouse_against_arriving_stock_succeeds_once() {
    let racers = Racers::meet().await;
    racers
        .play(60, "/warehouse_id", |racers, number| async move {
            let product = racers.shop.product(&format!("SKU-{number}")).await;
            let annex = racers.shop.warehouse("Annex").await;
            let movement = racers.shop.receive(&product, &annex, 1);
            racers.race(number % 4, movement, delete_warehouse(&racers.elsewhere, &annex)).await
        })
        .await;
    racers
        .play(60, "/to_warehouse_id", |racers, number| async move {
            let product = racers.shop.product(&format!("MOVED-{number}")).await;
            racers.shop.receive(&product, &racers.main, 1).await.expect(201);
            let annex = racers.shop.warehouse("Annex").await;
            let movement = racers.shop.staff().transfer(&product, &racers.main, &annex, 1);
            racers.race(number % 4, movement, delete_warehouse(&racers.elsewhere, &annex)).await
        })
        .await;
}

#[tokio::test]
async fn delete_of_product_and_warehouse_against_arriving_stock_is_consistent() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let elsewhere = shop.at(&shop.stack().another_process());
    for round in 0..30 {
        let product = shop.product(&format!("SKU-{round}")).await;
        let annex = shop.warehouse("Annex").await;
        if round % 2 == 0 {
            shop.staff().record("COUNT", &product, &annex, 0).await.expect(201);
        }
        let racers = [
            shop.receive(&product, &annex, 1),
            delete_product(&elsewhere, &product),
            delete_warehouse(&elsewhere, &annex),
        ];
        let replies = at_once(racers).await;
        let statuses: Vec<u16> = replies.iter().map(Reply::status).collect();
        assert!(matches!(statuses[..], [201, 409, 409] | [422, 204, 204 | 409] | [422, 409, 204]), "{statuses:?}");
    }
    shop.stack().check_invariants();
    assert!(has_no_mark(shop.stack()));
}
