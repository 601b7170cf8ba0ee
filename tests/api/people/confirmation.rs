//! Unconfirmed organizations: how an admin confirms the address of the sign-up.

use serde_json::{Value, json};
use stockroom_harness::{Client, PASSWORD, Stack, at_once};
use stockroom_runtime::Purpose;

use super::{ME, USERS, addresses::confirm, because, items, refused};

/// A new organization after its sign-up.
struct Founded {
    stack: Stack,
    id: String,
    admin: String,
    visitor: Client,
    client: Client,
}

async fn found(subdomain: &str) -> Founded {
    let stack = Stack::start().await;
    let visitor = Client::of(&stack).with_tenant(subdomain);
    let email = format!("admin@{subdomain}.example");
    let admin = json!({"email": email, "full_name": "The Admin", "password": PASSWORD});
    let organization = json!({"name": subdomain, "subdomain": subdomain, "admin": admin});
    let made = visitor.post("/api/v1/organizations", organization).await.expect(201).json();
    let id = |pointer: &str| made.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let tokens = visitor.log_in(&email, PASSWORD).await.expect(200).json();
    let client = visitor.with_token(tokens["access_token"].as_str().unwrap());
    Founded { id: id("/organization/id"), admin: id("/admin/id"), stack, visitor, client }
}

impl Founded {
    fn is_confirmed(&self) -> bool {
        items(&self.stack)[&(format!("ORG#{}#ORG", self.id), "ORG".to_owned())].get("unconfirmed_admin").is_none()
    }

    fn count(&self, action: &str) -> usize {
        items(&self.stack).values().filter(|item| item["data"]["action"] == action).count()
    }

    fn link(&self, purpose: Purpose) -> String {
        self.stack.link_token(purpose, &self.id, &self.admin, 0)
    }
}

#[tokio::test]
async fn confirmation_by_the_welcome_link_confirms_the_organization_once() {
    let acme = found("acme").await;
    assert!(!acme.is_confirmed());
    assert_eq!(acme.count("WELCOME"), 1);
    let link = acme.link(Purpose::Welcome);
    for reply in at_once([confirm(&acme.visitor, &link), confirm(&acme.visitor, &link)]).await {
        reply.expect(204);
    }
    confirm(&acme.visitor, &link).await.expect(204);
    assert!(acme.is_confirmed());
    assert_eq!(acme.count("ORGANIZATION_CONFIRMED"), 1);
    acme.client.get(ME).await.expect(200);
}

#[tokio::test]
async fn reset_by_the_first_admin_confirms_the_organization() {
    let acme = found("acme").await;
    let body = json!({"token": acme.link(Purpose::PasswordReset), "password": "canary-swept-floors-and-labels"});
    acme.visitor.post("/api/v1/auth/password/reset", body).await.expect(204);
    assert!(acme.is_confirmed());
    assert_eq!(acme.count("ORGANIZATION_CONFIRMED"), 1);
}

#[tokio::test]
async fn change_of_the_first_admins_address_before_confirmation_is_forbidden() {
    let acme = found("acme").await;
    let other = json!({"email": "two@acme.example", "full_name": "Two", "role": "ADMIN", "password": PASSWORD});
    acme.client.post(USERS, other).await.expect(201);
    let tokens = acme.visitor.log_in("two@acme.example", PASSWORD).await.expect(200).json();
    let two = acme.visitor.with_token(tokens["access_token"].as_str().unwrap());
    let first = format!("{USERS}/{}", acme.admin);
    let change = || two.patch(&first, json!({"email": "stranger@elsewhere.example"}));
    assert_eq!(refused(&change().await), because(403, "forbidden"));
    assert_eq!(acme.count("EMAIL_CHANGED"), 0);
    two.patch(&first, json!({"email": "admin@acme.example", "full_name": "First"})).await.expect(200);
    confirm(&acme.visitor, &acme.link(Purpose::Welcome)).await.expect(204);
    change().await.expect(200);
}

