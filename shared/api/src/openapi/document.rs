//! The OpenAPI document as a whole: introduction, tags, shared components, and how the operations are combined.
#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value never panics: an absent member reads as null, and assignment creates it"
)]

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::openapi::{contract::Contract, problems::Problems};

/// The introduction, in three paragraphs. Conventions are described where they apply: at parameters, headers, bodies
/// and problems.
const ABOUT: &str = "\
Stockroom keeps the stock of many organizations: products, suppliers, warehouses, stock movements, purchase requests, \
an audit log and events. Each organization is a tenant and sees only its own data.

To sign in, send the tenant, an e-mail address and a password to `POST /api/v1/auth/token`, or use *Authorize* on the \
page `/docs`. Other requests carry the access token as `Authorization: Bearer ...`. `POST /api/v1/organizations` signs \
up a new organization.

Conventions are described where they apply: pages at the parameter `cursor`, safe retries at `Idempotency-Key`, \
concurrent changes at `If-Match`, rate limits at the response header `RateLimit`, texts at each request body. Errors \
are problem documents (RFC 9457) with a stable `code`.";

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
    let mut problems = Problems::default();
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
            problems.add(described, &mut operation);
            let method = described.route.method.as_str().to_ascii_lowercase();
            paths.entry(described.route.path).or_default().insert(method, operation);
        }
    }
    let [responses, problem_schemas, examples] = problems.finish();
    schemas.extend(problem_schemas);
    schemas.values_mut().for_each(state_defaults);
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
            "examples": examples,
            "headers": headers(),
            "securitySchemes": {
                "password": {
                    "type": "oauth2",
                    "description": "Sign in with the tenant, an e-mail address and a password. The tenant is the \
                                    subdomain of your organization, for example `northwind`. OAuth 2 calls it \
                                    `client_id`; there is no `client_secret`.",
                    "flows": {"password": {"tokenUrl": "/api/v1/auth/token", "scopes": {}}},
                },
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An access token from `POST /api/v1/auth/token`. It names the tenant, so other \
                                    requests need no tenant; a different one is 403 `tenant_mismatch`.",
                },
                "refreshCookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "refresh_token",
                    "description": "The refresh token, if it was issued as a cookie. Browsers send it. Over HTTPS the \
                                    name of the cookie is `__Secure-refresh_token`. A request with more than one of \
                                    these cookies is rejected.",
                },
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
            "Id of the request, also in log lines and problems. State it when you report an error.",
            "8f6b4a5e-7d3c-4f0e-9a1b-2c3d4e5f6a7b"),
        "ETag": header(
            "Version and digest of the body. `If-None-Match` compares the whole tag, `If-Match` only the version.",
            "\"3-RBNvo1WzZ4o\""),
        "Location": header("Path of the new resource.", "/api/v1/products/01a19b61-2f40-7d21-8a5e-3f1b2c4d5e6f"),
        "Link": header(
            "The next page (RFC 8288) with `rel=\"next\"`. Absent on the last page.",
            "</api/v1/products?cursor=q3vFJ0mYw8ZkT1sXo5bRhA7uCeLdP2nG>; rel=\"next\""),
        "RateLimit": header(
            "The state of each limit: `r` remaining requests, and `t` seconds until all are available again.",
            "\"user\";r=599;t=1"),
        "RateLimit-Policy": header(
            "The limits that count this request: `q` requests in `w` seconds.", "\"user\";q=600;w=60"),
        "Idempotency-Replayed": header(
            "`true` if this is the stored response of an earlier request with the same key.", "true"),
        "Retry-After": header("Seconds to wait before the next attempt. Earlier attempts are refused too.", "1"),
        "WWW-Authenticate": header("The scheme of authentication to use, always `Bearer`.", "Bearer"),
        "Set-Cookie": header(
            "Sets the cookie with the refresh token, or deletes it. Over HTTPS its name is `__Secure-refresh_token`.",
            "refresh_token=eyJhbGciOiJIUzI1NiIsInR5cCI6InJ0K2p3dCJ9.eyJzdWIiOiIwMWExOWI0YSJ9.p2Zw; \
             Max-Age=604800; HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth"),
    })
}

/// Moves defaults into descriptions, because generators make a member with a `default` required.
fn state_defaults(schema: &mut Value) {
    let members = schema.get_mut("properties").and_then(Value::as_object_mut);
    for member in members.into_iter().flat_map(Map::values_mut) {
        let Some(default) = member.as_object_mut().and_then(|member| member.shift_remove("default")) else { continue };
        let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        let about = member["description"].as_str().map_or_else(String::new, |about| format!("{about} "));
        member["description"] = json!(format!("{about}Default: `{default}`."));
    }
}
