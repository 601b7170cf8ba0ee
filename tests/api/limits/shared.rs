//! One limit, shared by several processes.

use std::time::Duration;

use stockroom_domain::{source::Clock as _, time::Timestamp};
use stockroom_harness::{Fault, Shop, Stack, TestClock, at_once};

use super::support::{limited, under, wait};

const ME: &str = "/api/v1/users/me";
const HUNDRED: [(&str, &str); 1] = [("LIMIT_REQUESTS", "100/minute")];

/// The number of requests of staff that pass when all processes send at once, and then until each refuses.
async fn all_that_pass(shops: &[Shop], each: usize) -> usize {
    let requests = shops.iter().cycle().take(shops.len() * each).map(|shop| shop.staff().get(ME));
    let mut passed = 0;
    for reply in at_once(requests).await {
        assert!(matches!(reply.status(), 200 | 429), "{} {:?}", reply.status(), reply.log());
        passed += usize::from(reply.status() == 200);
    }
    for shop in shops {
        passed += super::support::let_through(shop.staff().get(ME)).await;
    }
    passed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_to_eight_processes_share_one_limit() {
    let shop = limited(&HUNDRED).await;
    let shops: Vec<Shop> = (0..8).map(|_| under(&shop, &HUNDRED)).collect();
    assert_eq!(all_that_pass(&shops, 30).await, 100);
    // 10 tokens refill in 6 s, less than a lease lasts; all of them in a minute.
    for (round, (millis, tokens)) in
        [(6_000, 10), (60_000, 100), (601, 1), (599, 1), (60_000, 100)].into_iter().enumerate()
    {
        wait(&shop, millis);
        assert_eq!(all_that_pass(&shops, 20).await, tokens, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lease_older_than_ten_seconds_is_not_used() {
    let shop = limited(&HUNDRED).await;
    let (one, other) = (under(&shop, &HUNDRED), under(&shop, &HUNDRED));
    // A lease of six, of which one is used; ten seconds later the bucket is full and the lease is over.
    one.staff().get(ME).await.expect(200);
    wait(&shop, 9_999);
    assert_eq!(one.staff().get(ME).await.expect(200).cost().write_halves, 0);
    wait(&shop, 1);
    assert_eq!(one.staff().get(ME).await.expect(200).cost().write_halves, 2);
    wait(&shop, 60_000);
    assert_eq!(all_that_pass(&[one, other], 60).await, 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_with_lost_replies_never_exceed_the_limit() {
    let shop = Shop::with_faults().await;
    shop.stack().clock().stop();
    let shops: Vec<Shop> = (0..8).map(|_| under(&shop, &HUNDRED)).collect();
    let mut total = 0;
    for round in 0..5 {
        shop.faults().storm(20, &[Fault::LoseReply, Fault::RefuseAfter, Fault::LoseCall]);
        let requests = shops.iter().cycle().take(160).map(|shop| shop.staff().get(ME));
        let replies = at_once(requests).await;
        shop.faults().end();
        let mut passed = replies.iter().filter(|reply| reply.status() == 200).count();
        assert!(replies.iter().all(|reply| matches!(reply.status(), 200 | 429)));
        for shop in &shops {
            passed += super::support::let_through(shop.staff().get(ME)).await;
        }
        assert!(passed <= 100, "{passed} in round {round}");
        total += passed;
        wait(&shop, 60_000);
    }
    assert!(total > 100, "faults took nearly everything: {total}");
    assert!(shop.faults().happened() > 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_to_processes_with_differing_clocks_never_exceed_the_limit() {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    stack.clock().stop();
    let now = stack.clock().now();
    // Up to 4.9 s ahead: 8 tokens of 100 a minute.
    let clocks: Vec<TestClock> = (0..8_u64).map(|n| clock_at(now.plus(Duration::from_millis(n * 700)))).collect();
    let shops: Vec<Shop> =
        clocks.iter().map(|clock| shop.at(&stack.another_process_with(clock.clone(), &HUNDRED))).collect();
    let (mut passed, mut elapsed) = (0, 0);
    for millis in [0, 0, 600, 6_000, 0, 30_000, 1_200] {
        for clock in &clocks {
            clock.advance(Duration::from_millis(millis));
        }
        elapsed += millis;
        passed += all_that_pass(&shops, 10).await;
        let most = 100 + usize::try_from((elapsed + 4_900) / 600).unwrap();
        assert!(passed <= most, "{passed} of {most} after {elapsed} ms");
    }
    assert!(passed >= 100 + 37_800 / 600, "{passed}");
}

fn clock_at(moment: Timestamp) -> TestClock {
    let clock = TestClock::at(moment);
    clock.stop();
    clock
}
