//! Compares every answer that a test gets with the OpenAPI document: its status, headers, media type, and each member
//! of its body. An answer that the document does not describe fails the test.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use http::{HeaderMap, Method, header::CONTENT_TYPE};
use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

/// The address under which the validator knows the document.
const DOCUMENT_URI: &str = "http://document";

/// Headers that the document lists for each operation.
const HEADERS: [&str; 9] = [
    "etag",
    "idempotency-replayed",
    "link",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "set-cookie",
    "www-authenticate",
];

static DOCUMENT: LazyLock<Document> = LazyLock::new(Document::read);

struct Document {
    operations: Vec<Operation>,
}

struct Operation {
    method: Method,
    path: Vec<String>,
    answers: BTreeMap<u16, Answer>,
}

struct Answer {
    headers: BTreeSet<String>,
    /// By media type.
    bodies: BTreeMap<String, Arc<Validator>>,
    /// The codes of a problem.
    codes: BTreeSet<String>,
}

impl Document {
    fn read() -> Self {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions/docs/openapi.json");
        let mut document: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let parts = parts(&document["components"]["schemas"]);
        for (name, schema) in document["components"]["schemas"].as_object_mut().unwrap() {
            if !parts.contains(name) {
                close(schema);
            }
        }
        let registry = Registry::new().add(DOCUMENT_URI, &document).unwrap().prepare().unwrap();
        // Operations share most of their problem responses.
        let mut validators = BTreeMap::new();

        let mut operations = Vec::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let responses = operation["responses"].as_object().unwrap();
                let place = format!("/paths/{}/{method}/responses", escaped(path));
                let mut answers = BTreeMap::new();
                for (status, response) in responses {
                    let reference = response["$ref"].as_str().map(|reference| reference.trim_start_matches('#'));
                    let place = reference.map_or_else(|| format!("{place}/{status}"), str::to_owned);
                    let response = document.pointer(&place).unwrap();
                    let mut bodies = BTreeMap::new();
                    for media_type in response["content"].as_object().into_iter().flat_map(|content| content.keys()) {
                        let place = format!("{place}/content/{}/schema", escaped(media_type));
                        // Braces are percent-encoded in the fragment of a URI.
                        let place = place.replace('{', "%7B").replace('}', "%7D");
                        let validator = validators.entry(place);
                        let validator = validator.or_insert_with_key(|place| Arc::new(validator_of(&registry, place)));
                        bodies.insert(media_type.clone(), Arc::clone(validator));
                    }
                    let headers = response["headers"].as_object().unwrap().keys().map(|name| name.to_lowercase());
                    let codes = response["x-codes"].as_array().into_iter().flatten();
                    let codes = codes.map(|code| code.as_str().unwrap().to_owned()).collect();
                    answers.insert(status.parse().unwrap(), Answer { headers: headers.collect(), bodies, codes });
                }
                let method = method.to_uppercase().parse().unwrap();
                operations.push(Operation { method, path: path.split('/').map(str::to_owned).collect(), answers });
            }
        }
        // A path with fewer parameters goes first: `me` in `/users/me` is not a user's id.
        operations.sort_by_key(|operation| operation.path.iter().filter(|part| part.starts_with('{')).count());
        Self { operations }
    }

    fn operation(&self, method: &Method, path: &str) -> Option<&Operation> {
        let asked: Vec<_> = path.split('/').collect();
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let fits = |template: &[String]| {
            let is_one =
                |(template, part): (&String, &&str)| template == part || template.starts_with('{') && !part.is_empty();
            template.len() == asked.len() && template.iter().zip(&asked).all(is_one)
        };
        let mut matching = self.operations.iter().filter(|operation| fits(&operation.path));
        // The first template that fits has the path. A later one belongs to another path.
        let path = &matching.clone().next()?.path;
        matching.find(|operation| operation.method == method && operation.path == *path)
    }
}

/// A validator of the schema at a place of the document.
fn validator_of(registry: &Registry<'_>, place: &str) -> Validator {
    let options = jsonschema::draft202012::options().with_registry(registry).should_validate_formats(true);
    // Addresses may be international here; the library's format allows ASCII only.
    let options = options.with_format("email", |_: &str| true);
    options.build(&json!({"$ref": format!("{DOCUMENT_URI}#{place}")})).unwrap()
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The schemas that describe a part of an object whose other members are described elsewhere.
fn parts(schemas: &Value) -> BTreeSet<String> {
    let whole = schemas.as_object().unwrap().values().filter(|schema| schema["properties"].is_object());
    let parts = whole.flat_map(|schema| schema["anyOf"].as_array().into_iter().flatten());
    let names = parts.filter_map(|part| part["$ref"].as_str()?.rsplit('/').next());
    names.map(str::to_owned).collect()
}

/// Allows an object the documented members and no others. Clients must accept additional members; the tests need not.
fn close(schema: &mut Value) {
    if let Some(members) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        members.values_mut().for_each(close);
        if schema.get("additionalProperties").is_none() {
            schema["unevaluatedProperties"] = Value::Bool(false);
        }
    }
    if let Some(elements) = schema.get_mut("items") {
        close(elements);
    }
}

/// Fails unless the document describes this answer to this request. Requests to undocumented paths are not checked.
#[track_caller]
pub(crate) fn check(method: &Method, target: &str, status: u16, headers: &HeaderMap, body: &[u8]) {
    let path = target.split('?').next().unwrap_or(target);
    let Some(operation) = DOCUMENT.operation(method, path) else { return };
    let request = format!("{method} {path}");
    let Some(answer) = operation.answers.get(&status) else {
        panic!("the document has no status {status} for {request}: {}", String::from_utf8_lossy(body));
    };
    for header in HEADERS.iter().filter(|header| headers.contains_key(**header)) {
        assert!(answer.headers.contains(*header), "the document has no header {header} for {request}, {status}");
    }
    let media_type = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap().split(';').next().unwrap());
    let Some(media_type) = media_type.filter(|_| !body.is_empty()) else {
        assert!(*method == Method::HEAD || answer.bodies.is_empty(), "{request}, {status} has no body");
        return;
    };
    let Some(validator) = answer.bodies.get(media_type) else {
        panic!("the document has no media type {media_type} for {request}, {status}");
    };
    let body = match media_type {
        "application/json" | "application/problem+json" => serde_json::from_slice(body).unwrap(),
        _ => Value::String(String::from_utf8_lossy(body).into_owned()),
    };
    if media_type == "application/problem+json" {
        let code = body["code"].as_str().unwrap();
        assert!(answer.codes.contains(code), "the document has no code {code} for {request}, {status}");
    }
    if !validator.is_valid(&body) {
        let errors = validator.iter_errors(&body).into_errors();
        panic!("the document describes {request}, {status} differently: {errors}\n{body}");
    }
}
