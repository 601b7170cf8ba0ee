//! One organization with its users and goods, created over HTTP.

use std::{
    future::{Future, IntoFuture},
    ops::Deref,
    pin::Pin,
};

use serde_json::{Value, json};

use crate::{
    client::{Client, Request},
    faults::Faults,
    stack::Stack,
};

/// The password of every user. Outputs are searched for it.
pub const PASSWORD: &str = "canary-tidy-shelves-and-full-bins";

const REQUESTS: &str = "/api/v1/purchase-requests";

/// A purchase request of one line.
#[derive(Debug, Clone)]
pub struct Requested {
    /// The request's id.
    pub id: String,
    /// The line's id.
    pub item: String,
}

/// An organization with an admin, a manager and a member of staff, all signed in; cheap to clone.
#[derive(Debug, Clone)]
pub struct Shop {
    stack: Stack,
    /// The organization's id.
    pub id: String,
    /// Its tenant name in requests.
    pub subdomain: String,
    admin: Person,
    manager: Person,
    staff: Person,
}

/// A signed-in user of a shop, and their client.
#[derive(Debug, Clone)]
pub struct Person {
    client: Client,
    /// The user's id.
    pub id: String,
    /// The address that they sign in with; the password is [`PASSWORD`].
    pub email: String,
    /// The refresh token of their session.
    pub refresh_token: String,
}

impl Deref for Person {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Shop {
    /// Signs an organization up and its users in: `admin@`, `manager@` and `staff@<subdomain>.example`.
    pub async fn open(stack: &Stack, subdomain: &str) -> Self {
        let visitor = Client::of(stack).with_tenant(subdomain);
        let email = format!("admin@{subdomain}.example");
        let admin = json!({"email": email, "full_name": "The Admin", "password": PASSWORD});
        let organization = json!({"name": subdomain, "subdomain": subdomain, "admin": admin});
        let made = visitor.post("/api/v1/organizations", organization).await.expect(201).json();
        stack.confirm(made["organization"]["id"].as_str().unwrap());
        let text = |pointer: &str| made.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let admin = sign_in(&visitor, text("/admin/id"), email, PASSWORD).await;
        let shop = Self {
            stack: stack.clone(),
            id: text("/organization/id"),
            subdomain: subdomain.to_owned(),
            manager: admin.clone(),
            staff: admin.clone(),
            admin,
        };
        Self { manager: shop.hire("manager", "MANAGER").await, staff: shop.hire("staff", "STAFF").await, ..shop }
    }

    /// A shop of its own stack, with faults.
    pub async fn with_faults() -> Self {
        Self::open(&Stack::start_with_faults().await, "acme").await
    }

    /// The same shop, served by another process.
    #[must_use]
    pub fn at(&self, stack: &Stack) -> Self {
        let at = |person: &Person| Person { client: person.client.at(stack), ..person.clone() };
        let Self { admin, manager, staff, .. } = self;
        Self { stack: stack.clone(), admin: at(admin), manager: at(manager), staff: at(staff), ..self.clone() }
    }

    /// Creates a user and signs them in: `<name>@<subdomain>.example`.
    pub async fn hire(&self, name: &str, role: &str) -> Person {
        let email = format!("{name}@{}.example", self.subdomain);
        let user = json!({"email": email, "full_name": format!("The {name}"), "role": role, "password": PASSWORD});
        let id = self.admin.post("/api/v1/users", user).await.expect(201).id();
        sign_in(&self.anonymous(), id, email, PASSWORD).await
    }

    /// Opens another session of a user.
    pub async fn sign_in(&self, person: &Person) -> Person {
        self.sign_in_with(person, PASSWORD).await
    }

    /// The same with another password.
    pub async fn sign_in_with(&self, person: &Person, password: &str) -> Person {
        sign_in(&self.anonymous(), person.id.clone(), person.email.clone(), password).await
    }

    /// Its admin.
    #[must_use]
    pub fn admin(&self) -> &Person {
        &self.admin
    }

    /// Its manager.
    #[must_use]
    pub fn manager(&self) -> &Person {
        &self.manager
    }

    /// Its member of staff.
    #[must_use]
    pub fn staff(&self) -> &Person {
        &self.staff
    }

    /// A client that names the shop's tenant and has no token.
    #[must_use]
    pub fn anonymous(&self) -> Client {
        Client::of(&self.stack).with_tenant(self.subdomain.clone())
    }

    /// The process that serves it.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The faults before its table.
    #[must_use]
    #[track_caller]
    pub fn faults(&self) -> &Faults {
        self.stack.faults()
    }

