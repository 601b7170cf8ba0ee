//! The document has only constructs that client generators understand: named objects, unions with a discriminator, no
//! combined schemas, no constants, no defaults of members. tests/clients has the generators.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document;

/// Every schema of the document with its place: components, parameters, bodies, answers, and all within them.
fn schemas(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        collect(name, schema, &mut found);
    }
    collect_contents("paths", &document["paths"], &mut found);
    collect_contents("responses", &document["components"]["responses"], &mut found);
    found
}

fn collect<'v>(place: &str, schema: &'v Value, found: &mut Vec<(String, &'v Value)>) {
    found.push((place.to_owned(), schema));
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        collect(&format!("{place}/{name}"), member, found);
    }
    for name in ["items", "additionalProperties"] {
        if schema[name].is_object() {
            collect(&format!("{place}/{name}"), &schema[name], found);
        }
    }
    for name in ["anyOf", "oneOf", "allOf"] {
        for option in schema[name].as_array().into_iter().flatten() {
            collect(&format!("{place}/{name}"), option, found);
        }
    }
}

/// Schemas under the key `schema`: of parameters and contents.
fn collect_contents<'v>(place: &str, value: &'v Value, found: &mut Vec<(String, &'v Value)>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let place = format!("{place}/{name}");
                if name == "schema" { collect(&place, member, found) } else { collect_contents(&place, member, found) }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_contents(place, value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn component<'v>(document: &'v Value, reference: &Value) -> &'v Value {
    let reference = reference.as_str().unwrap();
    document.pointer(reference.strip_prefix('#').unwrap()).unwrap()
}

/// Generators merge the options of `allOf` badly, and lose a constant.
#[test]
fn document_has_no_combined_schema_and_no_constant() {
    let document = document();
    for (place, schema) in schemas(&document) {
        for keyword in ["allOf", "const", "not", "if"] {
            assert!(schema.get(keyword).is_none(), "{place} has {keyword}");
        }
    }
}

/// Generators invent names for objects without one, and change them with the next version.
#[test]
fn document_names_every_object_with_members() {
    let document = document();
    for (place, schema) in schemas(&document) {
        let is_object =
            schema["type"] == "object" || schema["type"].as_array().is_some_and(|t| t.contains(&"object".into()));
        if is_object && schema.get("additionalProperties") != Some(&Value::Bool(true)) {
            assert!(schema["properties"].is_object(), "{place} has neither members nor additional ones");
            assert!(!place.contains('/'), "{place} has members, but no name among the components");
        }
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        let is_pascal_case = name.starts_with(|c: char| c.is_ascii_uppercase());
        assert!(is_pascal_case && name.chars().all(|c| c.is_ascii_alphanumeric()), "{name} is not in Pascal case");
    }
}

/// openapi-typescript makes a member with a default required. Parameters may have one.
#[test]
fn document_states_defaults_of_members_in_their_descriptions() {
    let document = document();
    for (place, schema) in schemas(&document) {
        let is_parameter = place.starts_with("paths") && place.ends_with("/parameters/schema");
        assert!(is_parameter || schema.get("default").is_none(), "{place} has a default");
    }
    let unit = &document["components"]["schemas"]["ProductBody"]["properties"]["unit"]["description"];
    assert!(unit.as_str().unwrap().ends_with("Default: `each`."), "{unit}");
}

#[test]
fn document_maps_every_value_of_a_discriminator_to_one_option() {
    let document = document();
    let mut count = 0;
    for (place, union) in schemas(&document).into_iter().filter(|(_, schema)| schema.get("oneOf").is_some()) {
        let member = union["discriminator"]["propertyName"].as_str().unwrap_or_else(|| panic!("{place}"));
        let mapping = union["discriminator"]["mapping"].as_object().unwrap();
        let mut mapped = BTreeSet::new();
        for option in union["oneOf"].as_array().unwrap() {
            let schema = component(&document, &option["$ref"]);
            assert!(schema["required"].as_array().unwrap().contains(&member.into()), "{place}");
            for value in schema["properties"][member]["enum"].as_array().unwrap() {
                let value = value.as_str().unwrap();
                assert_eq!(mapping[value], option["$ref"], "{place}: {value}");
                assert!(mapped.insert(value), "{place}: two options have {value}");
            }
        }
        assert_eq!(mapped.len(), mapping.len(), "{place}");
        count += 1;
    }
    assert!(count > 1);
}

#[test]
fn document_describes_every_code_of_a_problem() {
    let document = document();
    for (name, response) in document["components"]["responses"].as_object().unwrap() {
        let schema = component(&document, &response["content"]["application/problem+json"]["schema"]["$ref"]);
        let options =
            schema["oneOf"].as_array().into_iter().flatten().map(|option| component(&document, &option["$ref"]));
        let options: Vec<_> = options.collect();
        let options = if options.is_empty() { vec![schema] } else { options };
        let known: BTreeSet<_> = options
            .iter()
            .flat_map(|option| option["properties"]["code"]["enum"].as_array().unwrap())
            .map(Value::as_str)
            .collect();
        for option in options {
            let example = &option["properties"]["code"]["examples"][0];
            assert!(known.contains(&example.as_str()), "{name}: no problem has the example {example}");
        }
        for code in response["x-codes"].as_array().unwrap() {
            assert!(known.contains(&code.as_str()), "{name}: {code}");
        }
    }
    let conflict = &document["components"]["schemas"]["InsufficientStockProblem"]["required"];
    for member in ["code", "available", "requested"] {
        assert!(conflict.as_array().unwrap().contains(&member.into()), "{member}");
    }
}
