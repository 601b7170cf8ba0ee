//! Errors as problem documents (RFC 9457). One file, so that all codes, titles and details are in one place.

use std::{borrow::Cow, time::Duration};

use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use stockroom_domain::fault::Fault;
use stockroom_store::{Conflict, StoreError, TooMany};

use crate::wire::Number;

/// The place of a validation error in a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A JSON pointer (RFC 6901) into the body.
    Pointer(String),
    /// A query parameter.
    Parameter(String),
    /// A header.
    Header(&'static str),
}

/// A validation error with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    #[serde(flatten)]
    place: Place,
    code: &'static str,
    detail: Cow<'static, str>,
}

impl Violation {
    /// A validation error at a place.
    #[must_use]
    pub fn new(place: Place, fault: Fault) -> Self {
        let place = match place {
            Place::Pointer(pointer) => Place::Pointer(shortened(pointer)),
            Place::Parameter(name) => Place::Parameter(shortened(name)),
            header @ Place::Header(_) => header,
        };
        Self { place, code: fault.code, detail: fault.detail }
    }

    /// A validation error of the body's member at `pointer`.
    #[must_use]
    pub fn body(pointer: impl Into<String>, fault: Fault) -> Self {
        Self::new(Place::Pointer(pointer.into()), fault)
    }

    /// A validation error of a query parameter.
    #[must_use]
    pub fn parameter(name: impl Into<String>, fault: Fault) -> Self {
        Self::new(Place::Parameter(name.into()), fault)
    }

    /// A validation error of a header.
    #[must_use]
    pub fn header(name: &'static str, fault: Fault) -> Self {
        Self::new(Place::Header(name), fault)
    }
}

/// The maximum length of a place, in characters. Only an unknown member has a longer one, which can be as long as the
/// body.
const MAX_PLACE: usize = 300;

/// A place, shortened to that length.
fn shortened(mut place: String) -> String {
    if let Some((end, _)) = place.char_indices().nth(MAX_PLACE) {
        place.truncate(end);
        place.push('…');
    }
    place
}

/// The reasons for refusing a request, as the contract lists them.
#[derive(Debug)]
pub enum ApiError {
    /// The body is not JSON, or is ambiguous.
    MalformedJson(Cow<'static, str>),
    /// The cursor belongs to another request, or has expired.
    InvalidCursor,
    /// Header and host name different tenants.
    TenantConflict,
    /// Signing in needs a tenant.
    TenantRequired,
    /// No access token, or an invalid one.
    Unauthenticated,
    /// Tenant, address or password is wrong.
    InvalidCredentials,
    /// No refresh token, or an invalid one.
    InvalidRefreshToken,
    /// The token of a link is invalid, has expired, or was used.
    InvalidToken,
    /// No such path.
    RouteNotFound,
    /// The path has other methods.
    MethodNotAllowed,
    /// The body is over 1 MiB.
    BodyTooLarge,
    /// The media type of the body is not supported.
    UnsupportedMediaType(&'static str),
    /// A browser sends the request for a page that may not use the cookie.
    ForeignOrigin,
    /// An unsupported grant type of OAuth 2.
    UnsupportedGrantType,
    /// Credentials of HTTP Basic that cannot be decoded.
    InvalidCredentialsHeader,
    /// Validation errors of an OAuth 2 form.
    InvalidForm(Vec<Violation>),
    /// The body is compressed or has another content coding.
    UnsupportedContentEncoding,
    /// Validation errors of the request.
    Validation(Vec<Violation>),
    /// An error of the store.
    Store(StoreError),
    /// An error in this program; the text is for the log only.
    Internal(String),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A problem document without its request id.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    more: Map<String, Value>,
    /// The exceeded limit, and the seconds until the next token.
    limited: Option<(&'static str, u64)>,
    /// For the log, never for the caller.
    cause: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), more: Map::new(), limited: None, cause: None }
    }

    fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.more.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
        self
    }

    fn because(self, cause: String) -> Self {
        Self { cause: Some(cause), ..self }
    }

    /// The problem for a client of OAuth 2 (RFC 6749, 5.2), which reads `error` and may show `error_description`.
    pub(crate) fn for_oauth(self) -> Self {
        let error = match (self.status, self.code) {
            (_, "unsupported_grant_type") => "unsupported_grant_type",
            (_, "invalid_credentials" | "invalid_refresh_token" | "tenant_mismatch") => "invalid_grant",
            (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, _) => "temporarily_unavailable",
            (status, _) if status.is_server_error() => "server_error",
            _ => "invalid_request",
        };
        // RFC 6749 allows no quotation marks and backslashes there.
        let description = self.detail.replace(['"', '\\'], "'");
        self.with("error", error).with("error_description", description)
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn limit(&self) -> Option<&'static str> {
        self.limited.map(|(limit, _)| limit)
    }

    /// The seconds to wait after a refusal by a rate limit.
    pub(crate) fn wait(&self) -> Option<u64> {
        self.limited.map(|(_, wait)| wait)
    }

    /// The code of the first validation error, else that of the problem.
    pub(crate) fn first_code(&self) -> &str {
        let first = self.more.get("errors").and_then(|errors| errors.get(0));
        first.and_then(|error| error.get("code")).and_then(Value::as_str).unwrap_or(self.code)
    }

    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The document for a request.
    pub(crate) fn render(&self, instance: &str, request_id: &str) -> Vec<u8> {
        let mut document = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "instance": instance,
            "code": self.code,
            "request_id": request_id,
        });
        if let Value::Object(members) = &mut document {
            members.extend(self.more.clone());
        }
        document.to_string().into_bytes()
    }
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::MalformedJson(detail) => Self::new(StatusCode::BAD_REQUEST, "malformed_json", detail),
            ApiError::InvalidCursor => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_cursor",
                "The cursor is expired or belongs to another request. Start again without a cursor.",
            ),
            ApiError::TenantConflict => Self::new(
                StatusCode::BAD_REQUEST,
                "tenant_conflict",
                "The header x-tenant-id and the host name different tenants. Name only one.",
            ),
            ApiError::TenantRequired => Self::new(
                StatusCode::BAD_REQUEST,
                "tenant_required",
                "The request names no tenant. Send the header x-tenant-id or use the tenant's subdomain as the host.",
            ),
            ApiError::Unauthenticated => Self::new(
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "The access token is missing, invalid or expired. Sign in or refresh the token.",
            ),
            ApiError::InvalidCredentials => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_credentials",
                "The tenant, e-mail address or password is wrong.",
            ),
            ApiError::InvalidRefreshToken => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_refresh_token",
                "The refresh token is missing, invalid or expired. Sign in again.",
            ),
            ApiError::InvalidToken => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_token",
                "The link is invalid, expired or already used. Request a new one.",
            ),
            ApiError::RouteNotFound => Self::new(StatusCode::NOT_FOUND, "not_found", "This path does not exist."),
            ApiError::MethodNotAllowed => Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This path does not support the method. The header Allow lists the supported methods.",
            ),
            ApiError::BodyTooLarge => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "The body is larger than 1 MiB. Send a smaller body.",
            ),
            ApiError::UnsupportedMediaType(expected) => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                format!("The body has an unsupported type. Send it in UTF-8 with one Content-Type: {expected}."),
            ),
            ApiError::UnsupportedContentEncoding => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body has a Content-Encoding. Send it without one.",
            ),
            ApiError::ForeignOrigin => Self::new(
                StatusCode::FORBIDDEN,
                "forbidden",
                "Pages of this origin cannot use the refresh cookie. Send the request from the API's own origin or \
                 from a configured origin.",
            ),
            ApiError::UnsupportedGrantType => Self::new(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "The grant_type is not supported. Use password or refresh_token.",
            ),
            ApiError::InvalidCredentialsHeader => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "The credentials in Authorization: Basic cannot be decoded. Send base64 of client_id:client_secret.",
            ),
            ApiError::InvalidForm(violations) => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "The form is invalid. The member errors lists the reasons.",
            )
            .with("errors", named(&violations)),
            ApiError::Validation(violations) => invalid(&violations),
            ApiError::Store(error) => error.into(),
            ApiError::Internal(cause) => internal(cause),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unauthenticated => ApiError::Unauthenticated.into(),
            StoreError::TenantMismatch => Self::new(
                StatusCode::FORBIDDEN,
                "tenant_mismatch",
                "The request names another tenant than the access token. Remove the tenant or sign in to it.",
            ),
            StoreError::Forbidden => {
                Self::new(StatusCode::FORBIDDEN, "forbidden", "Your role does not permit this operation.")
            }
            StoreError::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", "The resource does not exist."),
            StoreError::VersionMismatch => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "version_mismatch",
                "The resource has changed since the version in If-Match. Read it again and repeat the change.",
            ),
            StoreError::Conflict(conflict) => conflict.into(),
            StoreError::Rejected(faults) => {
                let violation =
                    |(member, fault): (Cow<'static, str>, Fault)| Violation::body(format!("/{member}"), fault);
                invalid(&faults.into_iter().map(violation).collect::<Vec<_>>())
            }
            StoreError::Unconfirmed => {
                let fault = Fault::new("does_not_match", "must be the subdomain of the organization");
                invalid(&[Violation::parameter("confirm", fault)])
            }
            StoreError::IdempotencyKeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "The idempotency key was already used with a different body. Use a new key.",
            ),
            StoreError::TooMany(refusal) => too_many(refusal),
            StoreError::Unavailable(cause) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "The service is temporarily unavailable. Try again in a moment.",
            )
            .because(cause),
            StoreError::Internal(cause) => internal(cause),
        }
    }
}

