//! Concurrent requests of two users: over roles, an address, a session or the organization.

use serde_json::{Value, json};
use stockroom_harness::{Client, PASSWORD, Person, Reply, Request, Shop, Stack, at_once};

use super::{ME, SESSIONS, USERS, at, because, change, count, entries_of, items, log_in, refresh, refused, texts};

/// One shop in two processes, on one table.
async fn processes() -> (Shop, Shop) {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let elsewhere = shop.at(&shop.stack().another_process());
    (shop, elsewhere)
}

/// The same user in another process.
fn at_process(person: &Person, shop: &Shop) -> Client {
    person.at(shop.stack())
}

/// Fails if the session is valid.
async fn is_out(shop: &Shop, login: &Reply) {
    let tokens = login.json();
    let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let reply = shop.anonymous().with_token(token("access_token")).get(ME).await;
    assert_eq!(refused(&reply), because(401, "unauthenticated"));
    let renewal = json!({"refresh_token": token("refresh_token")});
    let reply = shop.anonymous().post("/api/v1/auth/refresh", renewal).await;
    assert_eq!(refused(&reply), because(401, "invalid_refresh_token"));
}

/// Changes that take an admin's rights away.
const WAYS: [fn(&Client, &Person) -> Request; 3] = [
    |by, whom| change(by, whom, json!({"role": "STAFF"})),
    |by, whom| change(by, whom, json!({"status": "DISABLED"})),
    |by, whom| by.delete(at(whom)),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_demotions_of_two_admins_by_each_other_succeed_once() {
    for others in [0, 1] {
        let (shop, elsewhere) = processes().await;
        for n in 0..others {
            shop.hire(&format!("bystander-{n}"), "ADMIN").await;
        }
        let mut one = shop.admin().clone();
        let mut round = 0;
        for (first, second) in WAYS.iter().flat_map(|first| WAYS.iter().map(move |second| (first, second))) {
            for _ in 0..4 {
                round += 1;
                let other = hire(&shop, &one, &format!("rival-{round}")).await;
                let (here, there) = (at_process(&one, &shop), at_process(&other, &elsewhere));
                let replies = at_once([first(&here, &other), second(&there, &one)]).await;
                let won: Vec<bool> = replies.iter().map(|reply| reply.status() < 300).collect();
                assert!(won == [true, false] || won == [false, true], "round {round}: {replies:?}");
                let loser = &replies[usize::from(won[0])];
                let why = refused(loser);
                assert!(
                    [(409, "last_admin"), (403, "forbidden"), (401, "unauthenticated")]
                        .iter()
                        .any(|(status, code)| why == because(*status, code)),
                    "{why:?}"
                );
                shop.stack().check_invariants();
                if !won[0] {
                    one = other;
                }
            }
        }
    }
}

/// One admin changes another.
async fn hire(shop: &Shop, by: &Person, name: &str) -> Person {
    let email = format!("{name}@acme.example");
    let user = json!({"email": email, "full_name": name, "role": "ADMIN", "password": PASSWORD});
    let mut person = by.clone();
    person.id = by.post(USERS, user).await.expect(201).id();
    person.email = email;
    shop.sign_in(&person).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_demotions_in_a_ring_leave_an_admin() {
    let (shop, elsewhere) = processes().await;
    for round in 0..12 {
        let names = ["a", "b", "c"].map(|name| format!("{name}-{round}"));
        let mut ring = Vec::new();
        for name in &names {
            ring.push(hire(&shop, shop.admin(), name).await);
        }
        // Without the founder there are three, and each deposes the next.
        let way = WAYS[round % WAYS.len()];
        let racers =
            (0..3).map(|n| way(&at_process(&ring[n], if n == 0 { &shop } else { &elsewhere }), &ring[(n + 1) % 3]));
        let replies = at_once(racers).await;
        let won = replies.iter().filter(|reply| reply.status() < 300).count();
        assert!((1..3).contains(&won), "round {round}: {replies:?}");
        shop.stack().check_invariants();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_demotions_of_the_last_two_admins_by_themselves_succeed_once() {
    let (shop, elsewhere) = processes().await;
    let second = shop.hire("second", "ADMIN").await;
    for round in 0..20 {
        let step = if round % 2 == 0 { json!({"role": "MANAGER"}) } else { json!({"role": "STAFF"}) };
        let there = at_process(&second, &elsewhere);
        let replies = at_once([change(shop.admin(), shop.admin(), step.clone()), change(&there, &second, step)]).await;
        assert_eq!(count(&replies, [200, 409]), [1, 1], "round {round}");
        let stayed = replies.iter().position(|reply| reply.status() == 409).unwrap();
        assert_eq!(refused(&replies[stayed]), because(409, "last_admin"));
        let back = json!({"role": "ADMIN"});
        let back = [change(shop.admin(), &second, back.clone()), change(&second, shop.admin(), back)];
        back[stayed].clone().await.expect(200);
        shop.stack().check_invariants();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_creates_of_users_with_one_address_succeed_once() {
    let (shop, elsewhere) = processes().await;
    let user = |email: &str| json!({"email": email, "full_name": "New", "role": "STAFF"});
    for round in 0..15 {
        let spellings = [format!("new-{round}@acme.example"), format!("NEW-{round}@Acme.Example")];
        let racers = (0..4).map(|n| [&shop, &elsewhere][n % 2].admin().post(USERS, user(&spellings[n / 2])));
        let replies = at_once(racers).await;
        assert_eq!(count(&replies, [201, 409]), [1, 3], "round {round}");
        assert!(replies.iter().all(|reply| reply.status() == 201 || reply.code() == "duplicate_email"));
    }
    let one = shop.hire("one", "STAFF").await;
    for round in 0..15 {
        let email = json!({"email": format!("both-{round}@acme.example")});
        let other = change(elsewhere.admin(), &one, email.clone());
        let replies = at_once([change(shop.admin(), shop.staff(), email.clone()), other]).await;
        assert_eq!(count(&replies, [200, 409]), [1, 1], "round {round}");
    }
    // Given up and taken at once, it belongs to one or the other.
    for round in 0..15 {
        let email = format!("leaver-{round}@acme.example");
        let leaver = shop.admin().post(USERS, user(&email)).await.expect(201).id();
        let leave = shop.admin().delete(format!("{USERS}/{leaver}"));
        let replies = at_once([leave, elsewhere.admin().post(USERS, user(&email))]).await;
        replies[0].clone().expect(204);
        if replies[1].status() == 409 {
            shop.admin().post(USERS, user(&email)).await.expect(201);
        }
    }
    shop.stack().check_invariants();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn login_during_a_disabling_opens_no_lasting_session() {
    let (shop, elsewhere) = processes().await;
    for round in 0..20 {
        let off = change(shop.admin(), shop.staff(), json!({"status": "DISABLED"}));
        let replies = at_once([log_in(&elsewhere, shop.staff()), off, log_in(&shop, shop.staff())]).await;
        replies[1].clone().expect(200);
        for login in [&replies[0], &replies[2]] {
            match login.status() {
                200 => is_out(&shop, login).await,
                _ => assert_eq!(refused(login), because(401, "invalid_credentials"), "round {round}"),
            }
        }
        shop.stack().check_invariants();
        change(shop.admin(), shop.staff(), json!({"status": "ACTIVE"})).await.expect(200);
        for login in replies.iter().filter(|reply| reply.status() == 200 && reply.json()["token_type"] == "bearer") {
            is_out(&shop, login).await;
        }
    }
}

#[tokio::test]
async fn login_decided_before_a_disabling_and_enabling_is_invalid_credentials() {
    let shop = Shop::with_faults().await;
    let held = shop.faults().hold("TransactWriteItems");
    let late = tokio::spawn(log_in(&shop, shop.staff()).into_future());
    held.arrived().await;
    for status in ["DISABLED", "ACTIVE"] {
        change(shop.admin(), shop.staff(), json!({"status": status})).await.expect(200);
    }
    held.release();
    assert_eq!(refused(&late.await.unwrap()), because(401, "invalid_credentials"));
    shop.sign_in(shop.staff()).await.get(ME).await.expect(200);
    shop.stack().check_invariants();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn login_during_a_delete_of_the_user_opens_no_lasting_session() {
    let (shop, elsewhere) = processes().await;
    for round in 0..12 {
        let leaver = shop.hire(&format!("leaver-{round}"), "STAFF").await;
        let renewal = json!({"refresh_token": leaver.refresh_token});
        let renewal = elsewhere.anonymous().post("/api/v1/auth/refresh", renewal);
        let mut replies = at_once([log_in(&elsewhere, &leaver), shop.admin().delete(at(&leaver)), renewal]).await;
        replies.remove(1).expect(204);
        for tokens in &replies {
            match tokens.status() {
                200 => is_out(&shop, tokens).await,
                _ => assert_eq!(tokens.status(), 401, "round {round}"),
            }
        }
        assert!(!items(shop.stack()).contains_key(&(format!("ORG#{}#USER", shop.id), leaver.id.clone())));
        shop.stack().check_invariants();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refresh_and_end_of_a_session_at_once_end_it() {
    let (shop, elsewhere) = processes().await;
    for round in 0..20 {
        let person = shop.sign_in(shop.staff()).await;
        let id = texts(&person.get(SESSIONS).await.items(), "id").remove(0);
        let end = match round % 2 {
            0 => shop.staff().delete(format!("{SESSIONS}/{id}")),
            _ => person.delete(format!("{SESSIONS}/{id}")),
        };
        let mut replies = at_once([refresh(&elsewhere, &person), end]).await;
        replies.pop().unwrap().expect(204);
        assert_eq!(refused(&person.get(ME).await), because(401, "unauthenticated"));
        match replies[0].status() {
            200 => is_out(&shop, &replies[0]).await,
            _ => assert_eq!(refused(&replies[0]), because(401, "invalid_refresh_token"), "round {round}"),
        }
    }
    let end = |shop: &Shop, id: &str| shop.staff().delete(format!("{SESSIONS}/{id}"));
    for _ in 0..10 {
        let id = texts(&shop.sign_in(shop.staff()).await.get(SESSIONS).await.items(), "id").remove(0);
        let replies = at_once([end(&shop, &id), end(&elsewhere, &id), end(&shop, &id)]).await;
        assert_eq!(count(&replies, [204, 404]), [1, 2]);
    }
    shop.stack().check_invariants();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_changes_of_users_leave_a_consistent_table() {
    let (shop, elsewhere) = processes().await;
    let mut staff = shop.staff().clone();
    for round in 0..15 {
        let mine = |body: Value| change(&staff, &staff, body);
        let theirs = |body: Value| change(elsewhere.admin(), &staff, body);
        let replies = at_once([
            mine(json!({"full_name": format!("Sam {round}")})),
            theirs(json!({"role": if round % 2 == 0 { "MANAGER" } else { "ADMIN" }})),
            mine(json!({"full_name": format!("Sammy {round}")})),
            theirs(json!({"email": format!("sam-again-{round}@acme.example")})),
            theirs(json!({"full_name": format!("Samuel {round}"), "role": "STAFF"})),
        ])
        .await;
        // Another address, which an admin sets, ends the session.
        let statuses: Vec<_> = replies.iter().map(Reply::status).collect();
        assert!([1, 3, 4].into_iter().all(|place| statuses[place] == 200), "round {round}: {replies:?}");
        assert!([0, 2].into_iter().all(|place| matches!(statuses[place], 200 | 401)), "round {round}: {replies:?}");
        shop.stack().check_invariants();
        staff.email = format!("sam-again-{round}@acme.example");
        staff = shop.sign_in(&staff).await;
    }
    let leaver = shop.hire("leaver", "ADMIN").await;
    let replies = at_once((0..6).map(|n| [&shop, &elsewhere][n % 2].admin().delete(at(&leaver)))).await;
    assert_eq!(count(&replies, [204, 404]), [1, 5]);
    let racers =
        (0..30).map(|n| change(shop.admin(), shop.manager(), json!({"full_name": format!("M {n}")})).if_match(1));
    assert_eq!(count(&at_once(racers).await, [200, 412]), [1, 29]);
    shop.stack().check_invariants();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_during_a_delete_of_the_organization_are_complete_or_refused() {
    let stack = Stack::start().await;
    for round in 0..8 {
        let shop = Shop::open(&stack, &format!("acme-{round}")).await;
        let elsewhere = shop.at(&stack.another_process());
        let (product, main) = shop.stocked("SKU-1", 100).await;
        let end = |shop: &Shop| {
            let path = format!("/api/v1/organizations/{}", shop.id);
            shop.admin().delete(path).query(&[("confirm", &shop.subdomain)])
        };
        let writes = |n: u32| {
            let shop = [&shop, &elsewhere][usize::from(n.is_multiple_of(2))];
            match n % 4 {
                0 => shop.take(&product, &main, 1),
                1 => shop.product(&format!("SKU-{n}-{round}")).request(),
                2 => change(shop.admin(), shop.staff(), json!({"full_name": format!("Sam {n}")})),
                _ => shop
                    .staff()
                    .patch(ME, json!({"email": format!("sam-{n}@acme.example"), "current_password": PASSWORD})),
            }
        };
        let requests = (0..8).map(writes).chain([end(&shop), end(&elsewhere)]).chain((8..16).map(writes));
        let replies = at_once(requests).await;
        assert_eq!(count(&replies[8..10], [202, 401]), [1, 1], "round {round}");
        for reply in replies.iter().filter(|reply| reply.status() != 202) {
            assert!(matches!(reply.status(), 200 | 201 | 401), "round {round}: {reply:?}");
            assert_eq!(entries_of(&stack, reply).len(), usize::from(reply.status() < 300), "round {round}");
        }
        let before = items(&stack);
        let late = at_once((16..24).map(writes)).await;
        assert_eq!(count(&late, [401]), [8]);
        assert_eq!(items(&stack), before);
        stack.check_invariants();
    }
}

#[tokio::test]
async fn retry_of_a_write_checks_the_caller_again() {
    for ends_all in [true, false] {
        let shop = Shop::with_faults().await;
        let (product, main) = shop.stocked("SKU-1", 10).await;
        let held = shop.faults().hold("TransactWriteItems");
        let late = tokio::spawn(shop.take(&product, &main, 1).into_future());
        held.arrived().await;
        // The level changes, and then the caller loses the right.
        shop.manager().take(&product, &main, 2).await.expect(201);
        if ends_all {
            let path = format!("/api/v1/organizations/{}", shop.id);
            shop.admin().delete(path).query(&[("confirm", "acme")]).await.expect(202);
        } else {
            change(shop.admin(), shop.staff(), json!({"status": "DISABLED"})).await.expect(200);
        }
        held.release();
        let late = late.await.unwrap();
        assert_eq!(refused(&late), because(401, "unauthenticated"));
        assert_eq!(entries_of(shop.stack(), &late), [Value::Null; 0]);
        shop.stack().check_invariants();
    }
}

#[tokio::test]
async fn write_decided_before_a_demotion_is_forbidden() {
    let shop = Shop::with_faults().await;
    let (second, third) = (shop.hire("second", "ADMIN").await, shop.hire("third", "ADMIN").await);
    let add: fn(&Client, &Person) -> Request = |by, _| {
        let friend = json!({"email": "friend@acme.example", "full_name": "A friend", "role": "ADMIN"});
        by.post("/api/v1/users", friend)
    };
    for way in WAYS.into_iter().chain([add]) {
        // There are enough admins: it is refused only because the caller is no longer one.
        let held = shop.faults().hold("TransactWriteItems");
        let late = tokio::spawn(way(&second, &third).into_future());
        held.arrived().await;
        change(shop.admin(), &second, json!({"role": "STAFF"})).await.expect(200);
        held.release();
        let late = late.await.unwrap();
        assert_eq!(refused(&late), because(403, "forbidden"));
        assert_eq!(entries_of(shop.stack(), &late), [Value::Null; 0]);
        change(shop.admin(), &second, json!({"role": "ADMIN"})).await.expect(200);
    }
    let path = format!("/api/v1/organizations/{}", shop.id);
    let rename = second.patch(&path, json!({"name": "Second's"}));
    for request in [rename, second.delete(&path).query(&[("confirm", "acme")])] {
        let held = shop.faults().hold("TransactWriteItems");
        let late = tokio::spawn(request.into_future());
        held.arrived().await;
        change(shop.admin(), &second, json!({"role": "STAFF"})).await.expect(200);
        held.release();
        assert_eq!(refused(&late.await.unwrap()), because(403, "forbidden"));
        change(shop.admin(), &second, json!({"role": "ADMIN"})).await.expect(200);
    }
    assert_eq!(shop.staff().get(path).await.expect(200).version(), 1);
    shop.stack().check_invariants();
}
