//! Rules for passwords, the same in every place that sets one.

use serde_json::json;
use stockroom_harness::{PASSWORD, Reply, Request, Shop};

use super::{change, mailed, reset, shop};

/// Every place where a password is set, with where the password stands in the body. Of the account `pat@acme.example`.
async fn places(shop: &Shop, password: &str) -> Vec<(&'static str, Request)> {
    let pat = json!({"email": "pat@acme.example", "full_name": "Pat", "role": "STAFF", "password": password});
    let founder = json!({"email": "pat@acme.example", "full_name": "Pat", "password": password});
    let organization = json!({"name": "Acme", "subdomain": "acme-two", "admin": founder});
    vec![
        ("/password", shop.admin().post("/api/v1/users", pat)),
        ("/admin/password", shop.anonymous().without_tenant().post("/api/v1/organizations", organization)),
        ("/new_password", change(shop.staff(), PASSWORD, password)),
        ("/password", reset(shop, &mailed(shop, &shop.manager().email).await, password)),
    ]
}

#[track_caller]
fn assert_refused(reply: Reply, pointer: &str, code: &str, password: &str) {
    assert_eq!(reply.clone().expect(422).faults(), [format!("{pointer} {code}")], "{password}");
    assert!(!String::from_utf8_lossy(reply.bytes()).contains(password), "{password} is in the answer");
}

#[tokio::test]
async fn set_of_a_common_password_is_common_password() {
    let shop = shop().await;
    for (password, code) in [
        ("qwertyuiop123", "common_password"),
        ("QwertyUIOP123!", "common_password"),
        ("Password1234", "common_password"),
        ("superman-2026", "common_password"),
        ("passwordpassword", "common_password"),
        ("eleven-char", "too_short"),
        ("a bell\u{7} and more", "invalid_character"),
    ] {
        for (pointer, request) in places(&shop, password).await {
            assert_refused(request.await, pointer, code, password);
        }
    }
    // Refused passwords were not set.
    shop.anonymous().log_in(&shop.staff().email, PASSWORD).await.expect(200);
    shop.anonymous().log_in(&shop.manager().email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn set_of_a_password_made_of_own_names_is_common_password() {
    let shop = shop().await;
    let names = |email: &'static str| ["Acme-Trading-Co", "ACME TRADING COMPANY", "acme trading company!", email];
    let founder = |password: &str| {
        let admin = json!({"email": "a.long.name@acme.example", "full_name": "Pat", "password": password});
        let organization = json!({"name": "Acme Trading Company", "subdomain": "acme-trading-co", "admin": admin});
        shop.anonymous().without_tenant().post("/api/v1/organizations", organization)
    };
    for password in names("A.Long.Name@acme.example").into_iter().chain(["a.long.name-24"]) {
        assert_refused(founder(password).await, "/admin/password", "common_password", password);
    }
    founder("acme trading company sells").await.expect(201);

    let company = shop.anonymous().with_tenant("acme-trading-co");
    let tokens = company.log_in("a.long.name@acme.example", "acme trading company sells").await.expect(200).json();
    let admin = company.with_token(tokens["access_token"].as_str().unwrap());
    for password in names("another.name@acme.example").into_iter().chain(["another.name"]) {
        let user =
            json!({"email": "another.name@acme.example", "full_name": "Pat", "role": "STAFF", "password": password});
        assert_refused(admin.post("/api/v1/users", user).await, "/password", "common_password", password);
    }
    for password in names("a.long.name@acme.example") {
        let refused = change(&admin, "acme trading company sells", password).await;
        assert_refused(refused, "/new_password", "common_password", password);
    }

    for password in ["staff@acme.example", "STAFF@acme.example1"] {
        let token = mailed(&shop, &shop.staff().email).await;
        assert_refused(reset(&shop, &token, password).await, "/password", "common_password", password);
        reset(&shop, &token, &format!("{password} no more")).await.expect(204);
    }
}

#[tokio::test]
async fn login_with_another_unicode_form_of_the_password_succeeds() {
    let shop = shop().await;
    let (composed, decomposed) = ("d\u{e9}j\u{e0} vu, encore", "de\u{301}ja\u{300}\u{a0}vu, encore");
    change(shop.staff(), PASSWORD, composed).await.expect(204);
    for typed in [composed, decomposed] {
        shop.anonymous().log_in(&shop.staff().email, typed).await.expect(200);
    }
    let same = change(shop.staff(), decomposed, composed).await.expect(422);
    assert_eq!(same.faults(), ["/new_password same_password"]);
    // Twelve characters, sent as any number of code points.
    let twelve = "e\u{301}".repeat(12);
    change(shop.staff(), decomposed, &twelve).await.expect(204);
    assert_eq!(
        change(shop.staff(), &twelve, &"e\u{301}".repeat(11)).await.expect(422).faults(),
        ["/new_password too_short"]
    );
    change(shop.staff(), &"\u{e9}".repeat(12), &"e\u{301}".repeat(128)).await.expect(204);
}

#[tokio::test]
async fn sign_up_with_the_password_of_the_sample_company_succeeds() {
    let shop = shop().await;
    let admin = json!({
        "email": "admin@northwind.example", "full_name": "Nancy Davolio", "password": "northwind-demo-2026",
    });
    let company = json!({"name": "Northwind Traders", "subdomain": "northwind", "admin": admin});
    shop.anonymous().without_tenant().post("/api/v1/organizations", company).await.expect(201);
}
