//! Concurrent requests for one purchase request, one product or one number.

use std::collections::BTreeSet;

use serde_json::json;
use stockroom_harness::{Reply, Request, Shop, Stack, at_once};

use super::REQUESTS;

/// How many rounds each race has.
const ROUNDS: usize = 60;

/// One shop in two processes, with a product and a warehouse.
struct Racers {
    shop: Shop,
    elsewhere: Shop,
    product: String,
    main: String,
}

impl Racers {
    async fn meet() -> Self {
        Self::of(Shop::open(&Stack::start().await, "acme").await).await
    }

    async fn of(shop: Shop) -> Self {
        let elsewhere = shop.at(&shop.stack().another_process());
        Self { product: shop.product("SKU-1").await, main: shop.warehouse("Main").await, shop, elsewhere }
    }

    async fn request(&self, quantity: u32, status: &str) -> stockroom_harness::Requested {
        self.shop.request(&self.product, quantity, status).await
    }

    /// Both at once, in an order that changes with the round.
    async fn race(&self, round: usize, one: Request, other: Request) -> [Reply; 2] {
        let racers = if round.is_multiple_of(2) { [one, other] } else { [other, one] };
        let mut replies = at_once(racers).await;
        if !round.is_multiple_of(2) {
            replies.reverse();
        }
        replies.try_into().unwrap()
    }

    async fn status(&self, request: &str) -> String {
        let shown = self.shop.manager().get(format!("{REQUESTS}/{request}")).await.expect(200).json();
        shown["status"].as_str().unwrap().to_owned()
    }
}

/// The winner of two; the other must have got 409.
#[track_caller]
fn winner(replies: &[Reply; 2]) -> usize {
    match [replies[0].status(), replies[1].status()] {
        [200, 409] => 0,
        [409, 200] => 1,
        other => panic!("{other:?}: {:?} {:?}", replies[0].json(), replies[1].json()),
    }
}

#[tokio::test]
async fn approve_and_reject_at_once_succeed_once() {
    let racers = Racers::meet().await;
    let mut won = BTreeSet::new();
    for round in 0..ROUNDS {
        let id = racers.request(1, "SUBMITTED").await.id;
        let replies = racers.race(round, racers.shop.step(&id, "approve"), racers.elsewhere.step(&id, "reject")).await;
        let winner = winner(&replies);
        assert_eq!(racers.status(&id).await, ["APPROVED", "REJECTED"][winner]);
        won.insert(winner);
    }
    assert_eq!(won.len(), 2, "the same side wins every race");
    racers.shop.stack().check_invariants();
}

#[tokio::test]
async fn concurrent_submits_and_concurrent_receipts_succeed_once() {
    let racers = Racers::meet().await;
    for round in 0..ROUNDS {
        let request = racers.request(3, "DRAFT").await;
        let submit = |shop: &Shop| shop.step(&request.id, "submit");
        winner(&racers.race(round, submit(&racers.shop), submit(&racers.elsewhere)).await);
        for step in ["approve", "mark-ordered"] {
            racers.shop.step(&request.id, step).await.expect(200);
        }
        let receive = |shop: &Shop| shop.arrive(&request, &racers.main, 3);
        winner(&racers.race(round, receive(&racers.shop), receive(&racers.elsewhere)).await);
    }
    assert_eq!(racers.shop.on_hand(&racers.product, &racers.main).await, (3 * ROUNDS).to_string());
    racers.shop.stack().check_invariants();
}

#[tokio::test]
async fn concurrent_receipts_above_the_order_succeed_once() {
    let racers = Racers::meet().await;
    let annex = racers.shop.warehouse("Annex").await;
    for round in 0..ROUNDS {
        let request = racers.request(5, "ORDERED").await;
        let here = racers.shop.arrive(&request, &racers.main, 3);
        let there = racers.elsewhere.arrive(&request, &annex, 3);
        let replies = racers.race(round, here, there).await;
        assert_eq!(replies[1 - winner(&replies)].code(), "exceeds_order");
        // Parts that fit both arrive.
        let more = |shop: &Shop| shop.arrive(&request, &racers.main, 1);
        for reply in racers.race(round, more(&racers.shop), more(&racers.elsewhere)).await {
            reply.expect(200);
        }
        assert_eq!(racers.status(&request.id).await, "RECEIVED");
    }
    racers.shop.stack().check_invariants();
}

