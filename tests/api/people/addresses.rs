//! Addresses of users: a link confirms a change of one's own; an admin's change takes effect at once and makes earlier
//! links void.

use std::time::Duration;

use serde_json::{Value, json};
use stockroom_harness::{Client, PASSWORD, Person, Reply, Request, Shop, at_once};
use stockroom_runtime::Purpose;

use super::{ME, at, because, change, entries_of, items, log_in, refused, shop};

pub(super) const CONFIRM: &str = "/api/v1/auth/email/confirm";
const RESET: &str = "/api/v1/auth/password/reset";
const NEXT: &str = "canary-swept-floors-and-labels";

fn move_to(person: &Person, email: &str) -> Request {
    person.patch(ME, json!({"email": email, "current_password": PASSWORD}))
}

pub(super) fn confirm(client: &Client, token: &str) -> Request {
    client.without_tenant().post(CONFIRM, json!({ "token": token }))
}

/// The token of the link that a request for another address leads to.
fn token(shop: &Shop, reply: &Reply) -> String {
    let is_request = |item: &Value| {
        item["data"]["action"] == "EMAIL_CHANGE_REQUESTED" && item["data"]["request_id"] == reply.request_id()
    };
    let (key, item) = items(shop.stack()).into_iter().find(|(_, item)| is_request(item)).unwrap();
    let user = item["data"]["entity_id"].as_str().unwrap();
    let epoch = item["data"]["after"]["auth_epoch"].as_u64().unwrap();
    shop.stack().email_token(&shop.id, user, epoch, &key.1)
}

/// The token of a link that sets a password, as of this moment.
fn reset_token(shop: &Shop, user: &str, purpose: Purpose) -> String {
    let epoch = items(shop.stack())[&(format!("ORG#{}#USER", shop.id), user.to_owned())]["auth_epoch"].as_u64();
    shop.stack().link_token(purpose, &shop.id, user, epoch.unwrap())
}

fn reset(shop: &Shop, token: &str) -> Request {
    shop.anonymous().without_tenant().post(RESET, json!({"token": token, "password": NEXT}))
}

async fn invite(shop: &Shop, email: &str, role: &str) -> String {
    let user = json!({"email": email, "full_name": "Invited", "role": role});
    shop.admin().post(super::USERS, user).await.expect(201).id()
}

