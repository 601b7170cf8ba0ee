//! Items as attribute values.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Serialize, de::DeserializeOwned};
use stockroom_domain::time::Timestamp;

use crate::{
    dynamo::{decode::Decoder, key::Key},
    error::StoreError,
};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The attribute that both indexes project.
pub(crate) const DATA: &str = "data";

pub(crate) fn s(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

pub(crate) fn n(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A moment in milliseconds, as a number that expressions compare.
pub(crate) fn millis(at: Timestamp) -> AttributeValue {
    n(at.unix_millis())
}

pub(crate) fn b(bytes: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new(bytes))
}

pub(crate) fn encode(value: &impl Serialize) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(value).map_err(StoreError::internal)
}

/// An item whose state is all in `data`.
pub(crate) fn with_data(key: &Key, data: &impl Serialize) -> Result<Item, StoreError> {
    let mut item = key.attributes();
    item.insert(DATA.to_owned(), encode(data)?);
    Ok(item)
}

/// The same without null values, at any depth.
pub(crate) fn with_compact_data(key: &Key, data: &impl Serialize) -> Result<Item, StoreError> {
    let mut item = key.attributes();
    item.insert(DATA.to_owned(), compact(encode(data)?));
    Ok(item)
}

fn compact(mut value: AttributeValue) -> AttributeValue {
    if let AttributeValue::M(members) = &mut value {
        members.retain(|_, value| !value.is_null());
        *members = std::mem::take(members).into_iter().map(|(name, value)| (name, compact(value))).collect();
    }
    if let AttributeValue::L(values) = &mut value {
        *values = std::mem::take(values).into_iter().map(compact).collect();
    }
    value
}

/// The `data` of an item.
pub(crate) fn data<T: DeserializeOwned>(item: &Item) -> Result<T, StoreError> {
    decode(item.get(DATA).ok_or_else(|| StoreError::internal("an item has no data"))?)
}

/// A value of an item.
pub(crate) fn decode<T: DeserializeOwned>(value: &AttributeValue) -> Result<T, StoreError> {
    T::deserialize(Decoder::Value(value)).map_err(StoreError::internal)
}

/// An item whose state is in attributes of its own.
pub(crate) fn with_attributes(key: &Key, record: &impl Serialize) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(record).map_err(StoreError::internal)?;
    item.retain(|_, value| !value.is_null());
    item.extend(key.attributes());
    Ok(item)
}

/// The attributes of an item.
pub(crate) fn attributes<T: DeserializeOwned>(item: &Item) -> Result<T, StoreError> {
    T::deserialize(Decoder::Item(item)).map_err(StoreError::internal)
}
