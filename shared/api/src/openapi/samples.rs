//! A problem of each code, as the API renders it: the source of the examples in the OpenAPI document.

use std::time::Duration;

use serde_json::{Map, Value};
use stockroom_domain::{fault::Fault, purchasing::PurchaseRequestStatus};
use stockroom_store::{Conflict, StoreError, TooMany};

use crate::problem::{ApiError, Problem, Violation};

/// The members of a problem with this code. None for an unknown code.
pub(super) fn problem(code: &str, is_for_oauth: bool) -> Option<Map<String, Value>> {
    let problem = Problem::from(error(code)?);
    let problem = if is_for_oauth { problem.for_oauth() } else { problem };
    let path = if is_for_oauth { "/api/v1/auth/token" } else { path(code) };
    serde_json::from_slice(&problem.render(path, "8f6b4a5e-7d3c-4f0e-9a1b-2c3d4e5f6a7b")).ok()
}

/// The path of a request that can have this problem.
fn path(code: &str) -> &'static str {
    match code {
        "duplicate_email" => "/api/v1/users",
        "last_admin" | "cannot_delete_self" => "/api/v1/users/01a19b4a-4be0-7a4e-91c7-d2836e5f0b48",
        "duplicate_subdomain" => "/api/v1/organizations",
        "insufficient_stock" | "level_out_of_range" => "/api/v1/stock-movements",
        "invalid_transition" | "exceeds_order" | "line_complete" => {
            "/api/v1/purchase-requests/01a1f941-c700-7c85-a90e-61f3d72b8c40/receive"
        }
        "invalid_token" => "/api/v1/auth/password/reset",
        "invalid_refresh_token" => "/api/v1/auth/refresh",
        "tenant_required" => "/api/v1/auth/password/forgot",
        "in_use" | "not_found" | "version_mismatch" => "/api/v1/products/01a19b61-2f40-7d21-8a5e-3f1b2c4d5e6f",
        _ => "/api/v1/products",
    }
}

fn error(code: &str) -> Option<ApiError> {
    let violation = || vec![Violation::body("/name", Fault::new("required", "is required"))];
    let error = match code {
        "malformed_json" => ApiError::MalformedJson("The body is not valid JSON.".into()),
        "invalid_cursor" => ApiError::InvalidCursor,
        "tenant_conflict" => ApiError::TenantConflict,
        "tenant_required" => ApiError::TenantRequired,
        "invalid_token" => ApiError::InvalidToken,
        "invalid_request" => ApiError::InvalidForm(violation()),
        "unsupported_grant_type" => ApiError::UnsupportedGrantType,
        "unauthenticated" => ApiError::Unauthenticated,
        "invalid_credentials" => ApiError::InvalidCredentials,
        "invalid_refresh_token" => ApiError::InvalidRefreshToken,
        "body_too_large" => ApiError::BodyTooLarge,
        "unsupported_media_type" => ApiError::UnsupportedMediaType("application/json"),
        "validation_failed" => ApiError::Validation(violation()),
        "internal" => ApiError::Internal(String::new()),
        _ => return store_error(code).map(ApiError::Store),
    };
    Some(error)
}

fn store_error(code: &str) -> Option<StoreError> {
    let error = match code {
        "forbidden" => StoreError::Forbidden,
        "tenant_mismatch" => StoreError::TenantMismatch,
        "not_found" => StoreError::NotFound,
        "version_mismatch" => StoreError::VersionMismatch,
        "idempotency_key_reused" => StoreError::IdempotencyKeyReused,
        "rate_limited" => StoreError::TooMany(TooMany { limit: "user", wait: Duration::from_secs(1) }),
        "unavailable" => StoreError::Unavailable(String::new()),
        _ => return conflict(code).map(StoreError::Conflict),
    };
    Some(error)
}

fn conflict(code: &str) -> Option<Conflict> {
    let quantity = |text: &str| text.parse().ok();
    let item = || "01a19b61-2f40-71a4-a350-5ee8fb66d22f".parse().ok();
    let conflict = match code {
        "duplicate_sku" => Conflict::DuplicateSku,
        "duplicate_email" => Conflict::DuplicateEmail,
        "duplicate_subdomain" => Conflict::DuplicateSubdomain,
        "in_use" => Conflict::InStock,
        "last_admin" => Conflict::LastAdmin,
        "cannot_delete_self" => Conflict::CannotDeleteSelf,
        "level_out_of_range" => Conflict::LevelOutOfRange,
        "insufficient_stock" => Conflict::InsufficientStock { available: quantity("3")?, requested: quantity("5")? },
        "invalid_transition" => Conflict::InvalidTransition { status: PurchaseRequestStatus::Approved },
        "exceeds_order" => {
            Conflict::ExceedsOrder { item: item()?, outstanding: quantity("3")?, requested: quantity("5")? }
        }
        "line_complete" => Conflict::LineComplete { item: item()? },
        _ => return None,
    };
    Some(conflict)
}
