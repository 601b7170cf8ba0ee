//! Revoked rights and ended sessions take effect with the next request, in every process.

use serde_json::{Value, json};
use stockroom_harness::{Client, PASSWORD, Person, Reply, Request, Shop, Stack};

use super::world::{claims, close, disable, enable, session, set_role};

const ME: &str = "/api/v1/users/me";

async fn shop() -> Shop {
    Shop::open(&Stack::start().await, "acme").await
}

fn refresh(shop: &Shop, refresh_token: &str) -> Request {
    shop.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": refresh_token}))
}

fn refusal(reply: &Reply) -> (u16, String) {
    (reply.status(), reply.code())
}

fn unauthenticated() -> (u16, String) {
    (401, "unauthenticated".to_owned())
}

fn invalid_refresh_token() -> (u16, String) {
    (401, "invalid_refresh_token".to_owned())
}

/// The role in an access token.
fn role_in(access_token: &str) -> Value {
    claims(access_token)["role"].take()
}

#[tokio::test]
async fn request_after_a_demotion_to_staff_is_forbidden() {
    let shop = shop().await;
    let manager = shop.manager();
    shop.product("SKU-1").await;

    set_role(&shop, manager, "STAFF").await;
    let refused = shop.product("SKU-2").request().await;
    assert_eq!(refusal(&refused), (403, "forbidden".to_owned()));
    assert_eq!(role_in(manager.token()), "MANAGER", "the token still says so");
    manager.get("/api/v1/products").await.expect(200);

    let tokens = refresh(&shop, &manager.refresh_token).await.expect(200).json();
    assert_eq!(role_in(tokens["access_token"].as_str().unwrap()), "STAFF");
}

#[tokio::test]
async fn request_after_a_demotion_to_manager_is_forbidden_for_admin_operations() {
    let shop = shop().await;
    let product = shop.product("SKU-1").await;
    let second = shop.hire("second", "ADMIN").await;

    set_role(&shop, &second, "MANAGER").await;
    let user = json!({"email": "x@example.com", "full_name": "X", "role": "ADMIN", "password": PASSWORD});
    for request in [second.post("/api/v1/users", user), second.delete(format!("/api/v1/products/{product}"))] {
        assert_eq!(refusal(&request.await), (403, "forbidden".to_owned()));
    }
    second.patch(format!("/api/v1/products/{product}"), json!({"name": "Renamed"})).await.expect(200);
}

#[tokio::test]
async fn request_after_a_promotion_succeeds_with_the_old_token() {
    let shop = shop().await;
    let staff = shop.staff();
    let create = || staff.post("/api/v1/warehouses", json!({"name": "Main", "location": "Here"}));

    create().await.expect(403);
    set_role(&shop, staff, "MANAGER").await;
    create().await.expect(201);
}

#[tokio::test]
async fn disable_of_a_user_ends_tokens_and_login() {
    let shop = shop().await;
    let (staff, elsewhere) = (shop.staff(), shop.sign_in(shop.staff()).await);

    disable(&shop, staff).await;
    for session in [staff, &elsewhere] {
        assert_eq!(refusal(&session.get(ME).await), unauthenticated());
        assert_eq!(refusal(&refresh(&shop, &session.refresh_token).await), invalid_refresh_token());
    }
    let login = shop.anonymous().log_in(&staff.email, PASSWORD).await;
    assert_eq!(refusal(&login), (401, "invalid_credentials".to_owned()));

    // Ended sessions stay ended; the password works again.
    enable(&shop, staff).await;
    for session in [staff, &elsewhere] {
        assert_eq!(refusal(&session.get(ME).await), unauthenticated());
        assert_eq!(refusal(&refresh(&shop, &session.refresh_token).await), invalid_refresh_token());
    }
    shop.sign_in(staff).await.get(ME).await.expect(200);
}

#[tokio::test]
async fn logout_ends_access_and_refresh_token() {
    let shop = shop().await;
    let by_access_token = async |person: &Person| person.request(http::Method::POST, "/api/v1/auth/logout").await;
    let by_refresh_token = async |person: &Person| {
        let tokens = json!({"refresh_token": person.refresh_token});
        shop.anonymous().post("/api/v1/auth/logout", tokens).await
    };
    let other_session = shop.sign_in(shop.staff()).await;
    let (first, second) = (shop.sign_in(shop.staff()).await, shop.sign_in(shop.staff()).await);

    by_access_token(&first).await.expect(204);
    by_refresh_token(&second).await.expect(204);
    for ended in [&first, &second] {
        assert_eq!(refusal(&ended.get(ME).await), unauthenticated());
        assert_eq!(refusal(&refresh(&shop, &ended.refresh_token).await), invalid_refresh_token());
        assert_eq!(by_access_token(ended).await.status(), 401);
        assert_eq!(by_refresh_token(ended).await.status(), 401);
    }
    other_session.get(ME).await.expect(200);
    refresh(&shop, &other_session.refresh_token).await.expect(200);
}

