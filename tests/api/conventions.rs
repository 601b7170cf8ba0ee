//! Rules for every operation: errors, answers, lists, retries and authentication. A rule for every operation is tested
//! on every operation of the functions' route tables.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by a panic")]

mod answers;
mod bodies;
mod browsers;
mod characters;
mod doc_comments;
mod idempotency;
mod key_pairs;
mod lists;
mod logout;
mod numbers;
mod oauth;
mod operation_files;
mod origins;
mod parameters;
mod rooms;
mod secrets;
mod sessions;
mod sign_in;
mod sizes;
mod stages;
mod tags;
mod tokens;
mod values;
mod versions;

use std::{collections::BTreeMap, ops::Deref};

use http::Method;
use serde_json::{Value, json};
use stockroom_api::Route;
use stockroom_harness::{Client, PASSWORD, Reply, Requested, Shop, Stack};
use stockroom_local::functions;
use stockroom_runtime::Purpose;

/// A well-formed id that never existed.
const UNKNOWN_ID: &str = "01930000-0000-7000-8000-000000000000";

/// Every operation of the API. The suite `pages` tests the console's pages and their forms.
fn operations() -> impl Iterator<Item = Route> {
    functions::tables().into_iter().flat_map(|(_, routes)| routes).filter(|route| !route.is_page)
}

/// Whether an operation answers with a page, or a file of one.
fn is_page(route: &Route) -> bool {
    route.path.starts_with("/docs") || route.path == "/redoc"
}

/// Every operation that takes a body.
fn writes() -> impl Iterator<Item = Route> {
    operations().filter(|route| [Method::POST, Method::PUT, Method::PATCH].contains(&route.method))
}

/// Whether an operation accepts a request without a body.
fn takes_nothing(route: &Route) -> bool {
    let last = route.path.rsplit('/').next().unwrap();
    ["refresh", "logout", "submit", "approve", "mark-ordered", "cancel", "close", "confirmation"].contains(&last)
}

/// Whether an operation requires a confirmation.
fn is_confirmed(route: &Route) -> bool {
    (&route.method, route.path) == (&Method::DELETE, "/api/v1/organizations/{id}")
}

/// The table's items by their keys.
fn items(stack: &Stack) -> BTreeMap<(String, String), Value> {
    let key = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    stack.items().into_iter().map(|item| ((key(&item, "pk"), key(&item, "sk")), item)).collect()
}

/// A problem's errors, sorted.
#[track_caller]
fn faults(reply: &Reply) -> Vec<String> {
    let mut faults = reply.faults();
    faults.sort();
    faults
}

/// A problem document without the members that are unique to a request.
#[track_caller]
fn problem(reply: &Reply) -> Value {
    let mut problem = reply.json();
    let members = problem.as_object_mut().unwrap();
    members.remove("request_id").unwrap();
    members.remove("instance").unwrap();
    problem
}

/// A shop with one resource of every kind.
#[derive(Debug)]
pub(crate) struct Furnished {
    pub(crate) shop: Shop,
    pub(crate) product: String,
    warehouse: String,
    supplier: String,
    movement: String,
    /// A session of the admin.
    session: String,
    /// Purchase requests by the transition that is valid for each; the empty name is a draft.
    requests: BTreeMap<&'static str, Requested>,
}

impl Deref for Furnished {
    type Target = Shop;

    fn deref(&self) -> &Shop {
        &self.shop
    }
}

impl Furnished {
    pub(crate) async fn open() -> Self {
        let shop = Shop::open(&Stack::start().await, "acme").await;
        let (product, warehouse) = (shop.product("SKU-1").await, shop.warehouse("Main").await);
        let supplier = shop.supplier("Globex").await;
        let movement = shop.receive(&product, &warehouse, 10).await.expect(201).id();
        let sessions = shop.admin().get("/api/v1/users/me/sessions").await.expect(200).items();
        let session = sessions[0]["id"].as_str().unwrap().to_owned();
        let mut requests = BTreeMap::new();
        for (step, status) in [
            ("", "DRAFT"),
            ("submit", "DRAFT"),
            ("approve", "SUBMITTED"),
            ("reject", "SUBMITTED"),
            ("cancel", "SUBMITTED"),
            ("mark-ordered", "APPROVED"),
            ("receive", "ORDERED"),
            ("close", "ORDERED"),
        ] {
            requests.insert(step, shop.request(&product, 5, status).await);
        }
        // An address that waits for its confirmation.
        let wanted = json!({"email": "wanted@elsewhere.example", "current_password": PASSWORD});
        shop.admin().patch("/api/v1/users/me", wanted).await.expect(200);
        Self { shop, product, warehouse, supplier, movement, session, requests }
    }