#[tokio::test]
async fn confirmation_of_the_first_admins_corrected_address_confirms_the_organization() {
    let acme = found("acme").await;
    let change = json!({"email": "right@acme.example", "current_password": PASSWORD});
    acme.client.patch(ME, change).await.expect(200);
    assert!(!acme.is_confirmed());
    let user = items(&acme.stack)[&(format!("ORG#{}#USER", acme.id), acme.admin.clone())].clone();
    let event = user["email_change"]["event"].as_str().unwrap();
    let link = acme.stack.email_token(&acme.id, &acme.admin, 0, event);
    confirm(&acme.visitor, &link).await.expect(204);
    assert!(acme.is_confirmed());
    acme.visitor.log_in("right@acme.example", PASSWORD).await.expect(200);
    // The welcome link went to an address that was wrong.
    assert_eq!(refused(&confirm(&acme.visitor, &acme.link(Purpose::Welcome)).await), because(400, "invalid_token"));
    acme.stack.check_invariants();
}

#[tokio::test]
async fn confirmation_by_other_users_leaves_the_organization_unconfirmed() {
    let acme = found("acme").await;
    let other = json!({"email": "other@acme.example", "full_name": "Other", "role": "ADMIN", "password": PASSWORD});
    let other = acme.client.post(USERS, other).await.expect(201).id();
    let link = acme.stack.link_token(Purpose::Welcome, &acme.id, &other, 0);
    assert_eq!(refused(&confirm(&acme.visitor, &link).await), because(400, "invalid_token"));
    let body = json!({
        "token": acme.stack.link_token(Purpose::PasswordReset, &acme.id, &other, 0),
        "password": "canary-swept-floors-and-labels",
    });
    acme.visitor.post("/api/v1/auth/password/reset", body).await.expect(204);
    assert!(!acme.is_confirmed());
}

#[tokio::test]
async fn resend_of_the_welcome_mail_goes_to_an_existing_admin() {
    let acme = found("acme").await;
    let resend = |client: &Client| client.request(http::Method::POST, "/api/v1/users/me/email/confirmation");
    resend(&acme.client).await.expect(202);
    assert_eq!(acme.count("WELCOME"), 2);

    let second = json!({"email": "second@acme.example", "full_name": "Second", "role": "ADMIN", "password": PASSWORD});
    let second_id = acme.client.post(USERS, second).await.expect(201).id();
    let tokens = acme.visitor.log_in("second@acme.example", PASSWORD).await.expect(200).json();
    let second = acme.visitor.with_token(tokens["access_token"].as_str().unwrap());
    resend(&second).await.expect(202);
    assert_eq!(acme.count("WELCOME"), 2, "the first admin is still there");
    second.delete(format!("{USERS}/{}", acme.admin)).await.expect(204);
    resend(&second).await.expect(202);
    assert_eq!(acme.count("WELCOME"), 3);
    let link = acme.stack.link_token(Purpose::Welcome, &acme.id, &second_id, 0);
    confirm(&acme.visitor, &link).await.expect(204);
    assert!(acme.is_confirmed());
    resend(&second).await.expect(202);
    assert_eq!(acme.count("WELCOME"), 3);
}

#[tokio::test]
async fn resend_by_staff_of_an_unconfirmed_organization_changes_nothing() {
    let acme = found("acme").await;
    let staff = json!({"email": "staff@acme.example", "full_name": "Staff", "role": "STAFF", "password": PASSWORD});
    acme.client.post(USERS, staff).await.expect(201);
    let tokens = acme.visitor.log_in("staff@acme.example", PASSWORD).await.expect(200).json();
    let staff = acme.visitor.with_token(tokens["access_token"].as_str().unwrap());
    let before: Vec<Value> = acme.stack.items();
    staff.request(http::Method::POST, "/api/v1/users/me/email/confirmation").await.expect(202);
    assert_eq!(acme.stack.items(), before);
}
