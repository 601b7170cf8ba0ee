//! The gate turns a request's token into the scope that handlers and the store need. No answer leaves it, not even a
//! refusal of the body, before the store has verified the caller.

use std::sync::Arc;

use axum::{
    RequestExt,
    body::Body,
    extract::{FromRequestParts, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, Method,
    header::{AUTHORIZATION, HeaderMap, PRAGMA},
    request::Parts,
};
use stockroom_domain::{fault::Fault, id::UserId};
use stockroom_store::{IdempotencyKey, Store, StoreError, TenantScope};

use crate::{
    body::Node,
    http::{
        app::App,
        context::RequestContext,
        extract::{PathId, media_type, pairs, read_body},
        form::FormPage,
        limits,
        route::{Access, Route},
    },
    problem::{ApiError, Problem, Violation},
};

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The idempotency key of a request that has no scope to carry it.
#[derive(Debug, Clone)]
pub struct IdempotencyHeader(pub Option<IdempotencyKey>);

impl<S: Sync> FromRequestParts<S> for IdempotencyHeader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or(Self(None)))
    }
}

/// Knows the requirements of each operation.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    app: App,
    operations: Arc<[Route]>,
}

impl Gate {
    pub(crate) fn new(app: App, table: &[Route]) -> Self {
        Self { app, operations: table.into() }
    }

    fn operation(&self, request: &Request) -> Option<&Route> {
        let path = request.extensions().get::<MatchedPath>()?;
        let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
        // The key's path is static and the request's is not; both are compared by value.
        self.operations.iter().find(|route| route.method == method && route.path == path.as_str())
    }
}

pub(crate) async fn gate(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let Some(route) = gate.operation(&request).cloned() else {
        return next.run(request).await;
    };
    let Some(context) = request.extensions().get::<RequestContext>().cloned() else {
        return ApiError::Internal("the request has no context: the edge middleware did not run".to_owned())
            .into_response();
    };
    let store = context.store(&gate.app);
    let form = route.form_of.map(|page| FormPage::new(page, request.uri().query()));
    if form.is_some() && !gate.app.pages().has_console {
        return ApiError::RouteNotFound.into_response();
    }
    let scope = match route.access {
        Access::Public => None,
        access @ (Access::Permitted(_) | Access::SelfOr(_)) => match open(&gate.app, &mut request, access).await {
            Ok(scope) if !store.has_ended(&scope) => Some(scope),
            Ok(_) | Err(ApiError::Unauthenticated) => {
                let mut response = ApiError::from(count_stranger(&gate.app, &store, &context).await).into_response();
                limits::tell(&store.bucket_statuses().await, response.headers_mut());
                return response;
            }
            Err(error) => return error.into_response(),
        },
    };
    if let Some(scope) = &scope {
        stockroom_runtime::concerns(scope.claim().organization);
    }
    let mut response = match enter(&gate.app, &store, &context, &route, scope.as_ref(), request).await {
        Ok(request) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    if let Err(error) = confirm(&store, scope.as_ref()).await {
        let is_stranger = matches!(error, StoreError::Unauthenticated);
        let error = if is_stranger { count_stranger(&gate.app, &store, &context).await } else { error };
        response = ApiError::from(error).into_response();
    }
    limits::tell(&store.bucket_statuses().await, response.headers_mut());
    if let Some(scope) = scope {
        response.extensions_mut().insert(scope);
    }
    if let Some(form) = form {
        response.extensions_mut().insert(form);
    }
    if route.is_token_endpoint { for_oauth(response) } else { response }
}

/// Counts a request without a verified caller for its address only. Returns the refusal: 401, or 429 when the address
/// has no request left.
async fn count_stranger(app: &App, store: &Store, context: &RequestContext) -> StoreError {
    let counted = store.count_instead(app.limits().of_address(context)).await;
    counted.err().unwrap_or(StoreError::Unauthenticated)
}

/// The answer of a token endpoint (RFC 6749, 5.1 and 5.2).
fn for_oauth(mut response: Response) -> Response {
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response.extensions_mut().insert(problem.for_oauth());
    }
    response
}

/// Counts the request and prepares it. The result of the count is known after its first call of the table at the
/// latest.
async fn enter(
    app: &App,
    store: &Store,
    context: &RequestContext,
    route: &Route,
    scope: Option<&TenantScope>,
    request: Request,
) -> Result<Request, ApiError> {
    store.count(app.limits().of(route, scope, context)).await?;
    prepare(app, route, scope, request).await
}