#[tokio::test]
async fn change_of_own_address_requires_the_password_and_the_link() {
    let shop = shop().await;
    let staff = shop.staff();
    let before = items(shop.stack());
    let new = "sam@elsewhere.example";
    for bare in [
        staff.patch(ME, json!({"email": new})),
        change(staff, staff, json!({"email": new})),
        staff.put(at(staff), json!({"email": new, "full_name": "Sam", "role": "STAFF", "status": "ACTIVE"})),
        change(shop.admin(), shop.admin(), json!({"email": new})),
    ] {
        assert_eq!(bare.await.expect(422).faults(), ["/current_password required"]);
    }
    let wrong = staff.patch(ME, json!({"email": new, "current_password": NEXT})).await.expect(422);
    assert_eq!(wrong.faults(), ["/current_password wrong_password"]);
    assert_eq!(items(shop.stack()), before);
    // The present address in any spelling needs no confirmation.
    staff.patch(ME, json!({"email": staff.email, "full_name": "Sam"})).await.expect(200);

    assert_eq!(staff.get(ME).await.expect(200).json()["pending_email"], Value::Null);
    let asked = move_to(staff, new).await.expect(200);
    assert_eq!(asked.json()["email"], json!(staff.email), "nothing has changed yet");
    for seen in [&asked, &staff.get(ME).await.expect(200)] {
        assert_eq!((&seen.json()["pending_email"], seen.header("etag")), (&json!(new), asked.header("etag")));
    }
    let by_admin = shop.admin().get(at(staff)).await.expect(200).json();
    assert_eq!(by_admin.get("pending_email"), None, "only the user sees it");
    log_in(&shop, staff).await.expect(200);
    assert_eq!(refused(&shop.anonymous().log_in(new, PASSWORD).await), because(401, "invalid_credentials"));

    let link = token(&shop, &asked);
    assert!(confirm(staff, &link).await.expect(204).bytes().is_empty());
    assert_eq!(staff.get(ME).await.expect(200).json()["email"], new, "the caller's own session stays valid");
    shop.anonymous().log_in(new, PASSWORD).await.expect(200);
    assert_eq!(refused(&log_in(&shop, staff).await), because(401, "invalid_credentials"));
    // A repeated request finds the effect of the first.
    confirm(staff, &link).await.expect(204);
    assert_eq!(staff.get(ME).await.expect(200).json()["pending_email"], Value::Null);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn confirmation_of_an_outdated_address_is_invalid_token() {
    let shop = shop().await;
    let staff = shop.staff();
    let void = because(400, "invalid_token");
    let older = token(&shop, &move_to(staff, "a@elsewhere.example").await.expect(200));
    let newer = token(&shop, &move_to(staff, "b@elsewhere.example").await.expect(200));
    assert_eq!(refused(&confirm(staff, &older).await), void);

    // The present address cancels it, and so does another password.
    let cancelled = staff.patch(ME, json!({"email": staff.email})).await.expect(200);
    assert_eq!(entries_of(shop.stack(), &cancelled)[0]["action"], "EMAIL_CHANGE_CANCELLED");
    assert_eq!(refused(&confirm(staff, &newer).await), void);
    let third = token(&shop, &move_to(staff, "c@elsewhere.example").await.expect(200));
    let passwords = json!({"current_password": PASSWORD, "new_password": NEXT});
    staff.put("/api/v1/users/me/password", passwords).await.expect(204);
    assert_eq!(refused(&confirm(staff, &third).await), void);
    let back = json!({"current_password": NEXT, "new_password": PASSWORD});
    staff.put("/api/v1/users/me/password", back).await.expect(204);

    let late = token(&shop, &move_to(staff, "d@elsewhere.example").await.expect(200));
    shop.stack().clock().advance(Duration::from_hours(24));
    assert_eq!(refused(&confirm(staff, &late).await), void);
    // Another tenant's name, a link for a password, no link at all.
    let good = token(&shop, &move_to(&shop.sign_in(staff).await, "e@elsewhere.example").await.expect(200));
    let elsewhere = shop.anonymous().with_tenant("globex").post(CONFIRM, json!({ "token": good })).await;
    assert_eq!(refused(&elsewhere), void);
    for other in [reset_token(&shop, &staff.id, Purpose::PasswordReset), "garbage".to_owned()] {
        assert_eq!(refused(&confirm(staff, &other).await), void);
    }
    assert_eq!(refused(&reset(&shop, &good).await), void);
    confirm(staff, &good).await.expect(204);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn confirmation_of_an_address_taken_meanwhile_is_duplicate_email() {
    let shop = shop().await;
    let asked = move_to(shop.staff(), "wanted@acme.example").await.expect(200);
    shop.hire("wanted", "STAFF").await;
    let taken = confirm(shop.staff(), &token(&shop, &asked)).await;
    assert_eq!(refused(&taken), because(409, "duplicate_email"));
    log_in(&shop, shop.staff()).await.expect(200);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn resend_of_a_confirmation_makes_the_earlier_link_void() {
    let shop = shop().await;
    let staff = shop.staff();
    let first = token(&shop, &move_to(staff, "sam@elsewhere.example").await.expect(200));
    let resend = || staff.request(http::Method::POST, "/api/v1/users/me/email/confirmation");
    let again = resend().key("k1").await.expect(202);
    let replayed = resend().key("k1").await.expect(202);
    assert_eq!(entries_of(shop.stack(), &replayed), [Value::Null; 0]);
    assert_eq!(refused(&confirm(staff, &first).await), because(400, "invalid_token"));
    confirm(staff, &token(&shop, &again)).await.expect(204);
    let nothing = resend().await.expect(202);
    assert_eq!(entries_of(shop.stack(), &nothing), [Value::Null; 0]);
}

#[tokio::test]
async fn correction_of_an_invited_address_makes_every_earlier_link_void() {
    let shop = shop().await;
    let mistyped = invite(&shop, "mistyped@acme.example", "ADMIN").await;
    let (invitation, forgotten) =
        (reset_token(&shop, &mistyped, Purpose::Invitation), reset_token(&shop, &mistyped, Purpose::PasswordReset));
    let path = format!("{}/{mistyped}", super::USERS);
    let corrected = shop.admin().patch(&path, json!({"email": "right@acme.example"})).await.expect(200);
    for old in [&invitation, &forgotten] {
        assert_eq!(refused(&reset(&shop, old).await), because(400, "invalid_token"));
    }
    let mut actions: Vec<_> =
        entries_of(shop.stack(), &corrected).iter().map(|entry| entry["action"].to_string()).collect();
    actions.sort();
    assert_eq!(actions, ["\"EMAIL_CHANGED\"", "\"INVITE\"", "\"UPDATE\""]);
    reset(&shop, &reset_token(&shop, &mistyped, Purpose::Invitation)).await.expect(204);
    shop.anonymous().log_in("right@acme.example", NEXT).await.expect(200);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn change_of_address_by_an_admin_sends_no_invitation() {
    let shop = shop().await;
    let staff = shop.staff();
    let link = reset_token(&shop, &staff.id, Purpose::PasswordReset);
    let wanted = token(&shop, &move_to(staff, "own@elsewhere.example").await.expect(200));
    let moved = change(shop.admin(), staff, json!({"email": "sam@acme.example"})).await.expect(200);
    assert!(entries_of(shop.stack(), &moved).iter().all(|entry| entry["action"] != "INVITE"));
    assert_eq!(refused(&reset(&shop, &link).await), because(400, "invalid_token"));
    assert_eq!(refused(&confirm(staff, &wanted).await), because(400, "invalid_token"));
    shop.anonymous().log_in("sam@acme.example", PASSWORD).await.expect(200);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn login_decided_before_a_change_of_address_is_invalid_credentials() {
    let shop = Shop::with_faults().await;
    let held = shop.faults().hold("TransactWriteItems");
    let login = tokio::spawn(log_in(&shop, shop.staff()).into_future());
    held.arrived().await;
    change(shop.admin(), shop.staff(), json!({"email": "sam@acme.example"})).await.expect(200);
    held.release();
    assert_eq!(refused(&login.await.unwrap()), because(401, "invalid_credentials"));
}

#[tokio::test]
async fn confirmation_after_a_lost_reply_is_204() {
    let shop = Shop::with_faults().await;
    let link = token(&shop, &move_to(shop.staff(), "sam@elsewhere.example").await.expect(200));
    shop.faults().lose_next_replies_of("TransactWriteItems", 1);
    confirm(shop.staff(), &link).await.expect(204);
    confirm(shop.staff(), &link).await.expect(204);
    let moved = items(shop.stack()).values().filter(|item| item["data"]["action"] == "EMAIL_CHANGED").count();
    assert_eq!(moved, 1);
    shop.stack().check_invariants();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn confirmation_and_change_by_an_admin_at_once_leave_one_address() {
    let shop = shop().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let mut staff = shop.staff().clone();
    for round in 0..50 {
        let (own, set) = (format!("own-{round}@acme.example"), format!("set-{round}@acme.example"));
        let link = token(&shop, &move_to(&staff, &own).await.expect(200));
        let racers = [confirm(&staff, &link), change(elsewhere.admin(), &staff, json!({"email": set}))];
        let replies = at_once(racers).await;
        replies[1].clone().expect(200);
        // The link is used first or is void: the admin's address is the last in any case.
        assert!(replies[0].status() == 204 || refused(&replies[0]) == because(400, "invalid_token"), "round {round}");
        staff.email = set;
        staff = shop.sign_in(&staff).await;
        assert_eq!(refused(&shop.anonymous().log_in(&own, PASSWORD).await), because(401, "invalid_credentials"));
        shop.stack().check_invariants();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn confirmation_and_cancellation_at_once_do_not_both_succeed() {
    let shop = shop().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let staff = shop.staff();
    let (mut confirmed, mut cancelled) = (0, 0);
    for round in 0..50 {
        let present = staff.get(ME).await.expect(200).json()["email"].as_str().unwrap().to_owned();
        let link = token(&shop, &move_to(staff, &format!("own-{round}@acme.example")).await.expect(200));
        let cancel = elsewhere.staff().patch(ME, json!({ "email": present }));
        let replies = at_once([confirm(staff, &link), cancel]).await;
        let after = staff.get(ME).await.expect(200).json()["email"].as_str().unwrap().to_owned();
        match [replies[0].status(), replies[1].status()] {
            // The link came first: by then, the former address differs from the present one and needs the password.
            [204, 422] => confirmed += usize::from(after != present),
            [400, 200] => cancelled += usize::from(after == present),
            both => panic!("round {round}: {both:?}"),
        }
        assert_eq!(confirmed + cancelled, round + 1, "round {round}: {present}, then {after}");
        shop.stack().clock().advance(Duration::from_secs(10));
    }
    shop.stack().check_invariants();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn confirmation_and_create_of_a_user_with_one_address_at_once_succeed_once() {
    let shop = shop().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let staff = shop.staff();
    for round in 0..50 {
        let email = format!("wanted-{round}@acme.example");
        let link = token(&shop, &move_to(staff, &email).await.expect(200));
        let other = json!({"email": email, "full_name": "Other", "role": "STAFF"});
        let replies = at_once([confirm(staff, &link), elsewhere.admin().post(super::USERS, other)]).await;
        match [replies[0].status(), replies[1].status()] {
            [204, 409] | [409, 201] => {}
            both => panic!("round {round}: {both:?}"),
        }
        shop.stack().check_invariants();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_confirmations_change_the_address_once() {
    let shop = shop().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let staff = shop.staff();
    for round in 0..50 {
        let link = token(&shop, &move_to(staff, &format!("own-{round}@acme.example")).await.expect(200));
        for reply in at_once([confirm(staff, &link), confirm(elsewhere.staff(), &link)]).await {
            reply.expect(204);
        }
        let moved = items(shop.stack()).values().filter(|item| item["data"]["action"] == "EMAIL_CHANGED").count();
        assert_eq!(moved, round + 1);
    }
    shop.stack().check_invariants();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reset_with_an_invitation_during_a_change_of_address_opens_no_session() {
    let shop = shop().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    for round in 0..20 {
        let user = invite(&shop, &format!("mistyped-{round}@acme.example"), "STAFF").await;
        let link = reset_token(&shop, &user, Purpose::Invitation);
        let corrected = json!({"email": format!("right-{round}@acme.example")});
        let path = format!("{}/{user}", super::USERS);
        let replies = at_once([reset(&shop, &link), elsewhere.admin().patch(&path, corrected)]).await;
        replies[1].clone().expect(200);
        let sessions = items(shop.stack())[&(format!("ORG#{}#USER", shop.id), user.clone())]["sessions"].clone();
        assert_eq!(sessions, json!({}), "round {round}");
        assert!(matches!(replies[0].status(), 204 | 400), "round {round}: {replies:?}");
        assert_eq!(refused(&reset(&shop, &link).await), because(400, "invalid_token"));
        shop.stack().check_invariants();
    }
}
