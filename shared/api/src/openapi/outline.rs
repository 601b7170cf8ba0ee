//! The schema of a body, from the code that reads it.
#![expect(
    clippy::indexing_slicing,
    reason = "indexing a JSON value never panics: an absent member reads as null, and assignment creates it"
)]

use std::ops::RangeInclusive;

use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value, json};
use stockroom_domain::fault::Fault;

use crate::{
    body::{FromJson, Members, Patch},
    openapi::operation::name_of,
};

/// Describes bodies: it records the members that a reader reads, and returns none.
#[derive(Debug)]
pub(super) struct Outline {
    generator: SchemaGenerator,
    about: &'static str,
    members: Map<String, Value>,
    required: Vec<String>,
}

impl Outline {
    /// The schema of the members that a reader reads.
    pub(super) fn of<T>(
        generator: &mut SchemaGenerator,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> (Value, Option<T>) {
        let mut outline =
            Self { generator: std::mem::take(generator), about: "", members: Map::new(), required: Vec::new() };
        let read = read(&mut outline);
        *generator = outline.generator;
        let mut schema = json!({"description": outline.about, "type": "object", "properties": outline.members});
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

    /// Adds the schema of an object within the body to the components, under the name of its type.
    fn component<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> (Value, Option<T>) {
        let (schema, read) = Self::of(&mut self.generator, read);
        let name = name_of::<T>();
        self.generator.definitions_mut().insert(name.to_owned(), schema);
        (json!({"$ref": format!("#/components/schemas/{name}")}), read)
    }

    fn elements<T>(&mut self, length: &RangeInclusive<usize>, mut read: impl FnMut(&mut Self) -> Option<T>) -> Value {
        let (element, _) = self.component(&mut read);
        json!({"type": "array", "items": element, "minItems": length.start(), "maxItems": length.end()})
    }
}

impl Members for Outline {
    fn report(&mut self, _name: &str, _fault: Fault) {}

    fn about(&mut self, description: &'static str) {
        self.about = description.trim();
    }

    fn describe(&mut self, name: &str, description: &'static str) {
        if let Some(schema) = self.members.get_mut(name)
            && !description.is_empty()
        {
            schema["description"] = json!(description.trim());
        }
    }

    fn example(&mut self, name: &str, example: impl Into<Value>) {
        if let Some(schema) = self.members.get_mut(name) {
            schema["examples"] = json!([example.into()]);
        }
    }

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
        let (schema, read) = self.component(read);
        self.add(name, schema);
        self.required.push(name.to_owned());
        read
    }
}

/// A schema that also allows null.
fn or_null(mut schema: Value) -> Value {
    let is_plain = schema.get("enum").is_none();
    match schema.get_mut("type") {
        Some(Value::Array(types)) if is_plain => types.push(json!("null")),
        Some(kind @ Value::String(_)) if is_plain => *kind = json!([kind.take(), "null"]),
        _ => return json!({"anyOf": [schema, {"type": "null"}]}),
    }
    schema
}
