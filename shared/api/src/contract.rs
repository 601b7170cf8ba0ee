//! The API's document (OpenAPI 3.1), made from the operations themselves: their routes and permissions, what their handlers
//! take, the very code that reads their bodies and parameters, and the views that they answer with. What none of these say,
//! an operation's own file does, in its `contract`.
//!
//! Nothing of this is in a function: there the route table is a router, and what describes is never called.
#![expect(
    clippy::indexing_slicing,
    reason = "JSON is put together here: a member that is not there reads as null, and is made where it is set"
)]

use std::{
    any::type_name,
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    str::FromStr,
};

use axum::{extract::State, handler::Handler};
use http::{HeaderMap, Method};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Map, Value, json};
use stockroom_domain::{access::Role, fault::Fault};

use crate::{
    app::App,
    browser::{Page, RefreshCookie},
    context::{RequestContext, RequestStore},
    document,
    extract::{Body, FormOrJson, FromQuery, OptionalBody, Parameters, PathId, Precondition, Query, Scope},
    gate::IdempotencyHeader,
    json::{FromBody, FromJson, Members, Node, Object, Patch},
    limits::Attempts,
    listing::{Listing, Paged},
    problem::ApiError,
    route::{Access, Route, Routing},
    tenant::NamedTenant,
};

/// Reads a body and forgets it.
type Reader = fn(Node) -> Result<(), ApiError>;

/// What a request of an operation can hold, known from what its handler takes.
pub trait OperationInput {
    /// Adds it to the operation.
    fn describe(operation: &mut Operation);
}

macro_rules! operation_input {
    ($($taken:ident),+) => {
        impl<M, $($taken: OperationInput),+> OperationInput for (M, $($taken,)+) {
            fn describe(operation: &mut Operation) {
                $($taken::describe(operation);)+
            }
        }
    };
}

operation_input!(A);
operation_input!(A, B);
operation_input!(A, B, C);
operation_input!(A, B, C, D);
operation_input!(A, B, C, D, E);
operation_input!(A, B, C, D, E, F);
operation_input!(A, B, C, D, E, F, G);
operation_input!(A, B, C, D, E, F, G, H);

macro_rules! no_input {
    ($($taken:ty),+ $(,)?) => {$(
        impl OperationInput for $taken {
            fn describe(_operation: &mut Operation) {}
        }
    )+};
}

// Nothing by themselves, or nothing that a client sees.
no_input!(State<App>, RequestStore, RequestContext, Scope, IdempotencyHeader, HeaderMap);

impl OperationInput for ((),) {
    fn describe(_operation: &mut Operation) {}
}

impl OperationInput for Attempts {
    fn describe(operation: &mut Operation) {
        operation.refuses(429, &["rate_limited"]);
    }
}

impl OperationInput for RefreshCookie {
    fn describe(operation: &mut Operation) {
        let about = "The refresh token, where signing in put it into a cookie. Over HTTPS the cookie is called \
                     `__Secure-refresh_token`. Several of them are refused.";
        operation.parameter("cookie", "refresh_token", false, json!({"description": about, "type": "string"}));
    }
}

impl OperationInput for Page {
    fn describe(operation: &mut Operation) {
        operation.refuses(403, &["forbidden"]);
    }
}

impl OperationInput for NamedTenant {
    fn describe(operation: &mut Operation) {
        let about = "The tenant's subdomain, unless the host or, when signing in, the form's client_id names it.";
        let schema = json!({"description": about, "type": "string", "examples": ["northwind"]});
        operation.parameter("header", "x-tenant-id", false, schema);
        operation.refuses(400, &["tenant_conflict"]);
    }
}

impl OperationInput for Precondition {
    fn describe(operation: &mut Operation) {
        let about = "The ETag of the version that is meant, or the version in quotation marks: if there is a newer version, \
                     nothing is done. Without it, or with *, any version is meant.";
        let schema =
            json!({"description": about, "type": "string", "pattern": "^[^,]*$", "examples": ["\"3-RBNvo1WzZ4o\""]});
        operation.parameter("header", "If-Match", false, schema);
        operation.refuses(412, &["version_mismatch"]);
    }
}

