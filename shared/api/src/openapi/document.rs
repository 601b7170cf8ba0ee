//! The document as a whole: what all operations share, and how their parts are put together.
#![expect(
    clippy::indexing_slicing,
    reason = "JSON is put together here: a member that is not there reads as null, and is made where it is set"
)]

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::openapi::contract::Contract;

const ABOUT: &str = "\
Stockroom keeps the stock of many companies: products, suppliers and warehouses, what moves in and out, what is to be \
bought, and what happened.

**Signing in.** `POST /api/v1/auth/token` with a tenant, an e-mail address and a password gives an access token for \
the header `Authorization: Bearer ...` and a refresh token. In *Authorize*, `client_id` names the tenant.

**Tenant.** The token says it. Signing in names it: in the header `x-tenant-id`, by the host's subdomain, or as \
`client_id`.

**Errors** are problem documents (RFC 9457) with a stable `code` and a `request_id`; 422 lists every fault with its \
place, up to 100. What is not known here, be it a member or a parameter, is 422 too.

**Versions.** What can change has a `version` and an `ETag`. The tag is the version and a digest of the body: \
`\"3-RBNvo1WzZ4o\"`. `If-None-Match` compares the whole tag and gives 304. `If-Match` compares the version, in a tag \
or alone (`\"3\"`), and gives 412 when it is stale.

**Retries.** An `Idempotency-Key` on a POST outside `/auth` makes repeating it safe: the first answer is told again.

**Lists** are pages of `limit` items; `next_cursor` and the `Link` header lead to the next page for 24 hours. A page \
may be short, even empty, and still have a next one; it ends before 5 MiB, as the gateway receives it. Lists may lag \
behind a write by moments; reads by id never do.

**Limits** are told by `RateLimit-Policy` and `RateLimit`; 429 says in `Retry-After` how many seconds to wait.

**Texts** are trimmed and in Unicode's NFC. Control, format and separator characters are 422 `invalid_character`, and \
so are texts with nothing visible. SKUs, barcodes, categories and references hold no invisible character and no space \
but U+0020. Names can hold joiners and variation selectors where scripts and emoji need them. Notes, descriptions and \
addresses have several lines, which end in LF however they were sent. E-mail addresses are ASCII; domains in Unicode \
are kept in their ASCII form. Searches disregard case, accents and width.

**Bodies** are JSON of at most 1 MiB, in UTF-8 and without `Content-Encoding` (415). A PATCH is a merge patch (RFC \
7396): what is absent stays, null clears.";

/// The whole document.
///
/// # Errors
/// What contradicts itself: two schemas of one name, two operations of one, an operation that says nothing of itself.
pub fn document(version: &str, functions: &[(&str, Contract)]) -> Result<Value, String> {
    let mut schemas = BTreeMap::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut responses = BTreeMap::new();
    let mut names = std::collections::BTreeSet::new();
    for (tag, contract) in functions {
        for (name, schema) in contract.schemas() {
            if schemas.insert(name.clone(), schema.clone()).is_some_and(|other| other != *schema) {
                return Err(format!("two schemas are called {name}"));
            }
        }
        for described in contract.operations() {
            let mut operation = described.operation.clone();
            let name = operation["operationId"].as_str().unwrap_or_default().to_owned();
            let says_something = operation["summary"] != "" && operation["responses"] != json!({});
            if !says_something || !names.insert(name.clone()) {
                return Err(format!("{name} says nothing of itself, or is not the only one of this name"));
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
    let tags: Vec<_> = functions.iter().map(|(tag, _)| json!({"name": tag})).collect();
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
            "Names the request, in every log line and problem too.",
            "8f6b4a5e-7d3c-4f0e-9a1b-2c3d4e5f6a7b",
        ),
        "ETag": header(
            "The version of what is shown and a digest of the body, for If-Match and If-None-Match.",
            "\"3-RBNvo1WzZ4o\"",
        ),
        "Location": header("Where it is from now on.", "/api/v1/products/0190a5b4-7c3f-7d21-8a5e-3f1b2c4d5e6f"),
        "Link": header("The next page (RFC 8288), where there is one.", "</api/v1/products?cursor=...>; rel=\"next\""),
        "RateLimit": header(
            "What is left of each limit, and in how many seconds all of it is back.",
            "\"user\";r=599;t=1",
        ),
        "RateLimit-Policy": header("The limits that hold for the caller.", "\"user\";q=600;w=60"),
        "Idempotency-Replayed": header("`true` when this is an earlier answer under the same key.", "true"),
        "Retry-After": header("How many seconds to wait.", "1"),
        "WWW-Authenticate": header("What is asked for.", "Bearer"),
        "Set-Cookie": header(
            "The refresh token, when it is asked for in a cookie, or its removal. Over HTTPS the cookie is called \
             `__Secure-refresh_token`.",
            "refresh_token=...; Max-Age=604800; HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth",
        ),
    })
}

fn problem_response(status: u16, codes: &[&str], clears_cookie: bool) -> Value {
    // What is refused counts too, where the request was counted.
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
        400 => "It cannot be read",
        401 => "Who is calling is not known",
        403 => "The caller may not",
        404 => "There is no such thing for the caller",
        409 => "The state of things forbids it",
        412 => "There is a newer version",
        413 => "The body is too large",
        415 => "The body is of another type",
        422 => "It was read, and is not valid",
        429 => "Too many requests",
        503 => "The store does not answer now",
        _ => "A fault of the product",
    }
}

fn problem() -> Value {
    json!({
        "description": "Why a request was refused (RFC 9457).",
        "type": "object",
        "properties": {
            "type": {"type": "string", "const": "about:blank"},
            "title": {"description": "The status in words.", "type": "string"},
            "status": {"type": "integer"},
            "detail": {"description": "For people.", "type": "string"},
            "instance": {"description": "The path that was asked.", "type": "string"},
            "code": {"description": "For programs; it stays what it is.", "type": "string"},
            "request_id": {"type": "string"},
            "errors": {
                "description": "With validation_failed and invalid_request: every fault that was found, up to 100.",
                "type": "array", "items": {"$ref": "#/components/schemas/Fault"}, "minItems": 1, "maxItems": 100,
            },
            "available": {"description": "With insufficient_stock: what is on hand.", "type": "number"},
            "requested": {"description": "With insufficient_stock and exceeds_order.", "type": "number"},
            "item_id": {
                "description": "With exceeds_order and line_complete: the line.",
                "type": "string", "format": "uuid",
            },
            "outstanding": {"description": "With exceeds_order: what has yet to arrive of the line.", "type": "number"},
            "request_status": {"description": "With invalid_transition.", "$ref": "#/components/schemas/RequestStatus"},
            "error": {"description": "From /auth/token: what RFC 6749 calls it.", "type": "string"},
            "error_description": {
                "description": "From /auth/token: the detail again, for clients of OAuth 2.",
                "type": "string",
            },
            "limit": {"description": "With rate_limited: the limit that was met.", "type": "string"},
        },
        "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    })
}

fn fault() -> Value {
    json!({
        "description": "One fault of a request, with its place: a member of the body, a parameter or a header.",
        "type": "object",
        "properties": {
            "pointer": {"description": "A JSON pointer (RFC 6901) into the body.", "type": "string"},
            "parameter": {"type": "string"},
            "header": {"type": "string"},
            "code": {"description": "For programs, such as required, too_long or unknown_reference.", "type": "string"},
            "detail": {"description": "For people.", "type": "string"},
        },
        "required": ["code", "detail"],
    })
}
