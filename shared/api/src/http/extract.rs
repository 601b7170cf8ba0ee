//! Extractors: scope, bodies, ids and parameters. Each returns the problems of the contract.

use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use bytes::Bytes;
use http::{
    HeaderMap, Method,
    header::{CONTENT_ENCODING, CONTENT_TYPE, IF_MATCH},
    request::Parts,
};
use schemars::JsonSchema;
use serde_json::Value;
use stockroom_domain::{fault::Fault, id::Id, time::Timestamp};
use stockroom_store::TenantScope;

use crate::{
    body::{FromBody, Members, Node, Object},
    http::tag::Tag,
    problem::{ApiError, Violation},
};

/// The maximum size of a body, in bytes.
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The scope that the gate opened for this request.
#[derive(Debug, Clone)]
pub struct Scope(pub TenantScope);

impl std::ops::Deref for Scope {
    type Target = TenantScope;

    fn deref(&self) -> &TenantScope {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Scope {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let scope = parts.extensions.get::<TenantScope>().cloned();
        scope
            .map(Self)
            .ok_or_else(|| ApiError::Internal("a handler of a public route requires a tenant scope".to_owned()))
    }
}

/// The bytes of a body of at most 1 MiB. Nothing here decompresses one.
pub(crate) async fn read_body(headers: &HeaderMap, body: axum::body::Body) -> Result<Bytes, ApiError> {
    let codings =
        headers.get_all(CONTENT_ENCODING).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let mut named = codings.map(<[u8]>::trim_ascii).filter(|coding| !coding.is_empty());
    if named.any(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        return Err(ApiError::UnsupportedContentEncoding);
    }
    axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| ApiError::BodyTooLarge)
}

/// The media type of a body, without its parameters. `None` if there is none, more than one, or a `charset` that is not
/// UTF-8.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let mut parts = value.to_str().ok()?.split(';');
    let media_type = parts.next()?.trim().to_ascii_lowercase();
    let parameters = parts.filter_map(|parameter| parameter.split_once('='));
    let mut charsets = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    let is_utf8 = |(_, charset): (&str, &str)| charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8");
    charsets.all(is_utf8).then_some(media_type)
}

/// The media type and the bytes of a body.
async fn typed_body(request: Request) -> Result<(Option<String>, Bytes), ApiError> {
    let (parts, body) = request.into_parts();
    let media_type = media_type(&parts.headers);
    Ok((media_type, read_body(&parts.headers, body).await?))
}

/// A JSON body.
#[derive(Debug, Clone)]
pub struct Body<T>(pub T);

impl<S: Sync, T: FromBody> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let is_patch = request.method() == Method::PATCH;
        let (media_type, body) = typed_body(request).await?;
        match media_type.as_deref() {
            Some("application/json") => {}
            Some("application/merge-patch+json") if is_patch => {}
            Some(_) | None => return Err(ApiError::UnsupportedMediaType("application/json")),
        }
        Object::read(Node::parse(&body)?, T::from_object).map(Self)
    }
}

/// An optional JSON body.
#[derive(Debug, Clone)]
pub struct OptionalBody<T>(pub T);

impl<S: Sync, T: FromBody + Default> FromRequest<S> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let body = read_body(&parts.headers, body).await?;
        if body.is_empty() {
            return Ok(Self(T::default()));
        }
        let Body(value) = Body::from_request(Request::from_parts(parts, body.into()), state).await?;
        Ok(Self(value))
    }
}

/// The body of an operation without members: empty, or an object without members.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

impl FromBody for Nothing {
    fn from_object<M: Members>(_object: &mut M) -> Option<Self> {
        Some(Self)
    }
}

/// A form of a page.
#[derive(Debug, Clone)]
pub struct Form<T>(pub T);

impl<S: Sync, T: FromBody> FromRequest<S> for Form<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let (media_type, body) = typed_body(request).await?;
        match media_type.as_deref() {
            Some("application/x-www-form-urlencoded") => read_form(&body).map(Self),
            Some(_) | None => Err(ApiError::UnsupportedMediaType("application/x-www-form-urlencoded")),
        }
    }
}

/// The fields of a form.
fn read_form<T: FromBody>(body: &[u8]) -> Result<T, ApiError> {
    let text = std::str::from_utf8(body).map_err(|_| ApiError::MalformedJson("The form is not valid UTF-8.".into()))?;
    Object::read_form(pairs(Some(text)), T::from_form)
}

/// A JSON body, or a form with its own names as OAuth 2 defines it (RFC 6749): unknown parameters are ignored, and an
/// empty one counts as absent.
#[derive(Debug, Clone)]
pub struct FormOrJson<T>(pub T);

