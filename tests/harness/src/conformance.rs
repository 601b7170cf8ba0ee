//! Holds every answer that a test gets against the API's document: its status, its headers, its type, and its body to the
//! last member. So whatever any test provokes has to be written down.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use boon::{Compiler, Draft, Format, SchemaIndex, Schemas};
use http::{HeaderMap, Method, header::CONTENT_TYPE};
use serde_json::Value;

/// Headers that are told apart by operation.
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
    schemas: Schemas,
}

struct Operation {
    method: Method,
    path: Vec<String>,
    answers: BTreeMap<u16, Answer>,
}

struct Answer {
    headers: BTreeSet<String>,
    /// By media type.
    bodies: BTreeMap<String, SchemaIndex>,
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
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        // Addresses may be international here; the format knows ASCII alone.
        compiler.register_format(Format { name: "email", func: |_| Ok(()) });
        compiler.add_resource("http://document", document.clone()).unwrap();
        let mut schemas = Schemas::new();

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
                        // As a fragment of a URL.
                        let place = place.replace('{', "%7B").replace('}', "%7D");
                        let schema = compiler.compile(&format!("http://document#{place}"), &mut schemas);
                        bodies.insert(media_type.clone(), schema.unwrap());
                    }
                    let headers = response["headers"].as_object().unwrap().keys().map(|name| name.to_lowercase());
                    answers.insert(status.parse().unwrap(), Answer { headers: headers.collect(), bodies });
                }
                let method = method.to_uppercase().parse().unwrap();
                operations.push(Operation { method, path: path.split('/').map(str::to_owned).collect(), answers });
            }
        }
        // What is more literal goes first: `/users/me` is not a user's id.
        operations.sort_by_key(|operation| operation.path.iter().filter(|part| part.starts_with('{')).count());
        Self { operations, schemas }
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
        // The path is that of the first; another template that fits as well is another's.
        let path = &matching.clone().next()?.path;
        matching.find(|operation| operation.method == method && operation.path == *path)
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The schemas that say but a part of an object, beside members of its own.
fn parts(schemas: &Value) -> BTreeSet<String> {
    let whole = schemas.as_object().unwrap().values().filter(|schema| schema["properties"].is_object());
    let parts = whole.flat_map(|schema| schema["anyOf"].as_array().into_iter().flatten());
    let names = parts.filter_map(|part| part["$ref"].as_str()?.rsplit('/').next());
    names.map(str::to_owned).collect()
}

/// Lets an object have the members that are written down and no others. Clients have to take more, the tests do not.
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

/// Fails unless the document says that this request can be answered so. What the document does not know is passed over.
#[track_caller]
pub(crate) fn check(method: &Method, target: &str, status: u16, headers: &HeaderMap, body: &[u8]) {
    let path = target.split('?').next().unwrap_or(target);
    let Some(operation) = DOCUMENT.operation(method, path) else { return };
    let request = format!("{method} {path}");
    let Some(answer) = operation.answers.get(&status) else {
        panic!("the document does not know {status} of {request}: {}", String::from_utf8_lossy(body));
    };
    for header in HEADERS.iter().filter(|header| headers.contains_key(**header)) {
        assert!(answer.headers.contains(*header), "the document does not know {header} of {request}, {status}");
    }
    let media_type = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap().split(';').next().unwrap());
    let Some(media_type) = media_type.filter(|_| !body.is_empty()) else {
        assert!(*method == Method::HEAD || answer.bodies.is_empty(), "{request}, {status} has no body");
        return;
    };
    let Some(schema) = answer.bodies.get(media_type) else {
        panic!("the document does not know {media_type} of {request}, {status}");
    };
    let body = match media_type {
        "application/json" | "application/problem+json" => serde_json::from_slice(body).unwrap(),
        _ => Value::String(String::from_utf8_lossy(body).into_owned()),
    };
    if let Err(error) = DOCUMENT.schemas.validate(&body, *schema) {
        panic!("not as the document says: {request}, {status}: {error:#}\n{body}");
    }
}
