//! The limits of users, organizations and addresses, one by one, and their headers.

use std::net::Ipv6Addr;

use serde_json::json;
use stockroom_harness::{Client, Shop};

use super::support::{USUAL, let_through, limited, retry_after, state, under, wait};

const ME: &str = "/api/v1/users/me";

#[tokio::test]
async fn request_above_the_limit_of_a_user_is_rate_limited() {
    let shop = limited(&[("LIMIT_REQUESTS", "5/minute")]).await;
    assert_eq!(let_through(shop.staff().get(ME)).await, 5);
    let refused = shop.staff().get(ME).await.expect(429);
    assert_eq!((refused.code().as_str(), retry_after(&refused)), ("rate_limited", 12));
    assert_eq!(refused.json()["limit"], "user");

    // Another session is the same user; another user is not.
    let elsewhere = shop.staff().from_address([198, 51, 100, 1]);
    elsewhere.get("/api/v1/products").await.expect(429);
    shop.manager().get(ME).await.expect(200);

    wait(&shop, 11_999);
    assert_eq!(retry_after(&shop.staff().get(ME).await.expect(429)), 1);
    wait(&shop, 1);
    assert_eq!(let_through(shop.staff().get(ME)).await, 1);
    wait(&shop, 60_000);
    assert_eq!(let_through(shop.staff().get(ME)).await, 5);
}

#[tokio::test]
async fn request_after_retry_after_succeeds() {
    for limit in ["1/second", "7/minute", "600/minute", "30/hour"] {
        let shop = limited(&[("LIMIT_REQUESTS", limit)]).await;
        for _ in 0..3 {
            let_through(shop.staff().get(ME)).await;
            let seconds = retry_after(&shop.staff().get(ME).await.expect(429));
            assert!(seconds > 0, "{limit}");
            wait(&shop, seconds * 1_000);
            shop.staff().get(ME).await.expect(200);
        }
    }
}

#[tokio::test]
async fn request_above_the_limit_of_an_organization_is_rate_limited_for_its_users() {
    let shop = limited(&[("LIMIT_TENANT", "7/minute")]).await;
    let globex = under(&Shop::open(&shop.stack().another_process(), "globex").await, &[("LIMIT_TENANT", "7/minute")]);
    let mut passed = 0;
    for person in [shop.staff(), shop.manager(), shop.admin()].into_iter().cycle().take(20) {
        let reply = person.get(ME).await;
        passed += usize::from(reply.status() == 200);
        if reply.status() != 200 {
            assert_eq!(reply.expect(429).json()["limit"], "tenant");
        }
    }
    assert_eq!(passed, 7);
    assert_eq!(let_through(globex.staff().get(ME)).await, 7);
}

#[tokio::test]
async fn request_refused_for_the_user_does_not_count_for_the_organization() {
    let shop = limited(&[("LIMIT_REQUESTS", "5/minute"), ("LIMIT_TENANT", "12/minute")]).await;
    for _ in 0..50 {
        shop.staff().get(ME).await;
    }
    assert_eq!(let_through(shop.manager().get(ME)).await, 5);
    assert_eq!(let_through(shop.admin().get(ME)).await, 2);
}

#[tokio::test]
async fn request_without_a_token_counts_for_its_address() {
    let shop = limited(&[("LIMIT_ADDRESS", "5/minute")]).await;
    let refresh = |client: &Client| client.post("/api/v1/auth/refresh", json!({"refresh_token": "none"}));
    let logout = |client: &Client| client.post("/api/v1/auth/logout", json!({"refresh_token": "none"}));
    let ours = shop.anonymous();
    refresh(&ours).await.expect(401);
    logout(&ours).await.expect(401);
    ours.log_in("nobody", "nothing").await.expect(401);
    // Unreadable requests count, too; they get their own error only below the limit.
    ours.post("/api/v1/organizations", json!({})).await.expect(422);
    ours.post("/api/v1/auth/token", json!({})).await.expect(422);
    for request in [refresh(&ours), logout(&ours), ours.post("/api/v1/organizations", json!({}))] {
        let refused = request.await.expect(429);
        assert_eq!((retry_after(&refused), &refused.json()["limit"]), (12, &json!("address")));
    }
    refresh(&ours.from_address([203, 0, 113, 8])).await.expect(401);
    // Headers say nothing about where a call comes from.
    refresh(&ours).header("x-forwarded-for", "198.51.100.9").header("forwarded", "for=198.51.100.9").await.expect(429);
}

#[tokio::test]
async fn request_with_a_token_or_public_read_does_not_count_for_the_address() {
    let shop = limited(&[("LIMIT_ADDRESS", "1/hour")]).await;
    for _ in 0..20 {
        let reply = shop.staff().get(ME).await.expect(200);
        assert_eq!(reply.header("ratelimit"), None);
        let reply = shop.anonymous().get("/health-check").await.expect(200);
        assert_eq!((reply.cost().calls, reply.header("ratelimit")), (1, None));
    }
}

#[tokio::test]
async fn request_from_an_ipv6_address_counts_for_its_network() {
    let shop = limited(&[("LIMIT_ADDRESS", "4/minute")]).await;
    let from = |address: &str| {
        let ours = shop.anonymous().from_address(address.parse::<Ipv6Addr>().unwrap());
        ours.post("/api/v1/auth/refresh", json!({"refresh_token": "none"}))
    };
    for host in ["2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::", "2001:db8:0:1:1:2:3:4"] {
        from(host).await.expect(401);
    }
    from("2001:db8:0:1::9").await.expect(429);
    from("2001:db8:0:2::1").await.expect(401);
    // One way to write an address of the fourth kind.
    for _ in 0..2 {
        from("::ffff:203.0.113.7").await.expect(401);
    }
    let plain = shop.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": "none"}));
    assert_eq!(let_through(plain).await, 2);
}

