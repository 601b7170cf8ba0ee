//! Users and their organization: roles, sessions, addresses, deletion, and concurrent changes.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests fail by a panic")]

mod addresses;
mod confirmation;
mod equal_work;
mod organizations;
mod races;
mod sessions;
mod users;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stockroom_harness::{Client, PASSWORD, Person, Reply, Request, Shop, Stack};

const ME: &str = "/api/v1/users/me";
const USERS: &str = "/api/v1/users";
const SESSIONS: &str = "/api/v1/users/me/sessions";

async fn shop() -> Shop {
    Shop::open(&Stack::start().await, "acme").await
}

/// The path of a user.
fn at(person: &Person) -> String {
    format!("{USERS}/{}", person.id)
}

/// A change of a user by a client.
fn change(by: &Client, whom: &Person, change: Value) -> Request {
    by.patch(at(whom), change)
}

fn refresh(shop: &Shop, person: &Person) -> Request {
    shop.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": person.refresh_token}))
}

fn log_in(shop: &Shop, person: &Person) -> Request {
    shop.anonymous().log_in(&person.email, PASSWORD)
}

/// Status and code of a refusal.
#[track_caller]
fn refused(reply: &Reply) -> (u16, String) {
    assert!(reply.status() >= 400, "{reply:?}");
    (reply.status(), reply.code())
}

fn because(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// The table's items by their keys.
fn items(stack: &Stack) -> BTreeMap<(String, String), Value> {
    let key = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    stack.items().into_iter().map(|item| ((key(&item, "pk"), key(&item, "sk")), item)).collect()
}

/// The entries that a request left in the log.
fn entries_of(stack: &Stack, reply: &Reply) -> Vec<Value> {
    let is_entry = |(pk, _): &(String, String)| pk.contains("#LOG#") || pk.contains("#MOVE#");
    let entries = items(stack).into_iter().filter(|(key, _)| is_entry(key)).map(|(_, mut item)| item["data"].take());
    entries.filter(|entry| entry.to_string().contains(reply.request_id())).collect()
}

/// How many replies have each of these statuses; no reply may have another.
#[track_caller]
fn count<const N: usize>(replies: &[Reply], statuses: [u16; N]) -> [usize; N] {
    for reply in replies {
        assert!(statuses.contains(&reply.status()), "{}: {}", reply.status(), String::from_utf8_lossy(reply.bytes()));
    }
    statuses.map(|status| replies.iter().filter(|reply| reply.status() == status).count())
}

/// The members of these objects.
fn texts(items: &[Value], member: &str) -> Vec<String> {
    items.iter().map(|item| item[member].as_str().unwrap().to_owned()).collect()
}
