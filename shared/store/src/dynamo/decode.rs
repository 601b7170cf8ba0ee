//! Reads values from attribute values in place. `serde_dynamo` consumes its input, so each read would copy the item
//! first.

use std::fmt::Display;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{
    de::{
        Deserializer, Error as _, Expected, IntoDeserializer, Unexpected, Visitor,
        value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};

use crate::dynamo::item::Item;

/// Why a value cannot be read. A wrong type names no value: it may be a secret, and errors are logged.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Error(String);

impl serde::de::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(format!("invalid type, expected {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(format!("invalid value, expected {expected}"))
    }
}

/// An attribute value as serde reads it: strings and members are borrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Decoder<'de> {
    Value(&'de AttributeValue),
    Item(&'de Item),
    Number(&'de str),
}

fn members(item: &Item) -> MapDeserializer<'_, impl Iterator<Item = (&str, Decoder<'_>)>, Error> {
    MapDeserializer::new(item.iter().map(|(name, value)| (name.as_str(), Decoder::Value(value))))
}

/// Passes an integer where the number is one, otherwise a float.
fn number<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Error> {
    if let Ok(number) = text.parse() {
        return visitor.visit_u64(number);
    }
    if let Ok(number) = text.parse() {
        return visitor.visit_i64(number);
    }
    text.parse().map_err(|_| Error::custom("expected a number")).and_then(|number| visitor.visit_f64(number))
}

impl<'de> IntoDeserializer<'de, Error> for Decoder<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Decoder<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let value = match self {
            Self::Value(value) => value,
            Self::Item(item) => return visitor.visit_map(members(item)),
            Self::Number(text) => return number(text, visitor),
        };
        match value {
            AttributeValue::S(text) => visitor.visit_borrowed_str(text),
            AttributeValue::N(text) => number(text, visitor),
            AttributeValue::Bool(value) => visitor.visit_bool(*value),
            AttributeValue::M(item) => visitor.visit_map(members(item)),
            AttributeValue::L(values) => visitor.visit_seq(SeqDeserializer::new(values.iter().map(Decoder::Value))),
            AttributeValue::B(bytes) => visitor.visit_borrowed_bytes(bytes.as_ref()),
            AttributeValue::Null(_) => visitor.visit_unit(),
            AttributeValue::Ss(texts) => visitor.visit_seq(SeqDeserializer::new(texts.iter().map(String::as_str))),
            AttributeValue::Ns(texts) => {
                visitor.visit_seq(SeqDeserializer::new(texts.iter().map(|text| Decoder::Number(text))))
            }
            AttributeValue::Bs(_) | AttributeValue::Unknown { .. } | _ => {
                Err(Error::custom("unsupported attribute type"))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Value(AttributeValue::Null(_)) => visitor.visit_none(),
            Self::Value(_) | Self::Item(_) | Self::Number(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A text names a variant without data, and the only member of a map one with data.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Value(AttributeValue::S(text)) => visitor.visit_enum(text.as_str().into_deserializer()),
            Self::Value(AttributeValue::M(item)) | Self::Item(item) => {
                visitor.visit_enum(MapAccessDeserializer::new(members(item)))
            }
            Self::Value(_) | Self::Number(_) => Err(Error::custom("expected an enum variant")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use aws_sdk_dynamodb::primitives::Blob;
    use serde::{Deserialize, Serialize, de::DeserializeOwned};

    use super::*;
    use crate::dynamo::item::{encode, n, s};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Record {
        text: String,
        number: u8,
        below_zero: i64,
        large: u64,
        part: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<String>,
        null: Option<u8>,
        present: Option<bool>,
        list: Vec<Kind>,
        map: BTreeMap<String, Wrapped>,
        #[serde(flatten)]
        rest: BTreeMap<String, u64>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Wrapped(u32);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Plain,
        Number(u64),
        Members { text: String },
    }

    fn read<T: DeserializeOwned>(value: &AttributeValue) -> Result<T, Error> {
        T::deserialize(Decoder::Value(value))
    }

    #[test]
    fn decode_of_an_encoded_record_is_equal() {
        let record = Record {
            text: "Größe".to_owned(),
            number: 255,
            below_zero: -7,
            large: u64::MAX,
            part: 0.5,
            absent: None,
            null: None,
            present: Some(true),
            list: vec![Kind::Plain, Kind::Number(3), Kind::Members { text: "m".to_owned() }],
            map: BTreeMap::from([("a".to_owned(), Wrapped(1))]),
            rest: BTreeMap::from([("other".to_owned(), 9)]),
        };
        assert_eq!(read::<Record>(&encode(&record).unwrap()).unwrap(), record);
    }

    #[test]
    fn decode_reads_sets_and_bytes() {
        let texts: BTreeSet<String> = read(&AttributeValue::Ss(vec!["b".to_owned(), "a".to_owned()])).unwrap();
        assert_eq!(texts.into_iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(read::<Vec<u8>>(&AttributeValue::Ns(vec!["2".to_owned()])).unwrap(), [2]);
        let bytes = AttributeValue::B(Blob::new(*b"raw"));
        assert_eq!(<&[u8]>::deserialize(Decoder::Value(&bytes)).unwrap(), b"raw");
    }

    #[test]
    fn decode_of_another_type_is_an_error() {
        assert!(read::<u8>(&n(256)).is_err());
        assert!(read::<u8>(&s("1")).is_err());
        assert!(read::<String>(&n(1)).is_err());
        assert!(read::<Kind>(&s("Unknown")).is_err());
        assert!(read::<Kind>(&n(1)).is_err());
        assert!(read::<Wrapped>(&AttributeValue::N("one".to_owned())).is_err());
        assert!(read::<BTreeMap<String, u8>>(&AttributeValue::L(Vec::new())).is_err());
        let error = read::<Wrapped>(&s("secret")).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}
