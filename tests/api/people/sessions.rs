//! The caller's own sessions: list and end.

use std::time::Duration;

use serde_json::{Value, json};
use stockroom_harness::{PASSWORD, Person, Shop, Stack};

use super::{ME, SESSIONS, because, entries_of, items, refresh, refused, shop, texts};

/// Signs a user in from another address.
async fn from(shop: &Shop, person: &Person, ip: [u8; 4]) -> Person {
    let client = shop.anonymous().from_address(ip);
    client.log_in(&person.email, PASSWORD).await.expect(200);
    shop.sign_in(person).await
}

/// The ids of a user's sessions in the order of the list.
async fn ids(person: &Person) -> Vec<String> {
    texts(&person.get(SESSIONS).await.expect(200).items(), "id")
}

fn one(id: &str) -> String {
    format!("{SESSIONS}/{id}")
}

#[tokio::test]
async fn list_of_sessions_is_newest_first_with_one_current() {
    let shop = shop().await;
    let first = shop.staff();
    let last = from(&shop, first, [198, 51, 100, 9]).await;
    let listed = last.get(SESSIONS).await.expect(200);
    assert_eq!(listed.json()["next_cursor"], Value::Null);
    let sessions = listed.items();
    let names: Vec<_> = sessions[0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "created_at", "last_used_at", "ip", "current"]);
    let created = texts(&sessions, "created_at");
    assert!(created.is_sorted_by(|a, b| a > b), "{created:?}");
    assert_eq!(texts(&sessions, "ip"), ["203.0.113.7", "198.51.100.9", "203.0.113.7"]);
    let current: Vec<_> = sessions.iter().map(|session| session["current"] == true).collect();
    assert_eq!(current, [true, false, false]);
    assert_eq!(first.get(SESSIONS).await.items()[2]["current"], true);

    // In parts, and the other way round.
    let asc = last.get(SESSIONS).query(&[("order", "asc"), ("limit", "2")]).await.expect(200);
    let cursor = asc.json()["next_cursor"].as_str().unwrap().to_owned();
    let rest = last.get(SESSIONS).query(&[("order", "asc"), ("cursor", &cursor)]).await.expect(200);
    let mut backwards = [asc.items(), rest.items()].concat();
    backwards.reverse();
    assert_eq!(backwards, sessions);
    assert_eq!(rest.json()["next_cursor"], Value::Null);
}

#[tokio::test]
async fn refresh_updates_last_used_at_of_its_session() {
    let shop = shop().await;
    let staff = shop.staff();
    let before = staff.get(SESSIONS).await.items().remove(0);
    assert_eq!(before["created_at"], before["last_used_at"]);
    shop.stack().clock().advance(Duration::from_mins(5));
    refresh(&shop, staff).await.expect(200);
    let after = staff.get(SESSIONS).await.items().remove(0);
    assert_eq!((&after["id"], &after["created_at"]), (&before["id"], &before["created_at"]));
    assert!(after["last_used_at"].as_str() > before["last_used_at"].as_str());
}

#[tokio::test]
async fn end_of_a_session_by_another_user_is_not_found() {
    let stack = Stack::start().await;
    let (shop, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    let (here, there) = (shop.staff(), shop.sign_in(shop.staff()).await);
    let of_there = ids(&there).await.remove(0);
    let before = items(&stack);
    for somebody in [shop.admin(), shop.manager(), globex.staff()] {
        assert_eq!(refused(&somebody.delete(one(&of_there)).await), because(404, "not_found"));
    }
    let stale = here.delete(one(&of_there)).if_match(1).await;
    assert_eq!(refused(&stale), because(412, "version_mismatch"), "a session has no version");
    assert_eq!(items(&stack), before);

    let ended = here.delete(one(&of_there)).await.expect(204);
    assert!(ended.bytes().is_empty());
    assert_eq!(refused(&there.get(ME).await), because(401, "unauthenticated"));
    assert_eq!(refused(&refresh(&shop, &there).await), because(401, "invalid_refresh_token"));
    assert_eq!(refused(&here.delete(one(&of_there)).await), because(404, "not_found"));
    assert_eq!(ids(here).await.len(), 1);

    let entries = entries_of(&stack, &ended);
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0]["action"], &entries[0]["entity_id"]), (&json!("LOGOUT"), &json!(here.id)));
    assert_eq!(entries[0]["actor"]["id"], json!(here.id));
    stack.check_invariants();
}

#[tokio::test]
async fn end_of_the_current_session_signs_out() {
    let shop = shop().await;
    let (here, there) = (shop.staff(), shop.sign_in(shop.staff()).await);
    let current = here.get(SESSIONS).await.items().into_iter().find(|session| session["current"] == true).unwrap();
    let current = one(current["id"].as_str().unwrap());
    here.delete(&current).await.expect(204);
    assert_eq!(refused(&here.delete(&current).await), because(401, "unauthenticated"));
    assert_eq!(refused(&refresh(&shop, here).await), because(401, "invalid_refresh_token"));
    there.get(ME).await.expect(200);
}

#[tokio::test]
async fn list_of_sessions_omits_expired_ones() {
    let shop = shop().await;
    let early = ids(shop.staff()).await.remove(0);
    shop.stack().clock().advance(Duration::from_hours(6 * 24));
    let later = shop.sign_in(shop.staff()).await;
    assert_eq!(ids(&later).await.len(), 2);
    shop.stack().clock().advance(Duration::from_hours(24));
    let last = shop.sign_in(shop.staff()).await;
    let left = ids(&last).await;
    assert!(left.len() == 2 && !left.contains(&early), "{left:?}");
    assert_eq!(refused(&last.delete(one(&early)).await), because(404, "not_found"));
}

#[tokio::test]
async fn login_to_more_than_ten_sessions_keeps_ten() {
    let shop = shop().await;
    let mut last = shop.sign_in(shop.staff()).await;
    for _ in 0..11 {
        last = shop.sign_in(shop.staff()).await;
    }
    assert_eq!(ids(&last).await.len(), 10);
    shop.stack().check_invariants();
}