impl<S: Sync, T: FromBody> FromRequest<S> for FormOrJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let (media_type, body) = typed_body(request).await?;
        match media_type.as_deref() {
            Some("application/json") => Object::read(Node::parse(&body)?, T::from_object).map(Self),
            Some("application/x-www-form-urlencoded") => read_form(&body).map(Self),
            Some(_) | None => {
                Err(ApiError::UnsupportedMediaType("application/json or application/x-www-form-urlencoded"))
            }
        }
    }
}

/// The id in a path. Text that is not an id is read as an id that never existed, so it is answered like any unknown id,
/// in the same order of checks.
#[derive(Debug, Clone, Copy)]
pub struct PathId<I>(pub I);

impl<S: Sync + Send, I: Id> FromRequestParts<S> for PathId<I> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let id = params.iter().flatten().find(|(name, _)| *name == "id").and_then(|(_, id)| id.parse().ok());
        Ok(Self(id.unwrap_or_else(|| I::from_parts(Timestamp::EPOCH, [0; 10]))))
    }
}

/// The version in `If-Match`; `None` when the header is absent or `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precondition(pub Option<u64>);

impl<S: Sync> FromRequestParts<S> for Precondition {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let mut values = parts.headers.get_all(IF_MATCH).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return if parts.headers.contains_key(IF_MATCH) { Err(several()) } else { Ok(Self(None)) };
        };
        let value = value.to_str().unwrap_or_default().trim();
        if value == "*" {
            return Ok(Self(None));
        }
        if value.contains(',') {
            return Err(several());
        }
        // Text that is not a tag matches nothing; versions begin at 1.
        Ok(Self(Some(Tag::version_of(value).unwrap_or(0))))
    }
}

fn several() -> ApiError {
    ApiError::Validation(vec![Violation::header(
        "If-Match",
        Fault::new("invalid_format", "must be one entity tag or *"),
    )])
}

/// The parameters of a query, read one by one: from a request, or to describe them.
pub trait Parameters: Sized {
    /// An optional parameter.
    fn optional<T: FromStr<Err = Fault> + JsonSchema>(&mut self, name: &str) -> Option<Option<T>>;

    /// A required parameter.
    fn required<T: FromStr<Err = Fault> + JsonSchema>(&mut self, name: &str) -> Option<T>;

    /// Describes a parameter in the OpenAPI document. An empty description is left out.
    fn describe(&mut self, _name: &str, _description: &'static str) {}

    /// Gives a parameter an example in the OpenAPI document, instead of the example of its type.
    fn example(&mut self, _name: &str, _example: impl Into<Value>) {}

    /// Adds a validation error of a parameter.
    fn report(&mut self, name: &str, fault: Fault);
}

/// The parameters of a request's query. It collects validation errors.
#[derive(Debug)]
pub(crate) struct Params<'a> {
    pairs: Vec<(String, String)>,
    violations: &'a mut Vec<Violation>,
}

impl Parameters for Params<'_> {
    fn optional<T: FromStr<Err = Fault> + JsonSchema>(&mut self, name: &str) -> Option<Option<T>> {
        let (found, others) = std::mem::take(&mut self.pairs).into_iter().partition(|(known, _)| known == name);
        self.pairs = others;
        let mut found: Vec<(String, String)> = found;
        let Some((_, text)) = found.pop() else {
            return Some(None);
        };
        if !found.is_empty() {
            self.report(name, Fault::new("duplicate_parameter", "must not be repeated"));
            return None;
        }
        text.parse().map_err(|fault| self.report(name, fault)).ok().map(Some)
    }

    fn required<T: FromStr<Err = Fault> + JsonSchema>(&mut self, name: &str) -> Option<T> {
        let value = self.optional(name)?;
        if value.is_none() {
            self.report(name, Fault::new("required", "is required"));
        }
        value
    }

    fn report(&mut self, name: &str, fault: Fault) {
        self.violations.push(Violation::parameter(name, fault));
    }
}

/// A set of query parameters.
pub trait FromQuery: Sized {
    /// Reads the parameters it knows; unknown ones are validation errors. `None` if there is any error.
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self>;
}

/// The pairs of a query string, decoded.
pub(crate) fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
}

/// Reads all parameters of a query.
pub(crate) fn read_query<T: FromQuery>(pairs: Vec<(String, String)>) -> Result<T, ApiError> {
    let mut violations = Vec::new();
    let mut params = Params { pairs, violations: &mut violations };
    let value = T::from_params(&mut params);
    for (name, _) in std::mem::take(&mut params.pairs) {
        params.report(&name, Fault::new("unknown_parameter", "is not a parameter of this operation"));
    }
    match value {
        Some(value) if violations.is_empty() => Ok(value),
        Some(_) | None => Err(ApiError::Validation(violations)),
    }
}

/// The parameters of an operation that is not a list.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<S: Sync, T: FromQuery> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        read_query(pairs(parts.uri.query())).map(Self)
    }
}
