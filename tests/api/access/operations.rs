//! A valid request of every operation. A new operation needs an arm in [`samples`], with every id that its path, its
//! body and its parameters can hold.

use http::Method;
use serde_json::{Value, json};
use stockroom_api::{Access, Route};
use stockroom_harness::{Client, PASSWORD, Request};
use stockroom_local::functions;
use url::form_urlencoded;

use super::world::{Caller, Things};

/// The new password of a change.
const ANOTHER_PASSWORD: &str = "canary-swept-floors-and-labels";

/// Every operation of the product, in the order of the functions' tables.
pub(super) fn operations() -> Vec<Route> {
    functions::tables().into_iter().flat_map(|(_, routes)| routes).collect()
}

/// The operations of the API. Pages read nothing, and their forms name no id: the suite `pages` tests them.
pub(super) fn api_operations() -> impl Iterator<Item = Route> {
    operations().into_iter().filter(|route| !route.is_page)
}

/// The operations that require a caller.
pub(super) fn permitted_operations() -> impl Iterator<Item = Route> {
    operations().into_iter().filter(|route| route.access != Access::Public)
}

/// The operation as text: `GET /api/v1/products/{id}`.
pub(super) fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

/// A request without a caller.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
    /// The fields of a form, in place of a JSON body.
    form: Option<String>,
    tenant: Option<String>,
}

impl Sample {
    fn of(route: &Route) -> Self {
        let Route { method, path, .. } = route;
        Self {
            method: method.clone(),
            path: (*path).to_owned(),
            query: Vec::new(),
            body: None,
            form: None,
            tenant: None,
        }
    }

    fn at(&self, id: &str) -> Self {
        Self { path: self.path.replace("{id}", id), ..self.clone() }
    }

