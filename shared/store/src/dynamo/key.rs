//! Keys of the table and its two indexes, as DynamoDB has them.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::dynamo::item::{Item, s};

/// An item's place in the table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    pub(crate) fn new(pk: impl Into<String>, sk: impl ToString) -> Self {
        Self { pk: pk.into(), sk: sk.to_string() }
    }

    /// The key of an item that was read.
    pub(crate) fn of(item: &Item) -> Option<Self> {
        let text = |name: &str| item.get(name)?.as_s().ok();
        Some(Self::new(text("pk")?, text("sk")?))
    }

    pub(crate) fn attributes(&self) -> Item {
        Item::from([("pk".to_owned(), s(&self.pk)), ("sk".to_owned(), s(&self.sk))])
    }
}

/// One of the table's two indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Index {
    One,
    Two,
}

impl Index {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::One => "index-1",
            Self::Two => "index-2",
        }
    }

    /// The attributes that are its partition and sort key.
    pub(crate) fn key_names(self) -> (&'static str, &'static str) {
        match self {
            Self::One => ("i1pk", "i1sk"),
            Self::Two => ("i2pk", "i2sk"),
        }
    }

    /// Puts the item into this index, under that key.
    pub(crate) fn insert(self, item: &mut Item, (partition, sort): (String, String)) {
        let (pk, sk) = self.key_names();
        item.insert(pk.to_owned(), AttributeValue::S(partition));
        item.insert(sk.to_owned(), AttributeValue::S(sort));
    }
}
