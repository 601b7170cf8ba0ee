//! The measured requests and their bars.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use stockroom_local::proxy_event::{GatewayContext, proxy_event};

use crate::{
    measure::Program,
    world::{ADDRESS, EMAIL, Failure, PASSWORD, SUBDOMAIN, World},
};

/// One kind of request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// The name in the report.
    pub(crate) name: &'static str,
    /// The function of the operation.
    pub(crate) function: &'static str,
    /// The expected status.
    status: u64,
    request: fn(&World, usize) -> HttpRequest,
    /// The table calls by round trip, for the bare function; `None` where the hash of a password decides.
    calls: Option<fn(&World) -> Value>,
    /// The largest ratio to the bare function, or to one hash of a password, in percent.
    pub(crate) bar: u64,
    /// Processor time of the same request in a Python service over `PostgreSQL` and Redis with the same data: one
    /// worker on a machine of two cores.
    pub(crate) python: Duration,
}

/// A request before it becomes an event.
struct HttpRequest {
    method: Method,
    resource: &'static str,
    path: String,
    body: Option<Value>,
    key: Option<String>,
}

const READ: u64 = 125;
const WRITE: u64 = 135;
/// The largest ratio of a cold start to that of the bare function, in percent.
pub(crate) const COLD_START_BAR: u64 = 140;

pub(crate) const ME: Case = Case {
    name: "GET /users/me",
    function: "users",
    status: 200,
    request: |_, _| get("/api/v1/users/me", "/api/v1/users/me".to_owned()),
    calls: Some(|world| json!([[{"get": caller(world)}]])),
    bar: READ,
    python: Duration::from_micros(4_800),
};

pub(crate) const PRODUCT: Case = Case {
    name: "GET /products/{id}",
    function: "products",
    status: 200,
    request: |world, number| get("/api/v1/products/{id}", format!("/api/v1/products/{}", world.product(number))),
    calls: Some(|world| {
        let [organization, user] = caller(world);
        json!([[{"get": [key(world, "PRODUCT", world.product(0)), organization, user]}]])
    }),
    bar: READ,
    python: Duration::from_micros(8_200),
};

pub(crate) const PAGE: Case = Case {
    name: "GET /products, a page of 20",
    function: "products",
    status: 200,
    request: |_, _| get("/api/v1/products", "/api/v1/products?limit=20".to_owned()),
    calls: Some(|world| json!([[{"get": caller(world)}, {"query": [partition(world, "PRODUCT"), 21]}]])),
    bar: READ,
    // From the cache of the Python service.
    python: Duration::from_micros(5_600),
};

pub(crate) const LEVELS: Case = Case {
    name: "GET /stock-levels, a page of 100",
    function: "stock-movements",
    status: 200,
    request: |world, _| {
        let path = format!("/api/v1/stock-levels?warehouse_id={}&limit=100", world.warehouse);
        get("/api/v1/stock-levels", path)
    },
    calls: Some(|world| {
        let keys: Vec<_> = world.products.iter().take(100).map(|id| key(world, "PRODUCT", id)).collect();
        // A batch has at most 100 keys.
        let warehouse = [key(world, "WAREHOUSE", &world.warehouse)];
        let joined: Vec<_> = keys.chunks(50).map(|keys| json!({"get": ([keys, &warehouse].concat())})).collect();
        let levels = partition(world, &format!("STOCK#{}", world.warehouse));
        json!([[{"get": caller(world)}, {"query": [levels, 101]}], joined])
    }),
    bar: READ,
    // Half the time of its page of 200.
    python: Duration::from_micros(25_500),
};

pub(crate) const RECEIPT: Case = Case {
    name: "POST /stock-movements, with a key",
    function: "stock-movements",
    status: 201,
    request: |world, number| {
        let movement = json!({
            "type": "IN",
            "product_id": world.product(number),
            "warehouse_id": world.warehouse,
            "quantity": 1,
            "reference": "a receipt",
        });
        HttpRequest { key: Some(format!("receipt-{number}")), ..post("/api/v1/stock-movements", movement) }
    },
    calls: Some(|world| {
        let product = world.product(0);
        let keys = [
            key(world, "PRODUCT", product),
            key(world, "WAREHOUSE", &world.warehouse),
            key(world, &format!("STOCK#{}", world.warehouse), product),
            // The stored response, which does not exist.
            key(world, &format!("IDEMPOTENCY#{}", world.admin), &"0".repeat(64)),
        ];
        let keys = [keys.as_slice(), &caller(world)].concat();
        json!([[{"get": keys}], [{"record": [world.organization, product, world.warehouse]}]])
    }),
    bar: WRITE,
    python: Duration::from_millis(15),
};

/// Like [`RECEIPT`], but always for the same level and without a key.
pub(crate) const HOT: Case = Case {
    request: |world, _| {
        let movement =
            json!({"type": "IN", "product_id": world.product(0), "warehouse_id": world.warehouse, "quantity": 1});
        post("/api/v1/stock-movements", movement)
    },
    ..RECEIPT
};

