//! The stand-in for API Gateway: finds the function of a request and calls it with a gateway event. It answers itself
//! if there is no function, or the function fails.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use jiff::Timestamp;
use serde_json::json;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::invoke::invoke;
use crate::listen::{self, ListenError, Listener};
use crate::path_template::PathTemplate;
use crate::proxy_event::{GatewayContext, http_response, proxy_event};
use crate::web_pages::{has_loopback_host, is_cross_origin};

/// The largest body that API Gateway accepts.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// A function: its name, its routes and its router.
#[derive(Debug)]
pub struct Function {
    /// The name of the Lambda function, for the log.
    pub name: &'static str,
    /// Every method and path template, in the notation of axum. Only the templates select the function, so the function
    /// itself answers OPTIONS, HEAD and unknown methods.
    pub routes: Vec<(Method, String)>,
    /// The router of the function.
    pub router: Router,
}

/// All functions under one address.
pub struct Gateway {
    routes: Vec<Route>,
    local: Router,
    clock: fn() -> Timestamp,
    request_ids: fn() -> Uuid,
}

struct Route {
    template: PathTemplate,
    function: &'static str,
    router: Router,
}

/// A problem that the gateway answers itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("No route has this path.")]
    NotFound,
    #[error("The body is larger than 10 MiB.")]
    BodyTooLarge,
    #[error("The body could not be read to its end.")]
    BodyUnreadable,
    #[error("Local routes require a loopback host name and refuse requests from pages of other hosts.")]
    ForeignHost,
    #[error("The function failed.")]
    FunctionFailed,
}

impl Gateway {
    /// A gateway for these functions. If two have the same template, the first in the list is called.
    #[must_use]
    pub fn new(functions: Vec<Function>, clock: fn() -> Timestamp, request_ids: fn() -> Uuid) -> Self {
        let mut routes = Vec::new();
        for Function { name, routes: own, router } in functions {
            routes.extend(own.into_iter().map(|(_, template)| Route {
                template: PathTemplate::new(template),
                function: name,
                router: router.clone(),
            }));
        }
        routes.sort_by(|one: &Route, other| one.template.precedence(&other.template));
        Self { routes, local: Router::new(), clock, request_ids }
    }

    /// Serves `/_local/*` by this router, under loopback names only.
    #[must_use]
    pub fn with_local(self, local: Router) -> Self {
        Self { local, ..self }
    }

    /// Answers requests until `shutdown` completes.
    ///
    /// # Errors
    ///
    /// See [`listen::serve`].
    pub async fn serve(self, listener: Listener, shutdown: impl Future<Output = ()>) -> Result<(), ListenError> {
        let gateway = Arc::new(self);
        let answer = move |request, source_ip| {
            let gateway = Arc::clone(&gateway);
            async move { gateway.call(request, source_ip).await }
        };
        listen::serve(listener, answer, shutdown).await
    }

    /// Answers one request.
    pub async fn call(&self, request: Request<Body>, source_ip: IpAddr) -> Response<Body> {
        let request_id = (self.request_ids)().to_string();
        let path = request.uri().path().to_owned();
        let answered = if path == "/_local" || path.starts_with("/_local/") {
            self.call_local(request).await
        } else {
            self.call_function(request, source_ip, &request_id).await
        };
        answered.unwrap_or_else(|refusal| refusal.answer(&path, &request_id))
    }

    async fn call_local(&self, request: Request<Body>) -> Result<Response<Body>, Refusal> {
        let (parts, body) = request.into_parts();
        if !has_loopback_host(&parts.headers) || is_cross_origin(&parts.headers) {
            return Err(Refusal::ForeignHost);
        }
        let request = Request::from_parts(parts, Body::from(read(body).await?));
        let local = self.local.clone();
        // In its own task, so that the route completes if the client disconnects.
        match tokio::spawn(local.oneshot(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Err(error) => {
                tracing::error!(%error, "local route failed");
                Err(Refusal::FunctionFailed)
            }
        }
    }

    async fn call_function(
        &self,
        request: Request<Body>,
        source_ip: IpAddr,
        request_id: &str,
    ) -> Result<Response<Body>, Refusal> {
        let time = (self.clock)();
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        let mut matching = self.routes.iter().filter_map(|route| Some((route, route.template.matches(path)?)));
        let (route, path_parameters) = matching.next().ok_or(Refusal::NotFound)?;
        let body = read(body).await?;

        let resource = route.template.as_str();
        let event =
            proxy_event(&parts, &body, &GatewayContext { source_ip, request_id, time, resource, path_parameters });
        let (router, id) = (route.router.clone(), request_id.to_owned());
        // In its own task, so that a panic ends this call only, and a client that disconnects does not end it, as on
        // Lambda.
        let answered = tokio::spawn(async move { invoke(router, event, &id).await }).await;
        let failed = |error: &dyn fmt::Display| {
            tracing::error!(function = route.function, request_id, %error, "function failed");
            Refusal::FunctionFailed
        };
        let answer = answered.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
        Ok(http_response(&answer).map_err(|error| failed(&error))?.map(Body::from))
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes = self.routes.iter().map(|route| (route.template.as_str(), route.function));
        formatter.debug_map().entries(routes).finish()
    }
}

impl Refusal {
    fn kind(self) -> (StatusCode, &'static str) {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::BodyUnreadable => (StatusCode::BAD_REQUEST, "body_unreadable"),
            Self::ForeignHost => (StatusCode::FORBIDDEN, "forbidden"),
            Self::FunctionFailed => (StatusCode::BAD_GATEWAY, "bad_gateway"),
        }
    }

