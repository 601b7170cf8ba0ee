//! The data of the benchmark: an embedded table with one organization and its products.

use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr},
};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::{Method, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use stockroom_api::App;
use stockroom_domain::source::Sources;
use stockroom_local::{
    embedded::{self, Embedded, Storage, TABLE_NAME},
    functions,
    gateway::Gateway,
    secrets::Secrets,
};
use stockroom_runtime::{Config, OsEntropy, Runtime, SystemClock};
use tempfile::TempDir;
use uuid::Uuid;

use crate::cases::LOGIN;

/// Why a measurement failed.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

pub(crate) const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub(crate) const SUBDOMAIN: &str = "bench";
const ADMIN: &str = "admin@bench.example";
/// The user whose sign-ins are measured. A user has at most ten sessions, and that of the admin must last.
pub(crate) const EMAIL: &str = "staff@bench.example";
pub(crate) const PASSWORD: &str = "tidy shelves and full bins";

/// Number of parallel requests that fill the table.
const CONCURRENCY: usize = 8;

/// A table with one organization, and the settings of a function for it.
#[derive(Debug)]
pub(crate) struct World {
    embedded: Embedded,
    _directory: TempDir,
    /// The environment of all functions.
    settings: Vec<(String, String)>,
    /// The ids of the organization and its admin.
    pub(crate) organization: String,
    pub(crate) admin: String,
    /// The access token of the admin.
    pub(crate) token: String,
    /// The ids of the products. Each has stock in the warehouse.
    pub(crate) products: Vec<String>,
    /// The id of the warehouse.
    pub(crate) warehouse: String,
}

impl World {
    /// Fills a table with this many products and movements of each.
    pub(crate) async fn of(products: usize, movements: usize) -> Result<Self, Failure> {
        let directory = tempfile::tempdir()?;
        // In a file, because the stream of the emulator becomes slow in memory.
        let embedded = embedded::start(Storage::File(directory.path().to_owned())).await?;
        let settings = settings(embedded.endpoint())?;
        let config = Config::from_vars(|name| {
            let found = settings.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        })?;
        let runtime = Runtime::new(config, Sources::new(SystemClock, OsEntropy));
        let mut setup = Setup {
            gateway: Gateway::new(functions::all(&App::issuing(&runtime)?), || jiff::Timestamp::UNIX_EPOCH, Uuid::nil),
            token: String::new(),
        };

        let admin = json!({"email": ADMIN, "full_name": "The Admin", "password": PASSWORD});
        let organization = json!({"name": "Bench", "subdomain": SUBDOMAIN, "admin": admin});
        let signed_up = setup.post("/organizations", organization).await?;
        let (organization, admin) = (text(&signed_up, "/organization/id")?, text(&signed_up, "/admin/id")?);
        let credentials = json!({"email": ADMIN, "password": PASSWORD});
        setup.token = text(&setup.post("/auth/token", credentials).await?, "/access_token")?;
        let staff = json!({"email": EMAIL, "full_name": "The Staff", "password": PASSWORD, "role": "STAFF"});
        setup.post("/users", staff).await?;
        let place = json!({"name": "Main", "location": "Here"});
        let warehouse = text(&setup.post("/warehouses", place).await?, "/id")?;
        let filled = stream::iter(0..products).map(|number| setup.add_product(number, &warehouse, movements));
        let products = filled.buffered(CONCURRENCY).try_collect().await?;
        let token = setup.token;
        Ok(Self { embedded, _directory: directory, settings, organization, admin, token, products, warehouse })
    }

    /// The product of the n-th request. Requests use all products in turn.
    pub(crate) fn product(&self, number: usize) -> &str {
        let index = number.checked_rem(self.products.len()).unwrap_or_default();
        self.products.get(index).map_or("", String::as_str)
    }

    /// The environment of a function. Only `auth` has the private key, as in a deployment.
    pub(crate) fn settings_of(&self, function: &str) -> Vec<(String, String)> {
        let is_given = |name: &str| name != "TOKEN_PRIVATE_KEY" || function == LOGIN.function;
        self.settings.iter().filter(|(name, _)| is_given(name)).cloned().collect()
    }

    /// Closes the table.
    pub(crate) async fn close(self) {
        self.embedded.stop().await;
    }
}

/// Settings as on Lambda. Limits count but refuse nothing.
fn settings(endpoint: &str) -> Result<Vec<(String, String)>, Failure> {
    let secrets = Secrets::generate()?;
    let pair = Ed25519KeyPair::generate()?;
    let private: Pkcs8V1Der<'_> = pair.as_der()?;
    let private = STANDARD.encode(private.as_ref());
    let public = STANDARD.encode(pair.public_key().as_ref());
    let mut settings = vec![
        ("ENV", "production"),
        ("LOG_LEVEL", "info"),
        ("ALGORITHM", "EdDSA"),
        ("TOKEN_PRIVATE_KEY", &private),
        ("TOKEN_PUBLIC_KEYS", &public),
        ("SECRET_KEY", &secrets.secret_key),
        ("CURSOR_KEY", &secrets.cursor_key),
        ("PUBLIC_URL", "https://stockroom.example.com"),
        ("MAIL_FROM", "stock@stockroom.example"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "600"),
        ("TABLE_NAME", TABLE_NAME),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_ENDPOINT_URL", endpoint),
    ];
    let limits = [
        "REQUESTS",
        "TENANT",
        "ADDRESS",
        "LOGIN",
        "LOGIN_ADDRESS",
        "ONBOARDING",
        "INVITATIONS",
        "LINK_MAILS",
        "MAILBOX",
    ];
    let limits = limits.map(|limit| format!("LIMIT_{limit}"));
    settings.extend(limits.iter().map(|limit| (limit.as_str(), "1000000/minute")));
    Ok(settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// Creates the organization through the gateway of this process.
struct Setup {
    gateway: Gateway,
    token: String,
}

impl Setup {
    async fn add_product(&self, number: usize, warehouse: &str, movements: usize) -> Result<String, Failure> {
        let sku = format!("SKU-{number:06}");
        let product = json!({"sku": sku, "name": format!("Product {number}"), "category": "Goods"});
        let product = text(&self.post("/products", product).await?, "/id")?;
        for _ in 0..movements {
            let arrives = json!({"type": "IN", "product_id": product, "warehouse_id": warehouse, "quantity": 1000});
            self.post("/stock-movements", arrives).await?;
        }
        Ok(product)
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, Failure> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/api/v1{path}"))
            .header("content-type", "application/json")
            .header("x-tenant-id", SUBDOMAIN);
        let request = match self.token.as_str() {
            "" => request,
            token => request.header("authorization", format!("Bearer {token}")),
        };
        let answer = self.gateway.call(request.body(Body::from(body.to_string()))?, ADDRESS).await;
        let status = answer.status();
        let body: Bytes = answer.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            return Err(format!("POST {path}: {status} {}", String::from_utf8_lossy(&body)).into());
        }
        Ok(serde_json::from_slice(&body)?)
    }
}

fn text(value: &Value, pointer: &str) -> Result<String, Failure> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    Ok(found.ok_or_else(|| format!("{value} has no {pointer}"))?.to_owned())
}