    /// Its admin, with every permission, naming the tenant, as login needs it.
    pub(crate) fn boss(&self) -> Client {
        self.admin().with_tenant(&*self.subdomain)
    }

    /// The path of an operation with the shop's ids.
    fn path(&self, template: &str) -> String {
        let id = match template.split('/').nth(3) {
            _ if template.contains("/sessions/") => &self.session,
            Some("organizations") => &self.shop.id,
            Some("products") => &self.product,
            Some("audit-logs" | "events" | "stock-movements") => &self.movement,
            Some("purchase-requests") => {
                let step = template.rsplit('/').next().unwrap();
                &self.requests.get(step).unwrap_or(&self.requests[""]).id
            }
            Some("suppliers") => &self.supplier,
            Some("users") => &self.staff().id,
            Some("warehouses") => &self.warehouse,
            _ => UNKNOWN_ID,
        };
        template.replace("{id}", id).replace("{file}", "start.js")
    }

    /// The path with the parameters that the operation requires.
    fn address(&self, route: &Route) -> String {
        let confirmation = if is_confirmed(route) { "?confirm=acme" } else { "" };
        self.path(route.path) + confirmation
    }

    /// A valid body of the operation.
    fn body(&self, method: &Method, template: &str) -> Value {
        if *method == Method::PATCH {
            return json!({});
        }
        match (method.as_str(), template.strip_prefix("/api/v1/").unwrap().trim_end_matches("/{id}")) {
            ("PUT", "organizations") => return json!({"name": "Initech"}),
            ("PUT", "users") => {
                return json!({"email": "new@acme.example", "full_name": "New", "role": "STAFF", "status": "ACTIVE"});
            }
            _ => {}
        }
        match template.strip_prefix("/api/v1/").unwrap().trim_end_matches("/{id}") {
            "auth/token" => json!({"email": self.staff().email, "password": PASSWORD}),
            "auth/password/forgot" => json!({"email": self.staff().email}),
            "auth/email/confirm" => {
                json!({"token": self.stack().link_token(Purpose::Welcome, &self.id, &self.staff().id, 0)})
            }
            "users/me/email/confirmation" => json!({}),
            "auth/password/reset" => {
                let token = self.stack().link_token(Purpose::PasswordReset, &self.id, &self.staff().id, 0);
                json!({"token": token, "password": "canary-swept-floors-and-labels"})
            }
            "users/me/password" => {
                json!({"current_password": PASSWORD, "new_password": "canary-swept-floors-and-labels"})
            }
            "auth/refresh" | "auth/logout" => json!({"refresh_token": self.staff().refresh_token}),
            "organizations" => json!({"name": "Initech", "subdomain": "initech", "admin": {
                "email": "admin@initech.example", "full_name": "The Admin", "password": PASSWORD,
            }}),
            "products" => json!({"sku": "SKU-2", "name": "Second"}),
            "stock-movements" => {
                json!({"type": "IN", "product_id": self.product, "warehouse_id": self.warehouse, "quantity": 1})
            }
            "purchase-requests" => json!({"items": [{"product_id": self.product, "quantity": 1}]}),
            "purchase-requests/{id}/reject" => json!({"rejection_reason": "Too dear"}),
            "purchase-requests/{id}/receive" => {
                let item = &self.requests["receive"].item;
                json!({"items": [{"item_id": item, "warehouse_id": self.warehouse, "quantity": 1}]})
            }
            other if other.starts_with("purchase-requests/{id}/") => json!({}),
            "suppliers" => json!({"name": "Hooli"}),
            "users" => json!({"email": "new@acme.example", "full_name": "New", "role": "STAFF", "password": PASSWORD}),
            "warehouses" => json!({"name": "Second", "location": "Front yard"}),
            other => panic!("add a valid body of {other}"),
        }
    }
}
