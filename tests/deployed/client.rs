//! A client of the deployed product.

use bytes::Bytes;
use http::{HeaderMap, Method, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::crypto::aws_lc_rs;
use serde_json::{Value, json};

type Connections = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A caller of an address, with or without a token.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    connections: Connections,
    url: String,
    tenant: Option<String>,
    token: Option<String>,
}

impl Client {
    pub(crate) fn of(url: &str) -> Self {
        let https = HttpsConnectorBuilder::new().with_provider_and_native_roots(aws_lc_rs::default_provider());
        let https = https.unwrap().https_or_http().enable_http1().build();
        // No idle connections, because a server may close them during an update of the stack.
        let connections = legacy::Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(https);
        Self { connections, url: url.to_owned(), tenant: None, token: None }
    }

    pub(crate) fn with_tenant(&self, subdomain: &str) -> Self {
        Self { tenant: Some(subdomain.to_owned()), ..self.clone() }
    }

    pub(crate) fn without_token(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// Its access token; empty without a sign-in.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Reply {
        self.post("/api/v1/auth/token", json!({"email": email, "password": password})).await
    }

    /// The same client, signed in as this user.
    pub(crate) async fn signed_in(&self, email: &str, password: &str) -> Self {
        let tokens = self.log_in(email, password).await.expect(200).json();
        Self { tenant: None, token: tokens["access_token"].as_str().map(str::to_owned), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, &Value::Null).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None, &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, None, &body).await
    }

    /// `POST` with an idempotency key.
    pub(crate) async fn keyed(&self, key: &str, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(key), &body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, None, &body).await
    }

    async fn send(&self, method: Method, path: &str, key: Option<&str>, body: &Value) -> Reply {
        let operation = format!("{method} {path}");
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        let token = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let headers = [
            (AUTHORIZATION.as_str(), token.as_deref()),
            ("x-tenant-id", self.tenant.as_deref()),
            ("idempotency-key", key),
            ("content-type", (!body.is_null()).then_some("application/json")),
        ];
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let bytes = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let answer = self.connections.request(request.body(Full::new(bytes)).unwrap()).await;
        let (parts, body) = answer.unwrap_or_else(|error| panic!("{operation}: {error}")).into_parts();
        Reply {
            operation,
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Reply {
    operation: String,
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    /// The reply; panics unless it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.operation, String::from_utf8_lossy(&self.body));
        self
    }

    pub(crate) fn is(&self, status: u16) -> bool {
        self.status == status
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} is not JSON: {:?}", self.operation, self.body))
    }

    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }
}
