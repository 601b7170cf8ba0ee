//! Costs of sign-up, login, users, passwords, addresses and the organization.

use http::Method;
use serde_json::json;
use stockroom_harness::{PASSWORD, Shop};
use stockroom_runtime::Purpose;

use super::Costs;

pub(super) async fn measure_identity(costs: &mut Costs, shop: &Shop) {
    let Shop { id, subdomain, .. } = shop;
    let (admin, manager, anonymous) = (shop.admin(), shop.manager(), shop.anonymous());
    for (path, template) in [
        ("/docs", "/docs"),
        ("/docs/start.js", "/docs/{file}"),
        ("/redoc", "/redoc"),
        ("/openapi.json", "/openapi.json"),
    ] {
        costs.measure(&format!("GET {template}"), "", anonymous.get(path), 200).await;
    }
    for path in ["/", "/reset", "/confirm", "/forgot", "/sign-in", "/favicon.svg", "/favicon.ico"] {
        costs.measure(&format!("GET {path}"), "", anonymous.get(path), 200).await;
    }
    let page = anonymous.get("/purchase-requests/01930000-0000-7000-8000-000000000000");
    costs.measure("GET /purchase-requests/{id}", "", page, 200).await;
    for path in ["/api/v1/docs", "/api/v1/redoc"] {
        costs.measure(&format!("GET {path}"), "", anonymous.get(path), 308).await;
    }
    costs.measure("GET /api/v1", "", anonymous.get("/api/v1"), 200).await;
    costs.measure("GET /health-check", "", anonymous.get("/health-check"), 200).await;
    costs.measure("GET /api/v1/health-check", "", anonymous.get("/api/v1/health-check"), 200).await;

    let new = json!({
        "name": "Globex", "subdomain": "globex",
        "admin": {"email": "admin@globex.example", "full_name": "The Admin", "password": PASSWORD},
    });
    let sign_up = anonymous.without_tenant().post("/api/v1/organizations", new);
    costs.measure("POST /api/v1/organizations", "", sign_up, 201).await;
    costs.measure("GET /api/v1/organizations", "", admin.get("/api/v1/organizations"), 200).await;
    let own = admin.get(format!("/api/v1/organizations/{id}"));
    costs.measure("GET /api/v1/organizations/{id}", "", own, 200).await;

    let login = anonymous.log_in(&manager.email, PASSWORD);
    let tokens = costs.measure("POST /api/v1/auth/token", "", login, 200).await.json();
    let login = anonymous.log_in(&manager.email, "not the password at all");
    costs.measure("POST /api/v1/auth/token", "wrong password", login, 401).await;
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    let refresh = anonymous.post("/api/v1/auth/refresh", refresh);
    let tokens = costs.measure("POST /api/v1/auth/refresh", "", refresh, 200).await.json();
    let logout = json!({"refresh_token": tokens["refresh_token"]});
    costs.measure("POST /api/v1/auth/logout", "", anonymous.post("/api/v1/auth/logout", logout), 204).await;

    costs.measure("GET /api/v1/users/me", "", manager.get("/api/v1/users/me"), 200).await;
    let rename = manager.patch("/api/v1/users/me", json!({"full_name": "The other manager"}));
    costs.measure("PATCH /api/v1/users/me", "", rename, 200).await;
    let new = |name: &str| {
        let email = format!("{name}@{subdomain}.example");
        admin.post("/api/v1/users", json!({"email": email, "full_name": name, "role": "STAFF", "password": PASSWORD}))
    };
    costs.measure("POST /api/v1/users", "", new("one"), 201).await;
    costs.measure("POST /api/v1/users", "with a key", new("two").key("two"), 201).await;
    costs.measure("GET /api/v1/users/{id}", "", admin.get(format!("/api/v1/users/{}", manager.id)), 200).await;
}

