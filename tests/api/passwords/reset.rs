//! Forgotten passwords, and the link that resets them.

use std::time::Duration;

use http::header::HOST;
use serde_json::json;
use stockroom_harness::{PASSWORD, Reply, Shop, Stack};
use stockroom_runtime::Purpose;

use super::{
    FORGOT, ME, NEXT, RESET, THIRD, change, entries, epoch, forgot, mailed, mails, problem, refresh, reset, sessions,
    shop,
};
use crate::access::world::{close, disable};

#[tokio::test]
async fn reset_sets_the_password_once_and_ends_every_session() {
    let shop = shop().await;
    let staff = shop.staff();
    let elsewhere = shop.sign_in(staff).await;
    let (token, older) = (mailed(&shop, &staff.email).await, mailed(&shop, &staff.email).await);

    assert!(reset(&shop, &token, NEXT).await.expect(204).bytes().is_empty());
    for ended in [staff, &elsewhere] {
        assert_eq!(ended.get(ME).await.expect(401).code(), "unauthenticated");
        assert_eq!(refresh(&shop, &ended.refresh_token).await.expect(401).code(), "invalid_refresh_token");
    }
    assert_eq!((sessions(shop.stack(), &staff.id), epoch(shop.stack(), staff)), (0, 1));
    shop.anonymous().log_in(&staff.email, PASSWORD).await.expect(401);
    shop.anonymous().log_in(&staff.email, NEXT).await.expect(200);

    // Neither this link nor any earlier one is valid again.
    for used in [&token, &older] {
        assert_eq!(reset(&shop, used, THIRD).await.expect(400).code(), "invalid_token");
    }
    shop.anonymous().log_in(&staff.email, NEXT).await.expect(200);
    let logged = entries(shop.stack(), "PASSWORD_RESET");
    assert_eq!(logged.len(), 1);
    let outcome = [&logged[0]["entity"], &logged[0]["entity_id"], &logged[0]["actor"]["id"]];
    assert_eq!(outcome, [&json!("User"), &json!(staff.id), &json!(staff.id)]);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn forgot_gives_the_same_answer_for_every_account() {
    let shop = shop().await;
    let invited = json!({"email": "invited@acme.example", "full_name": "Invited", "role": "STAFF"});
    shop.admin().post("/api/v1/users", invited).await.expect(201);
    let disabled = shop.hire("disabled", "STAFF").await;
    disable(&shop, &disabled).await;
    let outcome = |reply: &Reply| {
        let mut headers = reply.headers().clone();
        headers.remove("x-request-id");
        (reply.status(), headers, reply.bytes().to_vec())
    };
    let known = forgot(&shop, &shop.staff().email).await.expect(202);
    assert!(known.bytes().is_empty());
    for email in [
        "STAFF@acme.example",
        "nobody@acme.example",
        "admin@globex.example",
        "invited@acme.example",
        "disabled@acme.example",
    ] {
        let reply = forgot(&shop, email).await;
        assert_eq!(outcome(&reply), outcome(&known), "{email}");
        let (cost, usual) = (reply.cost(), known.cost());
        assert_eq!((cost.round_trips, cost.calls), (usual.round_trips, usual.calls), "{email}");
    }
    for tenant in ["nowhere", "no tenant at all"] {
        let nowhere = shop.anonymous().with_tenant(tenant).post(FORGOT, json!({"email": shop.staff().email})).await;
        assert_eq!(outcome(&nowhere), outcome(&known));
    }
}

#[tokio::test]
async fn forgot_is_logged_for_the_mail() {
    let shop = shop().await;
    let staff = shop.staff();
    let known = forgot(&shop, &staff.email).await.expect(202);
    let unknown = forgot(&shop, "canary-nobody@acme.example").await.expect(202);
    let logged = entries(shop.stack(), "PASSWORD_RESET_REQUESTED");
    let of = |reply: &Reply| logged.iter().find(|entry| entry["request_id"] == reply.request_id()).unwrap();
    let entry = of(&known);
    assert_eq!([&entry["entity"], &entry["entity_id"]], [&json!("User"), &json!(staff.id)]);
    assert_eq!((&entry["after"], entry.get("actor")), (&json!({"auth_epoch": 0}), None));
    assert_eq!((of(&unknown).get("entity_id"), of(&unknown).get("after")), (None, None));

    assert_eq!([mails(&shop, &known).len(), mails(&shop, &unknown).len()], [1, 0]);
    assert!(!entry.to_string().contains(&staff.email));
}

#[tokio::test]
async fn reset_with_a_link_older_than_half_an_hour_is_invalid_token() {
    let shop = shop().await;
    let clock = shop.stack().clock();
    clock.stop();
    let (first, second) = (mailed(&shop, &shop.staff().email).await, mailed(&shop, &shop.manager().email).await);
    clock.advance(Duration::from_mins(30) - Duration::from_millis(1));
    reset(&shop, &first, NEXT).await.expect(204);
    clock.advance(Duration::from_millis(1));
    assert_eq!(reset(&shop, &second, NEXT).await.expect(400).code(), "invalid_token");
    shop.anonymous().log_in(&shop.manager().email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn reset_with_any_void_link_is_invalid_token() {
    let stack = Stack::start().await;
    let (shop, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    let closed = Shop::open(&stack, "initech").await;
    let (disabled, changed) = (shop.hire("disabled", "STAFF").await, shop.hire("changed", "STAFF").await);
    let of = |purpose, at: &Shop, user: &str, epoch| stack.link_token(purpose, &at.id, user, epoch);
    let link = |at: &Shop, user: &str| of(Purpose::PasswordReset, at, user, 0);
    let staff = link(&shop, &shop.staff().id);
    let elsewhere =
        stack.another_process_with(stack.clock().clone(), &[("SECRET_KEY", "canary-of-somebody-else-32-chars!!!")]);
    let (of_disabled, of_changed) = (link(&shop, &disabled.id), link(&shop, &changed.id));
    let (of_closed, invited) = (link(&closed, &closed.staff().id), of(Purpose::Invitation, &shop, &changed.id, 0));
    disable(&shop, &disabled).await;
    close(&closed).await;
    change(&changed, PASSWORD, NEXT).await.expect(204);

    let before = stack.items();
    let garbage = reset(&shop, "garbage", NEXT).await.expect(400);
    assert_eq!(garbage.code(), "invalid_token");
    let mut forged = staff.clone();
    forged.replace_range(40..41, if &staff[40..41] == "A" { "B" } else { "A" });
    for (fault, request) in [
        ("nothing", reset(&shop, "", NEXT)),
        ("a character changed", reset(&shop, &forged, NEXT)),
        ("cut short", reset(&shop, &staff[..staff.len() - 1], NEXT)),
        ("longer", reset(&shop, &format!("{staff}A"), NEXT)),
        ("an access token", reset(&shop, shop.staff().token(), NEXT)),
        ("a refresh token", reset(&shop, &shop.staff().refresh_token, NEXT)),
        (
            "another key",
            reset(&shop, &elsewhere.link_token(Purpose::PasswordReset, &shop.id, &shop.staff().id, 0), NEXT),
        ),
        ("another tenant named", reset(&globex, &staff, NEXT)),
        ("no tenant of that name", reset(&shop, &staff, NEXT).header("x-tenant-id", "nowhere")),
        ("another tenant's", reset(&shop, &link(&globex, &globex.staff().id), NEXT)),
        ("another tenant's user", reset(&shop, &link(&shop, &globex.staff().id), NEXT)),
        ("nobody's", reset(&shop, &link(&shop, "01930000-0000-7000-8000-000000000000"), NEXT)),
        ("a later password", reset(&shop, &of(Purpose::PasswordReset, &shop, &shop.staff().id, 1), NEXT)),
        ("a former password", reset(&shop, &of_changed, NEXT)),
        ("an invitation long accepted", reset(&shop, &invited, NEXT)),
        ("a disabled user", reset(&shop, &of_disabled, NEXT)),
        ("a deleted organization", reset(&closed, &of_closed, NEXT)),
    ] {
        let reply = request.await;
        assert_eq!(reply.status(), 400, "{fault}");
        assert_eq!(problem(&reply), problem(&garbage), "{fault}");
    }
    assert_eq!(stack.items(), before);
    reset(&shop, &staff, NEXT).await.expect(204);
}

#[tokio::test]
async fn reset_with_a_link_of_the_previous_key_succeeds() {
    let shop = shop().await;
    let process =
        |settings: &[(&str, &str)]| shop.at(&shop.stack().another_process_with(shop.stack().clock().clone(), settings));
    let next = ("SECRET_KEY", "canary-key-that-follows-with-32-characters");
    let previous = ("SECRET_KEY_PREVIOUS", "canary-signing-key-of-32-characters-or-more");
    let (rotated, retired) = (process(&[next, previous]), process(&[next]));
    let token = mailed(&shop, &shop.staff().email).await;
    assert_eq!(reset(&retired, &token, NEXT).await.expect(400).code(), "invalid_token");
    reset(&rotated, &token, NEXT).await.expect(204);
}

#[tokio::test]
async fn reset_with_an_invalid_body_or_tenant_is_refused_before_the_link() {
    let shop = shop().await;
    let visitor = shop.anonymous();
    assert_eq!(reset(&shop, "garbage", "short").await.expect(422).faults(), ["/password too_short"]);
    let missing = visitor.post(RESET, json!({"password": NEXT, "email": "x"})).await.expect(422);
    assert_eq!(missing.faults(), ["/token required", "/email unknown_member"]);
    assert_eq!(
        visitor.post(FORGOT, json!({"email": "no address"})).await.expect(422).faults(),
        ["/email invalid_format"]
    );
    for (path, body, code) in [
        (RESET, json!({"token": "garbage", "password": NEXT}), "invalid_token"),
        (FORGOT, json!({"email": shop.staff().email}), "tenant_required"),
    ] {
        let anywhere = visitor.without_tenant().post(path, body.clone());
        assert_eq!(anywhere.clone().await.expect(400).code(), code);
        let torn = visitor.post(path, body).header(HOST, "globex.example.com").await.expect(400);
        assert_eq!(torn.code(), "tenant_conflict");
        let in_host = anywhere.header(HOST, "acme.example.com").await;
        assert!(in_host.status() == 202 || in_host.code() == "invalid_token");
    }
}
