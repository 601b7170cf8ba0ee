//! The problems of the OpenAPI document: their responses and schemas.
//!
//! A generated client has a type for each schema. Generators drop parts of an `allOf`, so every schema is one object
//! with a name. The statuses 400, 401 and 403 have one schema each. For other statuses each code has a schema, because
//! codes can have members of their own. If an operation has several such codes, its schema is a `oneOf` of them, with
//! `code` as the discriminator.
#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value never panics: an absent member reads as null, and assignment creates it"
)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::openapi::{document::header_reference, operation::Described, samples};

/// The components that the operations' problems refer to.
#[derive(Debug, Default)]
pub(super) struct Problems {
    responses: BTreeMap<String, Value>,
    schemas: BTreeMap<String, Value>,
    /// One problem of each code.
    examples: BTreeMap<String, Value>,
    /// The codes of the statuses that have one schema.
    families: BTreeMap<u16, BTreeSet<&'static str>>,
    token_codes: BTreeSet<&'static str>,
}

impl Problems {
    /// Adds the problems of an operation and refers to them in its responses.
    pub(super) fn add(&mut self, described: &Described, operation: &mut Value) {
        for (status, codes) in &described.problems {
            let clears_cookie = described.clears_cookie && *status == 401;
            let schema = self.schema(described, *status, codes);
            let codes: Vec<_> = codes.iter().copied().collect();
            let variant = match (described.route.is_token_endpoint, clears_cookie) {
                (true, _) => ".token",
                (false, true) => ".cookie",
                (false, false) => "",
            };
            // A union of conflicts belongs to one operation, and so does its response.
            let name = match schema.strip_suffix("Conflict") {
                Some(operation) => format!("{status}.{operation}"),
                None => format!("{status}.{}{variant}", codes.join(".")),
            };
            operation["responses"][status.to_string()] = json!({"$ref": format!("#/components/responses/{name}")});
            let examples: Map<_, _> =
                codes.iter().map(|code| ((*code).to_owned(), self.example(described, code))).collect();
            self.responses.entry(name).or_insert_with(|| {
                let mut response = response(*status, &codes, clears_cookie, &schema);
                response["content"]["application/problem+json"]["examples"] = Value::Object(examples);
                response
            });
        }
    }

    /// A reference to the example of a problem.
    fn example(&mut self, described: &Described, code: &str) -> Value {
        let is_for_oauth = described.route.is_token_endpoint;
        let name = if is_for_oauth { format!("token.{code}") } else { code.to_owned() };
        let example = json!({"$ref": format!("#/components/examples/{name}")});
        self.examples.entry(name).or_insert_with(|| json!({"value": samples::problem(code, is_for_oauth)}));
        example
    }

    /// The name of the schema of an operation's problems with this status.
    fn schema(&mut self, described: &Described, status: u16, codes: &BTreeSet<&'static str>) -> String {
        if described.route.is_token_endpoint {
            self.token_codes.extend(codes);
            return "TokenProblem".to_owned();
        }
        if let Some(name) = family(status) {
            self.families.entry(status).or_default().extend(codes);
            return name.to_owned();
        }
        let mut names = Vec::new();
        for code in codes {
            let name = format!("{}Problem", pascal_case(code));
            self.schemas.entry(name.clone()).or_insert_with(|| problem(Some(status), &[code], members(code)));
            names.push(name);
        }
        if let [name] = names.as_slice() {
            return name.clone();
        }
        let union = match status {
            409 => format!("{}Conflict", upper_first(described.route.id)),
            status => format!("{}Problem", meaning(status).0),
        };
        self.schemas.entry(union.clone()).or_insert_with(|| {
            let references = names.iter().map(|name| format!("#/components/schemas/{name}"));
            let options: Vec<_> = references.clone().map(|reference| json!({"$ref": reference})).collect();
            let mapping: BTreeMap<_, _> = codes.iter().zip(references).collect();
            json!({
                "description": format!("A problem with status {status}. `code` is one of {}.", listed(codes)),
                "oneOf": options,
                "discriminator": {"propertyName": "code", "mapping": mapping},
            })
        });
        union
    }

    /// The components: responses, schemas and examples.
    pub(super) fn finish(mut self) -> [BTreeMap<String, Value>; 3] {
        for (status, codes) in &self.families {
            let codes: Vec<_> = codes.iter().copied().collect();
            self.schemas.insert(family(*status).unwrap_or_default().to_owned(), problem(Some(*status), &codes, &[]));
        }
        if !self.token_codes.is_empty() {
            let codes: Vec<_> = self.token_codes.into_iter().collect();
            let mut schema = problem(None, &codes, &["error", "error_description", "errors", "limit"]);
            if let Some(required) = schema["required"].as_array_mut() {
                required.retain(|name| name != "errors" && name != "limit");
            }
            self.schemas.insert("TokenProblem".to_owned(), schema);
        }
        self.schemas.insert("ValidationError".to_owned(), validation_error());
        [self.responses, self.schemas, self.examples]
    }
}

/// The schema of a status, if its codes have no members of their own.
fn family(status: u16) -> Option<&'static str> {
    match status {
        400 => Some("BadRequestProblem"),
        401 => Some("UnauthorizedProblem"),
        403 => Some("ForbiddenProblem"),
        _ => None,
    }
}

