//! Clients and their requests.

use std::{
    future::{Future, IntoFuture},
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
};

use axum::body::Body;
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, IF_MATCH, USER_AGENT},
};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{conformance, reply::Reply, stack::Stack};

const TENANT: HeaderName = HeaderName::from_static("x-tenant-id");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A client, with or without a token; cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    stack: Stack,
    tenant: Option<String>,
    token: Option<String>,
    ip: IpAddr,
}

impl Client {
    /// A client without tenant and token, from 203.0.113.7.
    #[must_use]
    pub fn of(stack: &Stack) -> Self {
        Self { stack: stack.clone(), tenant: None, token: None, ip: Ipv4Addr::new(203, 0, 113, 7).into() }
    }

    /// The same, sending to another process.
    #[must_use]
    pub fn at(&self, stack: &Stack) -> Self {
        Self { stack: stack.clone(), ..self.clone() }
    }

    /// The same, naming a tenant in every request.
    #[must_use]
    pub fn with_tenant(&self, subdomain: impl Into<String>) -> Self {
        Self { tenant: Some(subdomain.into()), ..self.clone() }
    }

    /// The same, naming no tenant.
    #[must_use]
    pub fn without_tenant(&self) -> Self {
        Self { tenant: None, ..self.clone() }
    }

    /// The same, with an access token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// The same, from another address.
    #[must_use]
    pub fn from_address(&self, ip: impl Into<IpAddr>) -> Self {
        Self { ip: ip.into(), ..self.clone() }
    }

    /// The process that it sends to.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Its access token.
    #[must_use]
    #[track_caller]
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("the client is signed in")
    }

    /// A request without a body.
    pub fn request(&self, method: Method, path: impl Into<String>) -> Request {
        let (client, path) = (self.clone(), path.into());
        Request { client, method, path, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// A read.
    pub fn get(&self, path: impl Into<String>) -> Request {
        self.request(Method::GET, path)
    }

    /// A `POST` with a JSON body.
    pub fn post(&self, path: impl Into<String>, body: Value) -> Request {
        self.request(Method::POST, path).json(body)
    }

    /// A replacement.
    pub fn put(&self, path: impl Into<String>, body: Value) -> Request {
        self.request(Method::PUT, path).json(body)
    }

    /// A merge patch.
    pub fn patch(&self, path: impl Into<String>, body: Value) -> Request {
        self.request(Method::PATCH, path).json(body)
    }

    /// A deletion.
    pub fn delete(&self, path: impl Into<String>) -> Request {
        self.request(Method::DELETE, path)
    }

    /// Signs in with address and password.
    pub fn log_in(&self, email: &str, password: &str) -> Request {
        self.post("/api/v1/auth/token", json!({"email": email, "password": password}))
    }

    /// Records a movement of a type with one warehouse.
    pub fn record(&self, kind: &str, product: &str, warehouse: &str, quantity: impl Into<Value>) -> Request {
        let quantity = quantity.into();
        let movement = json!({"type": kind, "product_id": product, "warehouse_id": warehouse, "quantity": quantity});
        self.post("/api/v1/stock-movements", movement)
    }

    /// Records a receipt (`IN`).
    pub fn receive(&self, product: &str, warehouse: &str, quantity: impl Into<Value>) -> Request {
        self.record("IN", product, warehouse, quantity)
    }

    /// Records an issue (`OUT`).
    pub fn take(&self, product: &str, warehouse: &str, quantity: impl Into<Value>) -> Request {
        self.record("OUT", product, warehouse, quantity)
    }

    /// Records a transfer between two warehouses.
    pub fn transfer(&self, product: &str, from: &str, to: &str, quantity: impl Into<Value>) -> Request {
        self.record("TRANSFER", product, from, quantity).with("to_warehouse_id", to)
    }
}

/// A request before it is sent: awaiting it sends it. Clones are separate requests.
#[derive(Debug, Clone)]
#[must_use = "a request is sent when it is awaited"]
pub struct Request {
    client: Client,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Request {
    /// Adds a header, also if the request has one of that name. It replaces the client's own header of that name.
    #[track_caller]
    pub fn header(mut self, name: impl TryInto<HeaderName>, value: impl AsRef<[u8]>) -> Self {
        let name = name.try_into().unwrap_or_else(|_| panic!("a header's name"));
        self.headers.append(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    /// Adds an idempotency key.
    pub fn key(self, key: &str) -> Self {
        self.header(IDEMPOTENCY_KEY, key)
    }

    /// Adds `If-Match` with this version.
    pub fn if_match(self, version: u64) -> Self {
        self.header(IF_MATCH, format!("\"{version}\""))
    }

    /// Adds query parameters, encoded.
    pub fn query(mut self, parameters: &[(&str, &str)]) -> Self {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(&query);
        self
    }

    /// Sets a JSON body.
    pub fn json(self, body: Value) -> Self {
        self.raw_body(body.to_string(), "application/json")
    }

    /// Sets a member of the JSON body.
    #[track_caller]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let mut body: Value = serde_json::from_slice(&self.body).expect("the body is JSON");
        body[name] = value.into();
        self.body = body.to_string().into();
        self
    }

    /// Sets a body of raw bytes with this content type, if any.
    pub fn raw_body(mut self, body: impl Into<Bytes>, content_type: impl Into<Option<&'static str>>) -> Self {
        self.body = body.into();
        self.headers.remove(CONTENT_TYPE);
        if let Some(content_type) = content_type.into() {
            self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        self
    }

    async fn send(self) -> Reply {
        let Self { client, method, path, headers, body } = self;
        let token = client.token.map(|token| format!("Bearer {token}"));
        let own = [
            (HOST, Some("localhost".to_owned())),
            (USER_AGENT, Some("harness/1.0".to_owned())),
            (AUTHORIZATION, token),
            (TENANT, client.tenant),
        ];
        let mut request = http::Request::builder().method(&method).uri(&path).body(Body::from(body)).unwrap();
        for (name, value) in own {
            if let Some(value) = value.filter(|_| !headers.contains_key(&name)) {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
        }
        request.headers_mut().extend(headers);
        let (parts, body) = client.stack.gateway().call(request, client.ip).await.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        conformance::check(&method, &path, parts.status.as_u16(), &parts.headers, &body);
        Reply::new(format!("{method} {path}"), parts, body)
    }
}

impl IntoFuture for Request {
    type Output = Reply;
    type IntoFuture = Pin<Box<dyn Future<Output = Reply> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Sends all requests at once; the replies are in the order of the requests.
pub async fn at_once(requests: impl IntoIterator<Item = Request>) -> Vec<Reply> {
    let sent: Vec<_> = requests.into_iter().map(|request| tokio::spawn(request.into_future())).collect();
    let mut replies = Vec::with_capacity(sent.len());
    for reply in sent {
        replies.push(reply.await.unwrap());
    }
    replies
}