#[tokio::test]
async fn request_with_limits_off_is_not_counted() {
    let off = USUAL.map(|(name, _)| (name, "off"));
    let shop = limited(&off).await;
    for _ in 0..20 {
        let reply = shop.staff().get(ME).await.expect(200);
        let headers = ["ratelimit", "ratelimit-policy"].map(|name| reply.header(name));
        assert_eq!((headers, reply.cost().write_halves), ([None, None], 0));
        shop.anonymous().log_in("nobody@acme.example", "nothing").await.expect(401);
    }
    let rates = shop.stack().items().into_iter().filter(|item| item["pk"].as_str().unwrap().starts_with("RATE#"));
    assert_eq!(rates.count(), 0);
}

#[tokio::test]
async fn every_answer_has_rate_limit_headers() {
    let shop = limited(&USUAL).await;
    let first = shop.staff().get(ME).await.expect(200);
    assert_eq!(first.header("ratelimit-policy"), Some("\"user\";q=600;w=60, \"tenant\";q=6000;w=60"));
    assert_eq!(first.header("ratelimit"), Some("\"user\";r=599;t=1, \"tenant\";r=5999;t=1"));
    for left in (589..599).rev() {
        // 304, 403, 404 and 422 say so, too.
        let reply = match left % 4 {
            0 => shop.staff().get(ME).header("if-none-match", "*").await.expect(304),
            1 => shop.staff().post("/api/v1/suppliers", json!({"name": "Hooli"})).await.expect(403),
            2 => shop.staff().get("/api/v1/products/nothing").await.expect(404),
            _ => shop.staff().get("/api/v1/products").query(&[("nonsense", "1")]).await.expect(422),
        };
        assert_eq!(state(&reply, "user").0, left);
    }
    assert_eq!(state(&shop.staff().get(ME).await, "user"), (588, 2));
    wait(&shop, 500);
    assert_eq!(state(&shop.staff().get(ME).await, "user"), (592, 1));
    wait(&shop, 60_000);
    assert_eq!(state(&shop.staff().get(ME).await, "user"), (599, 1));

    let origin = "https://app.example.com";
    let exposed = shop.staff().get(ME).header("origin", origin).await.expect(200);
    let exposed = exposed.header("access-control-expose-headers").unwrap().to_owned();
    for name in ["ratelimit", "ratelimit-policy", "retry-after"] {
        assert!(exposed.split(',').any(|exposed| exposed.trim() == name), "{exposed}");
    }
}

#[tokio::test]
async fn rate_limited_answer_has_rate_limit_headers() {
    let shop = limited(&[("LIMIT_REQUESTS", "20/minute"), ("LIMIT_TENANT", "100/minute")]).await;
    assert_eq!(let_through(shop.staff().get(ME)).await, 20);
    let refused = shop.staff().get(ME).await.expect(429);
    assert_eq!(refused.header("ratelimit-policy"), Some("\"user\";q=20;w=60, \"tenant\";q=100;w=60"));
    assert_eq!(refused.header("ratelimit"), Some("\"user\";r=0;t=60, \"tenant\";r=80;t=12"));
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn request_above_the_limit_is_refused_after_route_and_token_and_before_other_checks() {
    let shop = limited(&[("LIMIT_REQUESTS", "1/hour")]).await;
    shop.staff().get(ME).await.expect(200);
    let staff = shop.staff();
    for (case, (request, status)) in [
        (staff.get("/api/v1/nothing"), 404),
        (staff.delete("/api/v1/products"), 405),
        (shop.anonymous().get(ME), 401),
        (shop.anonymous().with_token(format!("{}x", staff.token())).get(ME), 401),
        (staff.with_tenant("globex").get(ME), 429),
        (staff.with_tenant("globex").get(ME).header("host", "acme.example.com"), 429),
        (staff.post("/api/v1/suppliers", json!({"name": "Hooli"})), 429),
        (staff.post("/api/v1/stock-movements", json!({})).raw_body(vec![b' '; 1024 * 1024 + 1], "text/plain"), 429),
        (staff.post("/api/v1/stock-movements", json!({})), 429),
        (staff.get("/api/v1/products").query(&[("nonsense", "1")]), 429),
        (staff.get("/api/v1/products/nothing"), 429),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(request.await.status(), status, "case {case}");
    }
}

#[tokio::test]
async fn rate_limited_request_is_logged_with_user_and_organization() {
    let shop = limited(&[("LIMIT_REQUESTS", "2/minute"), ("LIMIT_ADDRESS", "1/minute")]).await;
    assert_eq!(let_through(shop.staff().get(ME)).await, 2);
    let log = shop.staff().get(ME).await.expect(429).log();
    assert_eq!(log.len(), 1, "{log:?}");
    let line = &log[0];
    assert_eq!((&line["status"], &line["code"], &line["limit"]), (&json!(429), &json!("rate_limited"), &json!("user")));
    assert_eq!((&line["organization"], &line["user"]), (&json!(shop.id), &json!(shop.staff().id)));
    assert_eq!((&line["level"], &line["calls"]), (&json!("INFO"), &json!(0)));

    let refresh = shop.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": "none"}));
    refresh.clone().await.expect(401);
    let log = refresh.await.expect(429).log();
    assert_eq!((log.len(), &log[0]["limit"], &log[0]["user"]), (1, &json!("address"), &json!(null)));
}
