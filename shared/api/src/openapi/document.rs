//! The OpenAPI document as a whole: introduction, tags, shared components, and how the operations are combined.
#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value never panics: an absent member reads as null, and assignment creates it"
)]

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::openapi::contract::Contract;

const ABOUT: &str = "\
Stockroom is a multi-tenant inventory API: products, suppliers, warehouses, stock movements, purchase requests, an \
audit log and events.

**Authentication.** `POST /api/v1/auth/token` takes a tenant, an e-mail address and a password. It returns an access \
token for the header `Authorization: Bearer ...` and a refresh token. In the *Authorize* dialog, `client_id` is the \
tenant.

**Tenant.** The access token names the tenant. To sign in, name it in the header `x-tenant-id`, as the subdomain of \
the host, or as `client_id`.

**Errors** are problem documents (RFC 9457) with a stable `code` and a `request_id`. A 422 lists every error with its \
location, up to 100. Unknown members and parameters are errors too.

**Versions.** Every resource that can change has a `version` and an `ETag`. The tag holds the version and a digest of \
the body: `\"3-RBNvo1WzZ4o\"`. `If-None-Match` compares the whole tag; a match returns 304. `If-Match` compares only \
the version, in a tag or alone (`\"3\"`); a stale version returns 412.

**Retries.** An `Idempotency-Key` makes it safe to repeat a POST outside `/auth`: the first response is returned \
again.

**Lists** return pages of at most `limit` items. `next_cursor` and the `Link` header lead to the next page and are \
valid for 24 hours. A page can be short or empty and still have a next page. The gateway limits a page to 5 MiB. A \
list can lag a few moments behind a write; a read by id never does.

**Rate limits.** `RateLimit-Policy` and `RateLimit` state the limits. A 429 states in `Retry-After` how many seconds \
to wait.

**Text** is trimmed and normalized to Unicode NFC. Control, format and separator characters are rejected with \
`invalid_character`, as is text without a visible character. SKUs, barcodes, categories and references allow no \
invisible characters and no space other than U+0020. Names allow joiners and variation selectors where scripts and \
emoji need them. Notes, descriptions and addresses can have several lines; every line break is stored as LF. E-mail \
addresses are ASCII; Unicode domains are stored in ASCII form. Searches ignore case, accents and character width.

**Bodies** are JSON in UTF-8, at most 1 MiB, without `Content-Encoding` (otherwise 415). A PATCH is a JSON merge \
patch (RFC 7396): absent members keep their value, null clears a member.";

/// Every tag with its description, in the order in which a reader needs them.
const TAGS: [(&str, &str); 11] = [
    ("auth", "Sign in, refresh tokens, sign out, reset passwords and confirm e-mail addresses."),
    ("organizations", "Sign up an organization (a tenant) and manage your own."),
    ("users", "Manage the users of your organization, your own account and your sessions."),
    ("products", "The catalogue: everything you keep in stock."),
    ("suppliers", "The companies you buy from."),
    ("warehouses", "The places that hold stock."),
    ("stock-movements", "Record stock movements, and read the ledger, stock levels and low levels."),
    ("purchase-requests", "Request, approve, order and receive goods."),
    ("audit-logs", "The audit log: every change, with the values before and after it."),
    ("events", "Domain events, as a list or as a gap-free feed."),
    ("docs", "API documentation and the health check."),
];

/// The whole document.
///
/// # Errors
/// A contradiction: two schemas or two operations with the same name, or an operation or a tag without a description.
pub fn document(version: &str, functions: &[(&str, Contract)]) -> Result<Value, String> {
    let mut schemas = BTreeMap::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut responses = BTreeMap::new();
    let mut names = std::collections::BTreeSet::new();
    for (tag, contract) in functions {
        if !contract.operations().is_empty() && !TAGS.iter().any(|(name, _)| name == tag) {
            return Err(format!("the tag {tag} has no description"));
        }
        for (name, schema) in contract.schemas() {
            if schemas.insert(name.clone(), schema.clone()).is_some_and(|other| other != *schema) {
                return Err(format!("two schemas have the name {name}"));
            }
        }
        for described in contract.operations() {
            let mut operation = described.operation.clone();
            let name = operation["operationId"].as_str().unwrap_or_default().to_owned();
            let is_described = operation["summary"] != "" && operation["responses"] != json!({});
            if !is_described || !names.insert(name.clone()) {
                return Err(format!("{name} has no description, or its name is not unique"));
            }
            operation["tags"] = json!([tag]);
            for (status, codes) in &described.problems {
                let codes: Vec<_> = codes.iter().copied().collect();
                let clears_cookie = described.clears_cookie && *status == 401;
                let suffix = if clears_cookie { ".cookie" } else { "" };
                let component = format!("{status}.{}{suffix}", codes.join("."));
                operation["responses"][status.to_string()] =
                    json!({"$ref": format!("#/components/responses/{component}")});
                responses.entry(component).or_insert_with(|| problem_response(*status, &codes, clears_cookie));
            }
            let method = described.route.method.as_str().to_ascii_lowercase();
            paths.entry(described.route.path).or_default().insert(method, operation);
        }
    }
    schemas.insert("Problem".to_owned(), problem());
    schemas.insert("Fault".to_owned(), fault());
    let tags = TAGS.map(|(name, about)| json!({"name": name, "description": about}));
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Stockroom",
            "version": version,
            "description": ABOUT,
            "license": {
                "name": "PolyForm Noncommercial 1.0.0",
                "url": "https://polyformproject.org/licenses/noncommercial/1.0.0",
            },
        },
        "servers": [{"url": "/"}],
        "security": [{"password": []}, {"bearer": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "headers": headers(),
            "securitySchemes": {
                "password": {
                    "type": "oauth2",
                    "description": "Sign in with an e-mail address and a password; `client_id` is the tenant's \
                                    subdomain, and there is no `client_secret`.",
                    "flows": {"password": {"tokenUrl": "/api/v1/auth/token", "scopes": {}}},
                },
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }))
}