impl<I> OperationInput for PathId<I>
where
    I: JsonSchema,
{
    fn describe(operation: &mut Operation) {
        // What is no id is answered like an unknown one: any text is allowed here.
        let mut schema = operation.schema::<I>();
        if let Some(schema) = schema.as_object_mut() {
            schema.retain(|name, _| matches!(name.as_str(), "description" | "type" | "format"));
        }
        operation.parameter("path", "id", true, schema);
        operation.refuses(404, &["not_found"]);
    }
}

impl<F: FromQuery> OperationInput for Query<F> {
    fn describe(operation: &mut Operation) {
        F::from_params(operation);
    }
}

impl<F: FromQuery> OperationInput for Listing<F> {
    fn describe(operation: &mut Operation) {
        Paged::<F>::from_params(operation);
        operation.refuses(400, &["invalid_cursor"]);
    }
}

impl<T: FromBody> OperationInput for Body<T> {
    fn describe(operation: &mut Operation) {
        operation.body::<T>(true);
    }
}

impl<T: FromBody> OperationInput for OptionalBody<T> {
    fn describe(operation: &mut Operation) {
        operation.body::<T>(false);
    }
}

impl<T: FromBody> OperationInput for FormOrJson<T> {
    fn describe(operation: &mut Operation) {
        operation.body::<T>(true);
        let name = format!("{}Form", name_of::<T>());
        let form = operation.component(&name, T::from_form);
        // Parameters that are not known are ignored.
        let schema = operation.generator.definitions_mut().get_mut(&name).and_then(Value::as_object_mut);
        schema.map(|schema| schema.remove("additionalProperties"));
        operation.content("application/x-www-form-urlencoded", form);
    }
}

/// A type's own name, without its path.
fn name_of<T>() -> &'static str {
    let name = type_name::<T>();
    name.rsplit("::").next().unwrap_or(name)
}

/// Describes bodies: it writes down which members are asked for and has none of them.
#[derive(Debug)]
struct Outline {
    generator: SchemaGenerator,
    members: Map<String, Value>,
    required: Vec<String>,
}

impl Outline {
    /// What a reader asks for, as a schema.
    fn of<T>(generator: &mut SchemaGenerator, read: impl FnOnce(&mut Self) -> Option<T>) -> (Value, Option<T>) {
        let mut outline = Self { generator: std::mem::take(generator), members: Map::new(), required: Vec::new() };
        let read = read(&mut outline);
        *generator = outline.generator;
        let mut schema = json!({"type": "object", "properties": outline.members});
        if !outline.required.is_empty() {
            schema["required"] = json!(outline.required);
        }
        schema["additionalProperties"] = json!(false);
        (schema, read)
    }

    fn value<T: JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    fn add(&mut self, name: &str, schema: Value) {
        self.members.insert(name.to_owned(), schema);
    }

    fn elements<T>(&mut self, length: &RangeInclusive<usize>, mut read: impl FnMut(&mut Self) -> Option<T>) -> Value {
        let (element, _) = Self::of(&mut self.generator, &mut read);
        json!({"type": "array", "items": element, "minItems": length.start(), "maxItems": length.end()})
    }
}

impl Members for Outline {
    fn report(&mut self, _name: &str, _fault: Fault) {}

    fn report_element(&mut self, _name: &str, _index: usize, _member: &str, _fault: Fault) {}

    fn required<T: FromJson>(&mut self, name: &str) -> Option<T> {
        let schema = self.value::<T>();
        self.add(name, schema);
        self.required.push(name.to_owned());
        None
    }

    fn optional<T: FromJson>(&mut self, name: &str) -> Option<Option<T>> {
        let schema = or_null(self.value::<T>());
        self.add(name, schema);
        Some(None)
    }

    fn or<T: FromJson + Serialize>(&mut self, name: &str, default: T) -> Option<T> {
        let mut schema = or_null(self.value::<T>());
        if let Ok(default) = serde_json::to_value(&default) {
            schema["default"] = default;
        }
        self.add(name, schema);
        Some(default)
    }

    fn patch<T: FromJson>(&mut self, name: &str) -> Option<Patch<T>> {
        let schema = or_null(self.value::<T>());
        self.add(name, schema);
        Some(Patch::Keep)
    }

    fn patch_required<T: FromJson>(&mut self, name: &str) -> Option<Option<T>> {
        let schema = self.value::<T>();
        self.add(name, schema);
        Some(None)
    }

