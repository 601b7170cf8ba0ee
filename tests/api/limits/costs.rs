//! The cost of counting.

use stockroom_harness::{PASSWORD, Shop};

use super::support::{USUAL, let_through, limited, under, wait};

const ME: &str = "/api/v1/users/me";

fn of(reply: &stockroom_harness::Reply) -> (usize, u64) {
    (reply.cost().round_trips, reply.cost().write_halves)
}

#[tokio::test]
async fn read_under_limits_writes_nothing_and_adds_no_round_trip() {
    let shop = limited(&USUAL).await;
    // A sixteenth of 600 is more than 16, so the first lease is 16 requests.
    assert_eq!(of(&shop.staff().get(ME).await.expect(200)), (1, 4));
    for _ in 1..16 {
        assert_eq!(of(&shop.staff().get(ME).await.expect(200)), (1, 0));
    }
    assert_eq!(of(&shop.staff().get(ME).await.expect(200)), (1, 4));
    wait(&shop, 10_000);
    assert_eq!(of(&shop.staff().get(ME).await.expect(200)), (1, 4));
}

#[tokio::test]
async fn write_under_limits_adds_no_round_trip() {
    let shop = limited(&USUAL).await;
    let (product, main) = under(&shop, &USUAL.map(|(name, _)| (name, "off"))).stocked("SKU-1", 100).await;
    let (first, warm) =
        (shop.take(&product, &main, 1).await.expect(201), shop.take(&product, &main, 1).await.expect(201));
    assert_eq!((of(&first), of(&warm)), ((2, 16), (2, 12)));
}

#[tokio::test]
async fn login_under_limits_is_two_round_trips() {
    let shop = limited(&USUAL).await;
    let log_in = |password| shop.anonymous().log_in(&shop.staff().email, password);
    for _ in 0..2 {
        assert_eq!(log_in(PASSWORD).await.expect(200).cost().round_trips, 2);
        assert_eq!(log_in("not the password").await.expect(401).cost().round_trips, 2);
    }
    let nobody = shop.anonymous().log_in("nobody", "nothing").await.expect(401);
    assert_eq!(nobody.cost().round_trips, 2);
}

#[tokio::test]
async fn request_above_a_known_limit_makes_no_call() {
    let limits = [("LIMIT_REQUESTS", "5/minute"), ("LIMIT_LOGIN", "5/minute"), ("LIMIT_ONBOARDING", "1/hour")];
    let shop = limited(&limits).await;
    let other: Shop = under(&shop, &limits);
    assert_eq!(let_through(shop.staff().get(ME)).await, 5);
    assert_eq!(shop.staff().get(ME).await.expect(429).cost().calls, 0);
    // Another process asks once.
    assert!(other.staff().get(ME).await.expect(429).cost().calls > 0);
    assert_eq!(other.staff().get(ME).await.expect(429).cost().calls, 0);

    assert_eq!(let_through(shop.anonymous().log_in("staff@acme.example", "wrong")).await, 5);
    assert_eq!(shop.anonymous().log_in("staff@acme.example", "wrong").await.expect(429).cost().calls, 0);
}
