//! The description of one operation: from its route, the arguments of its handler, and its `describe`. One file,
//! because all of it builds one JSON object.
#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value never panics: an absent member reads as null, and assignment creates it"
)]

use std::{
    any::type_name,
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

use http::Method;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};
use stockroom_domain::{access::Role, fault::Fault};

use crate::{
    body::{FromBody, Node, Object},
    http::{
        extract::{Nothing, Parameters},
        listing::EXAMPLE_OF_CURSOR,
        route::{Access, Route},
    },
    openapi::{document, outline::Outline, texts},
    problem::ApiError,
};

/// Reads a body and discards it.
pub(super) type Reader = fn(Node) -> Result<(), ApiError>;

/// A type's own name, without its path.
pub(super) fn name_of<T>() -> &'static str {
    let name = type_name::<T>();
    name.rsplit("::").next().unwrap_or(name)
}

/// A successful answer.
#[derive(Debug, Default)]
struct Success {
    about: &'static str,
    content: Option<(&'static str, Value)>,
    headers: Vec<&'static str>,
}

/// One operation in the OpenAPI document.
#[derive(Debug)]
pub struct Operation {
    route: Route,
    pub(super) generator: SchemaGenerator,
    summary: &'static str,
    notes: Vec<&'static str>,
    parameters: Vec<Value>,
    content: Map<String, Value>,
    needs_body: bool,
    reader: Option<Reader>,
    successes: BTreeMap<u16, Success>,
    problems: BTreeMap<u16, BTreeSet<&'static str>>,
    links: Vec<(&'static str, &'static str, &'static str)>,
    also: Vec<&'static str>,
    clears_cookie: bool,
    takes_cookie: bool,
}

impl Operation {
    pub(super) fn new(route: Route, generator: SchemaGenerator) -> Self {
        Self {
            route,
            generator,
            summary: "",
            notes: Vec::new(),
            parameters: Vec::new(),
            content: Map::new(),
            needs_body: false,
            reader: None,
            successes: BTreeMap::new(),
            problems: BTreeMap::new(),
            links: Vec::new(),
            also: Vec::new(),
            clears_cookie: false,
            takes_cookie: false,
        }
    }

    pub(super) fn schema<T: JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    /// Adds a body's schema to the components, and refers to it.
    pub(super) fn component<T: FromBody>(&mut self, name: &str, read: impl FnOnce(&mut Outline) -> Option<T>) -> Value {
        let (schema, _) = Outline::of(&mut self.generator, read);
        self.generator.definitions_mut().insert(name.to_owned(), schema);
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    pub(super) fn body<T: FromBody>(&mut self, is_needed: bool) {
        // An optional body without members would only add a useless parameter to generated clients.
        if is_needed || type_name::<T>() != type_name::<Nothing>() {
            let schema = self.component(T::SCHEMA_NAME.unwrap_or_else(name_of::<T>), T::from_object);
            self.needs_body = is_needed;
            self.reader = Some(|node| Object::read(node, T::from_object).map(|_| ()));
            self.content("application/json", schema.clone());
            if self.route.method == Method::PATCH {
                self.content("application/merge-patch+json", schema);
            }
        }
        self.refuses(400, &["malformed_json"]);
        self.refuses(413, &["body_too_large"]);
        self.refuses(415, &["unsupported_media_type"]);
    }

    pub(super) fn content(&mut self, media_type: &str, schema: Value) {
        self.content.insert(media_type.to_owned(), json!({"schema": schema}));
    }

    pub(super) fn parameter(&mut self, place: &str, name: &str, is_required: bool, mut schema: Value) {
        let about = schema.as_object_mut().and_then(|schema| schema.shift_remove("description"));
        let mut parameter = json!({"name": name, "in": place});
        if let Some(about) = about {
            parameter["description"] = about;
        }
        if is_required {
            parameter["required"] = json!(true);
        }
        parameter["schema"] = schema;
        self.parameters.push(parameter);
    }

    /// The summary: a few words.
    pub fn summary(&mut self, summary: &'static str) -> &mut Self {
        self.summary = summary;
        self
    }

    /// Adds a paragraph to the description.
    pub fn note(&mut self, note: &'static str) -> &mut Self {
        self.notes.push(note);
        self
    }

    fn succeeds(&mut self, status: u16, about: &'static str, content: Option<(&'static str, Value)>) -> &mut Self {
        self.successes.insert(status, Success { about, content, headers: Vec::new() });
        self
    }