impl From<Conflict> for Problem {
    fn from(conflict: Conflict) -> Self {
        let new = |code, detail| Self::new(StatusCode::CONFLICT, code, detail);
        match conflict {
            Conflict::DuplicateSku => new("duplicate_sku", "Another product already has this SKU."),
            Conflict::DuplicateEmail => new("duplicate_email", "Another user already has this e-mail address."),
            Conflict::DuplicateSubdomain => {
                new("duplicate_subdomain", "Another organization already has this subdomain.")
            }
            Conflict::InStock => new("in_use", "There is still stock. Reduce every level to 0 first."),
            Conflict::InOpenRequest => new(
                "in_use",
                "An open purchase request contains this product. Receive, close, cancel or delete that request first.",
            ),
            Conflict::Priced => {
                new("in_use", "The currency cannot change, because purchase requests have prices in it.")
            }
            Conflict::QuantitiesRecorded => new(
                "in_use",
                "Movements of this product are recorded, so its unit cannot change and its decimal_places cannot \
                 decrease. Keep both, or add another product.",
            ),
            Conflict::QuantitiesRequested => new(
                "in_use",
                "An open purchase request contains this product, so its unit cannot change and its decimal_places \
                 cannot decrease. Receive, reject, cancel or delete that request first.",
            ),
            Conflict::InvalidTransition { status } => {
                new("invalid_transition", "The status of the purchase request does not allow this operation.")
                    .with("request_status", status.name())
            }
            Conflict::ExceedsOrder { item, outstanding, requested } => new(
                "exceeds_order",
                "The quantity exceeds the outstanding quantity of the line. Receive at most that quantity.",
            )
            .with("item_id", item)
            .with("outstanding", Number(outstanding))
            .with("requested", Number(requested)),
            Conflict::LineComplete { item } => {
                new("line_complete", "The line is already received or closed completely.").with("item_id", item)
            }
            Conflict::LastAdmin => {
                new("last_admin", "This is the last active admin. Make another user an admin first.")
            }
            Conflict::CannotDeleteSelf => {
                new("cannot_delete_self", "You cannot delete your own account. Ask another admin.")
            }
            Conflict::InsufficientStock { available, requested } => {
                new("insufficient_stock", "The quantity on hand is too small.")
                    .with("available", Number(available))
                    .with("requested", Number(requested))
            }
            Conflict::LevelOutOfRange => {
                new("level_out_of_range", "The resulting level would have more than 15 digits.")
            }
        }
    }
}

/// The maximum number of validation errors in a problem, so that an answer stays below the limit of a function.
pub(crate) const MAX_FAULTS: usize = 100;

fn invalid(violations: &[Violation]) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "validation_failed",
        "The request is invalid. The member errors lists the reasons.",
    )
    .with("errors", named(violations))
}

/// The validation errors that the problem lists.
fn named(violations: &[Violation]) -> &[Violation] {
    violations.get(..MAX_FAULTS).unwrap_or(violations)
}

fn too_many(TooMany { limit, wait }: TooMany) -> Problem {
    let detail = "Too many requests. Wait for the seconds in Retry-After, then try again.";
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail).with("limit", limit);
    Problem { limited: Some((limit, seconds(wait).max(1))), ..problem }
}

fn internal(cause: String) -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "An internal error occurred. Try again later. If it persists, report the request_id.",
    )
    .because(cause)
}

impl IntoResponse for ApiError {
    /// A response without a body; the edge writes it, because it knows the request.
    fn into_response(self) -> Response {
        let is_coded = matches!(self, Self::UnsupportedContentEncoding);
        let problem = Problem::from(self);
        let mut response = problem.status.into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if problem.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if is_coded {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if problem.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Some((_, wait)) = problem.limited {
            headers.insert(RETRY_AFTER, wait.into());
        }
        response.extensions_mut().insert(problem);
        response
    }
}

/// Whole seconds, rounded up.
pub(crate) fn seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_rounds_seconds_up() {
        let of = |millis| seconds(Duration::from_millis(millis));
        assert_eq!([0, 1, 999, 1_000, 1_001].map(of), [0, 1, 1, 1, 2]);
    }
}
