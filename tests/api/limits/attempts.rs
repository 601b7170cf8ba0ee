//! Attempts at passwords and sign-ups: each one counts, from any address and with any result.

use serde_json::{Value, json};
use stockroom_harness::{Client, PASSWORD, Reply, Request, Shop, at_once};

use super::support::{let_through, limited, retry_after, under, wait};

const WRONG: &str = "not the password at all";

/// An answer as its client sees it, without the members that name the request.
fn seen(reply: &Reply) -> (u16, Vec<(String, String)>, Value) {
    let headers = reply.headers().iter().filter(|(name, _)| *name != "x-request-id");
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let mut body = reply.json();
    body["request_id"] = Value::Null;
    (reply.status(), headers, body)
}

#[tokio::test]
async fn login_above_the_limit_is_rate_limited_for_that_address_and_account() {
    let shop = limited(&[("LIMIT_LOGIN", "5/minute")]).await;
    let (attacker, email) = (shop.anonymous(), &shop.staff().email);
    assert_eq!(let_through(attacker.log_in(email, WRONG)).await, 5);
    // The right password is refused as well.
    let refused = attacker.log_in(email, PASSWORD).await.expect(429);
    assert_eq!((retry_after(&refused), &refused.json()["limit"]), (12, &json!("login")));

    // The owner signs in from elsewhere, and others at the attacker's address sign in to other accounts.
    let victim = attacker.from_address([198, 51, 100, 1]);
    victim.log_in(email, PASSWORD).await.expect(200);
    attacker.log_in(&shop.manager().email, PASSWORD).await.expect(200);

    wait(&shop, 12_000);
    attacker.log_in(email, PASSWORD).await.expect(200);
    attacker.log_in(email, PASSWORD).await.expect(429);
}

#[tokio::test]
async fn login_with_the_right_password_counts_as_an_attempt() {
    let shop = limited(&[("LIMIT_LOGIN", "5/minute")]).await;
    for password in [PASSWORD, WRONG, PASSWORD, PASSWORD, WRONG] {
        let reply = shop.anonymous().log_in(&shop.staff().email, password).await;
        assert_eq!(reply.status(), if password == PASSWORD { 200 } else { 401 });
    }
    shop.anonymous().log_in(&shop.staff().email, PASSWORD).await.expect(429);
}

#[tokio::test]
async fn login_with_any_spelling_of_an_account_counts_for_one_account() {
    let shop = limited(&[("LIMIT_LOGIN", "5/minute")]).await;
    let nobody = shop.anonymous().without_tenant();
    let form = |tenant: &str, email: &str| {
        let body = format!("username={email}&password=nothing&client_id={tenant}");
        nobody.request(http::Method::POST, "/api/v1/auth/token").raw_body(body, "application/x-www-form-urlencoded")
    };
    for request in [
        shop.anonymous().log_in("staff@acme.example", WRONG),
        shop.anonymous().log_in("  STAFF@Acme.Example ", WRONG),
        nobody.with_tenant("ACME").log_in("Staff@acme.example", WRONG),
        nobody.log_in("staff@acme.example", WRONG).header("host", "Acme.example.com"),
        form("acme", "staff%40ACME.example"),
    ] {
        request.await.expect(401);
    }
    form("Acme", "staff%40acme.example").await.expect(429);
    shop.anonymous().log_in("staff@acme.example", PASSWORD).await.expect(429);
    // The same address in another tenant is another account.
    nobody.with_tenant("globex").log_in("staff@acme.example", WRONG).await.expect(401);
}

#[tokio::test]
async fn login_to_an_unknown_account_or_tenant_is_limited_like_a_known_one() {
    let settings = [("LIMIT_LOGIN", "5/minute"), ("LIMIT_LOGIN_ADDRESS", "60/minute"), ("LIMIT_ADDRESS", "300/minute")];
    let shop = limited(&settings).await;
    let mut address = 0;
    let mut story = async |attempt: &dyn Fn(&Client) -> Request| {
        address += 1;
        let client = shop.anonymous().from_address([198, 51, 100, address]);
        let mut story = Vec::new();
        for _ in 0..7 {
            story.push(seen(&attempt(&client).await));
        }
        story
    };
    let known = story(&|client| client.log_in("staff@acme.example", WRONG)).await;
    assert_eq!(known.iter().map(|(status, ..)| *status).collect::<Vec<_>>(), [401, 401, 401, 401, 401, 429, 429]);
    let unknown = story(&|client| client.log_in("nobody@acme.example", WRONG)).await;
    let nowhere = story(&|client| client.with_tenant("nowhere").log_in("staff@acme.example", WRONG)).await;
    let no_tenant = story(&|client| client.with_tenant("a b").log_in("staff@acme.example", WRONG)).await;
    let no_address = story(&|client| client.log_in("no address", WRONG)).await;
    for (name, other) in
        [("unknown", unknown), ("nowhere", nowhere), ("no tenant", no_tenant), ("no address", no_address)]
    {
        assert_eq!(other, known, "{name}");
    }
}

