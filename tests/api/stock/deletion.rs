//! Deleting a product or a warehouse while stock may still arrive. A movement and a deletion touch different items; none
//! of their interleavings may leave stock of nothing.

use std::time::Duration;

use serde_json::{Value, json};
use stockroom_harness::{Fault, Reply, Request, Shop, Stack, at_once};

use super::support::{begin, count, die_when_held, walk};

/// How long a deletion that does not come back keeps others waiting.
const MARK_HOLDS: Duration = Duration::from_secs(5);

/// How many rounds of a race run side by side.
const LANES: usize = 4;

fn delete_product(shop: &Shop, product: &str) -> Request {
    shop.admin().delete(format!("/api/v1/products/{product}"))
}

fn delete_warehouse(shop: &Shop, warehouse: &str) -> Request {
    shop.admin().delete(format!("/api/v1/warehouses/{warehouse}"))
}

#[track_caller]
fn is_refused(movement: Reply, pointer: &str) {
    assert_eq!(movement.expect(422).faults(), [format!("{pointer} unknown_reference")]);
}

fn levels(stack: &Stack) -> Vec<Value> {
    let is_level = |item: &Value| item["pk"].as_str().unwrap().contains("#STOCK#");
    stack.items().into_iter().filter(is_level).collect()
}

/// Nobody waits for a deletion that is over.
fn has_no_mark(stack: &Stack) -> bool {
    stack.items().iter().all(|item| item["closing"].is_null())
}

/// A shop with faults, and the same as another process serves it.
async fn shops() -> (Shop, Shop) {
    let shop = Shop::with_faults().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    (shop, elsewhere)
}

/// How often the movement came first, and how often the deletion.
#[derive(Debug, Default)]
struct Tally {
    moved: usize,
    deleted: usize,
}

impl Tally {
    /// One of the two must have won, and the other must know.
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
        assert!(self.moved > 0 && self.deleted > 0, "only one of them ever wins: {self:?}");
    }
}

