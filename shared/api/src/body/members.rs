//! Bodies: objects whose members are read one by one. Every validation error is collected with its place.

use std::{collections::HashMap, ops::RangeInclusive};

use serde::Serialize;
use serde_json::Value;
use stockroom_domain::fault::Fault;

use crate::{
    body::{
        json::Node,
        values::{FromJson, wrong_type},
    },
    problem::{ApiError, MAX_FAULTS, Violation},
};

/// A member in a merge patch (RFC 7396).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Patch<T> {
    /// Absent: the value stays.
    Keep,
    /// Null: the member takes its default.
    Clear,
    /// A new value.
    Set(T),
}

impl<T: Clone> Patch<T> {
    /// Applies the patch to an optional member.
    pub fn or_none(&self, present: &Option<T>) -> Option<T> {
        match self {
            Self::Keep => present.clone(),
            Self::Clear => None,
            Self::Set(value) => Some(value.clone()),
        }
    }

    /// Applies the patch to a member with a default.
    pub fn or(&self, present: &T, default: T) -> T {
        match self {
            Self::Keep => present.clone(),
            Self::Clear => default,
            Self::Set(value) => value.clone(),
        }
    }
}

/// A body that is an object.
pub trait FromBody: Sized {
    /// The name of its schema in the API's document. `None`: the name of the type.
    const SCHEMA_NAME: Option<&'static str> = None;

    /// Reads the members it knows; unknown ones are validation errors. `None` if there is any error. It reads all
    /// members even after an error, so that every error is reported and [`Members`] that only describe see every
    /// member.
    fn from_object<M: Members>(object: &mut M) -> Option<Self>;

    /// Reads the body from a form, where names differ.
    fn from_form<M: Members>(object: &mut M) -> Option<Self> {
        Self::from_object(object)
    }
}

/// The members of an object, read one by one: from a request ([`Object`]), or to describe them in the OpenAPI document.
/// The same code reads and describes.
pub trait Members: Sized {
    /// Adds a validation error of a member.
    fn report(&mut self, name: &str, fault: Fault);