    fn list<T>(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
        read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let schema = self.elements(&length, read);
        self.add(name, schema);
        self.required.push(name.to_owned());
        None
    }

    fn patch_list<T>(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
        read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Option<Vec<T>>> {
        let schema = self.elements(&length, read);
        self.add(name, schema);
        Some(None)
    }

    fn nested<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let (schema, read) = Self::of(&mut self.generator, read);
        self.add(name, schema);
        self.required.push(name.to_owned());
        read
    }
}

/// The schema of the same or null.
fn or_null(mut schema: Value) -> Value {
    let is_plain = schema.get("enum").is_none();
    match schema.get_mut("type") {
        Some(Value::Array(types)) if is_plain => types.push(json!("null")),
        Some(kind @ Value::String(_)) if is_plain => *kind = json!([kind.take(), "null"]),
        _ => return json!({"anyOf": [schema, {"type": "null"}]}),
    }
    schema
}

/// An answer that says yes.
#[derive(Debug, Default)]
struct Success {
    about: &'static str,
    content: Option<(&'static str, Value)>,
    headers: Vec<&'static str>,
}

/// One operation, as the document says it.
#[derive(Debug)]
pub struct Operation {
    route: Route,
    generator: SchemaGenerator,
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
}

impl Operation {
    fn new(route: Route, generator: SchemaGenerator) -> Self {
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
        }
    }

