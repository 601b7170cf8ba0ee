//! The feed: every event once and in order, with concurrent, slow and skewed writers.

use std::time::Duration;

use serde_json::Value;
use stockroom_domain::source::Clock as _;
use stockroom_harness::{Client, Fault, Shop, Stack, TestClock, at_once};

use crate::stock::support::{begin, log_of, walk};

const PATH: &str = "/api/v1/events";
/// The default of the setting.
const SETTLE: Duration = Duration::from_secs(15);

/// A follower of the feed that keeps the events it got.
struct Follower {
    client: Client,
    events: Vec<Value>,
}

impl Follower {
    fn of(client: &Client) -> Self {
        Self { client: client.clone(), events: Vec::new() }
    }

    /// Reads the feed from the last event to its end.
    async fn go_on(&mut self, limit: usize) {
        let after = self.events.last().map_or("start", |event| event["id"].as_str().unwrap()).to_owned();
        self.events.extend(walk(self.client.get(PATH).query(&[("after", &after)]), limit).await);
    }

    fn ids(&self) -> Vec<&str> {
        self.events.iter().map(|event| event["id"].as_str().unwrap()).collect()
    }

    /// Fails unless the follower got every event of the log once and in order.
    async fn check(&self, shop: &Shop) {
        assert!(self.ids().is_sorted_by(|a, b| a < b), "each once, in order");
        let whole = walk(shop.admin().get(PATH).query(&[("order", "asc")]), 100).await;
        let events: Vec<_> = whole.iter().map(|event| event["id"].as_str().unwrap()).collect();
        assert_eq!(self.ids(), events);
    }
}

#[tokio::test]
async fn feed_ends_feed_settle_seconds_before_now() {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    let clock = stack.clock();
    clock.stop();
    let now = clock.now();
    shop.product("SKU-1").await;
    let mut follower = Follower::of(shop.admin());
    clock.set(now.plus(SETTLE));
    follower.go_on(20).await;
    let before = follower.events.len();
    assert!(follower.events.iter().all(|event| event["type"] != "product.created"));
    clock.set(now.plus(SETTLE + Duration::from_millis(1)));
    follower.go_on(20).await;
    assert_eq!((follower.events.len(), &follower.events[before]["type"]), (before + 1, &"product.created".into()));
    // Lists have no delay.
    shop.product("SKU-2").await;
    let newest = shop.staff().get(PATH).query(&[("limit", "1")]).await.expect(200).items();
    assert_eq!(newest[0]["data"]["after"]["sku"], "SKU-2");
}

#[tokio::test]
async fn feed_includes_the_event_of_a_slow_writer() {
    let shop = Shop::with_faults().await;
    let slow = shop.at(&shop.stack().another_process());
    let clock = shop.stack().clock();
    let (product, main) = shop.stocked("SKU-1", 100).await;
    let mut follower = Follower::of(shop.admin());
    for round in 0..10 {
        let held = shop.faults().hold("TransactWriteItems");
        let name = format!("Slow {round}");
        let late = if round % 2 == 0 { slow.supplier(&name).request() } else { slow.receive(&product, &main, 1) };
        let late = begin(late);
        held.arrived().await;
        // Its id exists. Others continue for as long as it could retry.
        for _ in 0..4 {
            shop.supplier("Quick").await;
            clock.advance(Duration::from_secs(3));
            follower.go_on(3).await;
        }
        let seen = follower.events.len();
        held.release();
        let id = late.await.unwrap().expect(201).id();
        assert!(follower.events.iter().all(|event| event["entity_id"] != id), "it was not there yet");
        clock.advance(SETTLE);
        follower.go_on(3).await;
        let at = follower.events.iter().position(|event| event["entity_id"] == id).unwrap();
        assert!(at >= seen, "it comes after the earlier events");
    }
    clock.advance(SETTLE);
    follower.go_on(7).await;
    follower.check(&shop).await;
    shop.stack().check_invariants();
}

#[tokio::test]
async fn feed_has_every_event_of_writers_with_differing_clocks() {
    let shop = Shop::with_faults().await;
    let start = shop.stack().clock().now().plus(Duration::from_mins(1));
    let at = |offset: Duration| TestClock::at(start.plus(offset));
    let offsets = [0, 1_500, 3_000, 4_500].map(Duration::from_millis);
    let clocks: Vec<_> = offsets.into_iter().map(at).collect();
    shop.stack().clock().set(start);
    let shops: Vec<_> =
        clocks.iter().map(|clock| shop.at(&shop.stack().another_process_with(clock.clone(), &[]))).collect();
    let (product, main) = shops[1].stocked("SKU-1", 1_000).await;
    shop.manager().patch(format!("/api/v1/products/{product}"), serde_json::json!({"min_stock_level": 998})).await;
    // One reader has the clock that is ahead of all others, one the clock that is behind.
    let mut followers = [Follower::of(shops[3].admin()), Follower::of(shops[0].admin())];
    for round in 0..25 {
        let held = shop.faults().hold("TransactWriteItems");
        let late = begin(shops[round % 4].supplier("Late").request());
        held.arrived().await;
        for step in 0..3 {
            let quick = shops.iter().map(|shop| {
                if step % 2 == 0 { shop.take(&product, &main, 1) } else { shop.receive(&product, &main, 1) }
            });
            let others = shops.iter().map(|shop| shop.supplier("Quick").request());
            let writing = tokio::spawn(at_once(quick.chain(others).collect::<Vec<_>>()));
            for follower in &mut followers {
                follower.go_on(4).await;
            }
            for reply in writing.await.unwrap() {
                reply.expect(201);
            }
            for clock in &clocks {
                clock.advance(Duration::from_secs(3));
            }
            for follower in &mut followers {
                follower.go_on(5).await;
            }
        }
        held.release();
        late.await.unwrap().expect(201);
    }
    for clock in &clocks {
        clock.advance(SETTLE + Duration::from_secs(6));
    }
    for follower in &mut followers {
        follower.go_on(100).await;
        follower.check(&shops[0]).await;
    }
    assert!(followers[0].events.iter().any(|event| event["type"] == "stock.low"));
    shop.stack().check_invariants();
}

