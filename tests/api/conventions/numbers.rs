//! Extreme numbers and times in every place: they are read or refused, and never cause a 500.

use std::time::Duration;

use http::{Method, header::IF_MATCH};
use serde_json::{Value, json};
use stockroom_domain::{source::Clock as _, time::Timestamp};

use super::{Furnished, operations, writes};

/// JSON literals at the limits of every type that could hold a number on the way.
const NUMBERS: [&str; 30] = [
    "1e-9223372036854775808",
    "1e-9223372036854775809",
    "1e9223372036854775807",
    "1e9223372036854775808",
    "123e9223372036854775807",
    "1.5e-9223372036854775808",
    "0e999999999999",
    "0e-9223372036854775808",
    "-0",
    "-0.0e-0",
    "-1e-9223372036854775808",
    "1e-2147483649",
    "1e2147483648",
    "1E+308",
    "1e-324",
    "5e-1",
    "1e14",
    "1e15",
    "-1e15",
    "999999999999999",
    "99999999999.9999",
    "-999999999999999",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "79228162514264337593543950336",
    "170141183460469231731687303715884105728",
    "0.0000000000000000000000000001",
    "1e28",
    "65536",
];

const TIMES: [&str; 9] = [
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999999Z",
    "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59:59+23:59",
    "1970-01-01T00:00:00Z",
    "1970-01-01T00:00:00+23:59",
    "0000-01-01T00:00:00Z",
    "+275760-09-13T00:00:00Z",
    "2026-06-30T23:59:60Z",
];

fn document() -> Value {
    serde_json::from_str(include_str!("../../../functions/docs/openapi.json")).unwrap()
}

/// The schema that a schema stands for.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    schema["$ref"].as_str().map_or(schema, |reference| document.pointer(&reference[1..]).unwrap())
}

/// The places of numbers and of times in values of this schema.
fn extremes(document: &Value, schema: &Value, pointer: &str, found: &mut Vec<(String, bool)>) {
    let schema = resolved(document, schema);
    let is_number = |kind: &Value| kind == "number" || kind == "integer";
    if is_number(&schema["type"]) || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(is_number)) {
        found.push((pointer.to_owned(), true));
    }
    if schema["format"] == "date-time" {
        found.push((pointer.to_owned(), false));
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        extremes(document, member, &format!("{pointer}/{name}"), found);
    }
    if schema["items"].is_object() {
        extremes(document, &schema["items"], &format!("{pointer}/0"), found);
    }
    for choice in ["anyOf", "oneOf", "allOf"].iter().filter_map(|word| schema[*word].as_array()).flatten() {
        extremes(document, choice, pointer, found);
    }
}

/// JSON text of a body with this literal at a place; arrays that are not there begin there.
fn with_literal(body: &Value, pointer: &str, literal: &str) -> String {
    const HERE: &str = "the literal stands here";
    let mut body = body.clone();
    let mut place = &mut body;
    for name in pointer.split('/').skip(1) {
        if name == "0" {
            if !place.is_array() {
                *place = json!([{}]);
            }
            place = &mut place[0];
        } else {
            place = &mut place[name];
        }
    }
    *place = json!(HERE);
    body.to_string().replace(&json!(HERE).to_string(), literal)
}

#[tokio::test]
async fn body_with_an_extreme_number_or_time_never_fails() {
    let shop = Furnished::open().await;
    let document = document();
    let mut members = 0;
    for route in writes() {
        let operation = &document["paths"][route.path][route.method.as_str().to_ascii_lowercase()];
        let mut found = Vec::new();
        extremes(&document, &operation["requestBody"]["content"]["application/json"]["schema"], "", &mut found);
        members += found.len();
        if found.is_empty() {
            continue;
        }
        let body = shop.body(&route.method, route.path);
        for (pointer, is_number) in found {
            let texts = TIMES.map(|time| json!(time).to_string());
            let numbers = NUMBERS.iter().flat_map(|number| [(*number).to_owned(), json!(number).to_string()]);
            let literals: Vec<_> = if is_number { numbers.collect() } else { texts.to_vec() };
            for literal in literals {
                let body = with_literal(&body, &pointer, &literal);
                let request = shop.boss().request(route.method.clone(), shop.path(route.path));
                let reply = request.raw_body(body, "application/json").await;
                assert!(reply.status() < 500, "{} {} {pointer}: {literal}: {reply:?}", route.method, route.path);
            }
        }
    }
    assert!(members > 20, "the document has more numbers than these: {members}");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn query_or_header_with_an_extreme_number_or_time_never_fails() {
    let shop = Furnished::open().await;
    let document = document();
    let mut parameters = 0;
    for route in operations() {
        let method = route.method.as_str().to_ascii_lowercase();
        let described = document["paths"][route.path][method]["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in described.iter().filter(|parameter| parameter["in"] == "query") {
            let (name, schema) = (parameter["name"].as_str().unwrap(), resolved(&document, &parameter["schema"]));
            let values: &[&str] = match () {
                () if schema["type"] == "integer" => &NUMBERS,
                () if schema["format"] == "date-time" => &TIMES,
                () => continue,
            };
            parameters += 1;
            for value in values {
                let reply = shop.boss().get(shop.path(route.path)).query(&[(name, value)]).await;
                assert!(matches!(reply.status(), 200 | 422), "{} {name}={value}: {reply:?}", route.path);
            }
        }
        if route.method == Method::PATCH {
            for version in NUMBERS {
                let request = shop.boss().request(route.method.clone(), shop.address(&route)).json(json!({}));
                let reply = request.header(IF_MATCH, format!("\"{version}\"")).await;
                assert!(matches!(reply.status(), 412 | 422), "{} {version}: {reply:?}", route.path);
            }
        }
    }
    assert!(parameters > 10, "the document has more parameters than these: {parameters}");
    for number in NUMBERS {
        let reply = shop.boss().get("/api/v1/products").query(&[("cursor", number)]).await.expect(400);
        assert_eq!(reply.code(), "invalid_cursor");
    }
}

#[tokio::test]
async fn query_with_the_last_second_of_9999_is_accepted() {
    let shop = Furnished::open().await;
    let last = "9999-12-31T23:59:59Z";
    for (path, parameter, count) in [
        ("stock-movements", "to", 1),
        ("stock-movements", "from", 0),
        ("audit-logs", "from", 0),
        ("stock-levels", "as_of", 1),
    ] {
        let query = [(parameter, last), ("product_id", &shop.product)];
        let query = if path == "audit-logs" { &query[..1] } else { &query[..] };
        let reply = shop.boss().get(format!("/api/v1/{path}")).query(query).await.expect(200);
        assert_eq!(reply.items().len(), count, "{path} {parameter}");
    }
}

#[tokio::test]
async fn record_of_a_movement_more_than_a_day_ahead_is_out_of_range() {
    let shop = Furnished::open().await;
    let now = shop.stack().clock().now();
    let day = Duration::from_hours(24);
    let record = |at: Timestamp| shop.receive(&shop.product, &shop.warehouse, 1).with("occurred_at", at.to_string());
    let ahead = now.plus(day);
    assert_eq!(record(ahead).await.expect(201).json()["occurred_at"], ahead.to_string());
    record(now.minus(day * 9_000)).await.expect(201);
    for at in [ahead.plus(Duration::from_mins(1)), now.plus(day * 365), Timestamp::END] {
        assert_eq!(record(at).await.expect(422).faults(), ["/occurred_at out_of_range"], "{at}");
    }
}
