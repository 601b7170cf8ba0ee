//! Requests without a valid caller count for their address. They take no tokens of the user or the organization that
//! their access token names.

use http::Method;
use serde_json::json;
use stockroom_harness::{Client, Request, Shop, at_once};

use super::support::{USUAL, let_through, limited, state, under, wait};

const ME: &str = "/api/v1/users/me";

/// A token of staff whose session has ended, while another session of theirs is active.
async fn dead_token(shop: &Shop) -> Client {
    let free = under(shop, &USUAL.map(|(name, _)| (name, "off")));
    let gone = free.sign_in(shop.staff()).await;
    gone.post("/api/v1/auth/logout", json!({})).await.expect(204);
    shop.anonymous().with_token(gone.token())
}

#[tokio::test]
async fn request_with_an_ended_session_takes_no_token_of_its_user() {
    let limits = [("LIMIT_REQUESTS", ""), ("LIMIT_TENANT", ""), ("LIMIT_ADDRESS", "off")];
    let shop = limited(&limits).await;
    let dead = dead_token(&shop).await;
    let first = shop.staff().get(ME).await.expect(200);
    let processes: Vec<Shop> = (0..7).map(|_| under(&shop, &limits)).collect();
    for round in 0..200 {
        for process in &processes {
            let reply = dead.at(process.stack()).get(ME).await.expect(401);
            // Once a process knows, it asks the table nothing.
            assert!(round == 0 || reply.cost().calls == 0, "{:?}", reply.cost());
            assert_eq!(reply.header("ratelimit"), None);
        }
    }
    let next = shop.staff().get(ME).await.expect(200);
    for (name, burst) in [("user", 600), ("tenant", 6_000)] {
        assert_eq!((state(&first, name).0, state(&next, name).0), (burst - 1, burst - 2));
    }
    // The table lacks no token either, as a process without a lease shows.
    let fresh = under(&shop, &limits);
    assert_eq!(let_through(fresh.staff().get(ME)).await, 600 - 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_with_an_ended_session_take_no_token_of_its_user() {
    let limits = [("LIMIT_REQUESTS", "100/minute"), ("LIMIT_TENANT", "500/minute")];
    let shop = limited(&limits).await;
    // Access tokens live for 15 minutes, a round takes one.
    for round in 0..10 {
        let dead = dead_token(&shop).await;
        let processes: Vec<Shop> = (0..8).map(|_| under(&shop, &limits)).collect();
        let requests = processes.iter().cycle().take(16).map(|process| dead.at(process.stack()).get(ME));
        for reply in at_once(requests).await {
            reply.expect(401);
        }
        // These processes hold the tokens that could not be refunded: none is lost, none is created.
        let mut passed = 0;
        for process in &processes {
            passed += let_through(process.staff().get(ME)).await;
        }
        assert_eq!(passed, 100, "round {round}");
        wait(&shop, 60_000);
    }
}

#[tokio::test]
async fn request_of_a_disabled_user_or_ended_organization_counts_for_the_address() {
    let shop =
        limited(&[("LIMIT_REQUESTS", "5/minute"), ("LIMIT_TENANT", "9/minute"), ("LIMIT_ADDRESS", "12/minute")]).await;
    let free = under(&shop, &USUAL.map(|(name, _)| (name, "off")));
    free.admin().patch(format!("/api/v1/users/{}", shop.staff().id), json!({"status": "DISABLED"})).await.expect(200);
    let stranger = shop.staff().from_address([198, 51, 100, 1]);
    for attempt in 0..20 {
        let reply = stranger.get(ME).await.expect(if attempt < 12 { 401 } else { 429 });
        assert!(attempt < 12 || reply.json()["limit"] == "address");
    }
    // A signed-in user at the same address is not limited.
    assert_eq!(let_through(shop.manager().from_address([198, 51, 100, 1]).get(ME)).await, 5);
    assert_eq!(let_through(shop.admin().get(ME)).await, 4);
}

#[tokio::test]
async fn request_without_a_valid_token_above_the_limit_is_rate_limited() {
    let shop = limited(&[("LIMIT_ADDRESS", "20/minute"), ("LIMIT_REQUESTS", "5/minute")]).await;
    let expired = shop.staff().token().to_owned();
    shop.stack().clock().advance(std::time::Duration::from_mins(16));
    let living = under(&shop, &[("LIMIT_ADDRESS", "off")]).sign_in(shop.manager()).await;
    let mut address = 0;
    for request in [
        |client: &Client, _: &str| client.get(ME),
        |client: &Client, token: &str| client.with_token(format!("{token}x")).get(ME),
        |client: &Client, token: &str| client.with_token(token).post("/api/v1/products", json!({})),
        |client: &Client, token: &str| client.with_token(token).request(Method::HEAD, ME),
        |client: &Client, _: &str| client.get(ME).header("authorization", "Basic YWNtZTo="),
    ] as [fn(&Client, &str) -> Request; 5]
    {
        address += 1;
        let client = shop.anonymous().from_address([198, 51, 100, address]);
        request(&client, &expired).await.expect(401);
        assert_eq!(let_through(request(&client, &expired)).await, 19);
        living.at(shop.stack()).from_address([198, 51, 100, address]).get("/health-check").await.expect(200);
    }
    assert_eq!(let_through(living.at(shop.stack()).from_address([198, 51, 100, 1]).get(ME)).await, 5);
}

#[tokio::test]
async fn change_of_password_with_an_ended_session_is_no_attempt() {
    // A wrong password counts twice here: it is compared with the current password, and so is the new one.
    let shop = limited(&[("LIMIT_LOGIN", "6/minute"), ("LIMIT_LOGIN_ADDRESS", "10/minute")]).await;
    let dead = dead_token(&shop).await;
    let change = |client: &Client| {
        let passwords = json!({"current_password": "not the password", "new_password": "nine staplers, no cake"});
        client.put("/api/v1/users/me/password", passwords)
    };
    for _ in 0..20 {
        let reply = change(&dead).await.expect(401);
        assert_eq!(reply.log()[0]["password_hashes"], 0);
    }
    assert_eq!(let_through(change(shop.staff())).await, 3);
}
