//! Requests under limits while the table cannot count them.

use serde_json::json;
use stockroom_harness::{Fault, PASSWORD, Shop};

use super::support::under;

#[tokio::test]
async fn request_that_cannot_be_counted_succeeds_and_a_login_is_unavailable() {
    let shop = Shop::with_faults().await;
    shop.stack().clock().stop();
    let shop = under(&shop, &[("LIMIT_REQUESTS", "5/minute"), ("LIMIT_LOGIN", "5/minute")]);
    shop.faults().next(Fault::Throttle, "UpdateItem", 1_000);
    let first = shop.staff().get("/api/v1/users/me").await.expect(200);
    assert!(first.log().iter().any(|line| line["message"] == "request"));
    // For a moment no request asks again.
    for _ in 0..4 {
        assert_eq!(shop.staff().get("/api/v1/users/me").await.expect(200).cost().write_halves, 0);
    }
    let refused = shop.anonymous().log_in(&shop.staff().email, PASSWORD).await.expect(503);
    assert_eq!((refused.code().as_str(), refused.header("retry-after")), ("unavailable", Some("1")));
    shop.faults().end();
    shop.anonymous().log_in(&shop.staff().email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn rate_limited_write_changes_nothing() {
    let shop = Shop::with_faults().await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    shop.stack().clock().stop();
    let limits = [("LIMIT_REQUESTS", "1/hour")];
    let (one, other) = (under(&shop, &limits), under(&shop, &limits));
    one.take(&product, &main, 1).await.expect(201);
    // The other process does not know yet, and reads while it asks.
    let before = shop.stack().items();
    let refused = other.take(&product, &main, 1).key("k").await.expect(429);
    assert!(refused.cost().calls > 0);
    other.admin().post("/api/v1/suppliers", json!({"name": "Hooli"})).await.expect(201);
    let after = shop.stack().items();
    let of = |items: &[serde_json::Value], kind: &str| {
        items.iter().filter(|item| item["pk"].as_str().unwrap().contains(kind)).count()
    };
    for kind in ["#MOVE#", "#IDEMPOTENCY#"] {
        assert_eq!(of(&before, kind), of(&after, kind), "{kind}");
    }
    assert_eq!(shop.on_hand(&product, &main).await, "9");
}
