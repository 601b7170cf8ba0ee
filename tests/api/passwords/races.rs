//! Passwords that are set while the account changes.

use serde_json::json;
use stockroom_harness::{PASSWORD, Reply, Shop, at_once};

use super::{ME, NEXT, THIRD, change, entries, epoch, mailed, refresh, reset, sessions, shop, user_item};

/// How often each race is run; every round hashes several times.
const ROUNDS: usize = 12;

fn token(reply: &Reply) -> String {
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

/// Whether a login was refused or its session has ended since.
async fn is_shut_out(shop: &Shop, login: &Reply) -> bool {
    match login.status() {
        200 => shop.anonymous().with_token(token(login)).get(ME).await.status() == 401,
        status => status == 401 && login.code() == "invalid_credentials",
    }
}

/// The password of every round: there and back again.
fn passwords(round: usize) -> (&'static str, &'static str) {
    if round.is_multiple_of(2) { (PASSWORD, NEXT) } else { (NEXT, PASSWORD) }
}

#[tokio::test]
async fn login_during_a_change_of_password_opens_no_lasting_session() {
    let shop = shop().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let staff = shop.staff();
    for round in 0..ROUNDS {
        let (old, new) = passwords(round);
        let login = || elsewhere.anonymous().log_in(&staff.email, old);
        let mut replies = at_once([login(), change(staff, old, new), login()]).await;
        replies.remove(1).expect(204);
        for login in &replies {
            assert!(is_shut_out(&shop, login).await, "round {round}");
        }
        staff.get(ME).await.expect(200);
        assert_eq!(sessions(shop.stack(), &staff.id), 1, "round {round}");
    }
    assert_eq!(epoch(shop.stack(), staff), ROUNDS as u64);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn login_decided_before_a_change_of_password_is_invalid_credentials() {
    let shop = Shop::with_faults().await;
    let staff = shop.staff();
    let begin = |password: &str| tokio::spawn(shop.anonymous().log_in(&staff.email, password).into_future());

    // The password was right when it was verified, and is another when the session is opened.
    let held = shop.faults().hold("TransactWriteItems");
    let login = begin(PASSWORD);
    held.arrived().await;
    change(staff, PASSWORD, NEXT).await.expect(204);
    held.release();
    assert_eq!(login.await.unwrap().expect(401).code(), "invalid_credentials");
    assert_eq!(sessions(shop.stack(), &staff.id), 1);

    let link = mailed(&shop, &staff.email).await;
    let held = shop.faults().hold("TransactWriteItems");
    let login = begin(NEXT);
    held.arrived().await;
    reset(&shop, &link, THIRD).await.expect(204);
    held.release();
    login.await.unwrap().expect(401);
    assert_eq!(sessions(shop.stack(), &staff.id), 0);

    // The session is opened while the password is being changed: it ends with the others.
    let here = shop.sign_in_with(staff, THIRD).await;
    let held = shop.faults().hold("TransactWriteItems");
    let changing = tokio::spawn(change(&here, THIRD, PASSWORD).into_future());
    held.arrived().await;
    let login = shop.anonymous().log_in(&staff.email, THIRD).await.expect(200);
    held.release();
    changing.await.unwrap().expect(204);
    assert!(is_shut_out(&shop, &login).await);
    here.get(ME).await.expect(200);
}

#[tokio::test]
async fn concurrent_changes_of_password_succeed_once() {
    let shop = shop().await;
    let staff = shop.staff();
    let mut password = PASSWORD;
    for round in 0..ROUNDS {
        let (here, elsewhere) = (shop.sign_in_with(staff, password).await, shop.sign_in_with(staff, password).await);
        // From one session in even rounds, from two in odd ones.
        let second = if round.is_multiple_of(2) { &here } else { &elsewhere };
        let others: Vec<_> = [PASSWORD, NEXT, THIRD].into_iter().filter(|other| *other != password).collect();
        let requests = [change(&here, password, others[0]), change(second, password, others[1])];
        let replies = at_once(requests).await;
        let winner = replies.iter().position(|reply| reply.status() == 204).unwrap();
        let loser = &replies[1 - winner];
        match loser.status() {
            // Its session was ended by the other.
            401 => assert!(round % 2 == 1, "round {round}"),
            _ => assert_eq!(loser.clone().expect(422).faults(), ["/current_password wrong_password"]),
        }
        for other in [password, others[1 - winner]] {
            shop.anonymous().log_in(&staff.email, other).await.expect(401);
        }
        password = others[winner];
        assert_eq!(entries(shop.stack(), "PASSWORD_CHANGED").len(), round + 1);
        assert_eq!((epoch(shop.stack(), staff), sessions(shop.stack(), &staff.id)), (round as u64 + 1, 1));
    }
}

#[tokio::test]
async fn concurrent_resets_succeed_once() {
    let shop = shop().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let staff = shop.staff();
    for round in 0..ROUNDS {
        // One link twice, or two links that were requested one after the other.
        let first = mailed(&shop, &staff.email).await;
        let second = if round.is_multiple_of(2) { first.clone() } else { mailed(&shop, &staff.email).await };
        let replies = at_once([reset(&shop, &first, NEXT), reset(&elsewhere, &second, THIRD)]).await;
        let winner = replies.iter().position(|reply| reply.status() == 204).unwrap();
        assert_eq!(replies[1 - winner].clone().expect(400).code(), "invalid_token", "round {round}");
        let set = [NEXT, THIRD];
        shop.anonymous().log_in(&staff.email, set[winner]).await.expect(200);
        shop.anonymous().log_in(&staff.email, set[1 - winner]).await.expect(401);
    }
    assert_eq!(entries(shop.stack(), "PASSWORD_RESET").len(), ROUNDS);
}

#[tokio::test]
async fn reset_during_login_and_refresh_ends_every_session() {
    let shop = shop().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let staff = shop.staff();
    for round in 0..ROUNDS {
        let (old, new) = passwords(round);
        let present = shop.sign_in_with(staff, old).await;
        let link = mailed(&shop, &staff.email).await;
        let requests = [
            elsewhere.anonymous().log_in(&staff.email, old),
            reset(&shop, &link, new),
            refresh(&elsewhere, &present.refresh_token),
        ];
        let replies = at_once(requests).await;
        replies[1].clone().expect(204);
        assert!(is_shut_out(&shop, &replies[0]).await, "round {round}");
        if replies[2].status() == 200 {
            let renewed = shop.anonymous().with_token(token(&replies[2]));
            renewed.get(ME).await.expect(401);
        }
        present.get(ME).await.expect(401);
        assert_eq!(sessions(shop.stack(), &staff.id), 0, "round {round}");
    }
}

#[tokio::test]
async fn change_and_reset_at_once_succeed_once() {
    let shop = shop().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let staff = shop.staff();
    let mut password = PASSWORD;
    for round in 0..ROUNDS {
        let here = shop.sign_in_with(staff, password).await;
        let link = mailed(&shop, &staff.email).await;
        let others: Vec<_> = [PASSWORD, NEXT, THIRD].into_iter().filter(|other| *other != password).collect();
        let replies = at_once([change(&here, password, others[0]), reset(&elsewhere, &link, others[1])]).await;
        match [replies[0].status(), replies[1].status()] {
            [204, 400] => password = others[0],
            [401 | 422, 204] => password = others[1],
            both => panic!("round {round}: {both:?}"),
        }
        shop.anonymous().log_in(&staff.email, password).await.expect(200);
        assert_eq!(epoch(shop.stack(), staff), round as u64 + 1);
    }
}

#[tokio::test]
async fn refresh_during_a_change_of_password_succeeds() {
    let shop = shop().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let staff = shop.staff();
    let mut refresh_token = staff.refresh_token.clone();
    for round in 0..ROUNDS {
        let (old, new) = passwords(round);
        let replies = at_once([change(staff, old, new), refresh(&elsewhere, &refresh_token)]).await;
        replies[0].clone().expect(204);
        let renewed = replies[1].clone().expect(200).json();
        refresh_token = renewed["refresh_token"].as_str().unwrap().to_owned();
        shop.anonymous().with_token(token(&replies[1])).get(ME).await.expect(200);
        assert_eq!(sessions(shop.stack(), &staff.id), 1, "round {round}");
    }
    refresh(&shop, &refresh_token).await.expect(200);
    assert_eq!(entries(shop.stack(), "TOKEN_REUSED").len(), 0);
}

#[tokio::test]
async fn change_of_address_and_password_at_once_leave_one_consistent_account() {
    let shop = shop().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    let (mut staff, mut password) = (shop.staff().clone(), PASSWORD);
    for round in 0..ROUNDS {
        let wanted = format!("staff-{round}@acme.example");
        let request = json!({"email": wanted, "current_password": password});
        staff.patch(ME, request).await.expect(200);
        let user = user_item(shop.stack(), &staff.id);
        let (epoch, event) = (user["auth_epoch"].as_u64().unwrap(), user["email_change"]["event"].as_str().unwrap());
        let token = shop.stack().email_token(&shop.id, &staff.id, epoch, event);
        let confirm = elsewhere.anonymous().post("/api/v1/auth/email/confirm", json!({ "token": token }));
        let next = if password == PASSWORD { NEXT } else { PASSWORD };
        let replies = at_once([change(&staff, password, next), confirm]).await;
        // The first request makes the other's read outdated.
        let [changed, moved] = [&replies[0], &replies[1]].map(|reply| reply.status() == 204);
        assert!(changed || moved, "round {round}: {replies:?}");
        password = if changed { next } else { password };
        staff.email = if moved { wanted } else { staff.email };
        staff = shop.sign_in_with(&staff, password).await;
        shop.stack().check_invariants();
    }
}