#[tokio::test]
async fn cancel_against_mark_ordered_or_receive_succeeds_once() {
    let racers = Racers::meet().await;
    let mut won = BTreeSet::new();
    for round in 0..ROUNDS {
        let request = racers.request(2, "APPROVED").await;
        let (cancel, order) =
            (racers.shop.step(&request.id, "cancel"), racers.elsewhere.step(&request.id, "mark-ordered"));
        let winner = winner(&racers.race(round, cancel, order).await);
        let (cancel, receive) =
            (racers.shop.step(&request.id, "cancel"), racers.elsewhere.arrive(&request, &racers.main, 2));
        let [cancelled, received] = racers.race(round, cancel, receive).await;
        cancelled.expect(409);
        received.expect([409, 200][winner]);
        assert_eq!(racers.status(&request.id).await, ["CANCELLED", "RECEIVED"][winner]);
        won.insert(winner);
    }
    assert_eq!(won.len(), 2, "the same side wins every race");
    racers.shop.stack().check_invariants();
}

#[tokio::test]
async fn close_against_receive_never_exceeds_the_order() {
    let racers = Racers::meet().await;
    let (mut seen, mut total) = (BTreeSet::new(), 0);
    for round in 0..ROUNDS * 2 {
        let request = racers.request(5, "ORDERED").await;
        let quantity = if round % 4 < 2 { 5 } else { 3 };
        let receive = racers.elsewhere.arrive(&request, &racers.main, quantity);
        let [closed, received] = racers.race(round, racers.shop.step(&request.id, "close"), receive).await;
        seen.insert((closed.status(), received.status()));
        // A part that arrives first leaves the rest to be closed.
        match (closed.status(), received.status()) {
            (200, 409) => {}
            (409, 200) if quantity == 5 => total += quantity,
            (200, 200) if quantity == 3 => total += quantity,
            other => panic!("{other:?} for {quantity}"),
        }
        assert_eq!(racers.status(&request.id).await, "RECEIVED");
    }
    assert_eq!(racers.shop.on_hand(&racers.product, &racers.main).await, total.to_string());
    assert_eq!(seen.len(), 3, "one of them always wins: {seen:?}");
    racers.shop.stack().check_invariants();
}

#[tokio::test]
async fn concurrent_closes_succeed_once() {
    let racers = Racers::meet().await;
    for round in 0..ROUNDS {
        let request = racers.request(5, "ORDERED").await;
        let close = |shop: &Shop| shop.step(&request.id, "close");
        winner(&racers.race(round, close(&racers.shop), close(&racers.elsewhere)).await);
        // The same line by its id, and under one key: both get one answer.
        let request = racers.request(5, "ORDERED").await;
        let close = |shop: &Shop| {
            let lines = json!({"items": [{"item_id": request.item}]});
            shop.manager().post(format!("{REQUESTS}/{}/close", request.id), lines).key(&format!("round-{round}"))
        };
        let replies = racers.race(round, close(&racers.shop), close(&racers.elsewhere)).await;
        assert_eq!(replies.map(|reply| reply.expect(200).version()), [5, 5]);
    }
    racers.shop.stack().check_invariants();
}

#[tokio::test]
async fn delete_of_a_product_against_a_new_request_succeeds_once() {
    let racers = Racers::meet().await;
    let (mut gone, mut held) = (0, 0);
    for round in 0..ROUNDS * 3 {
        let product = racers.shop.product(&format!("GOES-{round}")).await;
        let line = json!([{"product_id": product, "quantity": 1}]);
        let ask = racers.shop.staff().post(REQUESTS, json!({"items": line}));
        let delete = racers.elsewhere.admin().delete(format!("/api/v1/products/{product}"));
        let [asked, deleted] = racers.race(round, ask, delete).await;
        match (asked.status(), deleted.status()) {
            (201, 409) => held += 1,
            (422, 204) => gone += 1,
            other => panic!("{other:?}"),
        }
        if asked.status() == 201 {
            // A decision and the deletion of the product at once: an open request never names a deleted product.
            let id = asked.id();
            let delete = || racers.elsewhere.admin().delete(format!("/api/v1/products/{product}"));
            let [submitted, deleted] = racers.race(round, racers.shop.step(&id, "submit"), delete()).await;
            assert_eq!((submitted.status(), deleted.status()), (200, 409));
            let [rejected, _] = racers.race(round, racers.shop.step(&id, "reject"), delete()).await;
            rejected.expect(200);
        }
    }
    assert!(gone > 0 && held > 0, "the same side wins every race: {gone} {held}");
    racers.shop.stack().check_invariants();
}

#[tokio::test]
async fn concurrent_creates_of_requests_get_distinct_numbers() {
    let racers = Racers::meet().await;
    let body = json!({"items": [{"product_id": racers.product, "quantity": 1}]});
    let ask = |number: usize| {
        let shop = if number.is_multiple_of(2) { &racers.shop } else { &racers.elsewhere };
        shop.staff().post(REQUESTS, body.clone())
    };
    let replies = at_once((0..24).map(ask)).await;
    let numbers: BTreeSet<_> =
        replies.iter().map(|reply| reply.clone().expect(201).json()["request_number"].to_string()).collect();
    let expected: BTreeSet<_> = (1..=24).map(|number| format!("\"PR-{number:05}\"")).collect();
    assert_eq!(numbers, expected);
    racers.shop.stack().check_invariants();
}