pub(crate) const LOGIN: Case = Case {
    name: "POST /auth/token",
    function: "auth",
    status: 200,
    request: |_, _| post("/api/v1/auth/token", json!({"email": EMAIL, "password": PASSWORD})),
    calls: None,
    bar: 110,
    python: Duration::from_millis(240),
};

/// The measured requests in the order of the report.
pub(crate) const CASES: [Case; 6] = [ME, PRODUCT, PAGE, LEVELS, RECEIPT, LOGIN];

/// The requests whose cold start `instructions` counts.
pub(crate) const COLD: [Case; 2] = [PRODUCT, RECEIPT];

fn get(resource: &'static str, path: String) -> HttpRequest {
    HttpRequest { method: Method::GET, resource, path, body: None, key: None }
}

fn post(resource: &'static str, body: Value) -> HttpRequest {
    HttpRequest { method: Method::POST, resource, path: resource.to_owned(), body: Some(body), key: None }
}

/// A partition of the organization, by the name of its kind in keys.
fn partition(world: &World, kind: &str) -> String {
    format!("ORG#{}#{kind}", world.organization)
}

fn key(world: &World, kind: &str, id: &str) -> [String; 2] {
    [partition(world, kind), id.to_owned()]
}

/// The items of the caller, which every request with a token reads.
fn caller(world: &World) -> [[String; 2]; 2] {
    [key(world, "ORG", "ORG"), key(world, "USER", &world.admin)]
}

impl Case {
    /// Whether it has a bare function.
    pub(crate) fn has_bare(&self) -> bool {
        self.calls.is_some()
    }

    /// The environment of a program.
    pub(crate) fn settings(&self, world: &World, program: Program) -> Vec<(String, String)> {
        let mut settings = world.settings_of(self.function);
        if program != Program::Product {
            settings.push(("CALLS".to_owned(), self.bare_calls(world, program).to_string()));
        }
        settings
    }

    fn bare_calls(&self, world: &World, program: Program) -> Value {
        let mut calls = self.calls.map(|calls| calls(world)).unwrap_or_default();
        if let (Program::BareFirst, Some(first)) = (program, calls.get_mut(0).and_then(Value::as_array_mut)) {
            let limits = ["user", "tenant"].map(|limit| json!({"update": [format!("BARE#RATE#{limit}"), "RATE"]}));
            first.extend(limits);
        }
        calls
    }

    /// The number of items that the calls of the bare function find.
    fn items(&self, world: &World) -> usize {
        let items = |call: &Value| {
            if let Some(keys) = call.get("get").and_then(Value::as_array) {
                // Each of them exists except the stored response.
                return keys.iter().filter(|key| !key.to_string().contains("#IDEMPOTENCY#")).count();
            }
            let limit = call.pointer("/query/1").and_then(Value::as_u64).and_then(|limit| limit.try_into().ok());
            world.products.len().min(limit.unwrap_or_default())
        };
        let calls = self.bare_calls(world, Program::Bare);
        calls.as_array().into_iter().flatten().filter_map(Value::as_array).flatten().map(items).sum()
    }

    /// The event of the n-th request.
    pub(crate) fn event(&self, world: &World, number: usize) -> Result<Bytes, Failure> {
        let http = (self.request)(world, number);
        let mut request = Request::builder()
            .method(http.method)
            .uri(&http.path)
            .header("host", "api.example.com")
            .header("user-agent", "bench")
            .header("x-tenant-id", SUBDOMAIN);
        if self.function != "auth" {
            request = request.header("authorization", format!("Bearer {}", world.token));
        }
        if let Some(key) = http.key {
            request = request.header("idempotency-key", key);
        }
        let body = http.body.map(|body| body.to_string());
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let (parts, body) = request.body(Bytes::from(body.unwrap_or_default()))?.into_parts();
        let id = http.path.strip_prefix(http.resource.trim_end_matches("{id}"));
        let path_parameters = match id {
            Some(id) if http.resource.ends_with("{id}") => BTreeMap::from([("id", id)]),
            _ => BTreeMap::new(),
        };
        let origin = GatewayContext {
            source_ip: ADDRESS,
            request_id: &format!("00000000-0000-4000-9000-{number:012}"),
            time: jiff::Timestamp::UNIX_EPOCH,
            resource: http.resource,
            path_parameters,
        };
        Ok(proxy_event(&parts, &body, &origin).to_string().into())
    }

    /// Fails unless the product's answer has the expected status and is not a replay, or the bare function found as
    /// many items as exist.
    pub(crate) fn check(&self, world: &World, program: Program, answer: &[u8]) -> Result<(), Failure> {
        let value: Value = serde_json::from_slice(answer)?;
        let is_expected = match program {
            Program::Product => {
                value.get("statusCode").and_then(Value::as_u64) == Some(self.status)
                    && value.pointer("/multiValueHeaders/idempotency-replayed").is_none()
            }
            Program::Bare | Program::BareFirst => {
                value.get("body").and_then(Value::as_str) == Some(&self.items(world).to_string())
            }
        };
        if is_expected { Ok(()) } else { Err(format!("{}: {}", self.name, String::from_utf8_lossy(answer)).into()) }
    }
}