    fn answer(self, path: &str, request_id: &str) -> Response<Body> {
        let (status, code) = self.kind();
        let problem = json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.to_string(),
            "instance": path,
            "code": code,
            "request_id": request_id,
        });
        let mut answer = Response::new(Body::from(problem.to_string()));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
        if let Ok(request_id) = HeaderValue::from_str(request_id) {
            headers.insert("x-request-id", request_id);
        }
        answer
    }
}

async fn read(body: Body) -> Result<Bytes, Refusal> {
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::BodyTooLarge),
        Err(_) => Err(Refusal::BodyUnreadable),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::extract::{DefaultBodyLimit, RawQuery};
    use axum::routing::{any, get};
    use http::{HeaderMap, Uri};
    use serde_json::Value;

    use super::*;

    fn gateway() -> Gateway {
        let echo = async |uri: Uri, RawQuery(query): RawQuery, headers: HeaderMap, body: Bytes| {
            let forwarded = headers["x-forwarded-for"].to_str().unwrap();
            format!("{} {query:?} {forwarded} {} bytes", uri.path(), body.len())
        };
        let router = Router::new()
            .route("/api/products/{id}", get(echo).post(echo))
            .layer(DefaultBodyLimit::disable())
            .route("/api/broken", any(async || -> () { panic!("on purpose") }));
        let paths = ["/api/products/{id}", "/api/broken"].map(|path| (Method::GET, path.to_owned()));
        let function = Function { name: "products", routes: paths.to_vec(), router };
        let local = Router::new().route("/_local/mail.json", get(async || "mail"));
        Gateway::new(vec![function], || Timestamp::UNIX_EPOCH, Uuid::max).with_local(local)
    }

    async fn call(request: http::request::Builder, body: impl Into<Body>) -> (StatusCode, HeaderMap, Bytes) {
        let answer = gateway().call(request.body(body.into()).unwrap(), Ipv4Addr::LOCALHOST.into()).await;
        let (parts, body) = answer.into_parts();
        (parts.status, parts.headers, body.collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn request_of_a_route_reaches_its_function() {
        let (status, _, body) = call(Request::post("/api/products/a%2Fb?q=%C3%A9"), "four").await;
        assert_eq!(
            (status, &*body),
            (StatusCode::OK, &b"/api/products/a%2Fb Some(\"q=%C3%A9\") 127.0.0.1 4 bytes"[..])
        );

        let (status, headers, _) = call(Request::delete("/api/products/1"), "").await;
        assert_eq!((status, headers["allow"].as_bytes()), (StatusCode::METHOD_NOT_ALLOWED, &b"GET,HEAD,POST"[..]));
    }

    #[tokio::test]
    async fn request_without_an_answering_function_is_a_problem() {
        let (status, headers, body) = call(Request::get("/api/nothing?x=1"), "").await;
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!((&problem["code"], &problem["instance"]), (&json!("not_found"), &json!("/api/nothing")));
        assert_eq!(problem["request_id"], headers["x-request-id"].to_str().unwrap());

        let (status, ..) = call(Request::get("/api/broken"), "").await;
        assert_eq!(status, StatusCode::BAD_GATEWAY);

        let (status, ..) = call(Request::post("/api/products/1"), vec![b' '; MAX_BODY_BYTES]).await;
        assert_eq!(status, StatusCode::OK);
        let (status, ..) = call(Request::post("/api/products/1"), vec![b' '; MAX_BODY_BYTES + 1]).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn local_route_under_another_host_is_forbidden() {
        for host in ["localhost", "Northwind.localhost:8000", "127.0.0.1:8000", "[::1]:8000"] {
            let (status, ..) = call(Request::get("/_local/mail.json").header("host", host), "").await;
            assert_eq!(status, StatusCode::OK, "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "notlocalhost", ""] {
            let (status, ..) = call(Request::get("/_local/mail.json").header("host", host), "").await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{host}");
        }
        assert_eq!(call(Request::get("/_local/mail.json"), "").await.0, StatusCode::FORBIDDEN);
    }

    #[tokio::test]
    async fn local_route_from_another_origin_is_forbidden() {
        let from = async |name: &str, value: &str| {
            let request = Request::get("/_local/mail.json").header("host", "localhost").header(name, value);
            call(request, "").await.0
        };
        for origin in ["http://localhost:8000", "http://127.0.0.1:5173", "http://acme.localhost:8000"] {
            assert_eq!(from("origin", origin).await, StatusCode::OK, "{origin}");
        }
        for origin in ["http://evil.example", "null", "http://localhost.evil.example", ""] {
            assert_eq!(from("origin", origin).await, StatusCode::FORBIDDEN, "{origin}");
        }
        assert_eq!(from("sec-fetch-site", "cross-site").await, StatusCode::FORBIDDEN);
        assert_eq!(from("sec-fetch-site", "same-origin").await, StatusCode::OK);
    }
}
