//! Two at once over one request, one product, one number.

use std::collections::BTreeSet;

use serde_json::json;
use stockroom_harness::{Reply, Request, Shop, Stack, at_once};

use super::REQUESTS;

/// How many rounds each race has.
const ROUNDS: usize = 60;

/// One shop as two processes serve it, with a product and a warehouse.
struct Racers {
    shop: Shop,
    elsewhere: Shop,
    product: String,
    main: String,
}

impl Racers {
    async fn meet() -> Self {
        let shop = Shop::open(&Stack::start().await, "acme").await;
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

/// Which of two won; the other must have been told 409.
#[track_caller]
fn winner(replies: &[Reply; 2]) -> usize {
    match [replies[0].status(), replies[1].status()] {
        [200, 409] => 0,
        [409, 200] => 1,
        other => panic!("{other:?}: {:?} {:?}", replies[0].json(), replies[1].json()),
    }
}

#[tokio::test]
async fn a_request_is_approved_or_rejected() {
    let racers = Racers::meet().await;
    let mut won = BTreeSet::new();
    for round in 0..ROUNDS {
        let id = racers.request(1, "SUBMITTED").await.id;
        let replies = racers.race(round, racers.shop.step(&id, "approve"), racers.elsewhere.step(&id, "reject")).await;
        let winner = winner(&replies);
        assert_eq!(racers.status(&id).await, ["APPROVED", "REJECTED"][winner]);
        won.insert(winner);
    }
    assert_eq!(won.len(), 2, "only one of them ever wins");
    racers.shop.stack().check_invariants();
}

#[tokio::test]
async fn a_request_is_submitted_once_and_received_once() {
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
async fn two_parts_beyond_the_order_are_one_part() {
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
async fn what_is_cancelled_is_not_received() {
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
    assert_eq!(won.len(), 2, "only one of them ever wins");
    racers.shop.stack().check_invariants();
}

#[tokio::test]
async fn a_product_goes_or_is_asked_for() {
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
            // Deciding on it and deleting the product: never a product that an open request names.
            let id = asked.id();
            let delete = || racers.elsewhere.admin().delete(format!("/api/v1/products/{product}"));
            let [submitted, deleted] = racers.race(round, racers.shop.step(&id, "submit"), delete()).await;
            assert_eq!((submitted.status(), deleted.status()), (200, 409));
            let [rejected, _] = racers.race(round, racers.shop.step(&id, "reject"), delete()).await;
            rejected.expect(200);
        }
    }
    assert!(gone > 0 && held > 0, "only one of them ever wins: {gone} {held}");
    racers.shop.stack().check_invariants();
}

#[tokio::test]
async fn everybody_gets_a_number_of_their_own() {
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