    /// Describes the object itself in the OpenAPI document.
    fn about(&mut self, _description: &'static str) {}

    /// Describes a member in the OpenAPI document. An empty description is left out.
    fn describe(&mut self, _name: &str, _description: &'static str) {}

    /// Gives a member an example in the OpenAPI document, instead of the example of its type.
    fn example(&mut self, _name: &str, _example: impl Into<Value>) {}

    /// Adds a validation error of a member of a list's element.
    fn report_element(&mut self, name: &str, index: usize, member: &str, fault: Fault);

    /// A required member.
    fn required<T: FromJson>(&mut self, name: &str) -> Option<T>;

    /// A member that may be absent or null.
    fn optional<T: FromJson>(&mut self, name: &str) -> Option<Option<T>>;

    /// A member with a default.
    fn or<T: FromJson + Serialize>(&mut self, name: &str, default: T) -> Option<T>;

    /// A member of a merge patch.
    fn patch<T: FromJson>(&mut self, name: &str) -> Option<Patch<T>>;

    /// A member of a merge patch that cannot be cleared.
    fn patch_required<T: FromJson>(&mut self, name: &str) -> Option<Option<T>>;

    /// A required member that is a list of objects, with its range of lengths.
    fn list<T>(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
        read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>>;

    /// A list of objects in a merge patch; it may be absent.
    fn patch_list<T>(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
        read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Option<Vec<T>>>;

    /// A required member that is an object.
    fn nested<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T>;
}

/// The members of an object in a request. It collects validation errors with their places.
#[derive(Debug)]
pub struct Object {
    pointer: String,
    members: Vec<(String, Node)>,
    violations: Vec<Violation>,
}

impl Object {
    /// Reads a whole body.
    ///
    /// # Errors
    /// [`ApiError::Validation`] with every validation error.
    pub fn read<T>(node: Node, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, ApiError> {
        let mut violations = Vec::new();
        let value = Self::within(String::new(), node, &mut violations, read);
        match value {
            Some(value) if violations.is_empty() => Ok(value),
            Some(_) | None => Err(ApiError::Validation(violations)),
        }
    }

    /// Reads a form. Fields without a value count as absent; fields that `read` does not know are ignored.
    ///
    /// # Errors
    /// [`ApiError::InvalidForm`] with every validation error.
    pub fn read_form<T>(
        fields: Vec<(String, String)>,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Result<T, ApiError> {
        let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let members: Vec<_> = fields.map(|(name, value)| (name, Node::String(value))).collect();
        let mut sent: HashMap<String, usize> = HashMap::new();
        for (name, _) in &members {
            let times = sent.entry(name.clone()).or_default();
            *times = times.saturating_add(1);
        }
        let mut object = Self { pointer: String::new(), members, violations: Vec::new() };
        let value = read(&mut object);
        // A known field that is left was repeated.
        let left: Vec<String> = std::mem::take(&mut object.members).into_iter().map(|(name, _)| name).collect();
        for (name, sent) in &sent {
            let left = left.iter().filter(|left| *left == name).count();
            if (1..*sent).contains(&left) {
                object.report(name, Fault::new("duplicate_parameter", "must not be repeated"));
            }
        }
        match value {
            Some(value) if object.violations.is_empty() => Ok(value),
            Some(_) | None => Err(ApiError::InvalidForm(object.violations)),
        }
    }

    fn within<T>(
        pointer: String,
        node: Node,
        violations: &mut Vec<Violation>,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let Node::Object(members) = node else {
            violations.push(Violation::body(pointer, wrong_type("an object")));
            return None;
        };
        let mut object = Self { pointer, members, violations: std::mem::take(violations) };
        let value = read(&mut object);
        for (name, _) in std::mem::take(&mut object.members) {
            object.report(&name, Fault::new("unknown_member", "is not a member of this body"));
        }
        *violations = object.violations;
        value
    }

    fn take(&mut self, name: &str) -> Option<Node> {
        let at = self.members.iter().position(|(member, _)| member == name)?;
        Some(self.members.swap_remove(at).1)
    }

    /// Adds a validation error, up to the number that a problem lists.
    fn add(&mut self, violation: impl FnOnce(&str) -> Violation) {
        if self.violations.len() < MAX_FAULTS {
            self.violations.push(violation(&self.pointer));
        }
    }

    fn value<T: FromJson>(&mut self, name: &str, node: &Node) -> Option<T> {
        T::from_json(node).map_err(|fault| self.report(name, fault)).ok()
    }
}

impl Members for Object {
    fn report(&mut self, name: &str, fault: Fault) {
        self.add(|pointer| Violation::body(format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), fault));
    }

    fn report_element(&mut self, name: &str, index: usize, member: &str, fault: Fault) {
        self.add(|pointer| Violation::body(format!("{pointer}/{name}/{index}/{member}"), fault));
    }

    fn required<T: FromJson>(&mut self, name: &str) -> Option<T> {
        match self.take(name) {
            None | Some(Node::Null) => {
                self.report(name, Fault::new("required", "is required"));
                None
            }
            Some(node) => self.value(name, &node),
        }
    }

    fn optional<T: FromJson>(&mut self, name: &str) -> Option<Option<T>> {
        match self.take(name) {
            None | Some(Node::Null) => Some(None),
            Some(node) => self.value(name, &node).map(Some),
        }
    }

    fn or<T: FromJson + Serialize>(&mut self, name: &str, default: T) -> Option<T> {
        self.optional(name).map(|value| value.unwrap_or(default))
    }

    fn patch<T: FromJson>(&mut self, name: &str) -> Option<Patch<T>> {
        match self.take(name) {
            None => Some(Patch::Keep),
            Some(Node::Null) => Some(Patch::Clear),
            Some(node) => self.value(name, &node).map(Patch::Set),
        }
    }

    fn patch_required<T: FromJson>(&mut self, name: &str) -> Option<Option<T>> {
        match self.take(name) {
            None => Some(None),
            Some(Node::Null) => {
                self.report(name, Fault::new("required", "must not be null"));
                None
            }
            Some(node) => self.value(name, &node).map(Some),
        }
    }

    fn list<T>(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let elements = match self.take(name) {
            Some(Node::Array(elements)) => elements,
            None | Some(Node::Null) => {
                self.report(name, Fault::new("required", "is required"));
                return None;
            }
            Some(_) => {
                self.report(name, wrong_type("an array"));
                return None;
            }
        };
        if !length.contains(&elements.len()) {
            let code = if elements.len() < *length.start() { "too_few" } else { "too_many" };
            let detail = format!("must have {} to {} elements", length.start(), length.end());
            self.report(name, Fault::new(code, detail));
            return None;
        }
        let pointer = format!("{}/{name}", self.pointer);
        let mut list = Vec::with_capacity(elements.len());
        for (index, element) in elements.into_iter().enumerate() {
            list.push(Self::within(format!("{pointer}/{index}"), element, &mut self.violations, &mut read));
        }
        list.into_iter().collect()
    }

    fn patch_list<T>(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
        read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Option<Vec<T>>> {
        if self.members.iter().any(|(member, _)| member == name) {
            return self.list(name, length, read).map(Some);
        }
        Some(None)
    }

    fn nested<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        match self.take(name) {
            None | Some(Node::Null) => {
                self.report(name, Fault::new("required", "is required"));
                None
            }
            Some(node) => Self::within(format!("{}/{name}", self.pointer), node, &mut self.violations, read),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_with_a_known_field_twice_is_invalid_and_unknown_fields_are_ignored() {
        let read = |fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Object::read_form(fields, |form| form.required::<String>("a"))
        };
        for fields in [&[("a", "1")][..], &[("b", "2"), ("a", "1"), ("b", "3")], &[("a", ""), ("a", "1")]] {
            assert_eq!(read(fields).unwrap(), "1");
        }
        for fields in [&[][..], &[("a", "")], &[("a", "1"), ("a", "1")]] {
            assert!(matches!(read(fields), Err(ApiError::InvalidForm(faults)) if faults.len() == 1), "{fields:?}");
        }
    }
}
