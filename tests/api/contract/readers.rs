//! The document for human readers: every member and parameter has a description and an example of its own.
//!
//! The tests walk the document, so a new member without them fails.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};
use stockroom_api::wire::Number;
use stockroom_domain::{
    id::EntityId, money::Money, organization::Currency, quantity::Quantity, text::Notes, time::Timestamp,
};

use super::document;

/// A schema, its place in the document, and the name of its member or parameter, if it is one.
struct Place<'v> {
    path: String,
    name: Option<String>,
    schema: &'v Value,
    /// The description of the parameter, outside its schema.
    outer: Option<&'v str>,
}

impl Place<'_> {
    fn description(&self) -> Option<&str> {
        self.outer.or_else(|| self.schema["description"].as_str())
    }
}

/// Every schema of the document: of components, parameters, headers, bodies and responses, and all within them.
fn places(document: &Value) -> Vec<Place<'_>> {
    let mut found = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        collect(Place { path: name.clone(), name: None, schema, outer: None }, &mut found);
    }
    collect_uses("", document, &mut found);
    found
}

fn collect<'v>(place: Place<'v>, found: &mut Vec<Place<'v>>) {
    let Place { path, schema, .. } = &place;
    let within = |name: String, member: Option<&String>, schema: &'v Value| Place {
        path: format!("{path}/{name}"),
        name: member.cloned(),
        schema,
        outer: None,
    };
    let mut inner = Vec::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        inner.push(within(name.clone(), Some(name), member));
    }
    if schema["items"].is_object() {
        inner.push(within("items".to_owned(), None, &schema["items"]));
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        inner.extend(
            schema[keyword].as_array().into_iter().flatten().map(|option| within(keyword.into(), None, option)),
        );
    }
    found.push(place);
    for place in inner {
        collect(place, found);
    }
}

