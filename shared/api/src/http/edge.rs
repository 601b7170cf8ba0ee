//! The outermost layer: it gives a request its id, counts its cost, completes every answer, writes the log line and
//! reports failures.

use std::time::Instant;

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderName, HeaderValue, Method, StatusCode,
    header::{
        AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LINK, LOCATION,
        RETRY_AFTER, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    },
};
use lambda_http::request::RequestContext as GatewayContext;
use stockroom_domain::id::EntryId;
use stockroom_runtime::metrics;
use stockroom_store::TenantScope;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{
    http::{app::App, context::RequestContext, form::FormPage, limits},
    problem::{ApiError, Problem},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(crate) async fn edge(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let fallback_id = || app.sources().id::<EntryId>(app.sources().now()).to_string();
    let gateway = request.extensions().get::<GatewayContext>();
    let path = request.uri().path().to_owned();
    let context = RequestContext::of(request.headers(), &path, gateway, fallback_id);
    request.extensions_mut().insert(context.clone());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let if_none_match = request.headers().get(IF_NONE_MATCH).cloned();

    let route = route.as_ref().map_or("(none)", MatchedPath::as_str);
    let call = app.reports().call(format_args!("{method} {route}"), "http.server", &context.id);
    let answered = call.run(next.run(request)).await;
    let mut response = answered.unwrap_or_else(|panicked| ApiError::Internal(panicked.to_string()).into_response());

    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem
        && method != Method::HEAD
    {
        let instance = format!("{}{path}", context.stage.path());
        *response.body_mut() = Body::from(problem.render(&instance, &context.id));
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    if matches!(method, Method::GET | Method::HEAD) && is_known(if_none_match.as_ref(), &response) {
        response = not_modified(response);
    }
    let headers = response.headers_mut();
    context.stage.lead(headers);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(&context.id) {
        headers.insert(REQUEST_ID, id);
    }
    log(&context, &method, route, &response, problem.as_ref(), started);
    let is_failed = response.status().is_server_error();
    if is_failed {
        let code = problem.as_ref().map_or("request failed", Problem::code);
        call.fail(code, problem.as_ref().and_then(Problem::cause).unwrap_or_default());
    }
    call.finish(is_failed).await;
    let form = response.extensions_mut().remove::<FormPage>();
    if let (Some(form), Some(problem)) = (form, &problem) {
        form.explain(problem, context.stage.path(), &mut response);
    }
    response
}

/// Whether the client already has this version. The `headers` crate is not used: its debug build panics on the tag `"a
/// b"`.
fn is_known(if_none_match: Option<&HeaderValue>, response: &Response) -> bool {
    let (Some(known), Some(tag)) = (if_none_match, response.headers().get(ETAG)) else {
        return false;
    };
    let (Ok(known), Ok(tag)) = (known.to_str(), tag.to_str()) else {
        return false;
    };
    let mut known = known.split(',').map(str::trim);
    response.status() == StatusCode::OK
        && known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// The answer 304: without body, but with every header that does not describe the body.
fn not_modified(mut response: Response) -> Response {
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    *response.body_mut() = Body::empty();
    for name in [CONTENT_TYPE, CONTENT_LENGTH] {
        response.headers_mut().remove(name);
    }
    response
}

fn log(
    context: &RequestContext,
    method: &Method,
    route: &str,
    response: &Response,
    problem: Option<&Problem>,
    started: Instant,
) {
    let status = response.status().as_u16();
    let cost = context.meter.cost();
    let limit = problem.and_then(Problem::limit);
    // A rate-limited caller is logged as the token claims, because the table was not read.
    let scope = response.extensions().get::<TenantScope>();
    let claim = scope.filter(|scope| scope.caller().is_some() || limit.is_some()).map(TenantScope::claim);
    if let Some(cause) = problem.and_then(Problem::cause) {
        tracing::error!(request_id = context.id, cause, "request failed");
    }
    tracing::info!(
        target: metrics::REQUEST,
        request_id = context.id,
        method = method.as_str(),
        route,
        status,
        status_class = class(status),
        failures = u8::from(response.status() == StatusCode::INTERNAL_SERVER_ERROR),
        code = problem.map(Problem::code),
        limit,
        organization = claim.map(|claim| display(claim.organization)),
        user = claim.map(|claim| display(claim.user)),
        milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        round_trips = cost.round_trips,
        calls = cost.calls,
        read_half_units = cost.read_halves,
        write_half_units = cost.write_halves,
        password_hashes = context.hashes.get(),
        "request"
    );
}

fn class(status: u16) -> &'static str {
    match status {
        ..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

/// Allows calls from a browser for the configured origins only.
pub(crate) fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            IF_MATCH,
            IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("x-tenant-id"),
        ])
        .expose_headers([
            ETAG,
            LINK,
            LOCATION,
            RETRY_AFTER,
            REQUEST_ID,
            limits::POLICY,
            limits::STATE,
            HeaderName::from_static("idempotency-replayed"),
        ])
}
