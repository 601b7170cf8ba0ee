//! Values that a member of a body can hold: the reader of each, and the schemas that differ from the domain's.

use std::{borrow::Cow, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use stockroom_domain::{
    access::Role,
    catalogue::{DecimalPlaces, LeadTimeDays},
    fault::Fault,
    id::{ProductId, PurchaseRequestItemId, SupplierId, UserId, WarehouseId},
    money::Money,
    organization::{Currency, Subdomain},
    quantity::Quantity,
    text,
    time::Timestamp,
    user::{Password, UserStatus},
};

use crate::{body::json::Node, wire::Number};

/// A value that a member can hold, with its schema.
pub trait FromJson: JsonSchema + Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// The validation error of the value.
    fn from_json(node: &Node) -> Result<Self, Fault>;
}

pub(super) fn wrong_type(expected: &str) -> Fault {
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
    PurchaseRequestItemId,
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

impl From<NotNegative> for Quantity {
    fn from(NotNegative(quantity): NotNegative) -> Self {
        quantity
    }
}

impl From<Positive> for Quantity {
    fn from(Positive(quantity): Positive) -> Self {
        quantity
    }
}

impl From<Price> for Money {
    fn from(Price(money): Price) -> Self {
        money
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
        schema.insert("examples".to_owned(), vec![10].into());
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

/// A price in a request: text, or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price(pub Money);

impl FromJson for Price {
    fn from_json(node: &Node) -> Result<Self, Fault> {
        match node {
            Node::String(text) | Node::Number(text) => text.parse().map(Self),
            Node::Null | Node::Bool(_) | Node::Array(_) | Node::Object(_) => Err(wrong_type("a decimal as a string")),
        }
    }
}

impl JsonSchema for Price {
    fn schema_name() -> Cow<'static, str> {
        "Price".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An amount of at least 0 in the organization's currency. Responses have it as text.",
            "anyOf": [Money::json_schema(generator), {"type": "number", "minimum": 0}],
        })
    }
}

impl FromJson for String {
    /// Any text, unchanged: for values that are compared and never stored.
    fn from_json(node: &Node) -> Result<Self, Fault> {
        match node {
            Node::String(text) => Ok(text.clone()),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Array(_) | Node::Object(_) => {
                Err(wrong_type("a string"))
            }
        }
    }
}