#[tokio::test]
async fn logout_ends_earlier_tokens_of_the_session() {
    let shop = shop().await;
    let first = shop.sign_in(shop.staff()).await;
    let tokens = refresh(&shop, &first.refresh_token).await.expect(200).json();
    let second = Client::of(shop.stack()).with_token(tokens["access_token"].as_str().unwrap());
    for renewed in [&*first, &second] {
        renewed.get(ME).await.expect(200);
    }

    second.request(http::Method::POST, "/api/v1/auth/logout").await.expect(204);
    for ended in [&*first, &second] {
        assert_eq!(refusal(&ended.get(ME).await), unauthenticated());
    }
    for ended in [first.refresh_token.as_str(), tokens["refresh_token"].as_str().unwrap()] {
        assert_eq!(refusal(&refresh(&shop, ended).await), invalid_refresh_token());
    }
}

#[tokio::test]
async fn delete_of_an_organization_ends_tokens_and_logins() {
    let stack = Stack::start().await;
    let (shop, neighbour) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);

    close(&shop).await;
    for person in [shop.admin(), shop.manager(), shop.staff()] {
        assert_eq!(refusal(&person.get(ME).await), unauthenticated());
        assert_eq!(refusal(&refresh(&shop, &person.refresh_token).await), invalid_refresh_token());
        let login = shop.anonymous().log_in(&person.email, PASSWORD).await;
        assert_eq!(refusal(&login), (401, "invalid_credentials".to_owned()));
    }
    neighbour.staff().get(ME).await.expect(200);
}

#[tokio::test]
async fn request_to_another_process_after_a_demotion_or_logout_is_refused() {
    let shop = shop().await;
    let elsewhere = shop.at(&shop.stack().another_process());
    for process in [&shop, &elsewhere] {
        process.manager().get(ME).await.expect(200);
        process.staff().get(ME).await.expect(200);
    }

    set_role(&shop, shop.manager(), "STAFF").await;
    shop.staff().request(http::Method::POST, "/api/v1/auth/logout").await.expect(204);
    for process in [&shop, &elsewhere] {
        assert_eq!(process.product("SKU-1").request().await.status(), 403);
        assert_eq!(process.staff().get(ME).await.status(), 401);
    }
}

#[tokio::test]
async fn replay_after_a_demotion_or_disabling_is_refused() {
    let shop = shop().await;
    let create = || shop.product("SKU-1").request().key("k1");
    create().await.expect(201);
    assert_eq!(create().await.expect(201).header("idempotency-replayed"), Some("true"));

    set_role(&shop, shop.manager(), "STAFF").await;
    assert_eq!(refusal(&create().await), (403, "forbidden".to_owned()));
    disable(&shop, shop.manager()).await;
    assert_eq!(refusal(&create().await), unauthenticated());
}

#[tokio::test]
async fn delete_of_a_user_ends_tokens_and_login() {
    let shop = shop().await;
    let staff = shop.staff();
    shop.admin().delete(format!("/api/v1/users/{}", staff.id)).await.expect(204);
    assert_eq!(refusal(&staff.get(ME).await), unauthenticated());
    assert_eq!(refusal(&refresh(&shop, &staff.refresh_token).await), invalid_refresh_token());
    let login = shop.anonymous().log_in(&staff.email, PASSWORD).await;
    assert_eq!(refusal(&login), (401, "invalid_credentials".to_owned()));
}

#[tokio::test]
async fn end_of_a_session_from_another_session_ends_its_tokens() {
    let shop = shop().await;
    let (here, there) = (shop.staff(), shop.sign_in(shop.staff()).await);
    here.delete(format!("/api/v1/users/me/sessions/{}", session(&there))).await.expect(204);
    assert_eq!(refusal(&there.get(ME).await), unauthenticated());
    assert_eq!(refusal(&refresh(&shop, &there.refresh_token).await), invalid_refresh_token());
    here.get(ME).await.expect(200);
}