#[tokio::test]
async fn feed_with_few_readable_events_advances() {
    let stack = Stack::start_with_faults().await;
    let shop = Shop::open(&stack, "acme").await;
    for n in 0..40 {
        shop.anonymous().log_in(&shop.manager().email, "not the password").await.expect(401);
        if n == 20 {
            shop.supplier("Hidden").await;
        }
    }
    stack.clock().advance(SETTLE);
    let query = [("after", "start"), ("type", "supplier.created")];
    let whole = walk(shop.staff().get(PATH).query(&query), 100).await;
    assert_eq!(whole.len(), 1);
    shop.faults().always(Fault::Partial);
    assert_eq!(walk(shop.staff().get(PATH).query(&query), 100).await, whole);
    let everything = walk(shop.staff().get(PATH).query(&[("after", "start")]), 1).await;
    shop.faults().end();
    assert_eq!(walk(shop.staff().get(PATH).query(&[("after", "start")]), 100).await, everything);

    // An empty page with a next page, each with another cursor.
    let mut page = shop.staff().get(PATH).query(&[("after", "start"), ("limit", "1")]).await.expect(200);
    let mut cursors = Vec::new();
    while let Some(cursor) = page.json()["next_cursor"].as_str() {
        cursors.push(cursor.to_owned());
        page =
            shop.staff().get(PATH).query(&[("after", "start"), ("limit", "1"), ("cursor", cursor)]).await.expect(200);
    }
    assert!(cursors.len() > 2 && cursors.len() < 60, "{}", cursors.len());
    // A repeated request at the end continues when there is more.
    let last = cursors.last().unwrap();
    shop.supplier("New").await;
    stack.clock().advance(SETTLE);
    let again = shop.staff().get(PATH).query(&[("after", "start"), ("cursor", last)]).await.expect(200).items();
    assert!(again.iter().any(|event| event["data"]["after"]["name"] == "New"));
}

#[tokio::test]
async fn feed_after_any_id_starts_at_its_time() {
    let stack = Stack::start().await;
    let (shop, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    shop.supplier("One").await;
    let theirs = globex.supplier("Theirs").await;
    shop.supplier("Two").await;
    let of_theirs = log_of(&stack.items());
    let of_theirs = of_theirs.iter().find(|entry| entry["data"]["entity_id"] == theirs.as_str()).unwrap();
    let theirs = of_theirs["sk"].as_str().unwrap();
    stack.clock().advance(SETTLE);
    let never = format!("{}{}", &theirs[..24], theirs[24..].chars().rev().collect::<String>());
    for position in [theirs, &never] {
        let events = walk(shop.staff().get(PATH).query(&[("after", position)]), 20).await;
        let names: Vec<_> = events.iter().map(|event| event["data"]["after"]["name"].clone()).collect();
        assert_eq!(names, ["Two"]);
    }
    let future = "ffffffff-ffff-7fff-bfff-ffffffffffff";
    for (position, count) in [("00000000-0000-0000-0000-000000000000", true), (future, false)] {
        let events = walk(shop.staff().get(PATH).query(&[("after", position)]), 20).await;
        assert_eq!(!events.is_empty(), count, "{position}");
    }
    for bad in ["", "begin", "START", "1", &theirs.to_uppercase(), &theirs[1..]] {
        let refused = shop.staff().get(PATH).query(&[("after", bad)]).await.expect(422);
        assert_eq!(refused.faults(), ["after invalid_format"], "{bad}");
    }
    shop.staff().get(PATH).query(&[("after", "start"), ("order", "asc")]).await.expect(200);
    let refused = shop.staff().get(PATH).query(&[("after", "start"), ("order", "desc")]).await.expect(422);
    assert_eq!(refused.faults(), ["order unknown_value"]);
    let cursor = shop.staff().get(PATH).query(&[("after", "start"), ("limit", "1")]).await.json()["next_cursor"].take();
    let elsewhere = shop.staff().get(PATH).query(&[("after", theirs), ("cursor", cursor.as_str().unwrap())]).await;
    assert_eq!(elsewhere.expect(400).code(), "invalid_cursor");
}