pub(super) async fn measure_people(costs: &mut Costs, shop: &Shop) {
    let (admin, person) = (shop.admin(), shop.hire("person", "STAFF").await);
    costs.measure("GET /api/v1/users", "", admin.get("/api/v1/users"), 200).await;
    let search = admin.get("/api/v1/users").query(&[("search", "person"), ("role", "STAFF")]);
    costs.measure("GET /api/v1/users", "a search", search, 200).await;
    let path = format!("/api/v1/users/{}", person.id);
    let whole = json!({"email": person.email, "full_name": "Somebody", "role": "MANAGER", "status": "ACTIVE"});
    costs.measure("PUT /api/v1/users/{id}", "", admin.put(&path, whole), 200).await;
    let changes = [
        ("another name", json!({"full_name": "Somebody Else"})),
        ("another address", json!({"email": "else@acme.example"})),
        ("now an admin", json!({"role": "ADMIN"})),
        ("no admin any more", json!({"role": "STAFF"})),
        ("switched off", json!({"status": "DISABLED"})),
    ];
    for (case, change) in changes {
        costs.measure("PATCH /api/v1/users/{id}", case, admin.patch(&path, change), 200).await;
    }
    costs.measure("DELETE /api/v1/users/{id}", "", admin.delete(&path), 204).await;

    shop.sign_in(shop.staff()).await;
    let sessions = shop.staff().get("/api/v1/users/me/sessions");
    let sessions = costs.measure("GET /api/v1/users/me/sessions", "", sessions, 200).await.items();
    let path = format!("/api/v1/users/me/sessions/{}", sessions[0]["id"].as_str().unwrap());
    costs.measure("DELETE /api/v1/users/me/sessions/{id}", "", shop.staff().delete(path), 204).await;
}

pub(super) async fn measure_organization(costs: &mut Costs, shop: &Shop) {
    let (admin, path) = (shop.admin(), format!("/api/v1/organizations/{}", shop.id));
    let whole = admin.put(&path, json!({"name": "Acme & Co"}));
    costs.measure("PUT /api/v1/organizations/{id}", "", whole, 200).await;
    let name = admin.patch(&path, json!({"name": "Acme"}));
    costs.measure("PATCH /api/v1/organizations/{id}", "", name, 200).await;
    let currency = admin.patch(&path, json!({"currency": "EUR"}));
    costs.measure("PATCH /api/v1/organizations/{id}", "a currency in use", currency, 409).await;
    let other = Shop::open(shop.stack(), "priceless").await;
    let product = other.product("FREE").await;
    other.request(&product, 1, "DRAFT").await;
    let currency = other.admin().patch(format!("/api/v1/organizations/{}", other.id), json!({"currency": "EUR"}));
    costs.measure("PATCH /api/v1/organizations/{id}", "another currency", currency, 200).await;
    let end = admin.delete(&path).query(&[("confirm", &shop.subdomain)]);
    costs.measure("DELETE /api/v1/organizations/{id}", "", end, 202).await;
}

async fn measure_addresses(costs: &mut Costs, shop: &Shop) {
    let mover = shop.hire("mover", "STAFF").await;
    let change = json!({"email": "moved@example.com", "current_password": PASSWORD});
    let change = mover.patch("/api/v1/users/me", change);
    costs.measure("PATCH /api/v1/users/me", "another address", change, 200).await;
    let again = mover.request(Method::POST, "/api/v1/users/me/email/confirmation");
    costs.measure("POST /api/v1/users/me/email/confirmation", "", again, 202).await;
    let user = shop
        .stack()
        .items()
        .into_iter()
        .find(|item| item["data"]["id"] == *mover.id && item.get("email_change").is_some());
    let event = user.unwrap()["email_change"]["event"].as_str().unwrap().to_owned();
    let token = shop.stack().email_token(&shop.id, &mover.id, 0, &event);
    let confirm = shop.anonymous().post("/api/v1/auth/email/confirm", json!({ "token": token }));
    costs.measure("POST /api/v1/auth/email/confirm", "", confirm.clone(), 204).await;
    costs.measure("POST /api/v1/auth/email/confirm", "a used link", confirm, 204).await;

    let visitor = shop.anonymous().with_tenant("initrode");
    let admin = json!({"email": "admin@initrode.example", "full_name": "The Admin", "password": PASSWORD});
    let founding = json!({"name": "Initrode", "subdomain": "initrode", "admin": admin});
    let made = visitor.post("/api/v1/organizations", founding).await.expect(201).json();
    let tokens = visitor.log_in("admin@initrode.example", PASSWORD).await.expect(200).json();
    let founder = visitor.with_token(tokens["access_token"].as_str().unwrap());
    let again = founder.request(Method::POST, "/api/v1/users/me/email/confirmation");
    costs.measure("POST /api/v1/users/me/email/confirmation", "of a new organization", again, 202).await;
    let id = |pointer: &str| made.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let token = shop.stack().link_token(Purpose::Welcome, &id("/organization/id"), &id("/admin/id"), 0);
    let confirm = visitor.post("/api/v1/auth/email/confirm", json!({ "token": token }));
    costs.measure("POST /api/v1/auth/email/confirm", "of a new organization", confirm, 204).await;
    let form = visitor.request(Method::POST, "/api/v1/auth/forms/confirm").query(&[("token", &token)]);
    costs.measure("POST /api/v1/auth/forms/confirm", "a used link", form, 303).await;
}

