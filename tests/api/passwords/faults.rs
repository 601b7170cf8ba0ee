//! Faults between a function and its table: a password is set once or not at all.

use serde_json::{Value, json};
use stockroom_harness::{Fault, PASSWORD, Reply, Shop};

use super::{NEXT, THIRD, change, epoch, forgot, mailed, reset, sessions};

const OPERATIONS: [&str; 4] = ["BatchGetItem", "TransactGetItems", "TransactWriteItems", "UpdateItem"];

/// The log entries of a request.
fn actions(shop: &Shop, reply: &Reply) -> Vec<String> {
    let of_request = |item: &Value| item["data"]["request_id"] == reply.request_id();
    let found = shop.stack().items().into_iter().filter(of_request);
    let mut actions: Vec<_> = found.map(|item| item["data"]["action"].as_str().unwrap().to_owned()).collect();
    actions.sort();
    actions
}

#[tokio::test]
async fn password_operations_with_any_fault_have_one_effect() {
    let shop = Shop::with_faults().await;
    for (number, fault) in Fault::QUICK.into_iter().enumerate() {
        let (careful, forgetful) = (
            shop.hire(&format!("careful-{number}"), "STAFF").await,
            shop.hire(&format!("forgetful-{number}"), "STAFF").await,
        );
        let link = mailed(&shop, &forgetful.email).await;
        let invited = json!({"email": format!("invited-{number}@acme.example"), "full_name": "New", "role": "STAFF"});
        for (request, status, logged) in [
            (change(&careful, PASSWORD, NEXT), 204, &["PASSWORD_CHANGED"][..]),
            (reset(&shop, &link, NEXT), 204, &["PASSWORD_RESET"]),
            (forgot(&shop, &forgetful.email), 202, &["PASSWORD_RESET_REQUESTED"]),
            (shop.admin().post("/api/v1/users", invited), 201, &["CREATE", "INVITE"]),
        ] {
            for operation in OPERATIONS {
                shop.faults().next(fault, operation, 1);
            }
            let reply = request.await;
            shop.faults().end();
            assert_eq!(reply.status(), status, "{fault:?}: {}", String::from_utf8_lossy(reply.bytes()));
            assert_eq!(actions(&shop, &reply), logged, "{fault:?}");
        }
        for (person, left) in [(&careful, 1), (&forgetful, 0)] {
            assert_eq!((epoch(shop.stack(), person), sessions(shop.stack(), &person.id)), (1, left));
            shop.anonymous().log_in(&person.email, NEXT).await.expect(200);
        }
    }
    assert!(shop.faults().happened() > 8 * 4);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn reset_without_an_answer_is_done_or_not_done() {
    let shop = Shop::with_faults().await;
    let staff = shop.staff();
    let link = mailed(&shop, &staff.email).await;
    // Nothing was done: the link is still valid.
    shop.faults().always(Fault::RefuseBefore);
    reset(&shop, &link, NEXT).await.expect(503);
    shop.faults().end();
    shop.anonymous().log_in(&staff.email, PASSWORD).await.expect(200);
    // It was done: the link is used up, and the password set.
    shop.faults().lose_replies();
    reset(&shop, &link, NEXT).await.expect(503);
    shop.faults().end();
    assert_eq!(reset(&shop, &link, THIRD).await.expect(400).code(), "invalid_token");
    shop.anonymous().log_in(&staff.email, NEXT).await.expect(200);
    assert_eq!(epoch(shop.stack(), staff), 1);
}