/// A link to another operation.
pub(crate) fn link(operation: &str, parameter: &str, place: &str) -> Value {
    json!({"operationId": operation, "parameters": {parameter: place}})
}

pub(crate) fn header_reference(name: &str) -> (String, Value) {
    (name.to_owned(), json!({"$ref": format!("#/components/headers/{name}")}))
}

fn headers() -> Value {
    let header =
        |about: &str, example: &str| json!({"description": about, "schema": {"type": "string"}, "example": example});
    json!({
        "X-Request-Id": header(
            "Id of the request, also in log lines and problems.", "8f6b4a5e-7d3c-4f0e-9a1b-2c3d4e5f6a7b"),
        "ETag": header("Version and digest of the body, for If-Match and If-None-Match.", "\"3-RBNvo1WzZ4o\""),
        "Location": header("Path of the new resource.", "/api/v1/products/0190a5b4-7c3f-7d21-8a5e-3f1b2c4d5e6f"),
        "Link": header("The next page (RFC 8288), if there is one.", "</api/v1/products?cursor=...>; rel=\"next\""),
        "RateLimit": header(
            "Remaining requests of each limit, and the seconds until it is full again.", "\"user\";r=599;t=1"),
        "RateLimit-Policy": header("The limits of this caller.", "\"user\";q=600;w=60"),
        "Idempotency-Replayed": header(
            "`true` if this is the stored response of an earlier request with the same key.", "true"),
        "Retry-After": header("Seconds to wait before the next attempt.", "1"),
        "WWW-Authenticate": header("The authentication scheme.", "Bearer"),
        "Set-Cookie": header(
            "Sets the cookie with the refresh token, or deletes it. Over HTTPS its name is `__Secure-refresh_token`.",
            "refresh_token=...; Max-Age=604800; HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth"),
    })
}

fn problem_response(status: u16, codes: &[&str], clears_cookie: bool) -> Value {
    // Rejected requests count against the limits as well.
    let mut names = vec!["X-Request-Id", "RateLimit", "RateLimit-Policy"];
    match status {
        401 => names.push("WWW-Authenticate"),
        429 | 503 => names.push("Retry-After"),
        _ => {}
    }
    names.extend(clears_cookie.then_some("Set-Cookie"));
    let headers: Map<_, _> = names.into_iter().map(header_reference).collect();
    let mut narrowed = json!({"properties": {"status": {"const": status}, "code": {"enum": codes}}});
    if codes == ["validation_failed"] {
        narrowed["required"] = json!(["errors"]);
    }
    let words = codes.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", ");
    json!({
        "description": format!("{}: {words}.", meaning(status)),
        "headers": headers,
        "content": {
            "application/problem+json": {"schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, narrowed]}},
        },
    })
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "Malformed request",
        401 => "Authentication failed",
        403 => "Permission denied",
        404 => "Not found",
        409 => "The current state does not allow this",
        412 => "The resource has a newer version",
        413 => "The body is too large",
        415 => "Unsupported media type",
        422 => "Validation failed",
        429 => "Too many requests",
        503 => "The database is temporarily unavailable",
        _ => "Internal error",
    }
}

fn problem() -> Value {
    json!({
        "description": "A problem document (RFC 9457): why a request failed.",
        "type": "object",
        "properties": {
            "type": {"type": "string", "const": "about:blank"},
            "title": {"description": "The name of the HTTP status.", "type": "string"},
            "status": {"type": "integer"},
            "detail": {"description": "What happened and what to do, for people.", "type": "string"},
            "instance": {"description": "The path of the request.", "type": "string"},
            "code": {"description": "A stable code for programs.", "type": "string"},
            "request_id": {"type": "string"},
            "errors": {
                "description": "With `validation_failed` and `invalid_request`: every error, up to 100.",
                "type": "array", "items": {"$ref": "#/components/schemas/Fault"}, "minItems": 1, "maxItems": 100,
            },
            "available": {"description": "With `insufficient_stock`: the quantity on hand.", "type": "number"},
            "requested": {
                "description": "With `insufficient_stock` and `exceeds_order`: the requested quantity.",
                "type": "number",
            },
            "item_id": {
                "description": "With `exceeds_order` and `line_complete`: the line.",
                "type": "string", "format": "uuid",
            },
            "outstanding": {
                "description": "With `exceeds_order`: the quantity of the line that is still open.", "type": "number",
            },
            "request_status": {
                "description": "With `invalid_transition`: the current status of the purchase request.",
                "$ref": "#/components/schemas/RequestStatus",
            },
            "error": {"description": "From `/auth/token`: the error code of RFC 6749.", "type": "string"},
            "error_description": {
                "description": "From `/auth/token`: the detail again, for OAuth 2 clients.", "type": "string",
            },
            "limit": {"description": "With `rate_limited`: the name of the limit.", "type": "string"},
        },
        "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    })
}

fn fault() -> Value {
    json!({
        "description": "One error of a request, with its location: a member of the body, a parameter or a header.",
        "type": "object",
        "properties": {
            "pointer": {"description": "JSON pointer (RFC 6901) into the body.", "type": "string"},
            "parameter": {"type": "string"},
            "header": {"type": "string"},
            "code": {
                "description": "A stable code for programs, such as `required`, `too_long` or `unknown_reference`.",
                "type": "string",
            },
            "detail": {"description": "The error, for people.", "type": "string"},
        },
        "required": ["code", "detail"],
    })
}