    /// 200 with this view.
    pub fn shows<V: JsonSchema>(&mut self) -> &mut Self {
        let schema = self.schema::<V>();
        self.succeeds(200, "Success.", Some(("application/json", schema)))
    }

    /// 201 with this view and its location.
    pub fn creates<V: JsonSchema>(&mut self) -> &mut Self {
        let schema = self.schema::<V>();
        self.succeeds(201, "Created.", Some(("application/json", schema))).with(201, "Location")
    }

    /// 202 with this view.
    pub fn accepts<V: JsonSchema>(&mut self) -> &mut Self {
        let schema = self.schema::<V>();
        self.succeeds(
            202,
            "Accepted. The change is effective; the remaining work continues in the background.",
            Some(("application/json", schema)),
        )
    }

    /// 202 without a body.
    pub fn accepts_silently(&mut self) -> &mut Self {
        self.succeeds(202, "Accepted for processing.", None)
    }

    /// 204.
    pub fn no_content(&mut self) -> &mut Self {
        self.succeeds(204, "Success, without a body.", None)
    }

    /// 200 with a page of these views.
    pub fn pages<V: JsonSchema>(&mut self) -> &mut Self {
        let view = self.schema::<V>();
        let cursor = json!({
            "description": "The `cursor` of the next page, valid for 24 hours. Null on the last page.",
            "type": ["string", "null"], "examples": [EXAMPLE_OF_CURSOR],
        });
        let items = json!({
            "description": "The items of this page, at most `limit`. A page can have fewer items, even none, and still \
                            have a next page.",
            "type": "array", "items": view,
        });
        let item = V::schema_name();
        let page = json!({
            "description": format!("A page of a list of `{item}` objects."),
            "type": "object",
            "properties": {"items": items, "next_cursor": cursor},
            "required": ["items", "next_cursor"],
        });
        let name = format!("{item}Page");
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        self.generator.definitions_mut().insert(name, page);
        self.succeeds(200, texts::PAGE, Some(("application/json", reference))).with(200, "Link")
    }

    /// 200 with text of a media type other than JSON.
    pub fn serves(&mut self, media_type: &'static str) -> &mut Self {
        self.succeeds(200, "The file.", Some((media_type, json!({"type": "string"}))))
    }

    /// Adds another media type of the same answer.
    pub fn serves_too(&mut self, media_type: &'static str) -> &mut Self {
        self.also.push(media_type);
        self
    }

    /// A path segment with one of these values.
    pub fn in_path(&mut self, name: &str, about: &str, values: &[&str]) -> &mut Self {
        let example = values.first();
        let schema = json!({"description": about, "type": "string", "enum": values, "examples": [example]});
        self.parameter("path", name, true, schema);
        self
    }

    /// 200 with JSON of any form.
    pub fn serves_json(&mut self) -> &mut Self {
        self.succeeds(
            200,
            "The document.",
            Some(("application/json", json!({"type": "object", "additionalProperties": true}))),
        )
    }

    fn with(&mut self, status: u16, header: &'static str) -> &mut Self {
        if let Some(success) = self.successes.get_mut(&status) {
            success.headers.push(header);
        }
        self
    }

    /// Links a partial answer to the complete list.
    pub fn continued(&mut self) -> &mut Self {
        self.with(200, "Link")
    }

