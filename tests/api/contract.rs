//! The API's document: that it is what the operations say of themselves, that it can be used, and how it is served.
#![expect(clippy::unwrap_used, reason = "these are tests: what is not as expected ends them there")]

mod pages;

use std::{collections::BTreeSet, fs};

use serde_json::Value;
use stockroom_api::Access;
use stockroom_local::functions;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions/docs/openapi.json");

/// The document as it is served.
fn document() -> Value {
    serde_json::from_str(&fs::read_to_string(FILE).unwrap()).unwrap()
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
fn the_file_is_what_the_operations_say() {
    let text = serde_json::to_string_pretty(&functions::api_document().unwrap()).unwrap() + "\n";
    if is_update() {
        fs::write(FILE, text).unwrap();
        return;
    }
    let file = fs::read_to_string(FILE).unwrap();
    let difference = file.lines().zip(text.lines()).find(|(file, made)| file != made);
    let how = "if that is meant, UPDATE_OPENAPI=1 cargo test -p stockroom-tests contract writes openapi.json anew";
    assert!(file == text, "the file differs from what is said: {difference:?}\n{how}");
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says whether the file is to be written")]
fn is_update() -> bool {
    std::env::var("UPDATE_OPENAPI").is_ok_and(|update| update == "1")
}

#[test]
fn every_route_is_in_it_and_nothing_else() {
    let routes = functions::tables().into_iter().flat_map(|(_, routes)| routes);
    let routes: BTreeSet<_> = routes.map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    assert_eq!(documented(&document()), routes);
}

#[test]
fn who_may_call_what_is_in_it() {
    let document = document();
    for route in functions::tables().into_iter().flat_map(|(_, routes)| routes) {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert_eq!(operation["security"].is_array(), route.access == Access::Public, "{}", route.path);
        assert_eq!(operation["x-roles"].is_array(), route.access != Access::Public, "{}", route.path);
    }
}

#[test]
fn every_example_is_one() {
    for (_, contract) in functions::contracts() {
        assert_eq!(contract.refused_examples(), [""; 0]);
    }
}

#[test]
fn whatever_takes_a_body_shows_one() {
    let document = document();
    for (method, path) in documented(&document) {
        let body = &document["paths"][&path][method.to_lowercase()]["requestBody"];
        // What may be left out is clear enough without.
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

#[test]
fn every_reference_and_link_leads_somewhere() {
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
