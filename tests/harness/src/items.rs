//! The raw items of the table: for tests that must see more than answers show.

use std::collections::HashMap;

use dynoxide::{Database, types::AttributeValue};
use serde_json::{Map, Value, json};
use stockroom_local::embedded::TABLE_NAME;

/// Every item, with plain JSON for attribute values: a number for `N`, bytes for `B`.
pub(crate) fn all(database: &Database) -> Vec<Value> {
    raw(database).iter().map(plain_item).collect()
}

/// Puts every item of one table into another.
pub(crate) fn copy(from: &Database, to: &Database) {
    for item in raw(from) {
        put(to, serde_json::to_value(item).unwrap());
    }
}

pub(crate) fn put(database: &Database, item: Value) {
    let request = serde_json::from_value(json!({"TableName": TABLE_NAME, "Item": item}));
    database.put_item(request.unwrap()).unwrap();
}

/// Changes every item, in the table's own JSON.
pub(crate) fn rewrite(database: &Database, change: impl Fn(&mut Value)) {
    for item in raw(database) {
        let stored = serde_json::to_value(item).unwrap();
        let mut changed = stored.clone();
        change(&mut changed);
        if changed != stored {
            delete(database, &json!({"pk": stored["pk"]["S"], "sk": stored["sk"]["S"]}));
            put(database, changed);
        }
    }
}

fn raw(database: &Database) -> Vec<HashMap<String, AttributeValue>> {
    let mut items = Vec::new();
    let mut request = serde_json::from_value::<dynoxide::actions::scan::ScanRequest>(json!({"TableName": TABLE_NAME}));
    loop {
        let found = database.scan(request.unwrap()).unwrap();
        items.extend(found.items.unwrap_or_default());
        let Some(last) = found.last_evaluated_key else { return items };
        request = serde_json::from_value(json!({"TableName": TABLE_NAME, "ExclusiveStartKey": last}));
    }
}

/// Takes attributes from an item, or members of them: `data.search`.
pub(crate) fn forget(database: &Database, item: &Value, attributes: &[&str]) {
    let names: Map<_, _> = attributes.iter().flat_map(|path| names(path)).collect();
    let removed: Vec<_> = attributes.iter().map(|path| expression(path)).collect();
    let request = serde_json::from_value(json!({
        "TableName": TABLE_NAME, "Key": key(item),
        "UpdateExpression": format!("REMOVE {}", removed.join(", ")), "ExpressionAttributeNames": names,
    }));
    database.update_item(request.unwrap()).unwrap();
}

/// A path to an attribute or a member of one, as an expression has it.
fn expression(path: &str) -> String {
    format!("#{}", path.replace('.', ".#"))
}

/// The attributes of the expression's names. A part may be an element of a list: `items[0]`.
fn names(path: &str) -> impl Iterator<Item = (String, Value)> {
    let names = path.split('.').map(|part| part.split('[').next().unwrap_or_default());
    names.map(|name| (format!("#{name}"), json!(name)))
}

/// Gives a number to an attribute of an item, or to a member of one.
pub(crate) fn set(database: &Database, item: &Value, attribute: &str, number: u64) {
    let request = serde_json::from_value(json!({
        "TableName": TABLE_NAME,
        "Key": key(item),
        "UpdateExpression": format!("SET {} = :number", expression(attribute)),
        "ExpressionAttributeNames": names(attribute).collect::<Map<_, _>>(),
        "ExpressionAttributeValues": {":number": {"N": number.to_string()}},
    }));
    database.update_item(request.unwrap()).unwrap();
}

pub(crate) fn delete(database: &Database, item: &Value) {
    let request = serde_json::from_value(json!({"TableName": TABLE_NAME, "Key": key(item)}));
    database.delete_item(request.unwrap()).unwrap();
}

fn key(item: &Value) -> Value {
    json!({"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}})
}

fn plain_item(item: &HashMap<String, AttributeValue>) -> Value {
    Value::Object(item.iter().map(|(name, value)| (name.clone(), plain(value))).collect::<Map<_, _>>())
}

fn plain(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!(text),
        AttributeValue::N(number) => number.parse().map_or_else(|_| json!(number), Value::Number),
        AttributeValue::B(bytes) => json!(bytes),
        AttributeValue::BOOL(is_true) => json!(is_true),
        AttributeValue::NULL(_) => Value::Null,
        AttributeValue::SS(texts) | AttributeValue::NS(texts) => json!(texts),
        AttributeValue::BS(sets) => json!(sets),
        AttributeValue::L(values) => values.iter().map(plain).collect(),
        AttributeValue::M(members) => plain_item(members),
    }
}