/// Completes an answer that needed no call of the table: waits for the count, and verifies the caller.
async fn confirm(store: &Store, scope: Option<&TenantScope>) -> Result<(), StoreError> {
    store.admit().await?;
    match scope {
        Some(scope) if scope.caller().is_none() => store.verify(scope).await,
        Some(_) | None => Ok(()),
    }
}

/// The scope that the token of the request claims.
async fn open(app: &App, request: &mut Request, access: Access) -> Result<TenantScope, ApiError> {
    let claims = app.tokens().verify_access(bearer(request.headers())?)?;
    let is_self =
        matches!(access, Access::SelfOr(_)) && request.extract_parts::<PathId<UserId>>().await?.0 == claims.claim.user;
    let permission =
        access.permission(is_self).ok_or_else(|| ApiError::Internal("the route requires no permission".to_owned()))?;
    let context = request.extensions().get::<RequestContext>();
    let origin = context.map(RequestContext::origin).unwrap_or_default();
    let named = app.tenants().named(request.headers()).unwrap_or_default();
    let scope = TenantScope::new(claims.claim, permission, origin).with_token_expiry(claims.expires_at);
    Ok(scope.with_claimed_role(claims.role).with_named_tenant(named))
}

/// The one bearer token of a request. The `headers` crate is not used: it takes the first of two `Authorization`
/// headers.
///
/// # Errors
/// [`ApiError::Unauthenticated`] without a token, or with several.
pub fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(ApiError::Unauthenticated);
    };
    let (scheme, token) =
        value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(ApiError::Unauthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.contains([' ', ',']) {
        return Err(ApiError::Unauthenticated);
    }
    Ok(token)
}

/// The request for the handler, with its idempotency key and scope.
async fn prepare(app: &App, route: &Route, scope: Option<&TenantScope>, request: Request) -> Result<Request, ApiError> {
    let (mut parts, mut body) = request.into_parts();
    if scope.is_some() {
        // Two different tenants are an error; a missing token is reported first.
        app.tenants().named(&parts.headers)?;
    }
    let mut violations = Vec::new();
    if !route.has_query {
        let fault = || Fault::new("unknown_parameter", "is not a parameter of this operation");
        violations.extend(pairs(parts.uri.query()).iter().map(|(name, _)| Violation::parameter(name, fault())));
    }
    let text = match idempotency_key(&parts) {
        Ok(text) => text.filter(|_| route.stores_response),
        Err(violation) => {
            violations.extend(route.stores_response.then_some(violation));
            None
        }
    };
    if !violations.is_empty() {
        // A malformed body is reported before validation errors.
        check_readable(route, &parts, body).await?;
        return Err(ApiError::Validation(violations));
    }
    let mut key = None;
    if let Some(text) = text {
        let bytes = read_body(&parts.headers, body).await?;
        key = Some(app.fingerprints().idempotency(&parts.method, parts.uri.path(), &text, &bytes));
        body = bytes.into();
    }
    if let Some(scope) = scope {
        parts.extensions.insert(scope.clone().with_idempotency(key.clone()));
    }
    parts.extensions.insert(IdempotencyHeader(key));
    Ok(Request::from_parts(parts, body))
}

/// Refuses a body that no operation with this method accepts.
async fn check_readable(route: &Route, parts: &Parts, body: Body) -> Result<(), ApiError> {
    if !matches!(route.method, Method::POST | Method::PUT | Method::PATCH) {
        return Ok(());
    }
    let body = read_body(&parts.headers, body).await?;
    match media_type(&parts.headers).as_deref() {
        _ if body.is_empty() => Ok(()),
        Some("application/json" | "application/merge-patch+json") => Node::parse(&body).map(|_| ()),
        Some("application/x-www-form-urlencoded") => Ok(()),
        Some(_) | None => Err(ApiError::UnsupportedMediaType("application/json")),
    }
}

/// The idempotency key of a request, if it has one.
fn idempotency_key(parts: &Parts) -> Result<Option<String>, Violation> {
    let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key =
        value.to_str().ok().filter(|key| (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()));
    if let (Some(key), None) = (key, values.next()) {
        return Ok(Some(key.to_owned()));
    }
    let fault = Fault::new("invalid_format", "must be 1 to 255 visible ASCII characters");
    Err(Violation::header("Idempotency-Key", fault))
}