#[tokio::test]
async fn login_to_many_accounts_from_one_address_is_rate_limited() {
    let shop = limited(&[("LIMIT_LOGIN_ADDRESS", "6/minute"), ("LIMIT_LOGIN", "2/minute")]).await;
    let ours = shop.anonymous();
    for attempt in 0..6 {
        ours.log_in(&format!("user-{}@acme.example", attempt % 3), WRONG).await.expect(401);
    }
    let refused = ours.log_in(&shop.staff().email, PASSWORD).await.expect(429);
    assert_eq!((retry_after(&refused), &refused.json()["limit"]), (10, &json!("login-address")));
    ours.with_tenant("globex").log_in("user@globex.example", WRONG).await.expect(429);
    ours.from_address([198, 51, 100, 1]).log_in(&shop.staff().email, PASSWORD).await.expect(200);
    wait(&shop, 10_000);
    ours.log_in(&shop.staff().email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn login_refused_for_the_account_does_not_count_for_the_address() {
    let shop = limited(&[("LIMIT_LOGIN_ADDRESS", "6/minute"), ("LIMIT_LOGIN", "2/minute")]).await;
    for _ in 0..20 {
        shop.anonymous().log_in("staff@acme.example", WRONG).await;
    }
    let mut passed = 0;
    for attempt in 0..20 {
        let reply = shop.anonymous().log_in(&format!("user-{attempt}@acme.example"), WRONG).await;
        passed += usize::from(reply.status() == 401);
    }
    assert_eq!(passed, 4);
}

#[tokio::test]
async fn concurrent_logins_of_several_processes_are_counted_exactly() {
    let settings = [("LIMIT_LOGIN", "5/minute"), ("LIMIT_LOGIN_ADDRESS", "60/minute")];
    let shop = limited(&settings).await;
    let shops: Vec<Shop> = (0..4).map(|_| under(&shop, &settings)).collect();
    for round in 0..8 {
        let email = format!("user-{round}@acme.example");
        let ours = |shop: &Shop| shop.anonymous().from_address([198, 51, 100, round]);
        let tries = shops.iter().cycle().take(12).map(|shop| ours(shop).log_in(&email, WRONG));
        let replies = at_once(tries).await;
        let passed = replies.iter().filter(|reply| reply.status() == 401).count();
        let refused = replies.iter().filter(|reply| reply.status() == 429).count();
        assert_eq!((passed, refused), (5, 7), "round {round}");
    }
}

fn sign_up(client: &Client, subdomain: &str) -> Request {
    let admin = json!({"email": "admin@example.com", "full_name": "The Admin", "password": PASSWORD});
    client
        .without_tenant()
        .post("/api/v1/organizations", json!({"name": "New", "subdomain": subdomain, "admin": admin}))
}

#[tokio::test]
async fn sign_up_above_the_limit_is_rate_limited() {
    let shop = limited(&[("LIMIT_ONBOARDING", "3/hour")]).await;
    let ours = shop.anonymous();
    sign_up(&ours, "one").await.expect(201);
    // An invalid body is no attempt; a taken subdomain is one.
    sign_up(&ours, "no subdomain").await.expect(422);
    sign_up(&ours, "acme").await.expect(409);
    sign_up(&ours, "two").await.expect(201);
    let refused = sign_up(&ours, "three").await.expect(429);
    assert_eq!((retry_after(&refused), &refused.json()["limit"]), (1_200, &json!("onboarding")));
    sign_up(&ours.from_address([198, 51, 100, 1]), "three").await.expect(201);
    wait(&shop, 1_200_000);
    sign_up(&ours, "four").await.expect(201);
    sign_up(&ours, "five").await.expect(429);
}

#[tokio::test]
async fn keys_of_rate_limits_hold_no_names_and_expire() {
    let shop = limited(&super::support::USUAL).await;
    shop.anonymous().log_in(&shop.staff().email, PASSWORD).await.expect(200);
    shop.staff().get("/api/v1/users/me").await.expect(200);
    sign_up(&shop.anonymous(), "globex").await.expect(201);
    let items = shop.stack().items();
    let rates: Vec<&Value> = items.iter().filter(|item| item["pk"].as_str().unwrap().starts_with("RATE#")).collect();
    let mut kinds: Vec<&str> =
        rates.iter().map(|item| item["pk"].as_str().unwrap().split('#').nth(1).unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["address", "login", "login-address", "onboarding", "tenant", "user"]);
    for item in rates {
        let text = item.to_string();
        assert!(["203.0.113", "staff", "acme", "example"].iter().all(|name| !text.contains(name)), "{text}");
        assert!(item["expires_at"].as_u64().unwrap() > 1_700_000_000, "{text}");
    }
}
