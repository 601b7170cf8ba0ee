//! The forms of the pages: their changes and their redirects.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use stockroom_harness::{Client, Fault, PASSWORD, Reply, Request, Shop, Stack};
use stockroom_runtime::Purpose;
use url::form_urlencoded;

use super::html;

const NEXT: &str = "canary-swept-floors-and-labels";
const FORM: &str = "application/x-www-form-urlencoded";

fn submit(client: &Client, form: &str, token: Option<&str>, fields: &[(&str, &str)]) -> Request {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = client.request(Method::POST, format!("/api/v1/auth/forms/{form}")).raw_body(body, FORM);
    request.query(&token.map(|token| ("token", token)).into_iter().collect::<Vec<_>>())
}

fn set(client: &Client, token: &str, password: &str) -> Request {
    submit(client, "reset", Some(token), &[("password", password), ("repeat", password)])
}

/// The target of a form's redirect.
#[track_caller]
fn target(reply: &Reply) -> &str {
    assert_eq!(reply.status(), 303, "{reply:?}");
    assert!(reply.bytes().is_empty() && reply.header("content-type").is_none(), "{reply:?}");
    reply.header("location").unwrap()
}

/// The code of the problem in a form's redirect.
#[track_caller]
fn error(reply: &Reply) -> String {
    let (_, query) = target(reply).split_once('?').unwrap();
    let mut errors = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "error");
    let (Some((_, code)), None) = (errors.next(), errors.next()) else { panic!("{reply:?}") };
    code.into_owned()
}

async fn shop() -> Shop {
    Shop::open(&Stack::start().await, "acme").await
}

/// A user without a password, and the token of the invitation.
async fn invited(shop: &Shop) -> (String, String) {
    let user = json!({"email": "sam@acme.example", "full_name": "Sam", "role": "STAFF"});
    let id = shop.admin().post("/api/v1/users", user).await.expect(201).id();
    let token = shop.stack().link_token(Purpose::Invitation, &shop.id, &id, 0);
    (id, token)
}