    /// Answers carry the version of the resource; reads accept `If-None-Match`.
    pub fn versioned(&mut self) -> &mut Self {
        for success in self.successes.values_mut() {
            success.headers.push("ETag");
        }
        if self.route.method == Method::GET {
            let schema = json!({
                "description": texts::IF_NONE_MATCH, "type": "string", "examples": ["\"3-RBNvo1WzZ4o\""],
            });
            self.parameter("header", "If-None-Match", false, schema);
            self.succeeds(304, "Not modified.", None).with(304, "ETag");
        }
        self
    }

    /// Answers may set the cookie with the refresh token.
    pub fn sets_cookie(&mut self) -> &mut Self {
        self.note(
            "Browsers can set or use the cookie only from pages of the API's own origin or of a configured origin. \
             The API checks `Origin` and `Sec-Fetch-Site`; other pages get 403 `forbidden`. Clients other than \
             browsers send neither header.",
        );
        for success in self.successes.values_mut() {
            success.headers.push("Set-Cookie");
        }
        self
    }

    /// The cookie with the refresh token also authenticates. It is no parameter, because clients do not choose it.
    pub(super) fn takes_cookie(&mut self) {
        self.takes_cookie = true;
    }

    /// A 401 removes an invalid cookie.
    pub fn clears_cookie(&mut self) -> &mut Self {
        self.clears_cookie = true;
        self
    }

