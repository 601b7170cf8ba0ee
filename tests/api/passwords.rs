//! Passwords: rules, change, reset, invitation, and concurrent changes.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests fail by a panic")]

mod change;
mod faults;
mod invitation;
mod races;
mod rehash;
mod reset;
mod rules;

use serde_json::{Value, json};
use stockroom_domain::{
    id::{EventId, Id as _},
    time::Timestamp,
};
use stockroom_harness::{Client, Person, Reply, Request, Shop, Stack};
use stockroom_local::embedded::TABLE_NAME;
use stockroom_runtime::{Link, Purpose};
use stockroom_store::Account;

const ME: &str = "/api/v1/users/me";
const CHANGE: &str = "/api/v1/users/me/password";
const FORGOT: &str = "/api/v1/auth/password/forgot";
const RESET: &str = "/api/v1/auth/password/reset";

/// The new password of a change.
const NEXT: &str = "canary-swept-floors-and-labels";
/// The second new password.
const THIRD: &str = "canary-dusted-racks-and-bays";

async fn shop() -> Shop {
    Shop::open(&Stack::start().await, "acme").await
}

fn change(person: &Client, current: &str, new: &str) -> Request {
    person.put(CHANGE, json!({"current_password": current, "new_password": new}))
}

fn forgot(shop: &Shop, email: &str) -> Request {
    shop.anonymous().post(FORGOT, json!({"email": email}))
}

fn reset(shop: &Shop, token: &str, password: &str) -> Request {
    shop.anonymous().post(RESET, json!({"token": token, "password": password}))
}

fn refresh(shop: &Shop, refresh_token: &str) -> Request {
    shop.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": refresh_token}))
}

/// The entries of an action, oldest first.
fn entries(stack: &Stack, action: &str) -> Vec<Value> {
    let of_action = |item: &Value| item["data"]["action"] == action;
    let mut found: Vec<Value> = stack.items().into_iter().filter(of_action).collect();
    found.sort_by_key(|item| item["sk"].to_string());
    found.into_iter().map(|mut item| item["data"].take()).collect()
}

/// The token of the mail for an entry, derived as the sender of the mail derives it.
fn token_of(shop: &Shop, purpose: Purpose, entry: &Value) -> String {
    let logged_at: Timestamp = entry["created_at"].as_str().unwrap().parse().unwrap();
    let account = Account {
        organization: shop.id.parse().unwrap(),
        user: entry["entity_id"].as_str().unwrap().parse().unwrap(),
        auth_epoch: entry["after"]["auth_epoch"].as_u64().unwrap(),
    };
    shop.stack().app().links().unwrap().token(&Link::new(
        purpose,
        account,
        EventId::from_parts(logged_at, [0; 10]),
        logged_at,
    ))
}

/// Requests a link, and reads it from the mail.
async fn mailed(shop: &Shop, email: &str) -> String {
    forgot(shop, email).await.expect(202);
    token_of(shop, Purpose::PasswordReset, entries(shop.stack(), "PASSWORD_RESET_REQUESTED").last().unwrap())
}

/// The entries of a request that lead to a mail with a link.
fn mails(shop: &Shop, reply: &Reply) -> Vec<Value> {
    let both = ["INVITE", "PASSWORD_RESET_REQUESTED"].into_iter().flat_map(|action| entries(shop.stack(), action));
    both.filter(|entry| entry["request_id"] == reply.request_id() && entry.get("entity_id").is_some()).collect()
}

/// A user's item.
fn user_item(stack: &Stack, id: &str) -> Value {
    stack.items().into_iter().find(|item| item["data"]["id"] == id && item.get("sessions").is_some()).unwrap()
}

/// The credential of an address.
fn credential(stack: &Stack, email: &str) -> Value {
    let is_it = |item: &Value| item["pk"].as_str().unwrap().starts_with("CREDENTIAL#") && item["sk"] == email;
    stack.items().into_iter().find(is_it).unwrap()
}

/// The number of sessions of a user.
fn sessions(stack: &Stack, id: &str) -> usize {
    user_item(stack, id)["sessions"].as_object().unwrap().len()
}

/// The `auth_epoch` of an account; user and credential must have the same.
#[track_caller]
fn epoch(stack: &Stack, person: &Person) -> u64 {
    let (user, credential) = (user_item(stack, &person.id), credential(stack, &person.email));
    assert_eq!(user["auth_epoch"], credential["auth_epoch"]);
    user["auth_epoch"].as_u64().unwrap()
}

/// Puts another hash into a credential.
fn store_hash(shop: &Shop, email: &str, hash: &str) {
    let update = json!({
        "TableName": TABLE_NAME,
        "Key": {"pk": {"S": format!("CREDENTIAL#{}", shop.subdomain)}, "sk": {"S": email}},
        "UpdateExpression": "SET #hash = :hash",
        "ConditionExpression": "attribute_exists(#hash)",
        "ExpressionAttributeNames": {"#hash": "hash"},
        "ExpressionAttributeValues": {":hash": {"S": hash}},
    });
    shop.stack().database().update_item(serde_json::from_value(update).unwrap()).unwrap();
}

/// A problem document without the members that are unique to a request.
#[track_caller]
fn problem(reply: &Reply) -> Value {
    let mut problem = reply.json();
    for member in ["request_id", "instance"] {
        problem.as_object_mut().unwrap().remove(member).unwrap();
    }
    problem
}
