//! A shop under limits, and helpers to read the answers.

use std::time::Duration;

use stockroom_harness::{Reply, Request, Shop, Stack};

/// Every limit at its default: an empty setting is one that is not set.
pub(super) const USUAL: [(&str, &str); 9] = [
    ("LIMIT_REQUESTS", ""),
    ("LIMIT_TENANT", ""),
    ("LIMIT_ADDRESS", ""),
    ("LIMIT_LOGIN", ""),
    ("LIMIT_LOGIN_ADDRESS", ""),
    ("LIMIT_ONBOARDING", ""),
    ("LIMIT_INVITATIONS", ""),
    ("LIMIT_LINK_MAILS", ""),
    ("LIMIT_MAILBOX", ""),
];

/// A shop whose users signed in without limits and now work under these; the clock stands still.
pub(super) async fn limited(settings: &[(&str, &str)]) -> Shop {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    stack.clock().stop();
    under(&shop, settings)
}

/// The shop in another process under these limits.
pub(super) fn under(shop: &Shop, settings: &[(&str, &str)]) -> Shop {
    shop.at(&shop.stack().another_process_with(shop.stack().clock().clone(), settings))
}

pub(super) fn wait(shop: &Shop, millis: u64) {
    shop.stack().clock().advance(Duration::from_millis(millis));
}

/// The number of requests that pass before one is rate limited.
pub(super) async fn let_through(request: Request) -> usize {
    for count in 0..10_000 {
        if request.clone().await.status() == 429 {
            return count;
        }
    }
    unreachable!("nothing is limited")
}

/// The `Retry-After` of an answer, in seconds.
#[track_caller]
pub(super) fn retry_after(reply: &Reply) -> u64 {
    reply.header("retry-after").unwrap().parse().unwrap()
}

/// The state of a named limit in an answer: remaining requests, and seconds until the bucket is full.
#[track_caller]
pub(super) fn state(reply: &Reply, name: &str) -> (u64, u64) {
    let header = reply.header("ratelimit").unwrap_or_default();
    let mut members = header.split(", ").map(|member| member.split(';').collect::<Vec<_>>());
    let member = members.find(|member| member[0].trim_matches('"') == name);
    let member = member.unwrap_or_else(|| unreachable!("{name} is not in {header}"));
    let figure = |index: usize, prefix| member[index].strip_prefix(prefix).unwrap().parse().unwrap();
    (figure(1, "r="), figure(2, "t="))
}