    /// Problems of the operation, besides those of its route and of its handler's arguments.
    pub fn refuses(&mut self, status: u16, codes: &[&'static str]) -> &mut Self {
        self.problems.entry(status).or_default().extend(codes);
        self
    }

    /// Conflicts with the present state.
    pub fn conflicts(&mut self, codes: &[&'static str]) -> &mut Self {
        self.refuses(409, codes)
    }

    /// An example of the body.
    pub fn example(&mut self, example: Value) -> &mut Self {
        for (media_type, content) in &mut self.content {
            let form = media_type == "application/x-www-form-urlencoded";
            if !form {
                content["example"] = example.clone();
            }
        }
        self
    }

    /// An example of the form.
    pub fn form_example(&mut self, example: Value) -> &mut Self {
        if let Some(content) = self.content.get_mut("application/x-www-form-urlencoded") {
            content["example"] = example;
        }
        self
    }

    /// Links an answer to another operation: a value of the answer is a parameter there.
    pub fn link(&mut self, operation: &'static str, parameter: &'static str, place: &'static str) -> &mut Self {
        self.links.push((operation, parameter, place));
        self
    }

    /// Adds the properties of the route.
    fn add_route(&mut self) {
        let is_public = self.route.access == Access::Public;
        let is_counted = !is_public || self.route.method != Method::GET;
        self.refuses(422, &["validation_failed"]);
        self.refuses(500, &["internal"]);
        if !is_public {
            self.refuses(400, &["tenant_conflict"])
                .refuses(401, &["unauthenticated"])
                .refuses(403, &["tenant_mismatch"]);
        }
        if let Some(permission) = self.route.access.permission(false)
            && !Role::Staff.may(permission)
        {
            self.refuses(403, &["forbidden"]);
        }
        if is_counted {
            self.refuses(429, &["rate_limited"]).refuses(503, &["unavailable"]);
        }
        if self.route.stores_response {
            let schema = json!({
                "description": texts::IDEMPOTENCY_KEY, "type": "string", "minLength": 1,
                "maxLength": 255, "pattern": "^[!-~]+$",
                "examples": ["4b8d1c6e-0f57-4c39-9a52-7d3e8f61b204"],
            });
            self.parameter("header", "Idempotency-Key", false, schema);
            self.refuses(422, &["idempotency_key_reused"]).refuses(413, &["body_too_large"]);
        }
        for success in self.successes.values_mut() {
            success.headers.push("X-Request-Id");
            if is_counted {
                success.headers.extend(["RateLimit", "RateLimit-Policy"]);
            }
            if self.route.stores_response {
                success.headers.push("Idempotency-Replayed");
            }
        }
    }

    /// The roles that may call it, in words.
    fn roles(&self) -> (Vec<&'static str>, String) {
        let may =
            |permission| [Role::Staff, Role::Manager, Role::Admin].into_iter().filter(move |role| role.may(permission));
        match self.route.access {
            Access::Public => (Vec::new(), "Public: no authentication.".to_owned()),
            Access::Permitted(permission) => {
                let names: Vec<_> = may(permission).map(Role::name).collect();
                let words = format!("Roles: {}.", names.join(", "));
                (names, words)
            }
            Access::SelfOr(permission) => {
                let names: Vec<_> = may(permission).map(Role::name).collect();
                let words = format!("Roles: any user for their own account; {} for other users.", names.join(", "));
                (names, words)
            }
        }
    }

    pub(super) fn finish(mut self) -> (Described, SchemaGenerator) {
        self.add_route();
        let (roles, who) = self.roles();
        let description = self.notes.iter().map(|note| (*note).to_owned()).chain([who]).collect::<Vec<_>>();
        let mut operation = json!({
            "operationId": self.route.id,
            "summary": self.summary,
            "description": description.join("\n\n"),
        });
        if self.route.access == Access::Public {
            operation["security"] = if self.takes_cookie { json!([{}, {"refreshCookie": []}]) } else { json!([]) };
        } else {
            operation["x-roles"] = json!(roles);
        }
        if !self.parameters.is_empty() {
            operation["parameters"] = json!(self.parameters);
        }
        let example = self.content.get("application/json").map(|content| content["example"].clone());
        if !self.content.is_empty() {
            operation["requestBody"] = json!({
                "description": texts::body(&self.route.method), "required": self.needs_body, "content": self.content,
            });
        }
        let responses = self.successes.iter().map(|(status, success)| {
            let headers: Map<_, _> = success.headers.iter().map(|header| document::header_reference(header)).collect();
            let mut response = json!({"description": success.about, "headers": headers});
            if let Some((media_type, schema)) = &success.content {
                response["content"] = json!({*media_type: {"schema": schema}});
                for media_type in &self.also {
                    response["content"][media_type] = json!({"schema": schema});
                }
            }
            if *status != 304 && !self.links.is_empty() {
                let links = self.links.iter().map(|(operation, parameter, place)| {
                    (format!("{operation}.{parameter}"), document::link(operation, parameter, place))
                });
                response["links"] = Value::Object(links.collect());
            }
            (status.to_string(), response)
        });
        operation["responses"] = Value::Object(responses.collect());
        let described = Described {
            route: self.route,
            operation,
            problems: self.problems,
            clears_cookie: self.clears_cookie,
            example: example.filter(|example| !example.is_null()).zip(self.reader),
        };
        (described, self.generator)
    }
}

/// Describing reads every parameter as absent.
impl Parameters for Operation {
    fn optional<T: FromStr<Err = Fault> + JsonSchema>(&mut self, name: &str) -> Option<Option<T>> {
        let schema = self.schema::<T>();
        Operation::parameter(self, "query", name, false, schema);
        Some(None)
    }

    fn required<T: FromStr<Err = Fault> + JsonSchema>(&mut self, name: &str) -> Option<T> {
        let schema = self.schema::<T>();
        Operation::parameter(self, "query", name, true, schema);
        None
    }

    fn describe(&mut self, name: &str, description: &'static str) {
        for parameter in self.parameters.iter_mut().filter(|parameter| parameter["name"] == name) {
            if !description.is_empty() {
                parameter["description"] = json!(description.trim());
            }
        }
    }

    fn example(&mut self, name: &str, example: impl Into<Value>) {
        let example = json!([example.into()]);
        for parameter in self.parameters.iter_mut().filter(|parameter| parameter["name"] == name) {
            parameter["schema"]["examples"] = example.clone();
        }
    }

    fn report(&mut self, _name: &str, _fault: Fault) {}
}

/// An operation in the document, before its problems move to the components.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) route: Route,
    pub(crate) operation: Value,
    pub(crate) problems: BTreeMap<u16, BTreeSet<&'static str>>,
    pub(crate) clears_cookie: bool,
    pub(super) example: Option<(Value, Reader)>,
}
