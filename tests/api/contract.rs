//! The OpenAPI document: it equals the operations, it is usable, and the API serves it.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests fail by a panic")]

mod pages;
mod readers;
mod shape;

use std::{collections::BTreeSet, fs};

use serde_json::Value;
use stockroom_api::{Access, Route};
use stockroom_local::functions;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions/docs/openapi.json");

/// The served document.
fn document() -> Value {
    serde_json::from_str(&fs::read_to_string(FILE).unwrap()).unwrap()
}

/// Every operation of the API, without the console's pages and their forms.
fn routes() -> impl Iterator<Item = Route> {
    functions::tables().into_iter().flat_map(|(_, routes)| routes).filter(|route| !route.is_page)
}

/// The operations of the document: method and path.
fn documented(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone()))
    });
    operations.collect()
}

#[test]
fn document_equals_the_generated_one() {
    let text = serde_json::to_string_pretty(&functions::api_document().unwrap()).unwrap() + "\n";
    if is_update() {
        fs::write(FILE, text).unwrap();
        return;
    }
    let file = fs::read_to_string(FILE).unwrap();
    let difference = file.lines().zip(text.lines()).find(|(file, made)| file != made);
    let how = "if that is meant, UPDATE_OPENAPI=1 cargo test -p stockroom-tests contract writes openapi.json anew";
    assert!(file == text, "the file differs from the operations: {difference:?}\n{how}");
}

#[expect(clippy::disallowed_methods, reason = "the caller of the tests chooses whether to write the file")]
fn is_update() -> bool {
    std::env::var("UPDATE_OPENAPI").is_ok_and(|update| update == "1")
}

#[test]
fn document_has_every_route_and_no_other() {
    let routes: BTreeSet<_> = routes().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    assert_eq!(documented(&document()), routes);
}

#[test]
fn document_states_security_and_roles_of_every_operation() {
    let document = document();
    for route in routes() {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert_eq!(operation["security"].is_array(), route.access == Access::Public, "{}", route.path);
        assert_eq!(operation["x-roles"].is_array(), route.access != Access::Public, "{}", route.path);
    }
}

#[test]
fn document_examples_match_their_schemas() {
    for (_, contract) in functions::contracts() {
        assert_eq!(contract.refused_examples(), [""; 0]);
    }
}

#[test]
fn document_has_an_example_for_every_body() {
    let document = document();
    for (method, path) in documented(&document) {
        let body = &document["paths"][&path][method.to_lowercase()]["requestBody"];
        // Optional bodies need no example.
        if body["required"] == true {
            assert!(!body["content"]["application/json"]["example"].is_null(), "{method} {path}");
        }
    }
}

/// Every `$ref` of a value.
fn references<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Generated clients use these names, so each one is chosen and permanent.
#[test]
fn operation_ids_are_unique_and_in_camel_case() {
    let document = document();
    let mut seen = BTreeSet::new();
    let paths = document["paths"].as_object().unwrap().values();
    for operation in paths.flat_map(|path| path.as_object().unwrap().values()) {
        let id = operation["operationId"].as_str().unwrap();
        let starts_with_a_verb = id.chars().next().is_some_and(|first| first.is_ascii_lowercase());
        assert!(starts_with_a_verb && id.chars().all(|c| c.is_ascii_alphanumeric()), "{id} is not in camel case");
        assert!(seen.insert(id), "{id} names two operations");
    }
}

#[test]
fn document_references_and_links_have_targets() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in &found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} is not there");
    }
    for (kind, components) in document["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys().filter(|_| kind != "securitySchemes") {
            let reference = format!("#/components/{kind}/{name}");
            assert!(found.contains(reference.as_str()), "nothing refers to {reference}");
        }
    }

    let operations =
        || document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let names: BTreeSet<_> = operations().map(|operation| operation["operationId"].as_str().unwrap()).collect();
    for response in operations().flat_map(|operation| operation["responses"].as_object().unwrap().values()) {
        for link in response["links"].as_object().into_iter().flat_map(|links| links.values()) {
            assert!(names.contains(link["operationId"].as_str().unwrap()), "{link}");
        }
    }
}
