//! The shortest stories; they also test the harness.

use serde_json::json;
use stockroom_harness::{Client, Fault, PASSWORD, Shop, Stack, at_once, log_lines};

#[tokio::test]
async fn movements_in_and_out_change_the_level() {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    let (product, main) = shop.stocked("SKU-1", 10).await;

    let taken = shop.take(&product, &main, 4).await.expect(201);
    assert_eq!(taken.literal("/balance_after").as_deref(), Some("6"));
    assert_eq!((taken.cost().round_trips, taken.cost().calls), (2, 2));
    assert_eq!(shop.on_hand(&product, &main).await, "6");

    let refused = shop.take(&product, &main, 7).await.expect(409);
    assert_eq!(refused.code(), "insufficient_stock");
    assert_eq!((&refused.json()["available"], &refused.json()["requested"]), (&json!(6), &json!(7)));
    stack.check_invariants();
}

#[tokio::test]
async fn movement_retried_after_a_lost_reply_takes_stock_once() {
    let shop = Shop::with_faults().await;
    let (product, main) = shop.stocked("SKU-1", 10).await;

    shop.faults().lose_replies();
    let first = shop.take(&product, &main, 4).key("k1").await;
    shop.faults().end();
    let again = shop.take(&product, &main, 4).key("k1").await;

    assert_eq!((first.status(), again.status()), (503, 201));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(shop.on_hand(&product, &main).await, "6");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn movement_with_any_single_fault_succeeds() {
    let shop = Shop::with_faults().await;
    let (product, main) = shop.stocked("SKU-1", 100).await;

    for fault in Fault::QUICK {
        for operation in ["BatchGetItem", "TransactWriteItems"] {
            shop.faults().next(fault, operation, 1);
        }
        shop.take(&product, &main, 1).await.expect(201);
        shop.faults().end();
    }
    assert_eq!(shop.faults().happened(), 13, "conflicts and transactions in progress are no reads', halves no writes'");
    assert_eq!(shop.on_hand(&product, &main).await, "92");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn movement_decided_before_another_is_decided_again() {
    let shop = Shop::with_faults().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let (product, main) = shop.stocked("SKU-1", 10).await;

    let held = shop.faults().hold("TransactWriteItems");
    let slower = tokio::spawn(shop.take(&product, &main, 6).into_future());
    held.arrived().await;
    elsewhere.take(&product, &main, 6).await.expect(201);
    held.release();

    assert_eq!(slower.await.unwrap().expect(409).code(), "insufficient_stock");
    assert_eq!(elsewhere.on_hand(&product, &main).await, "4");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn get_of_a_foreign_product_is_not_found() {
    let stack = Stack::start().await;
    let (acme, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    let (product, main) = acme.stocked("SKU-1", 10).await;

    let theirs = globex.staff().get(format!("/api/v1/products/{product}")).await;
    assert_eq!((theirs.status(), theirs.code().as_str()), (404, "not_found"));
    let strangers = Client::of(&stack).get("/api/v1/products").await.expect(401);
    assert_eq!(strangers.code(), "unauthenticated");

    let replies = at_once((0..5).map(|_| acme.receive(&product, &main, 2))).await;
    assert!(replies.iter().all(|reply| reply.status() == 201));
    assert_eq!(acme.on_hand(&product, &main).await, "20");
    stack.check_invariants();
}

#[tokio::test]
async fn log_of_a_request_has_its_cost_and_no_secret() {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    let wrong = shop.anonymous().log_in(&shop.staff().email, "canary-not-the-password").await.expect(401);

    let line = wrong.log().into_iter().find(|line| line["message"] == "request").unwrap();
    assert_eq!((&line["route"], &line["status"]), (&json!("/api/v1/auth/token"), &json!(401)));
    let secrets = [PASSWORD, "canary", shop.admin().token(), shop.admin().refresh_token.as_str()];
    let lines = log_lines();
    for secret in secrets {
        assert!(!lines.iter().any(|line| line.contains(secret)), "{secret} is in the log");
    }
}

#[tokio::test]
async fn check_of_an_inconsistent_table_finds_the_violation() {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    stack.check_invariants();

    let level = json!({"pk": {"S": format!("ORG#{}#STOCK#{main}", shop.id)}, "sk": {"S": product}});
    let claim = json!({"pk": {"S": format!("ORG#{}#SKU", shop.id)}, "sk": {"S": "sku-1"}});
    for (key, update) in [(level, "SET on_hand = :value"), (claim, "SET id = :value")] {
        let update = json!({
            "TableName": "stockroom",
            "Key": key,
            "UpdateExpression": update,
            "ExpressionAttributeValues": {":value": {"S": "11"}},
        });
        let before = stack.violations().len();
        stack.database().update_item(serde_json::from_value(update).unwrap()).unwrap();
        assert_eq!(stack.violations().len(), before + 1, "{:?}", stack.violations());
    }
}