#[tokio::test]
async fn patch_of_the_currency_against_a_first_price_succeeds_once() {
    let racers = Racers::of(Shop::with_faults().await).await;
    let organization = format!("/api/v1/organizations/{}", racers.shop.id);
    let product = &racers.product;
    let line =
        |price: Option<&str>| json!({"items": [{"product_id": product, "quantity": 1, "estimated_price": price}]});
    let mut seen = BTreeSet::new();
    for round in 0..ROUNDS * 2 {
        let currency = if round.is_multiple_of(2) { "EUR" } else { "USD" };
        let change = racers.elsewhere.admin().patch(&organization, json!({"currency": currency}));
        // A new request with a price, or the first price of a draft.
        let draft = if round % 4 < 2 {
            None
        } else {
            Some(racers.shop.staff().post(REQUESTS, line(None)).await.expect(201).id())
        };
        let price = match &draft {
            Some(draft) => racers.shop.staff().patch(format!("{REQUESTS}/{draft}"), line(Some("2"))),
            None => racers.shop.staff().post(REQUESTS, line(Some("2"))),
        };
        let [priced, changed] = if round % 3 == 2 {
            // The change needs more calls than the price, so it wins only if the price is held after its read.
            let held = racers.shop.faults().hold_after(1);
            let price = tokio::spawn(price.into_future());
            held.arrived().await;
            let changed = change.await;
            held.release();
            [price.await.unwrap(), changed]
        } else {
            racers.race(round, price, change).await
        };
        assert!([200, 201].contains(&priced.status()), "{:?}", priced.json());
        let now = racers.shop.admin().get(&organization).await.expect(200).json()["currency"].clone();
        assert_eq!(priced.json()["currency"], now, "the change was answered with {}", changed.status());
        match changed.status() {
            200 => assert_eq!(now, currency),
            409 => assert_eq!(changed.code(), "in_use"),
            other => panic!("{other}"),
        }
        seen.insert(changed.status());
        racers.shop.stack().check_invariants();
        // Removing the price at the same time as the next change is consistent as well.
        let delete = racers.shop.staff().delete(format!("{REQUESTS}/{}", priced.id()));
        let change = racers.elsewhere.admin().patch(&organization, json!({"currency": currency}));
        let [deleted, changed] = racers.race(round, delete, change).await;
        assert!(deleted.status() == 204 && [200, 409].contains(&changed.status()), "{:?}", changed.json());
        racers.shop.admin().patch(&organization, json!({"currency": currency})).await.expect(200);
    }
    assert_eq!(seen.len(), 2, "the same side wins every race");
    racers.shop.stack().check_invariants();
}

#[tokio::test]
async fn patch_of_a_draft_with_a_product_read_too_early_keeps_unit_and_decimals() {
    let shop = Shop::with_faults().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let (supplier, main) = (shop.supplier("Nuts").await, shop.warehouse("Main").await);
    let mut lines = Vec::new();
    for number in 0..40 {
        let product = shop.product(&format!("SKU-{number}")).with("decimal_places", 1).await;
        lines.push(json!({"product_id": product, "quantity": 1, "supplier_id": supplier, "warehouse_id": main}));
    }
    let draft = shop.staff().post(REQUESTS, json!({"items": lines})).await.expect(201).id();
    let path = format!("{REQUESTS}/{draft}");
    let product = format!("/api/v1/products/{}", lines[0]["product_id"].as_str().unwrap());
    for (quantity, change, status) in
        [(json!(2), json!({"unit": "kg"}), 200), (json!(0.5), json!({"decimal_places": 0}), 422)]
    {
        let mut changed = lines.clone();
        changed[0]["quantity"] = quantity;
        // The keys are read in two calls, the request's own in the second.
        let held = shop.faults().hold_after(1);
        let update = tokio::spawn(shop.staff().patch(&path, json!({"items": changed})).into_future());
        held.arrived().await;
        elsewhere.staff().put(&path, json!({"items": lines[1..]})).await.expect(200);
        elsewhere.manager().patch(&product, change).await.expect(200);
        elsewhere.staff().put(&path, json!({"items": lines})).await.expect(200);
        held.release();
        update.await.unwrap().expect(status);
        let shown = shop.staff().get(&path).await.expect(200).json();
        assert_eq!(shown["items"][0]["unit"], shop.staff().get(&product).await.expect(200).json()["unit"]);
    }
    shop.stack().check_invariants();
}
