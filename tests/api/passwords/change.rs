//! Change of one's own password.

use serde_json::json;
use stockroom_harness::{PASSWORD, Shop};

use super::{CHANGE, ME, NEXT, THIRD, change, entries, epoch, refresh, sessions, shop};

#[tokio::test]
async fn change_of_password_ends_every_other_session() {
    let shop = shop().await;
    let staff = shop.staff();
    let (here, elsewhere) = (shop.sign_in(staff).await, shop.sign_in(staff).await);
    let before = here.get(ME).await.expect(200);

    let reply = change(&here, PASSWORD, NEXT).await.expect(204);
    assert!(reply.bytes().is_empty());
    for ended in [staff, &elsewhere] {
        assert_eq!(ended.get(ME).await.expect(401).code(), "unauthenticated");
        assert_eq!(refresh(&shop, &ended.refresh_token).await.expect(401).code(), "invalid_refresh_token");
    }
    // The session of the change stays valid, with both its tokens.
    let after = here.get(ME).await.expect(200);
    assert_eq!(after.header("etag"), before.header("etag"), "a password is no part of the user's version");
    refresh(&shop, &here.refresh_token).await.expect(200);
    assert_eq!((sessions(shop.stack(), &staff.id), epoch(shop.stack(), staff)), (1, 1));

    let refused = shop.anonymous().log_in(&staff.email, PASSWORD).await.expect(401);
    assert_eq!(refused.code(), "invalid_credentials");
    shop.anonymous().log_in(&staff.email, NEXT).await.expect(200);
    // No other user was signed out.
    shop.manager().get(ME).await.expect(200);

    let logged = entries(shop.stack(), "PASSWORD_CHANGED");
    assert_eq!(logged.len(), 1);
    assert_eq!((&logged[0]["entity"], &logged[0]["entity_id"]), (&json!("User"), &json!(staff.id)));
    assert_eq!((&logged[0]["actor"]["id"], &logged[0]["request_id"]), (&json!(staff.id), &json!(reply.request_id())));
    shop.stack().check_invariants();
}

#[tokio::test]
async fn change_of_password_with_an_invalid_body_names_every_error() {
    let shop = shop().await;
    let staff = shop.staff();
    let before = shop.stack().items();
    for (request, faults) in [
        (change(staff, "not the password", NEXT), &["/current_password wrong_password"][..]),
        (change(staff, "", NEXT), &["/current_password wrong_password"]),
        (change(staff, &PASSWORD.to_uppercase(), NEXT), &["/current_password wrong_password"]),
        (change(staff, "not the password", "not the password"), &["/current_password wrong_password"]),
        (change(staff, PASSWORD, PASSWORD), &["/new_password same_password"]),
        (change(staff, "not the password", "short"), &["/new_password too_short"]),
        (staff.put(CHANGE, json!({})), &["/current_password required", "/new_password required"]),
        (
            staff.put(CHANGE, json!({"current_password": 1, "new_password": null, "password": NEXT})),
            &["/current_password wrong_type", "/new_password required", "/password unknown_member"],
        ),
    ] {
        assert_eq!(request.await.expect(422).faults(), faults);
    }
    let stale = change(staff, PASSWORD, NEXT).if_match(7).await.expect(412);
    assert_eq!(stale.code(), "version_mismatch");
    assert_eq!(shop.stack().items(), before);
    change(staff, PASSWORD, NEXT).if_match(1).await.expect(204);
}

#[tokio::test]
async fn change_of_password_after_a_lost_reply_is_204() {
    let shop = Shop::with_faults().await;
    let staff = shop.staff();
    shop.faults().lose_next_replies_of("TransactWriteItems", 1);
    change(staff, PASSWORD, NEXT).await.expect(204);
    assert_eq!(shop.faults().happened(), 1);

    shop.faults().lose_replies();
    assert_eq!(change(staff, NEXT, THIRD).await.expect(503).code(), "unavailable");
    shop.faults().end();
    change(staff, NEXT, THIRD).await.expect(204);
    assert_eq!((epoch(shop.stack(), staff), entries(shop.stack(), "PASSWORD_CHANGED").len()), (2, 2));
    shop.anonymous().log_in(&staff.email, THIRD).await.expect(200);
    shop.anonymous().log_in(&staff.email, NEXT).await.expect(401);
}

#[tokio::test]
async fn change_of_address_keeps_the_password() {
    let shop = shop().await;
    let path = format!("/api/v1/users/{}", shop.staff().id);
    shop.admin().patch(&path, json!({"email": "moved@acme.example"})).await.expect(200);
    let mut moved = shop.staff().clone();
    moved.email = "moved@acme.example".to_owned();
    change(&*shop.sign_in(&moved).await, PASSWORD, NEXT).await.expect(204);
    shop.admin().patch(&path, json!({"email": "again@acme.example"})).await.expect(200);
    shop.anonymous().log_in("again@acme.example", NEXT).await.expect(200);
    shop.anonymous().log_in("moved@acme.example", NEXT).await.expect(401);
    shop.stack().check_invariants();
}