/// Who races: two processes that serve one shop with one warehouse.
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

    /// Both at once, but the movement starts so many round trips late.
    async fn race(&self, late: usize, movement: Request, deletion: Request) -> (Reply, Reply) {
        let deletion = begin(deletion);
        for _ in 0..late {
            self.shop.anonymous().get("/health-check").await.expect(200);
        }
        (movement.await, deletion.await.unwrap())
    }

    /// Races in so many rounds, some side by side: who loses a race waits more than it works.
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
async fn a_product_deleted_while_its_first_receipt_arrives_leaves_no_stock_of_nothing() {
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
async fn a_product_deleted_while_stock_returns_to_an_empty_place_leaves_no_stock_of_nothing() {
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
async fn a_warehouse_deleted_while_stock_arrives_leaves_no_stock_nowhere() {
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
async fn product_and_warehouse_deleted_at_once_while_stock_arrives() {
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

#[tokio::test]
async fn a_first_receipt_decided_before_a_deletion_is_refused_after_it() {
    let (shop, elsewhere) = shops().await;
    let main = shop.warehouse("Main").await;

    let product = shop.product("SKU-1").await;
    let held = shop.faults().hold("TransactWriteItems");
    let movement = begin(shop.receive(&product, &main, 1));
    held.arrived().await;
    delete_product(&elsewhere, &product).await.expect(204);
    held.release();
    is_refused(movement.await.unwrap(), "/product_id");

    let product = shop.product("SKU-2").await;
    let held = shop.faults().hold("TransactWriteItems");
    let movement = begin(shop.receive(&product, &main, 1));
    held.arrived().await;
    delete_warehouse(&elsewhere, &main).await.expect(204);
    held.release();
    is_refused(movement.await.unwrap(), "/warehouse_id");

    assert_eq!(levels(shop.stack()), Vec::<Value>::new());
    assert_eq!(walk(shop.staff().get("/api/v1/stock-movements"), 20).await, Vec::<Value>::new());
    shop.stack().check_invariants();
}

#[tokio::test]
async fn a_receipt_for_an_empty_place_decided_before_a_deletion_is_refused_after_it() {
    let (shop, elsewhere) = shops().await;
    let (main, annex) = (shop.warehouse("Main").await, shop.warehouse("Annex").await);

    for (sku, of_product) in [("SKU-1", true), ("SKU-2", false)] {
        let product = shop.product(sku).await;
        shop.staff().record("COUNT", &product, &annex, 0).await.expect(201);
        shop.receive(&product, &main, 5).await.expect(201);
        let held = shop.faults().hold("TransactWriteItems");
        let movement = begin(shop.staff().transfer(&product, &main, &annex, 1));
        held.arrived().await;
        if of_product {
            shop.take(&product, &main, 5).await.expect(201);
            delete_product(&elsewhere, &product).await.expect(204);
        } else {
            delete_warehouse(&elsewhere, &annex).await.expect(204);
        }
        held.release();
        is_refused(movement.await.unwrap(), if of_product { "/product_id" } else { "/to_warehouse_id" });
        assert_eq!(shop.on_hand(&product, &annex).await, "0");
        shop.stack().check_invariants();
    }
}

#[tokio::test]
async fn a_first_receipt_decided_before_the_mark_cannot_commit_behind_it() {
    let (shop, elsewhere) = shops().await;
    let main = shop.warehouse("Main").await;
    for (sku, of_product) in [("SKU-1", true), ("SKU-2", false)] {
        let product = shop.product(sku).await;
        let arrival = shop.faults().hold("TransactWriteItems");
        let movement = begin(shop.receive(&product, &main, 1));
        arrival.arrived().await;
        let look = shop.faults().hold("Query");
        let deletion =
            if of_product { delete_product(&elsewhere, &product) } else { delete_warehouse(&elsewhere, &main) };
        let deletion = begin(deletion);
        look.arrived().await;
        // Marked, and not yet looked.
        arrival.release();
        shop.staff().get(format!("/api/v1/products/{product}")).await.expect(200);
        look.release();

        deletion.await.unwrap().expect(204);
        is_refused(movement.await.unwrap(), if of_product { "/product_id" } else { "/warehouse_id" });
        assert_eq!(levels(shop.stack()), Vec::<Value>::new());
        shop.stack().check_invariants();
    }
}

#[tokio::test]
async fn stock_that_arrives_behind_the_mark_is_found_by_the_look_or_by_the_freeze() {
    let (shop, elsewhere) = shops().await;
    let main = shop.warehouse("Main").await;
    for (sku, is_looking) in [("SKU-1", false), ("SKU-2", true)] {
        let product = shop.product(sku).await;
        shop.staff().record("COUNT", &product, &main, 0).await.expect(201);
        let arrival = shop.faults().hold("TransactWriteItems");
        let movement = begin(shop.receive(&product, &main, 1));
        arrival.arrived().await;
        let mut next = shop.faults().hold("Query");
        let deletion = begin(delete_product(&elsewhere, &product));
        next.arrived().await;
        if is_looking {
            // It has seen the level empty, and is about to freeze it.
            let freeze = shop.faults().hold("UpdateItem");
            next.release();
            freeze.arrived().await;
            next = freeze;
        }
        arrival.release();
        movement.await.unwrap().expect(201);
        next.release();

        assert_eq!(deletion.await.unwrap().expect(409).code(), "in_use");
        assert!(has_no_mark(shop.stack()));
        shop.take(&product, &main, 1).await.expect(201);
        shop.stack().check_invariants();
    }
}

#[tokio::test]
async fn a_movement_that_read_the_product_before_its_mark_and_the_level_after_its_freeze_is_refused() {
    let (shop, elsewhere) = shops().await;
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);
    shop.staff().record("COUNT", &product, &main, 0).await.expect(201);

    // Under a key, product and level are in different halves of what is read.
    shop.faults().next(Fault::Partial, "BatchGetItem", 1);
    let read = shop.faults().hold("BatchGetItem");
    let movement = begin(shop.receive(&product, &main, 1).key("k"));
    read.arrived().await;
    let finish = shop.faults().hold("TransactWriteItems");
    let deletion = begin(delete_product(&elsewhere, &product));
    finish.arrived().await;
    read.release();
    shop.staff().get(format!("/api/v1/products/{product}")).await.expect(200);
    assert!(!movement.is_finished());
    finish.release();

    deletion.await.unwrap().expect(204);
    is_refused(movement.await.unwrap(), "/product_id");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn a_warehouse_that_is_renamed_while_it_gets_new_products_still_knows_how_many() {
    let (shop, elsewhere) = shops().await;
    let main = shop.warehouse("Main").await;
    let path = format!("/api/v1/warehouses/{main}");
    for (number, is_rename_held) in [true, false].into_iter().enumerate() {
        let product = shop.product(&format!("SKU-{number}")).await;
        let rename = elsewhere.manager().patch(&path, json!({"name": format!("Name {number}")}));
        let arrival = shop.staff().record("COUNT", &product, &main, 0);
        let (first, second) = if is_rename_held { (rename, arrival) } else { (arrival, rename) };
        let held = shop.faults().hold("TransactWriteItems");
        let first = begin(first);
        held.arrived().await;
        assert!(second.await.status() < 300);
        held.release();
        assert!(first.await.unwrap().status() < 300);

        let renamed = shop.staff().get(&path).await.expect(200).json();
        assert_eq!(renamed["name"], format!("Name {number}"));
        let items = shop.stack().items();
        let warehouse = items.iter().find(|item| item["sk"] == main && item["data"].is_object()).unwrap();
        assert_eq!(warehouse["places"].as_u64(), Some(levels(shop.stack()).len() as u64));
    }
    delete_warehouse(&shop, &main).await.expect(204);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn who_meets_a_deletion_under_way_waits_for_its_end() {
    let (shop, elsewhere) = shops().await;
    let main = shop.warehouse("Main").await;
    for (sku, has_level) in [("SKU-1", false), ("SKU-2", true)] {
        let product = shop.product(sku).await;
        if has_level {
            shop.staff().record("COUNT", &product, &main, 0).await.expect(201);
        }
        let held = shop.faults().hold("TransactWriteItems");
        let deletion = begin(delete_product(&elsewhere, &product));
        held.arrived().await;
        // Marked, looked, and not yet finished.
        let path = format!("/api/v1/products/{product}");
        let movement = begin(shop.receive(&product, &main, 1));
        let change = begin(shop.manager().patch(&path, json!({"name": "Too late"})));
        let again = begin(delete_product(&shop, &product));
        // They can be read meanwhile, and nobody got through.
        assert_eq!(shop.staff().get(&path).await.expect(200).json()["name"], format!("Product {sku}"));
        assert!(!movement.is_finished() && !change.is_finished() && !again.is_finished());
        held.release();

        deletion.await.unwrap().expect(204);
        is_refused(movement.await.unwrap(), "/product_id");
        change.await.unwrap().expect(404);
        again.await.unwrap().expect(404);
        shop.stack().check_invariants();
    }
}

#[tokio::test]
async fn a_deletion_that_finds_stock_leaves_everything_as_it_was() {
    let (shop, elsewhere) = shops().await;
    let (product, main) = shop.stocked("SKU-1", 1).await;
    let annex = shop.warehouse("Annex").await;
    shop.staff().record("COUNT", &product, &annex, 0).await.expect(201);

    // The empty level of another place was read before the deletion looked at it.
    let held = shop.faults().hold("TransactWriteItems");
    let movement = begin(shop.receive(&product, &annex, 3));
    held.arrived().await;
    let refused = delete_product(&elsewhere, &product).await.expect(409);
    assert_eq!(refused.code(), "in_use");
    assert!(has_no_mark(shop.stack()));
    held.release();
    assert_eq!(movement.await.unwrap().expect(201).json()["balance_after"], 3);

    for warehouse in [&main, &annex] {
        assert_eq!(delete_warehouse(&shop, warehouse).await.expect(409).code(), "in_use");
    }
    assert!(has_no_mark(shop.stack()));
    let renamed = shop.manager().patch(format!("/api/v1/products/{product}"), json!({"name": "Pens"})).await;
    assert_eq!(renamed.expect(200).version(), 2);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn a_deletion_that_took_too_long_is_overtaken_and_notices() {
    let (shop, elsewhere) = shops().await;
    let main = shop.warehouse("Main").await;
    // Held before it looks for levels, and before it finishes; with and without a level to freeze.
    for (number, (operation, has_level)) in
        [("Query", false), ("Query", true), ("TransactWriteItems", false), ("TransactWriteItems", true)]
            .into_iter()
            .enumerate()
    {
        let product = shop.product(&format!("SKU-{number}")).await;
        if has_level {
            shop.staff().record("COUNT", &product, &main, 0).await.expect(201);
        }
        let held = shop.faults().hold(operation);
        let deletion = begin(delete_product(&elsewhere, &product));
        held.arrived().await;
        shop.stack().clock().advance(MARK_HOLDS);
        shop.receive(&product, &main, 1).await.expect(201);
        held.release();

        assert_eq!(deletion.await.unwrap().expect(409).code(), "in_use", "{operation}");
        assert_eq!(shop.on_hand(&product, &main).await, "1");
        assert!(has_no_mark(shop.stack()));
        shop.stack().check_invariants();
    }
}

#[tokio::test]
async fn a_deletion_whose_mark_was_taken_away_begins_again() {
    let (shop, elsewhere) = shops().await;
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);
    let held = shop.faults().hold("TransactWriteItems");
    let deletion = begin(delete_product(&elsewhere, &product));
    held.arrived().await;
    shop.stack().clock().advance(MARK_HOLDS);
    // In and out again: it is as empty as it was, but not the same.
    shop.receive(&product, &main, 1).await.expect(201);
    shop.take(&product, &main, 1).await.expect(201);
    held.release();

    deletion.await.unwrap().expect(204);
    is_refused(shop.receive(&product, &main, 1).await, "/product_id");
    assert_eq!(walk(shop.staff().get("/api/v1/stock-movements"), 20).await.len(), 2);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn of_two_deletions_one_deletes() {
    let (shop, elsewhere) = shops().await;
    let product = shop.product("SKU-1").await;
    // The first one's time is over before it ends, and the second one takes over.
    let held = shop.faults().hold("TransactWriteItems");
    let first = begin(delete_product(&shop, &product));
    held.arrived().await;
    shop.stack().clock().advance(MARK_HOLDS);
    delete_product(&elsewhere, &product).await.expect(204);
    held.release();
    first.await.unwrap().expect(404);

    for round in 0..20 {
        let product = shop.product(&format!("SKU-{round}")).await;
        let replies = at_once([delete_product(&shop, &product), delete_product(&elsewhere, &product)]).await;
        assert_eq!(count(&replies, [204, 404]), [1, 1]);
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn a_deletion_whose_process_dies_is_forgotten_after_its_time() {
    let shop = Shop::with_faults().await;
    let main = shop.warehouse("Main").await;
    for (number, operation) in ["Query", "TransactWriteItems"].into_iter().enumerate() {
        let product = shop.product(&format!("SKU-{number}")).await;
        shop.staff().record("COUNT", &product, &main, 0).await.expect(201);
        let dying = shop.at(&shop.stack().another_process());
        let _grave = die_when_held(delete_product(&dying, &product), shop.faults().hold(operation)).await;
        assert!(!has_no_mark(shop.stack()), "it died behind its mark");

        let path = format!("/api/v1/products/{product}");
        let movement = begin(shop.receive(&product, &main, 1));
        let change = begin(shop.manager().patch(&path, json!({"name": "Still here"})));
        shop.staff().get(&path).await.expect(200);
        assert!(!movement.is_finished() && !change.is_finished());
        shop.stack().clock().advance(MARK_HOLDS);
        movement.await.unwrap().expect(201);
        change.await.unwrap().expect(200);
        assert!(has_no_mark(shop.stack()));
        assert_eq!(delete_product(&shop, &product).await.expect(409).code(), "in_use");
        shop.take(&product, &main, 1).await.expect(201);
        delete_product(&shop, &product).await.expect(204);
        shop.stack().check_invariants();
    }
}

#[tokio::test]
async fn a_deletion_can_follow_one_that_died() {
    let shop = Shop::with_faults().await;
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);
    shop.staff().record("COUNT", &product, &main, 0).await.expect(201);
    let dying = shop.at(&shop.stack().another_process());
    let _grave = die_when_held(delete_warehouse(&dying, &main), shop.faults().hold("TransactWriteItems")).await;

    let again = begin(delete_warehouse(&shop, &main));
    shop.staff().get(format!("/api/v1/warehouses/{main}")).await.expect(200);
    assert!(!again.is_finished());
    shop.stack().clock().advance(MARK_HOLDS);
    again.await.unwrap().expect(204);
    is_refused(shop.receive(&product, &main, 1).await, "/warehouse_id");
    shop.stack().check_invariants();
}

/// What a deletion must not overlook: each is done while the deletion, which has found nothing, is about to commit.
#[derive(Debug, Clone, Copy)]
enum Meanwhile {
    GoodsOfTheProduct,
    GoodsInTheWarehouse,
    ARequestForTheProduct,
}

#[tokio::test]
async fn a_deletion_whose_mark_was_taken_away_commits_no_more_when_another_marks_again() {
    for meanwhile in [Meanwhile::GoodsOfTheProduct, Meanwhile::GoodsInTheWarehouse, Meanwhile::ARequestForTheProduct] {
        let shop = Shop::with_faults().await;
        let [second, writer] = [0; 2].map(|_| shop.at(&shop.stack().another_process()));
        let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);
        let delete = |shop: &Shop| match meanwhile {
            Meanwhile::GoodsInTheWarehouse => delete_warehouse(shop, &main),
            Meanwhile::GoodsOfTheProduct | Meanwhile::ARequestForTheProduct => delete_product(shop, &product),
        };
        // The first deletion has looked and is about to commit when its mark runs out.
        let commit = shop.faults().hold("TransactWriteItems");
        let first = begin(delete(&shop));
        commit.arrived().await;
        shop.stack().clock().advance(MARK_HOLDS + Duration::from_secs(1));
        // The second has read that mark and is about to take it over when a writer takes it away.
        let mark = shop.faults().hold("UpdateItem");
        let other = begin(delete(&second));
        mark.arrived().await;
        match meanwhile {
            Meanwhile::ARequestForTheProduct => _ = writer.request(&product, 1, "DRAFT").await,
            Meanwhile::GoodsOfTheProduct | Meanwhile::GoodsInTheWarehouse => {
                writer.receive(&product, &main, 5).await.expect(201);
            }
        }
        // Whatever the second does next, the first commits before.
        let next = shop.faults().hold("UpdateItem");
        mark.release();
        next.arrived().await;
        commit.release();
        assert_eq!(first.await.unwrap().expect(409).code(), "in_use", "{meanwhile:?}");
        next.release();
        assert_eq!(other.await.unwrap().expect(409).code(), "in_use", "{meanwhile:?}");
        assert!(has_no_mark(shop.stack()));
        shop.stack().check_invariants();
    }
}
