//! Reading JSON bodies: every fault is found, not the first alone; numbers keep their digits; nothing is dropped silently.

use std::{borrow::Cow, collections::HashMap, ops::RangeInclusive, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use serde_json::json;
use stockroom_domain::{
    access::Role,
    catalogue::{DecimalPlaces, LeadTimeDays},
    fault::Fault,
    id::{ProductId, RequestItemId, SupplierId, UserId, WarehouseId},
    money::Money,
    organization::{Currency, Subdomain},
    quantity::Quantity,
    text,
    time::Timestamp,
    user::{Password, UserStatus},
};

use crate::{
    problem::{ApiError, MAX_FAULTS, Violation},
    reader,
    wire::Number,
};

/// A JSON value whose numbers are still text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// The literal.
    Number(String),
    /// The text.
    String(String),
    /// The elements.
    Array(Vec<Node>),
    /// The members, in order; no name twice.
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Reads a whole body.
    ///
    /// # Errors
    /// [`ApiError::MalformedJson`]: broken syntax, invalid UTF-8, text after the end, a duplicate member, depth over 32.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        reader::read(body)
    }

    /// The fields of a form, all of them text.
    ///
    /// # Errors
    /// [`ApiError::MalformedJson`] when a field stands twice.
    pub fn form(fields: &[(String, String)]) -> Result<Self, ApiError> {
        let mut names = std::collections::HashSet::new();
        if !fields.iter().all(|(name, _)| names.insert(name)) {
            return Err(malformed("A field stands in the form twice."));
        }
        Ok(Self::Object(fields.iter().map(|(name, value)| (name.clone(), Self::String(value.clone()))).collect()))
    }
}

fn malformed(detail: &'static str) -> ApiError {
    ApiError::MalformedJson(detail.into())
}

/// A value that a member can hold, with its schema.
pub trait FromJson: JsonSchema + Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// What is wrong with it.
    fn from_json(node: &Node) -> Result<Self, Fault>;
}

fn wrong_type(expected: &str) -> Fault {
    Fault::new("wrong_type", format!("must be {expected}"))
}

macro_rules! from_strings {
    ($($type:ty),+ $(,)?) => {$(
        impl FromJson for $type {
            fn from_json(node: &Node) -> Result<Self, Fault> {
                match node {
                    Node::String(text) => Self::from_str(text),
                    Node::Null | Node::Bool(_) | Node::Number(_) | Node::Array(_) | Node::Object(_) => {
                        Err(wrong_type("a string"))
                    }
                }
            }
        }
    )+};
}

macro_rules! from_numbers {
    ($($type:ty),+ $(,)?) => {$(
        impl FromJson for $type {
            fn from_json(node: &Node) -> Result<Self, Fault> {
                match node {
                    Node::Number(literal) => Self::from_str(literal),
                    Node::Null | Node::Bool(_) | Node::String(_) | Node::Array(_) | Node::Object(_) => {
                        Err(wrong_type("a number"))
                    }
                }
            }
        }
    )+};
}

from_strings!(
    Currency,
    Password,
    ProductId,
    RequestItemId,
    Role,
    Subdomain,
    SupplierId,
    Timestamp,
    UserId,
    UserStatus,
    WarehouseId,
    text::Address,
    text::Barcode,
    text::Category,
    text::CloseReason,
    text::Description,
    text::Email,
    text::FullName,
    text::Location,
    text::Notes,
    text::OrganizationName,
    text::Phone,
    text::ProductName,
    text::Reference,
    text::RejectionReason,
    text::Sku,
    text::SupplierName,
    text::Unit,
    text::WarehouseName,
);
from_numbers!(DecimalPlaces, LeadTimeDays, Quantity);

/// A quantity that is not below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotNegative(pub Quantity);

/// A quantity above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Positive(pub Quantity);

impl NotNegative {
    /// Zero.
    pub const ZERO: Self = Self(Quantity::ZERO);
}

impl FromJson for NotNegative {
    fn from_json(node: &Node) -> Result<Self, Fault> {
        let quantity = Quantity::from_json(node)?;
        if quantity.is_negative() { Err(Fault::new("out_of_range", "must not be below 0")) } else { Ok(Self(quantity)) }
    }
}

impl FromJson for Positive {
    fn from_json(node: &Node) -> Result<Self, Fault> {
        let quantity = Quantity::from_json(node)?;
        if quantity.is_positive() { Ok(Self(quantity)) } else { Err(Fault::new("out_of_range", "must be above 0")) }
    }
}

impl JsonSchema for NotNegative {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "NotNegative".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Quantity::json_schema(generator);
        schema.insert("minimum".to_owned(), 0.into());
        schema
    }
}

impl JsonSchema for Positive {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Positive".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Quantity::json_schema(generator);
        schema.remove("minimum");
        schema.insert("exclusiveMinimum".to_owned(), 0.into());
        schema
    }
}

impl Serialize for NotNegative {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Number(self.0).serialize(serializer)
    }
}

/// A price as it is sent: text, or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price(pub Money);

impl FromJson for Price {
    fn from_json(node: &Node) -> Result<Self, Fault> {
        match node {
            Node::String(text) | Node::Number(text) => text.parse().map(Self),
            Node::Null | Node::Bool(_) | Node::Array(_) | Node::Object(_) => Err(wrong_type("a decimal in a string")),
        }
    }
}

impl JsonSchema for Price {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Price".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Money::json_schema(generator);
        schema.insert("type".to_owned(), json!(["string", "number"]));
        schema.insert("minimum".to_owned(), 0.into());
        schema
    }
}