/// Parameters, headers and contents: everything with a `schema`.
fn collect_uses<'v>(path: &str, value: &'v Value, found: &mut Vec<Place<'v>>) {
    match value {
        Value::Object(members) if members.contains_key("schema") => {
            let name = value["name"].as_str().map(str::to_owned);
            let name = name.or_else(|| Some(path.strip_prefix("/components/headers/")?.to_owned()));
            let place = format!("{path}/{}", name.as_deref().unwrap_or("schema"));
            collect(Place { path: place, name, schema: &value["schema"], outer: value["description"].as_str() }, found);
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| collect_uses(&format!("{path}/{name}"), member, found));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_uses(path, value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The target of a reference, or the schema itself.
fn resolved<'v>(document: &'v Value, schema: &'v Value) -> &'v Value {
    let target = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    target.map_or(schema, |pointer| document.pointer(pointer).unwrap())
}

/// Whether a reader sees an example: of the schema, or of everything that it consists of, which the tests also visit.
fn has_example(document: &Value, schema: &Value) -> bool {
    let schema = resolved(document, schema);
    schema["examples"].as_array().is_some_and(|examples| !examples.is_empty())
        || schema["properties"].is_object()
        || (schema["items"].is_object() && has_example(document, &schema["items"]))
        || ["anyOf", "oneOf"].iter().any(|keyword| {
            schema[*keyword]
                .as_array()
                .is_some_and(|options| options.iter().any(|option| has_example(document, option)))
        })
}

/// Descriptions of types with many uses. A member of such a type needs its own description.
fn generic_descriptions() -> BTreeSet<String> {
    fn of<T: JsonSchema>() -> String {
        let schema = T::json_schema(&mut SchemaGenerator::default());
        schema.get("description").and_then(Value::as_str).unwrap().to_owned()
    }
    [
        of::<Number>(),
        of::<Quantity>(),
        of::<Money>(),
        of::<Timestamp>(),
        of::<Currency>(),
        of::<EntityId>(),
        of::<Notes>(),
    ]
    .into_iter()
    .collect()
}

#[test]
fn members_and_parameters_have_descriptions_of_their_own() {
    let document = document();
    let generic = generic_descriptions();
    let mut faults = Vec::new();
    for place in places(&document) {
        let target = resolved(&document, place.schema);
        let is_component = place.name.is_none() && !place.path.contains('/');
        if place.name.is_none() && !is_component {
            continue;
        }
        // An enumeration explains itself at its own schema.
        let inherited = target["enum"].is_array().then(|| target["description"].as_str()).flatten();
        let Some(description) = place.description().or(inherited).map(str::trim) else {
            faults.push(format!("{}: no description", place.path));
            continue;
        };
        let words: Vec<_> = description.split_whitespace().collect();
        let plain = |text: &str| text.to_lowercase().replace(['_', '-', '.', ' '], "");
        if words.len() < 2 || place.name.as_ref().is_some_and(|name| plain(name) == plain(description)) {
            faults.push(format!("{}: says no more than the name: {description:?}", place.path));
        }
        if place.name.is_some() && generic.contains(description) && !place.path.starts_with("/components/headers") {
            faults.push(format!("{}: only describes its type: {description:?}", place.path));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn nullable_members_of_responses_describe_null() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut count = 0;
    for (name, schema) in schemas.iter().filter(|(_, schema)| schema["additionalProperties"] != false) {
        for (member, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_null = |value: &Value| value == "null" || value["type"] == "null";
            let options = [&property["type"], &property["anyOf"]];
            let is_nullable = options.iter().any(|options| options.as_array().is_some_and(|o| o.iter().any(is_null)));
            // The form of OAuth 2 takes unknown members.
            if is_nullable && name != "LoginForm" {
                let about = property["description"].as_str().unwrap_or_default().to_lowercase();
                assert!(about.contains("null") || about.contains("absent"), "{name}.{member}: {about:?}");
                count += 1;
            }
        }
    }
    assert!(count > 20);
}

#[test]
fn schemas_and_parameters_have_valid_examples() {
    let document = document();
    let mut faults = Vec::new();
    for Place { path: place, schema, name, .. } in places(&document) {
        let is_content = place.ends_with("/schema");
        if !is_content && !place.ends_with("/anyOf") && !has_example(&document, schema) && schema["type"] != "null" {
            let has_outer = place.starts_with("/components/headers");
            if !has_outer {
                faults.push(format!("{place}: no example ({name:?})"));
            }
        }
        for example in schema["examples"].as_array().into_iter().flatten() {
            if let Err(error) = validator(&document, schema).validate(example) {
                faults.push(format!("{place}: {example} is not valid: {error}"));
            }
        }
    }
    for (name, header) in document["components"]["headers"].as_object().unwrap() {
        if header["example"].as_str().is_none_or(|example| example.contains("...")) {
            faults.push(format!("header {name}: no complete example"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Reads a schema with the components that it refers to.
fn validator(document: &Value, schema: &Value) -> jsonschema::Validator {
    let schema = json!({"allOf": [schema], "components": {"schemas": document["components"]["schemas"]}});
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
}

#[test]
fn bodies_have_valid_examples() {
    let document = document();
    let mut count = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            for content in operation["requestBody"]["content"].as_object().into_iter().flat_map(|all| all.values()) {
                if let Some(example) = content.get("example") {
                    let checked = validator(&document, &content["schema"]);
                    assert!(checked.is_valid(example), "{path}: {example} is not valid");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 20);
}

#[test]
fn errors_have_a_valid_example_of_each_code() {
    let document = document();
    let mut count = 0;
    for (name, response) in document["components"]["responses"].as_object().unwrap() {
        let content = &response["content"]["application/problem+json"];
        let examples = content["examples"].as_object().unwrap();
        let codes: BTreeSet<_> = response["x-codes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(examples.keys().map(String::as_str).collect::<BTreeSet<_>>(), codes, "{name}");
        for (code, example) in examples {
            let value = &resolved(&document, example)["value"];
            assert_eq!(value["code"], **code, "{name}");
            let checked = validator(&document, &content["schema"]).validate(value).map_err(|error| error.to_string());
            assert_eq!(checked, Ok(()), "{name}: {value}");
            count += 1;
        }
    }
    assert!(count > 30);
}

/// Each id is an example of one kind of thing in the whole document.
#[test]
fn ids_of_examples_are_used_for_one_kind_of_thing() {
    let document = document();
    let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Place { path: place, name, schema, .. } in places(&document) {
        let Some(name) = name.filter(|name| name.ends_with("_id") && schema["format"] == "uuid") else { continue };
        // These name a thing of any kind.
        if ["entity_id", "change_id"].contains(&name.as_str()) {
            continue;
        }
        let kind = match name.as_str() {
            "actor_id" => "user_id",
            "to_warehouse_id" => "warehouse_id",
            other => other,
        };
        for example in schema["examples"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            kinds.entry(example.to_owned()).or_default().insert(kind.to_owned());
        }
        assert!(!place.is_empty());
    }
    let shared: Vec<_> = kinds.iter().filter(|(_, kinds)| kinds.len() > 1).collect();
    assert!(kinds.len() > 5 && shared.is_empty(), "{shared:?}");
}

/// Descriptions and formats are clearer than a long regular expression.
#[test]
fn patterns_are_short_and_have_no_escapes_of_control_characters() {
    let document = document();
    for Place { path: place, schema, .. } in places(&document) {
        if let Some(pattern) = schema["pattern"].as_str() {
            let has_escape = [r"\x", r"\u", r"\0"].iter().any(|escape| pattern.contains(escape));
            assert!(pattern.len() <= 40 && !has_escape, "{place}: {pattern}");
        }
    }
}

#[test]
fn introduction_has_at_most_three_short_paragraphs() {
    let document = document();
    let introduction = document["info"]["description"].as_str().unwrap();
    let paragraphs: Vec<_> = introduction.split("\n\n").collect();
    assert!(paragraphs.len() <= 3, "{} paragraphs", paragraphs.len());
    for paragraph in paragraphs {
        assert!(paragraph.len() <= 400, "{} characters: {paragraph}", paragraph.len());
    }
}

#[test]
fn operations_and_tags_have_different_summaries() {
    let document = document();
    let mut summaries = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            let summary = operation["summary"].as_str().unwrap();
            let words = summary.split_whitespace().count();
            assert!((2..=9).contains(&words) && !summary.ends_with('.'), "{path}: {summary:?}");
            // The health check has two paths.
            let is_new = summaries.insert(summary);
            assert!(is_new || path.ends_with("/health-check"), "{path}: {summary:?} is used twice");
        }
    }
    for tag in document["tags"].as_array().unwrap() {
        assert!(tag["description"].as_str().unwrap().split_whitespace().count() > 3, "{tag}");
    }
}
