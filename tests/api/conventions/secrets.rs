//! After every operation, the log has no secret and the table has only hashes of passwords.

use http::Method;
use serde_json::{Value, json};
use stockroom_harness::{PASSWORD, Reply, log_lines};
use stockroom_runtime::Purpose;

use super::{Furnished, items};

/// All texts of an item, and its bytes as texts.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Object(members) => members.values().for_each(|value| texts(value, found)),
        Value::Array(values) => {
            let bytes: Option<Vec<u8>> = values.iter().map(|byte| byte.as_u64()?.try_into().ok()).collect();
            found.extend(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
            for value in values {
                texts(value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Secrets that must appear nowhere; every secret setting and password begins like one of the first.
fn secrets(tokens: &[String]) -> Vec<String> {
    let mut secrets: Vec<String> = ["canary", "Y2FuYXJ5", PASSWORD].map(str::to_owned).into();
    // A token's signature: its other parts are no secrets without it.
    secrets.extend(tokens.iter().map(|token| token.rsplit('.').next().unwrap().to_owned()));
    secrets
}

/// A link of every kind, for a user with a password and an invited one; each is used, used again and changed.
async fn by_mail(shop: &Furnished, links: &mut Vec<String>) -> Vec<Reply> {
    let visitor = shop.anonymous();
    let forgetful = shop.hire("forgetful", "STAFF").await;
    let invited = json!({"email": "invited@acme.example", "full_name": "X", "role": "STAFF"});
    let made = shop.admin().post("/api/v1/users", invited).await.expect(201);
    let link = |purpose, user: &str| shop.stack().link_token(purpose, &shop.id, user, 0);
    let set = |token: &str, password: &str| {
        visitor.post("/api/v1/auth/password/reset", json!({"token": token, "password": password}))
    };
    let forgot = |email: &str| visitor.post("/api/v1/auth/password/forgot", json!({"email": email}));
    let reset = link(Purpose::PasswordReset, &forgetful.id);
    let invitation = link(Purpose::Invitation, &made.id());
    let replies = [
        forgot(&forgetful.email).await.expect(202),
        forgot("canary-no-such@acme.example").await.expect(202),
        forgot("canary is no address").await.expect(422),
        set(&reset, "canary").await.expect(422),
        set(&reset, "forgetful@acme.example").await.expect(422),
        set(&reset, "canary-of-a-reset").await.expect(204),
        set(&reset, "canary-of-a-second").await.expect(400),
        set(&invitation, "canary-of-the-invited").await.expect(204),
        set(&format!("{invitation}canary"), "canary-of-a-second").await.expect(400),
        visitor.log_in(&forgetful.email, "canary-of-a-reset").await.expect(200),
        visitor.log_in("invited@acme.example", "canary-of-the-invited").await.expect(200),
        visitor.get("/api/v1/users/me").query(&[("token", &invitation)]).await.expect(401),
        visitor.with_token(&*invitation).get("/api/v1/users/me").await.expect(401),
    ];
    links.extend([reset, invitation]);
    [made].into_iter().chain(replies).collect()
}

/// Four refused changes of a password, a successful one, and its repetition.
async fn by_hand(shop: &Furnished) -> Vec<Reply> {
    let careful = shop.hire("careful", "STAFF").await;
    let change = |current: &str, new: &str| {
        careful.put("/api/v1/users/me/password", json!({"current_password": current, "new_password": new}))
    };
    vec![
        change("canary-that-is-wrong", "canary-of-a-change").await.expect(422),
        change(PASSWORD, PASSWORD).await.expect(422),
        change(PASSWORD, "canary").await.expect(422),
        change(PASSWORD, "careful@acme.example").await.expect(422),
        change(PASSWORD, "canary-of-a-change").await.expect(204),
        change(PASSWORD, "canary-of-a-change").await.expect(204),
        careful.get("/api/v1/users/me").await.expect(200),
    ]
}

/// Every operation that uses secrets, successful and refused; returns every answer.
async fn everything(shop: &Furnished, links: &mut Vec<String>) -> Vec<Reply> {
    let email = &*shop.staff().email;
    let visitor = shop.anonymous();
    let token = |reply: &Reply, name: &str| reply.json()[name].as_str().unwrap().to_owned();
    let login = visitor.log_in(email, PASSWORD).await.expect(200);
    let refresh = json!({"refresh_token": token(&login, "refresh_token")});
    let cookie = visitor.log_in(email, PASSWORD).with("delivery", "cookie").await.expect(200);
    let cookies = cookie.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let newcomer =
        json!({"email": "x@acme.example", "full_name": "X", "role": "STAFF", "password": "canary-of-a-newcomer"});
    let founder = json!({"email": "x@initech.example", "full_name": "X", "password": "canary-of-a-founder"});
    let organization = json!({"name": "Initech", "subdomain": "initech", "admin": founder});
    let leave = visitor.with_token(token(&login, "access_token"));

    let mut replies = vec![login, cookie];
    for request in [
        visitor.log_in(email, "canary-that-is-wrong"),
        visitor.log_in("canary-no-such@acme.example", "canary-that-is-wrong"),
        visitor.log_in(email, PASSWORD).with("canary-member", "canary-value"),
        visitor
            .request(Method::POST, "/api/v1/auth/token")
            .raw_body(format!("{{\"password\": {PASSWORD}}}"), "application/json"),
        shop.admin().post("/api/v1/users", newcomer.clone()).key("canary-key"),
        shop.admin().post("/api/v1/users", newcomer.clone()).key("canary-key"),
        shop.admin().post("/api/v1/users", newcomer.clone()),
        shop.admin().post("/api/v1/users", newcomer).with("password", "canary"),
        visitor.post("/api/v1/organizations", organization.clone()).key("canary-key"),
        visitor.post("/api/v1/organizations", organization),
        visitor.post("/api/v1/auth/refresh", refresh.clone()),
        visitor.post("/api/v1/auth/refresh", refresh.clone()),
        visitor.request(Method::POST, "/api/v1/auth/refresh").header("cookie", cookies),
        visitor.post("/api/v1/auth/refresh", json!({"refresh_token": "canary.canary.canary"})),
        visitor.with_token("canary.canary.canary").get("/api/v1/users/me"),
        visitor.get("/api/v1/users/me?access_token=canary"),
        shop.staff().get("/api/v1/products?cursor=canary"),
        shop.staff().get("/api/v1/users/canary"),
        shop.admin().get(format!("/api/v1/users/{}", shop.staff().id)),
        leave.post("/api/v1/auth/logout", json!({})),
        visitor.post("/api/v1/auth/refresh", refresh),
    ] {
        replies.push(request.await);
    }
    replies.extend(by_mail(shop, links).await);
    replies.extend(by_hand(shop).await);
    replies
}

#[tokio::test]
async fn every_operation_keeps_secrets_out_of_logs_table_and_answers() {
    let shop = Furnished::open().await;
    let mut links = Vec::new();
    let replies = everything(&shop, &mut links).await;
    assert!(replies.iter().all(|reply| reply.status() < 500), "{replies:?}");
    let issued = |name: &'static str| {
        let tokens =
            replies.iter().filter(|reply| !reply.bytes().is_empty()).map(move |reply| reply.json()[name].clone());
        tokens.filter_map(|token| token.as_str().map(str::to_owned))
    };
    let cookies = replies.iter().filter_map(|reply| reply.header("set-cookie"));
    let cookies = cookies.map(|cookie| cookie.split(';').next().unwrap().to_owned());
    let tokens: Vec<String> = issued("access_token").chain(issued("refresh_token")).chain(cookies).collect();
    assert_eq!(tokens.len(), 14);
    let mut secrets = secrets(&tokens);
    // The secret part of a link follows the account's ids.
    secrets.extend(links.iter().map(|link| link[66..].to_owned()));

    let log = log_lines();
    assert!(log.len() > replies.len());
    for secret in &secrets {
        let leaking = log.iter().find(|line| line.contains(secret.as_str()));
        assert_eq!(leaking, None, "{secret} is in the log");
    }

    let mut hashes = 0;
    for ((pk, sk), item) in items(shop.stack()) {
        let mut found = Vec::new();
        texts(&item, &mut found);
        for text in found {
            assert!(!secrets.iter().any(|secret| text.contains(secret.as_str())), "{text} in {pk} {sk}");
            if text.contains("argon2") {
                assert!(
                    pk.starts_with("CREDENTIAL#") && text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
                    "{pk}: {text}"
                );
                hashes += 1;
            }
        }
    }
    // Three of the shop, the newcomer, the founder, and whose passwords were set by mail and by hand.
    assert_eq!(hashes, 8);

    for reply in &replies {
        let body = String::from_utf8_lossy(reply.bytes());
        for kept in ["argon2", "hash", PASSWORD, "canary-of", "canary-that", "canary-value", "canary-no"] {
            assert!(!body.contains(kept), "{kept} in {body}");
        }
    }
}