/// The members that a problem with this code has besides the common ones.
fn members(code: &str) -> &'static [&'static str] {
    match code {
        "validation_failed" => &["errors"],
        "insufficient_stock" => &["available", "requested"],
        "exceeds_order" => &["item_id", "outstanding", "requested"],
        "line_complete" => &["item_id"],
        "invalid_transition" => &["request_status"],
        "rate_limited" => &["limit"],
        _ => &[],
    }
}

fn member(name: &str) -> Value {
    match name {
        "errors" => json!({
            "description": "Every error of the request, up to 100.",
            "type": "array", "items": {"$ref": "#/components/schemas/ValidationError"}, "minItems": 1, "maxItems": 100,
        }),
        "available" => json!({"description": "The quantity on hand.", "type": "number"}),
        "requested" => json!({"description": "The quantity of the request.", "type": "number"}),
        "outstanding" => json!({
            "description": "The quantity of the line that is still open.", "type": "number",
        }),
        "item_id" => json!({
            "description": "The id of the purchase request's line.", "type": "string", "format": "uuid",
        }),
        "request_status" => json!({"$ref": "#/components/schemas/RequestStatus"}),
        "limit" => json!({
            "description": "The limit that is used up, as the header `RateLimit-Policy` names it.", "type": "string",
            "examples": ["login"],
        }),
        "error" => json!({
            "description": "The error code of RFC 6749, for OAuth 2 clients.", "type": "string",
        }),
        "error_description" => json!({
            "description": "The detail again, for OAuth 2 clients.", "type": "string",
        }),
        _ => Value::Null,
    }
}

fn problem(status: Option<u16>, codes: &[&str], own: &[&str]) -> Value {
    let about = match status {
        Some(status) => format!("A problem document (RFC 9457) with status {status}: {}.", listed(codes)),
        None => "A problem document (RFC 9457) of the token endpoint, also for OAuth 2 clients.".to_owned(),
    };
    let mut properties = json!({
        "type": {"description": "Always `about:blank`.", "type": "string"},
        "title": {"description": "The name of the HTTP status.", "type": "string"},
        "status": {"description": "The HTTP status.", "type": "integer"},
        "detail": {"description": "What happened and what to do, for users.", "type": "string"},
        "instance": {"description": "The path of the request.", "type": "string"},
        "code": {"description": "A stable code for programs.", "type": "string", "enum": codes},
        "request_id": {
            "description": "The id of the request, also in the header `X-Request-Id` and in log lines.",
            "type": "string",
        },
    });
    for name in own {
        properties[*name] = member(name);
    }
    // The first code that has a member is its example.
    let samples = codes.iter().filter_map(|code| samples::problem(code, status.is_none()));
    for (name, value) in samples.flatten() {
        if let Some(member) = properties.get_mut(&name).and_then(Value::as_object_mut)
            && !member.contains_key("$ref")
        {
            member.entry("examples").or_insert_with(|| json!([value]));
        }
    }
    let required: Vec<_> = properties.as_object().into_iter().flat_map(Map::keys).cloned().collect();
    json!({"description": about, "type": "object", "properties": properties, "required": required})
}

fn validation_error() -> Value {
    json!({
        "description": "One error of a request, with its location: `pointer`, `parameter` or `header`.",
        "type": "object",
        "properties": {
            "pointer": {
                "description": "JSON pointer (RFC 6901) to a member of the body.", "type": "string",
                "examples": ["/items/0/quantity"],
            },
            "parameter": {"description": "Name of a query parameter.", "type": "string", "examples": ["limit"]},
            "header": {"description": "Name of a header.", "type": "string", "examples": ["If-Match"]},
            "code": {
                "description": "A stable code for programs, such as `required`, `too_long` or `unknown_reference`.",
                "type": "string", "examples": ["out_of_range"],
            },
            "detail": {
                "description": "The error, for users.", "type": "string", "examples": ["must be above 0"],
            },
        },
        "required": ["code", "detail"],
    })
}

fn response(status: u16, codes: &[&str], clears_cookie: bool, schema: &str) -> Value {
    // Rejected requests count against the limits as well.
    let mut names = vec!["X-Request-Id", "RateLimit", "RateLimit-Policy"];
    match status {
        401 => names.push("WWW-Authenticate"),
        429 | 503 => names.push("Retry-After"),
        _ => {}
    }
    names.extend(clears_cookie.then_some("Set-Cookie"));
    let headers: Map<_, _> = names.into_iter().map(header_reference).collect();
    json!({
        "description": format!("{}: {}.", meaning(status).1, listed(codes)),
        "headers": headers,
        "content": {
            "application/problem+json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}},
        },
        "x-codes": codes,
    })
}

/// A status as a part of names, and as a phrase.
fn meaning(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("BadRequest", "Malformed request"),
        401 => ("Unauthorized", "Authentication failed"),
        403 => ("Forbidden", "Permission denied"),
        404 => ("NotFound", "Not found"),
        409 => ("Conflict", "The current state does not allow this"),
        412 => ("PreconditionFailed", "The resource has a newer version"),
        413 => ("ContentTooLarge", "The body is too large"),
        415 => ("UnsupportedMediaType", "Unsupported media type"),
        422 => ("Unprocessable", "Validation failed"),
        429 => ("TooManyRequests", "Too many requests"),
        503 => ("ServiceUnavailable", "The database is temporarily unavailable"),
        _ => ("InternalServerError", "Internal error"),
    }
}

fn listed<'a>(codes: impl IntoIterator<Item = &'a &'a str>) -> String {
    codes.into_iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", ")
}

fn pascal_case(code: &str) -> String {
    code.split('_').map(upper_first).collect()
}

fn upper_first(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}