    fn schema<T: JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    /// Keeps a body's schema among the components, and refers to it.
    fn component<T>(&mut self, name: &str, read: impl FnOnce(&mut Outline) -> Option<T>) -> Value {
        let (schema, _) = Outline::of(&mut self.generator, read);
        self.generator.definitions_mut().insert(name.to_owned(), schema);
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    fn body<T: FromBody>(&mut self, is_needed: bool) {
        let schema = self.component(name_of::<T>(), T::from_object);
        self.needs_body = is_needed;
        self.reader = Some(|node| Object::read(node, T::from_object).map(|_| ()));
        self.content("application/json", schema.clone());
        if self.route.method == Method::PATCH {
            self.content("application/merge-patch+json", schema);
        }
        self.refuses(400, &["malformed_json"]);
        self.refuses(413, &["body_too_large"]);
        self.refuses(415, &["unsupported_media_type"]);
    }

    fn content(&mut self, media_type: &str, schema: Value) {
        self.content.insert(media_type.to_owned(), json!({"schema": schema}));
    }

    fn parameter(&mut self, place: &str, name: &str, is_required: bool, mut schema: Value) {
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

    /// What it does, in a few words.
    pub fn summary(&mut self, summary: &'static str) -> &mut Self {
        self.summary = summary;
        self
    }

    /// More about it, a paragraph at a time.
    pub fn note(&mut self, note: &'static str) -> &mut Self {
        self.notes.push(note);
        self
    }

    fn succeeds(&mut self, status: u16, about: &'static str, content: Option<(&'static str, Value)>) -> &mut Self {
        self.successes.insert(status, Success { about, content, headers: Vec::new() });
        self
    }

    /// 200 with such a view.
    pub fn shows<V: JsonSchema>(&mut self) -> &mut Self {
        let schema = self.schema::<V>();
        self.succeeds(200, "Done.", Some(("application/json", schema)))
    }

    /// 201 with such a view and its location.
    pub fn creates<V: JsonSchema>(&mut self) -> &mut Self {
        let schema = self.schema::<V>();
        self.succeeds(201, "It was made.", Some(("application/json", schema))).with(201, "Location")
    }

    /// 202 with such a view.
    pub fn accepts<V: JsonSchema>(&mut self) -> &mut Self {
        let schema = self.schema::<V>();
        self.succeeds(202, "It is done as far as anybody can see, and goes on.", Some(("application/json", schema)))
    }

    /// 202 without a body.
    pub fn accepts_silently(&mut self) -> &mut Self {
        self.succeeds(202, "It was understood; what follows, follows later.", None)
    }

    /// 204.
    pub fn no_content(&mut self) -> &mut Self {
        self.succeeds(204, "Done; there is nothing to say.", None)
    }

    /// 200 with a page of such views.
    pub fn pages<V: JsonSchema>(&mut self) -> &mut Self {
        let view = self.schema::<V>();
        let about = "Leads to the next page, with the same parameters; null when this is the last.";
        let page = json!({
            "type": "object",
            "properties": {
                "items": {"type": "array", "items": view},
                "next_cursor": {"description": about, "type": ["string", "null"]},
            },
            "required": ["items", "next_cursor"],
        });
        let name = format!("{}Page", V::schema_name());
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        self.generator.definitions_mut().insert(name, page);
        self.succeeds(200, "A page.", Some(("application/json", reference))).with(200, "Link")
    }

    /// 200 with text of another type than JSON.
    pub fn serves(&mut self, media_type: &'static str) -> &mut Self {
        self.succeeds(200, "The file.", Some((media_type, json!({"type": "string"}))))
    }

    /// The same with another type besides.
    pub fn serves_too(&mut self, media_type: &'static str) -> &mut Self {
        self.also.push(media_type);
        self
    }

    /// A part of the path that is one of these.
    pub fn in_path(&mut self, name: &str, values: &[&str]) -> &mut Self {
        self.parameter("path", name, true, json!({"type": "string", "enum": values}));
        self
    }

    /// 200 with JSON of any form.
    pub fn serves_json(&mut self) -> &mut Self {
        self.succeeds(200, "The document.", Some(("application/json", json!({"type": "object"}))))
    }

    fn with(&mut self, status: u16, header: &'static str) -> &mut Self {
        if let Some(success) = self.successes.get_mut(&status) {
            success.headers.push(header);
        }
        self
    }

    /// Answers carry the version of what they show; who reads can say which version they have.
    pub fn versioned(&mut self) -> &mut Self {
        for success in self.successes.values_mut() {
            success.headers.push("ETag");
        }
        if self.route.method == Method::GET {
            let about = "ETags of what is known already: if one is the present answer's, that is 304 without a body.";
            let schema = json!({"description": about, "type": "string", "examples": ["\"3-RBNvo1WzZ4o\""]});
            self.parameter("header", "If-None-Match", false, schema);
            self.succeeds(304, "It is what is known already.", None).with(304, "ETag");
        }
        self
    }

    /// Answers may set the cookie with the refresh token.
    pub fn sets_cookie(&mut self) -> &mut Self {
        self.note(
            "A request that sets or uses the cookie is accepted from pages of the API's own origins and of those that are \
             configured, as `Origin` and `Sec-Fetch-Site` name them; from other pages it is 403 `forbidden`. Programs send \
             neither header.",
        );
        for success in self.successes.values_mut() {
            success.headers.push("Set-Cookie");
        }
        self
    }

    /// A 401 takes the cookie away, where one came that is of no use.
    pub fn clears_cookie(&mut self) -> &mut Self {
        self.clears_cookie = true;
        self
    }

    /// Problems that it can answer with, beside those that its route and its handler's types tell.
    pub fn refuses(&mut self, status: u16, codes: &[&'static str]) -> &mut Self {
        self.problems.entry(status).or_default().extend(codes);
        self
    }

    /// What the state of things can forbid.
    pub fn conflicts(&mut self, codes: &[&'static str]) -> &mut Self {
        self.refuses(409, codes)
    }

    /// A body as it is typically sent.
    pub fn example(&mut self, example: Value) -> &mut Self {
        for (media_type, content) in &mut self.content {
            let form = media_type == "application/x-www-form-urlencoded";
            if !form {
                content["example"] = example.clone();
            }
        }
        self
    }

    /// A form as it is typically sent.
    pub fn form_example(&mut self, example: Value) -> &mut Self {
        if let Some(content) = self.content.get_mut("application/x-www-form-urlencoded") {
            content["example"] = example;
        }
        self
    }

    /// Says what a member of the body, or of the objects in its lists, is for.
    pub fn member(&mut self, name: &str, about: &'static str) -> &mut Self {
        let schemas: Vec<_> = self.content.values().filter_map(|content| content["schema"]["$ref"].as_str()).collect();
        let names = schemas.iter().filter_map(|reference| reference.rsplit('/').next());
        for component in names.map(str::to_owned).collect::<BTreeSet<_>>() {
            if let Some(schema) = self.generator.definitions_mut().get_mut(&component) {
                explain(schema, name, about);
            }
        }
        self
    }

    /// Says what a parameter is for.
    pub fn about(&mut self, name: &str, about: &'static str) -> &mut Self {
        for parameter in &mut self.parameters {
            if parameter["name"] == name {
                parameter["description"] = json!(about);
            }
        }
        self
    }

    /// Leads from an answer to another operation, whose parameter has the value at a place of the answer.
    pub fn link(&mut self, operation: &'static str, parameter: &'static str, place: &'static str) -> &mut Self {
        self.links.push((operation, parameter, place));
        self
    }

    /// Adds what the route tells.
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
            let about = "Of the caller's choice: a repetition with the same key gets the first answer again, and has no \
                         effect of its own.";
            let schema = json!({
                "description": about, "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$",
                "examples": ["2f1c7f0a-tour-1"],
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

    /// Who may call it, in words.
    fn roles(&self) -> (Vec<&'static str>, String) {
        let may =
            |permission| [Role::Staff, Role::Manager, Role::Admin].into_iter().filter(move |role| role.may(permission));
        match self.route.access {
            Access::Public => (Vec::new(), "Anyone.".to_owned()),
            Access::Permitted(permission) => {
                let names: Vec<_> = may(permission).map(Role::name).collect();
                let words = format!("Roles: {}.", names.join(", "));
                (names, words)
            }
            Access::SelfOr(permission) => {
                let names: Vec<_> = may(permission).map(Role::name).collect();
                let words = format!("Roles: everybody about themselves, {} about others.", names.join(", "));
                (names, words)
            }
        }
    }

    fn finish(mut self) -> (Described, SchemaGenerator) {
        self.add_route();
        let (roles, who) = self.roles();
        let description = self.notes.iter().map(|note| (*note).to_owned()).chain([who]).collect::<Vec<_>>();
        let mut operation = json!({
            "operationId": self.route.id,
            "summary": self.summary,
            "description": description.join("\n\n"),
        });
        if self.route.access == Access::Public {
            operation["security"] = json!([]);
        } else {
            operation["x-roles"] = json!(roles);
        }
        if !self.parameters.is_empty() {
            operation["parameters"] = json!(self.parameters);
        }
        let example = self.content.get("application/json").map(|content| content["example"].clone());
        if !self.content.is_empty() {
            operation["requestBody"] = json!({"required": self.needs_body, "content": self.content});
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

/// Parameters that are described are all absent.
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

    fn report(&mut self, _name: &str, _fault: Fault) {}
}

fn explain(schema: &mut Value, name: &str, about: &str) {
    let Some(members) = schema["properties"].as_object_mut() else { return };
    for (member, schema) in members {
        if member == name {
            schema["description"] = json!(about);
        } else if let Some(element) = schema.get_mut("items") {
            explain(element, name, about);
        }
    }
}

/// An operation as it stands in the document, before its problems are put among the components.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) route: Route,
    pub(crate) operation: Value,
    pub(crate) problems: BTreeMap<u16, BTreeSet<&'static str>>,
    pub(crate) clears_cookie: bool,
    example: Option<(Value, Reader)>,
}

/// What a function's operations say of themselves.
#[derive(Debug)]
pub struct Contract {
    generator: SchemaGenerator,
    operations: Vec<Described>,
}

impl Routing for Contract {
    fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
            settings.meta_schema = None;
            settings.definitions_path = "/components/schemas".into();
        });
        Self { generator: settings.into_generator(), operations: Vec::new() }
    }

    fn add<T: OperationInput + 'static, H: Handler<T, App>>(
        mut self,
        route: Route,
        _handler: H,
        describe: impl FnOnce(&mut Operation),
    ) -> Self {
        let mut operation = Operation::new(route, std::mem::take(&mut self.generator));
        T::describe(&mut operation);
        describe(&mut operation);
        let (described, generator) = operation.finish();
        self.generator = generator;
        self.operations.push(described);
        self
    }
}

impl Contract {
    pub(crate) fn operations(&self) -> &[Described] {
        &self.operations
    }

    pub(crate) fn schemas(&self) -> &Map<String, Value> {
        self.generator.definitions()
    }

    /// The operations whose example their own reader refuses.
    #[must_use]
    pub fn refused_examples(&self) -> Vec<String> {
        let refused = self.operations.iter().filter_map(|described| {
            let (example, reader) = described.example.as_ref()?;
            let read = Node::parse(example.to_string().as_bytes()).and_then(reader);
            let error = read.err()?;
            Some(format!("{}: {error:?}", described.operation["operationId"]))
        });
        refused.collect()
    }
}