impl FromJson for String {
    /// Any text, as it is: for what is compared and never kept.
    fn from_json(node: &Node) -> Result<Self, Fault> {
        match node {
            Node::String(text) => Ok(text.clone()),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Array(_) | Node::Object(_) => {
                Err(wrong_type("a string"))
            }
        }
    }
}

/// What a merge patch (RFC 7396) says of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Patch<T> {
    /// Nothing: it stays.
    Keep,
    /// Null: it takes its default.
    Clear,
    /// A new value.
    Set(T),
}

impl<T: Clone> Patch<T> {
    /// A member that can be without a value, after the patch.
    pub fn or_none(&self, present: &Option<T>) -> Option<T> {
        match self {
            Self::Keep => present.clone(),
            Self::Clear => None,
            Self::Set(value) => Some(value.clone()),
        }
    }

    /// A member with a default, after the patch.
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
    /// Takes the members it knows; those left over are faults. `None` when a fault was found. It takes all of them whatever
    /// becomes of each: so faults are found together, and [`Members`] that only describe see every one.
    fn from_object<M: Members>(object: &mut M) -> Option<Self>;

    /// The same from a form, where that has other names.
    fn from_form<M: Members>(object: &mut M) -> Option<Self> {
        Self::from_object(object)
    }
}

/// The members of an object, taken one by one: of one that was sent ([`Object`]), or of any, to describe it in the API's
/// document. What is read and what is described are the same lines of code.
pub trait Members: Sized {
    /// Adds a fault of a member.
    fn report(&mut self, name: &str, fault: Fault);

    /// Adds a fault of a member of an element of a list.
    fn report_element(&mut self, name: &str, index: usize, member: &str, fault: Fault);

    /// A member that must be there.
    fn required<T: FromJson>(&mut self, name: &str) -> Option<T>;

    /// A member that may be absent or null.
    fn optional<T: FromJson>(&mut self, name: &str) -> Option<Option<T>>;

    /// A member with a default.
    fn or<T: FromJson + Serialize>(&mut self, name: &str, default: T) -> Option<T>;

    /// A member of a merge patch.
    fn patch<T: FromJson>(&mut self, name: &str) -> Option<Patch<T>>;

    /// A member of a merge patch that cannot be cleared.
    fn patch_required<T: FromJson>(&mut self, name: &str) -> Option<Option<T>>;

    /// A member that is a list of objects and must be there, with so many of them.
    fn list<T>(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
        read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>>;

    /// The same for a merge patch, where it may be absent.
    fn patch_list<T>(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
        read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Option<Vec<T>>>;

    /// A member that is an object itself and must be there.
    fn nested<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T>;
}

/// The members of an object that was sent. Faults are collected with where they stand.
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
    /// [`ApiError::Validation`] with every fault.
    pub fn read<T>(node: Node, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, ApiError> {
        let mut violations = Vec::new();
        let value = Self::within(String::new(), node, &mut violations, read);
        match value {
            Some(value) if violations.is_empty() => Ok(value),
            Some(_) | None => Err(ApiError::Validation(violations)),
        }
    }

    /// Reads a form. Fields without a value are absent, and those that `read` does not ask for are ignored.
    ///
    /// # Errors
    /// [`ApiError::InvalidForm`] with every fault.
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
        // What is left of a field that was asked for stood there more than once.
        let left: Vec<String> = std::mem::take(&mut object.members).into_iter().map(|(name, _)| name).collect();
        for (name, sent) in &sent {
            let left = left.iter().filter(|left| *left == name).count();
            if (1..*sent).contains(&left) {
                object.report(name, Fault::new("duplicate_parameter", "must stand once"));
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
            object.report(&name, Fault::new("unknown_member", "is not a member that can be set here"));
        }
        *violations = object.violations;
        value
    }

    fn take(&mut self, name: &str) -> Option<Node> {
        let at = self.members.iter().position(|(member, _)| member == name)?;
        Some(self.members.swap_remove(at).1)
    }

    /// Adds a violation, as long as a problem would name it.
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
                self.report(name, Fault::new("required", "must be given"));
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
                self.report(name, Fault::new("required", "must be given"));
                return None;
            }
            Some(_) => {
                self.report(name, wrong_type("an array"));
                return None;
            }
        };
        if !length.contains(&elements.len()) {
            let code = if elements.len() < *length.start() { "too_few" } else { "too_many" };
            let detail = format!("must hold {} to {} elements", length.start(), length.end());
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
                self.report(name, Fault::new("required", "must be given"));
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
    fn parse_of_numbers_keeps_their_digits() {
        let node = Node::parse(br#"{"a": 0.10000000000000000000001, "b": [1E400]}"#).unwrap();
        assert_eq!(
            node,
            Node::Object(vec![
                ("a".to_owned(), Node::Number("0.10000000000000000000001".to_owned())),
                ("b".to_owned(), Node::Array(vec![Node::Number("1E400".to_owned())])),
            ])
        );
    }

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

    #[test]
    fn parse_of_invalid_json_is_malformed_json() {
        let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
        let bodies: [&[u8]; 10] = [
            b"",
            b"{",
            b"{} {}",
            br#"{"a": 1, "a": 2}"#,
            br#"{"a": {"b": 1, "b": 2}}"#,
            br#"{"a": "\ud800"}"#,
            b"{\"a\": \"\xff\"}",
            b"{\"a\": \"\x00\"}",
            b"NaN",
            deep.as_bytes(),
        ];
        for body in bodies {
            assert!(matches!(Node::parse(body), Err(ApiError::MalformedJson(_))), "{}", String::from_utf8_lossy(body));
        }
        assert!(Node::parse(format!("{}{}", "[".repeat(32), "]".repeat(32)).as_bytes()).is_ok());
    }
}