    /// A new product; awaiting it returns its id.
    pub fn product(&self, sku: &str) -> New {
        self.add("/api/v1/products", json!({"sku": sku, "name": format!("Product {sku}")}))
    }

    /// A new warehouse; awaiting it returns its id.
    pub fn warehouse(&self, name: &str) -> New {
        self.add("/api/v1/warehouses", json!({"name": name, "location": "Back yard"}))
    }

    /// A new supplier; awaiting it returns its id.
    pub fn supplier(&self, name: &str) -> New {
        self.add("/api/v1/suppliers", json!({"name": name}))
    }

    fn add(&self, path: &str, body: Value) -> New {
        New(self.manager.post(path, body))
    }

    /// A new product with this quantity in a new warehouse.
    pub async fn stocked(&self, sku: &str, quantity: impl Into<Value>) -> (String, String) {
        let (product, main) = (self.product(sku).await, self.warehouse("Main").await);
        self.receive(&product, &main, quantity).await.expect(201);
        (product, main)
    }

    /// Staff records a receipt (`IN`).
    pub fn receive(&self, product: &str, warehouse: &str, quantity: impl Into<Value>) -> Request {
        self.staff.receive(product, warehouse, quantity)
    }

    /// Staff records an issue (`OUT`).
    pub fn take(&self, product: &str, warehouse: &str, quantity: impl Into<Value>) -> Request {
        self.staff.take(product, warehouse, quantity)
    }

    /// Staff creates a purchase request of one line, and its transitions up to this status are applied.
    pub async fn request(&self, product: &str, quantity: impl Into<Value>, status: &str) -> Requested {
        let lines = json!([{"product_id": product, "quantity": quantity.into()}]);
        let made = self.staff.post(REQUESTS, json!({"items": lines})).await.expect(201);
        let item = made.json()["items"][0]["id"].as_str().unwrap().to_owned();
        let requested = Requested { id: made.id(), item };
        let ways: [(&str, &[&str]); 6] = [
            ("DRAFT", &[]),
            ("SUBMITTED", &["submit"]),
            ("APPROVED", &["submit", "approve"]),
            ("REJECTED", &["submit", "reject"]),
            ("CANCELLED", &["submit", "cancel"]),
            ("ORDERED", &["submit", "approve", "mark-ordered"]),
        ];
        let (_, steps) = ways.iter().find(|(known, _)| *known == status).expect("a status with a way to it");
        for step in *steps {
            self.step(&requested.id, step).await.expect(200);
        }
        requested
    }

    /// The manager applies a transition of a purchase request.
    pub fn step(&self, request: &str, step: &str) -> Request {
        let body = if step == "reject" { json!({"rejection_reason": "Too dear"}) } else { json!({}) };
        self.manager.post(format!("{REQUESTS}/{request}/{step}"), body)
    }

    /// The manager receives a quantity of a request's only line; the outstanding quantity if it is null.
    pub fn arrive(&self, request: &Requested, warehouse: &str, quantity: impl Into<Value>) -> Request {
        let line = json!({"item_id": request.item, "warehouse_id": warehouse, "quantity": quantity.into()});
        self.manager.post(format!("{REQUESTS}/{}/receive", request.id), json!({"items": [line]}))
    }

    /// The stock of a product in a warehouse, as text of the answer: `"6"`, `"0.5"`.
    pub async fn on_hand(&self, product: &str, warehouse: &str) -> String {
        let place = [("product_id", product), ("warehouse_id", warehouse)];
        let levels = self.staff.get("/api/v1/stock-levels").query(&place).await.expect(200);
        levels.literal("/items/0/on_hand").unwrap_or_else(|| "0".to_owned())
    }
}

async fn sign_in(visitor: &Client, id: String, email: String, password: &str) -> Person {
    let tokens = visitor.log_in(&email, password).await.expect(200).json();
    let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
    // The token names the tenant.
    let client = visitor.without_tenant().with_token(token("access_token"));
    Person { client, id, email, refresh_token: token("refresh_token") }
}

/// A new item of a shop: awaiting it sends the request and returns the id.
#[derive(Debug, Clone)]
#[must_use = "the request is sent when this is awaited"]
pub struct New(Request);

impl New {
    /// Adds a member to the body.
    pub fn with(self, name: &str, value: impl Into<Value>) -> Self {
        Self(self.0.with(name, value))
    }

    /// The request that creates it, for tests that read the answer.
    pub fn request(self) -> Request {
        self.0
    }
}

impl IntoFuture for New {
    type Output = String;
    type IntoFuture = Pin<Box<dyn Future<Output = String> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.0.await.expect(201).id() })
    }
}