    fn query(&self, parameters: &[(&'static str, &str)]) -> Self {
        let query = parameters.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { query, ..self.clone() }
    }

    pub(super) fn body(&self, body: Value) -> Self {
        Self { body: Some(body), ..self.clone() }
    }

    fn form(&self, fields: &[(&str, &str)]) -> Self {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self { form: Some(form), ..self.clone() }
    }

    fn tenant(&self, subdomain: &str) -> Self {
        Self { tenant: Some(subdomain.to_owned()), ..self.clone() }
    }

    /// The request, as this client sends it.
    pub(super) fn by(&self, client: &Client) -> Request {
        let client = self.tenant.as_ref().map_or_else(|| client.clone(), |tenant| client.with_tenant(tenant));
        let request = client.request(self.method.clone(), &self.path);
        let query: Vec<_> = self.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let request = if query.is_empty() { request } else { request.query(&query) };
        match &self.body {
            Some(body) => request.json(body.clone()),
            None => match &self.form {
                Some(form) => request.raw_body(form.clone(), "application/x-www-form-urlencoded"),
                None => request,
            },
        }
    }
}

/// The operation's samples for a caller: valid requests for the caller's data. The matrix uses the first; the others
/// name ids or use other filters of lists. Empty for an unknown operation.
pub(super) fn samples(route: &Route, caller: &Caller) -> Vec<Sample> {
    let (plain, things) = (Sample::of(route), &caller.things);
    let one = |thing: &str| plain.at(&things[thing]);
    let refresh_token = json!({"refresh_token": caller.refresh_token});
    let product = json!({"sku": "SKU-9", "name": "Ninth", "category": "Shelves"});
    let supplier = json!({"name": "Screws Unlimited", "contact_email": "sales@example.com"});
    let warehouse = json!({"name": "Attic", "location": "Upstairs"});
    let name = json!({"name": "Renamed"});

    let samples = match (route.method.as_str(), route.path) {
        ("GET", "/docs/{file}") => vec![Sample { path: "/docs/start.js".to_owned(), ..plain }],
        (
            "GET",
            "/docs"
            | "/redoc"
            | "/openapi.json"
            | "/health-check"
            | "/api/v1"
            | "/api/v1/health-check"
            | "/api/v1/stock-movements/low-stock",
        ) => vec![plain],

        ("GET", "/purchase-requests/{id}") => vec![one("draft")],
        (_, path) if route.is_page && !path.contains("/forms/") => vec![plain],

        ("POST", "/api/v1/auth/token") => {
            vec![plain.tenant(&things.subdomain).body(json!({"email": caller.email, "password": PASSWORD}))]
        }
        ("POST", "/api/v1/auth/refresh") => vec![plain.body(refresh_token)],
        ("POST", "/api/v1/auth/logout") => vec![plain.clone(), plain.body(refresh_token)],

        ("GET", "/api/v1/products") => vec![
            plain.clone(),
            plain.query(&[("sort", "name")]),
            plain.query(&[("sort", "sku")]),
            plain.query(&[("sku", "SKU-1")]),
            plain.query(&[("category", "Shelves")]),
            plain.query(&[("search", "product")]),
        ],
        ("GET", "/api/v1/products/{id}") => vec![one("product"), one("product").query(&[("include", "levels")])],
        ("POST", "/api/v1/products") => vec![plain.body(product)],
        ("PUT", "/api/v1/products/{id}") => vec![one("product").body(product)],
        ("PATCH", "/api/v1/products/{id}") => {
            vec![one("product").body(name), one("product").body(json!({"min_stock_level": 1}))]
        }
        ("DELETE", "/api/v1/products/{id}") => vec![one("unstocked"), one("product")],

        ("GET", "/api/v1/suppliers" | "/api/v1/warehouses") => {
            vec![plain.clone(), plain.query(&[("sort", "name")]), plain.query(&[("search", "a")])]
        }
        ("POST", "/api/v1/suppliers") => vec![plain.body(supplier)],
        ("PUT", "/api/v1/suppliers/{id}") => vec![one("supplier").body(supplier)],
        ("PATCH", "/api/v1/suppliers/{id}") => vec![one("supplier").body(name)],
        ("GET" | "DELETE", "/api/v1/suppliers/{id}") => vec![one("supplier")],

        ("POST", "/api/v1/warehouses") => vec![plain.body(warehouse)],
        ("GET", "/api/v1/warehouses/{id}") => vec![one("warehouse")],
        ("PUT", "/api/v1/warehouses/{id}") => vec![one("warehouse").body(warehouse)],
        ("PATCH", "/api/v1/warehouses/{id}") => vec![one("warehouse").body(name)],
        ("DELETE", "/api/v1/warehouses/{id}") => vec![one("empty_warehouse"), one("warehouse")],

        (_, path) if path.starts_with("/api/v1/purchase-requests") => purchasing(route, &plain, things),

        ("POST", "/api/v1/stock-movements") => {
            let movement = |kind| {
                let (product, warehouse) = (&things["product"], &things["warehouse"]);
                json!({"type": kind, "product_id": product, "warehouse_id": warehouse, "quantity": 2})
            };
            let mut transfer = movement("TRANSFER");
            transfer["to_warehouse_id"] = json!(things["to_warehouse"]);
            let others = ["IN", "OUT", "ADJUSTMENT", "COUNT"].map(movement);
            [transfer].into_iter().chain(others).map(|body| plain.body(body)).collect()
        }
        ("GET", "/api/v1/stock-movements") => {
            let product = ("product_id", things["product"].as_str());
            let warehouse = ("warehouse_id", things["warehouse"].as_str());
            let staff = ("created_by", things["staff"].as_str());
            let reference = ("reference", "PO-1");
            vec![
                plain.clone(),
                plain.query(&[product]),
                plain.query(&[warehouse]),
                plain.query(&[product, warehouse]),
                plain.query(&[staff]),
                plain.query(&[product, warehouse, staff, reference, ("type", "IN"), ("from", &things.moment)]),
            ]
        }
        ("GET", "/api/v1/stock-movements/{id}") => vec![one("movement")],
        ("GET", "/api/v1/stock-levels") => {
            let product = ("product_id", things["product"].as_str());
            let warehouse = ("warehouse_id", things["warehouse"].as_str());
            let as_of = ("as_of", things.moment.as_str());
            vec![
                plain.clone(),
                plain.query(&[product]),
                plain.query(&[warehouse]),
                plain.query(&[product, warehouse]),
                plain.query(&[product, as_of]),
                plain.query(&[product, warehouse, as_of]),
            ]
        }
        (_, path) if path.starts_with("/api/v1/audit-logs") || path.starts_with("/api/v1/events") => {
            of_the_log(path, &plain, things)
        }
        _ => samples_of_people(route, caller),
    };
    assert!(samples.iter().all(|sample| !sample.path.contains('{')), "{} needs an id", self::name(route));
    samples
}

/// The samples about purchase requests, staff's own.
fn purchasing(route: &Route, plain: &Sample, things: &Things) -> Vec<Sample> {
    let one = |thing: &str| plain.at(&things[thing]);
    let line = json!({
        "product_id": things["product"], "quantity": 2, "estimated_price": "1.50",
        "supplier_id": things["supplier"], "warehouse_id": things["warehouse"],
    });
    let request = json!({"notes": "Soon", "items": [line]});
    let step = route.path.rsplit('/').next().unwrap();
    match (route.method.as_str(), step) {
        ("GET", "purchase-requests") => {
            let staff = ("created_by", things["staff"].as_str());
            let draft = ("status", "DRAFT");
            vec![plain.clone(), plain.query(&[draft]), plain.query(&[staff]), plain.query(&[staff, draft])]
        }
        ("POST", "purchase-requests") => vec![plain.body(request)],
        ("GET" | "DELETE", "{id}") | ("POST", "submit") => vec![one("draft")],
        ("PUT", "{id}") => vec![one("draft").body(request)],
        ("PATCH", "{id}") => {
            let lines = one("draft").body(json!({"items": request["items"]}));
            vec![one("draft").body(json!({"notes": "Later"})), lines]
        }
        ("POST", "approve" | "cancel") => vec![one("submitted")],
        ("POST", "reject") => vec![one("submitted").body(json!({"rejection_reason": "Too dear"}))],
        ("POST", "mark-ordered") => vec![one("approved")],
        ("POST", "close") => {
            let lines = json!({"items": [{"item_id": things["item"]}]});
            vec![one("ordered"), one("ordered").body(lines)]
        }
        ("POST", "receive") => {
            let line = json!({"item_id": things["item"], "warehouse_id": things["warehouse"], "quantity": 1});
            vec![one("ordered").body(json!({"items": [line]}))]
        }
        _ => Vec::new(),
    }
}

/// The samples of organizations, users and their sessions.
fn samples_of_people(route: &Route, caller: &Caller) -> Vec<Sample> {
    let (plain, things) = (Sample::of(route), &caller.things);
    let one = |thing: &str| plain.at(&things[thing]);
    let person = json!({"email": "new@example.com", "full_name": "Somebody New", "password": PASSWORD});
    match (route.method.as_str(), route.path) {
        ("GET", "/api/v1/organizations" | "/api/v1/users/me" | "/api/v1/users/me/sessions") => vec![plain],

        ("POST", "/api/v1/organizations") => {
            vec![plain.body(json!({"name": "Initrode", "subdomain": "initrode", "admin": person}))]
        }
        ("GET", "/api/v1/organizations/{id}") => vec![one("organization")],
        ("PUT", "/api/v1/organizations/{id}") => vec![one("organization").body(json!({"name": "Initrode"}))],
        ("PATCH", "/api/v1/organizations/{id}") => vec![one("organization").body(json!({"currency": "EUR"}))],
        ("DELETE", "/api/v1/organizations/{id}") => {
            vec![one("organization").query(&[("confirm", &things.subdomain)])]
        }

        ("PATCH", "/api/v1/users/me") => {
            vec![
                plain.body(json!({"full_name": "Renamed"})),
                plain.body(json!({"email": "new@example.com", "current_password": PASSWORD})),
            ]
        }
        ("POST", "/api/v1/users") => {
            let mut user = person;
            user["role"] = json!("STAFF");
            vec![plain.body(user), plain.body(invited())]
        }
        ("GET", "/api/v1/users") => {
            let some = plain.query(&[("role", "STAFF"), ("status", "ACTIVE"), ("search", "pat")]);
            vec![plain, some]
        }
        ("GET" | "DELETE", "/api/v1/users/{id}") => vec![one("user")],
        ("PUT", "/api/v1/users/{id}") => {
            let whole = json!({
                "email": "new@example.com", "full_name": "Renamed", "role": "MANAGER", "status": "ACTIVE",
            });
            vec![one("user").body(whole)]
        }
        ("PATCH", "/api/v1/users/{id}") => {
            let changes = [json!({"full_name": "Renamed"}), json!({"role": "ADMIN"}), json!({"status": "DISABLED"})];
            changes.map(|change| one("user").body(change)).to_vec()
        }
        ("DELETE", "/api/v1/users/me/sessions/{id}") => vec![one("session")],
        _ => of_passwords(route, caller),
    }
}

/// A user who sets their own password.
fn invited() -> Value {
    json!({"email": "invited@example.com", "full_name": "Somebody Invited", "role": "STAFF"})
}

fn of_passwords(route: &Route, caller: &Caller) -> Vec<Sample> {
    let (plain, tenant) = (Sample::of(route), &caller.things.subdomain);
    match (route.method.as_str(), route.path) {
        ("POST", "/api/v1/auth/password/forgot") => vec![plain.tenant(tenant).body(json!({"email": caller.email}))],
        ("POST", "/api/v1/auth/forms/forgot") => vec![plain.form(&[("tenant", tenant), ("email", &caller.email)])],
        ("POST", "/api/v1/auth/forms/confirm") => vec![plain.query(&[("token", &caller.confirm_token)])],
        ("POST", "/api/v1/auth/forms/reset") => {
            let fields = [("password", ANOTHER_PASSWORD), ("repeat", ANOTHER_PASSWORD)];
            vec![plain.query(&[("token", &caller.reset_token)]).form(&fields)]
        }
        ("POST", "/api/v1/auth/email/confirm") => vec![plain.body(json!({"token": caller.confirm_token}))],
        ("POST", "/api/v1/users/me/email/confirmation") => vec![plain],
        ("POST", "/api/v1/auth/password/reset") => {
            let body = json!({"token": caller.reset_token, "password": ANOTHER_PASSWORD});
            vec![plain.tenant(tenant).body(body)]
        }
        ("PUT", "/api/v1/users/me/password") => {
            vec![plain.body(json!({"current_password": PASSWORD, "new_password": ANOTHER_PASSWORD}))]
        }
        _ => Vec::new(),
    }
}

fn of_the_log(path: &str, plain: &Sample, things: &Things) -> Vec<Sample> {
    let one = |thing: &str| plain.at(&things[thing]);
    match path {
        "/api/v1/audit-logs" => {
            let (entity, actor) = (("entity_id", &*things["product"]), ("actor_id", &*things["staff"]));
            let narrow = [("entity", "StockMovement"), ("action", "STOCK_IN"), ("from", &*things.moment)];
            vec![
                plain.clone(),
                plain.query(&[entity]),
                plain.query(&[actor]),
                plain.query(&[entity, actor]),
                plain.query(&[("entity_id", &things["movement"])]),
                plain.query(&[[actor].as_slice(), &narrow].concat()),
            ]
        }
        "/api/v1/audit-logs/{id}" => vec![one("entry"), one("movement")],
        "/api/v1/events" => vec![
            plain.clone(),
            plain.query(&[("type", "product.created")]),
            plain.query(&[("after", "start")]),
            plain.query(&[("after", &things["entry"])]),
        ],
        "/api/v1/events/{id}" => vec![one("entry"), one("movement"), one("low")],
        _ => Vec::new(),
    }
}