#[tokio::test]
async fn reset_form_of_an_invitation_sets_the_password_and_redirects_to_sign_in() {
    let shop = shop().await;
    let (_, token) = invited(&shop).await;
    let browser = shop.anonymous().without_tenant();
    let page = browser.get(format!("/reset?token={token}")).await.expect(200);
    let action = html(&page).split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(action, format!("/api/v1/auth/forms/reset?token={token}"));

    let reply = set(&browser, &token, NEXT).await;
    assert_eq!(target(&reply), "/sign-in?notice=password_set&tenant=acme");
    assert!(html(&browser.get(target(&reply)).await.expect(200)).contains("Your password is set"));
    shop.anonymous().log_in("sam@acme.example", NEXT).await.expect(200);

    // The link works once. The page of a second use says what to do, and has no form.
    let again = set(&browser, &token, "another password of Sam").await;
    assert_eq!(error(&again), "invalid_token");
    let page = browser.get(target(&again)).await.expect(200);
    assert!(html(&page).contains("no longer works") && !html(&page).contains("<form"));
    shop.anonymous().log_in("sam@acme.example", NEXT).await.expect(200);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn reset_form_with_an_invalid_password_redirects_to_its_page_with_the_reason() {
    let shop = shop().await;
    let (_, token) = invited(&shop).await;
    let browser = shop.anonymous().without_tenant();
    let both = |password: &str| [("password", password.to_owned()), ("repeat", password.to_owned())];
    let long = "long ".repeat(26);
    for (fields, code, text) in [
        (both("short"), "too_short", "at least 12"),
        (both(&long), "too_long", "at most 128"),
        (both("password1234"), "common_password", "easy to guess"),
        (both("sam@acme.example"), "common_password", "easy to guess"),
        (both("bell \u{7} in a password"), "invalid_character", "not allowed"),
        ([("password", NEXT.to_owned()), ("repeat", "Another one".to_owned())], "does_not_match", "differ"),
        ([("password", NEXT.to_owned()), ("repeat", String::new())], "required", "empty"),
        ([("password", String::new()), ("x", String::new())], "required", "empty"),
    ] {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = submit(&browser, "reset", Some(&token), &fields).await;
        assert_eq!(error(&reply), code);
        assert!(target(&reply).starts_with(&format!("/reset?token={token}&")), "{}", target(&reply));
        assert!(!target(&reply).contains("password="), "the address never has the password");
        let page = browser.get(target(&reply)).await.expect(200);
        assert!(html(&page).contains(text) && html(&page).contains("<form"), "{code}: {}", html(&page));
    }
    set(&browser, &token, NEXT).await;
    shop.anonymous().log_in("sam@acme.example", NEXT).await.expect(200);
}

#[tokio::test]
async fn reset_form_without_a_valid_link_changes_nothing() {
    let shop = shop().await;
    let browser = shop.anonymous().without_tenant();
    let confirming = shop.stack().link_token(Purpose::Welcome, &shop.id, &shop.admin().id, 0);
    for token in ["abc", "", &confirming] {
        assert_eq!(error(&set(&browser, token, NEXT).await), "invalid_token", "{token}");
    }
    assert_eq!(error(&submit(&browser, "reset", None, &[("password", NEXT), ("repeat", NEXT)]).await), "invalid_token");
    // A link of another organization than the one in the host.
    let reset = shop.stack().link_token(Purpose::PasswordReset, &shop.id, &shop.staff().id, 0);
    assert_eq!(error(&set(&browser.with_tenant("globex"), &reset, NEXT).await), "invalid_token");
    shop.anonymous().log_in(&shop.admin().email, PASSWORD).await.expect(200);
    shop.anonymous().log_in(&shop.staff().email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn form_that_cannot_be_read_redirects_to_its_page() {
    let shop = shop().await;
    let browser = shop.anonymous().without_tenant();
    let at = |form: &str| browser.request(Method::POST, format!("/api/v1/auth/forms/{form}"));
    let json = at("reset?token=abc").json(json!({"password": NEXT})).await;
    assert_eq!(
        (error(&json).as_str(), target(&json).starts_with("/reset?token=abc&")),
        ("unsupported_media_type", true)
    );
    let large = at("forgot").raw_body(vec![b'a'; 1_100_000], FORM).await;
    assert_eq!((error(&large).as_str(), target(&large)), ("body_too_large", "/forgot?error=body_too_large"));
    let broken = at("forgot").raw_body(&b"email=\xff"[..], FORM).await;
    assert_eq!(error(&broken), "malformed_json");
    // A code in the query of the target is replaced, never repeated.
    let twice = at("confirm?token=abc&error=first&wait=9").await;
    assert_eq!(target(&twice), "/confirm?token=abc&error=invalid_token");
    for reply in [json, large, broken, twice] {
        browser.get(target(&reply)).await.expect(200);
    }
}

#[tokio::test]
async fn form_over_the_limit_redirects_to_its_page_with_the_time_to_wait() {
    let shop = shop().await;
    let process = shop.stack().another_process_with(shop.stack().clock().clone(), &[("LIMIT_LOGIN", "2/minute")]);
    let browser = shop.anonymous().without_tenant().at(&process);
    let token = shop.stack().link_token(Purpose::PasswordReset, &shop.id, &shop.staff().id, 7);
    for _ in 0..2 {
        assert_eq!(error(&set(&browser, &token, NEXT).await), "invalid_token");
    }
    let refused = set(&browser, &token, NEXT).await;
    assert_eq!(target(&refused), format!("/reset?token={token}&error=rate_limited&wait=30"));
    assert_eq!(refused.header("retry-after"), Some("30"));
    let page = browser.get(target(&refused)).await.expect(200);
    assert!(html(&page).contains("Wait 30 seconds") && html(&page).contains("<form"));
    shop.stack().clock().advance(Duration::from_secs(30));
    assert_eq!(error(&set(&browser, &token, NEXT).await), "invalid_token");
}

#[tokio::test]
async fn form_that_the_table_refuses_is_logged_and_redirects_to_its_page() {
    let shop = Shop::with_faults().await;
    let token = shop.stack().link_token(Purpose::PasswordReset, &shop.id, &shop.staff().id, 0);
    shop.faults().always(Fault::Throttle);
    let reply = set(&shop.anonymous().without_tenant(), &token, NEXT).await;
    shop.faults().end();
    assert_eq!(error(&reply), "unavailable");
    let logged = reply.log();
    let line = logged.iter().find(|line| line["status"].is_number()).unwrap();
    assert_eq!((&line["status"], &line["code"]), (&json!(503), &json!("unavailable")));
    assert!(!logged.iter().any(|line| line.to_string().contains(&token)), "the log never has the token");
}

#[tokio::test]
async fn confirm_form_confirms_the_address_and_a_get_of_its_page_does_not() {
    let stack = Stack::start().await;
    let visitor = Client::of(&stack);
    let admin = json!({"email": "admin@acme.example", "full_name": "The Admin", "password": PASSWORD});
    let body = json!({"name": "Acme", "subdomain": "acme", "admin": admin});
    let made = visitor.post("/api/v1/organizations", body).await.expect(201).json();
    let id = |pointer: &str| made.pointer(pointer).unwrap().as_str().unwrap();
    let token = stack.link_token(Purpose::Welcome, id("/organization/id"), id("/admin/id"), 0);
    let confirmed = || {
        let items = stack.items();
        items.iter().filter(|item| item["data"]["action"] == "ORGANIZATION_CONFIRMED").count()
    };

    let page = visitor.get(format!("/confirm?token={token}")).await.expect(200);
    assert!(html(&page).contains(&format!("action=\"/api/v1/auth/forms/confirm?token={token}\"")));
    assert_eq!(confirmed(), 0, "a mail program may read the page");
    for _ in 0..2 {
        let reply = submit(&visitor, "confirm", Some(&token), &[]).await;
        assert_eq!(target(&reply), "/sign-in?notice=address_confirmed&tenant=acme");
    }
    assert_eq!(confirmed(), 1);
    assert_eq!(error(&submit(&visitor, "confirm", Some("abc"), &[]).await), "invalid_token");
}

#[tokio::test]
async fn forgot_form_gives_the_same_answer_for_every_account() {
    let shop = shop().await;
    let browser = shop.anonymous().without_tenant();
    let outcome = |reply: &Reply| {
        let mut headers = reply.headers().clone();
        headers.remove("x-request-id");
        (reply.status(), headers, reply.bytes().to_vec())
    };
    let fields = |tenant, email| [("tenant", tenant), ("email", email)];
    let known = submit(&browser, "forgot", None, &fields("acme", &shop.staff().email)).await;
    assert_eq!(target(&known), "/forgot?notice=link_requested");
    for (tenant, email) in
        [("acme", "nobody@acme.example"), ("nowhere", "staff@acme.example"), (" ACME ", "x@y.example")]
    {
        let other = submit(&browser, "forgot", None, &fields(tenant, email)).await;
        assert_eq!(outcome(&other), outcome(&known), "{tenant} {email}");
    }
    let is_requested =
        |item: &Value| item["data"]["action"] == "PASSWORD_RESET_REQUESTED" && item["data"].get("entity_id").is_some();
    assert_eq!(shop.stack().items().iter().filter(|item| is_requested(item)).count(), 1);

    let error_of = async |fields: &[(&str, &str)]| error(&submit(&browser, "forgot", None, fields).await);
    assert_eq!(error_of(&fields("", "staff@acme.example")).await, "tenant_required");
    assert_eq!(error_of(&fields("acme", "staff")).await, "invalid_format");
    assert_eq!(error_of(&fields("acme", "")).await, "required");
    let named = submit(&browser.with_tenant("acme"), "forgot", None, &fields("globex", "staff@acme.example")).await;
    assert_eq!(error(&named), "tenant_conflict");
    let page = browser.get(target(&named)).await.expect(200);
    assert!(html(&page).contains("Enter the short name of your organization"));
}
