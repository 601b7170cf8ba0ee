//! The measured requests and their bars.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use stockroom_local::proxy_event::{GatewayContext, proxy_event};

use crate::world::{ADDRESS, EMAIL, Failure, PASSWORD, SUBDOMAIN, World};

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
    /// The table calls of a read, by round trip, for the bare function; `None` for writes.
    calls: Option<fn(&World, usize) -> Value>,
    /// The largest processor time of a request; `None` where the hash of a password decides.
    pub(crate) bar: Option<Duration>,
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

const READ: Option<Duration> = Some(Duration::from_micros(250));
const WRITE: Option<Duration> = Some(Duration::from_micros(600));

pub(crate) const ME: Case = Case {
    name: "GET /users/me",
    function: "users",
    status: 200,
    request: |_, _| get("/api/v1/users/me", "/api/v1/users/me".to_owned()),
    calls: Some(|world, _| json!([[{"get": caller(world)}]])),
    // A twentieth of the time of the Python service, which is less than the bar of a read.
    bar: Some(Duration::from_micros(240)),
    python: Duration::from_micros(4_800),
};

pub(crate) const PRODUCT: Case = Case {
    name: "GET /products/{id}",
    function: "products",
    status: 200,
    request: |world, number| get("/api/v1/products/{id}", format!("/api/v1/products/{}", world.product(number))),
    calls: Some(|world, number| {
        let [organization, user] = caller(world);
        json!([[{"get": [key(world, "PRODUCT", world.product(number)), organization, user]}]])
    }),
    bar: READ,
    python: Duration::from_micros(8_200),
};

pub(crate) const PAGE: Case = Case {
    name: "GET /products, a page of 20",
    function: "products",
    status: 200,
    request: |_, _| get("/api/v1/products", "/api/v1/products?limit=20".to_owned()),
    calls: Some(|world, _| json!([[{"get": caller(world)}, {"query": [partition(world, "PRODUCT"), 21]}]])),
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
    calls: Some(|world, _| {
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
    calls: None,
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
    bar: None,
    python: Duration::from_millis(240),
};

/// The measured requests in the order of the report.
pub(crate) const CASES: [Case; 6] = [ME, PRODUCT, PAGE, LEVELS, RECEIPT, LOGIN];

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
    /// The event of the n-th request.
    pub(crate) fn event(&self, world: &World, number: usize) -> Result<Bytes, Failure> {
        self.event_for(world, number, (self.request)(world, number))
    }

    /// The event of the n-th request for the bare function, and the number of items to find; `None` for writes.
    pub(crate) fn bare_event(&self, world: &World, number: usize) -> Result<Option<(Bytes, usize)>, Failure> {
        let Some(calls) = self.calls else { return Ok(None) };
        let calls = calls(world, number);
        let found = |call: &Value| {
            if let Some(keys) = call.get("get").and_then(Value::as_array) {
                return keys.len();
            }
            let limit = call.pointer("/query/1").and_then(Value::as_u64).and_then(|limit| limit.try_into().ok());
            world.products.len().min(limit.unwrap_or_default())
        };
        let items = calls.as_array().into_iter().flatten().filter_map(Value::as_array).flatten().map(found).sum();
        let http = HttpRequest { body: Some(calls), ..(self.request)(world, number) };
        Ok(Some((self.event_for(world, number, http)?, items)))
    }

    fn event_for(&self, world: &World, number: usize, http: HttpRequest) -> Result<Bytes, Failure> {
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

    /// Fails unless the answer has the expected status and is not a replay.
    pub(crate) fn check(&self, answer: &[u8]) -> Result<(), Failure> {
        let value: Value = serde_json::from_slice(answer)?;
        let is_replayed = value.pointer("/multiValueHeaders/idempotency-replayed").is_some();
        if value.get("statusCode").and_then(Value::as_u64) == Some(self.status) && !is_replayed {
            return Ok(());
        }
        Err(format!("{}: {}", self.name, String::from_utf8_lossy(answer)).into())
    }
}