pub(super) async fn measure_passwords(costs: &mut Costs, shop: &Shop) {
    let (admin, anonymous) = (shop.admin(), shop.anonymous());
    let forgot = |email: &str| anonymous.post("/api/v1/auth/password/forgot", json!({"email": email}));
    costs.measure("POST /api/v1/auth/password/forgot", "", forgot(&shop.staff().email), 202).await;
    costs.measure("POST /api/v1/auth/password/forgot", "unknown address", forgot("nobody@example.com"), 202).await;
    let user = &shop.hire("forgetful", "STAFF").await.id;
    let token = shop.stack().link_token(Purpose::PasswordReset, &shop.id, user, 0);
    let reset = json!({"token": token, "password": "canary-swept-floors-and-labels"});
    let reset = anonymous.post("/api/v1/auth/password/reset", reset);
    costs.measure("POST /api/v1/auth/password/reset", "", reset.clone(), 204).await;
    costs.measure("POST /api/v1/auth/password/reset", "a used link", reset, 400).await;
    let form = |name: &str, token: &str, fields: &str| {
        let request = anonymous.request(Method::POST, format!("/api/v1/auth/forms/{name}")).query(&[("token", token)]);
        request.raw_body(fields.to_owned(), "application/x-www-form-urlencoded")
    };
    let fields = format!("tenant={}&email={}", shop.subdomain, shop.manager().email);
    costs.measure("POST /api/v1/auth/forms/forgot", "", form("forgot", "", &fields), 303).await;
    let token = shop.stack().link_token(Purpose::PasswordReset, &shop.id, &shop.hire("formal", "STAFF").await.id, 0);
    let fields = "password=canary-swept-floors-and-labels&repeat=canary-swept-floors-and-labels";
    costs.measure("POST /api/v1/auth/forms/reset", "", form("reset", &token, fields), 303).await;
    let careful = shop.hire("careful", "STAFF").await;
    let change = json!({"current_password": PASSWORD, "new_password": "canary-swept-floors-and-labels"});
    let change = careful.put("/api/v1/users/me/password", change);
    costs.measure("PUT /api/v1/users/me/password", "", change.clone(), 204).await;
    let change = change.with("new_password", "canary-dusted-racks-and-bays");
    costs.measure("PUT /api/v1/users/me/password", "wrong password", change, 422).await;
    let invited = json!({"email": "invited@example.com", "full_name": "Invited", "role": "STAFF"});
    let invited = costs.measure("POST /api/v1/users", "an invitation", admin.post("/api/v1/users", invited), 201).await;
    let corrected = admin.patch(format!("/api/v1/users/{}", invited.id()), json!({"email": "corrected@example.com"}));
    costs.measure("PATCH /api/v1/users/{id}", "another address of an invited one", corrected, 200).await;
    measure_addresses(costs, shop).await;
}
