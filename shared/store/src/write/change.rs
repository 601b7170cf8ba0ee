//! What a decision returns: a change with its log entries, or the reason why there is none.

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use stockroom_domain::id::OrganizationId;

use crate::{
    dynamo::{
        expression::{Expression, absent},
        item::Item,
        key::Key,
    },
    error::StoreError,
    schema,
    write::{idempotency::Retention, log::Entry},
};

/// A change: all of it is committed, or nothing.
#[derive(Debug)]
pub(crate) struct Change<T> {
    pub(super) result: T,
    pub(super) actions: Vec<TransactWriteItem>,
    pub(super) retention: Retention,
}

/// A decision.
#[derive(Debug)]
pub(crate) enum Decision<T> {
    Commit(Change<T>),
    /// Nothing changes.
    Keep(T),
    /// The decision needs these items too.
    Read(Vec<Key>),
    /// Another operation has a fence: decide again after a pause.
    Wait(&'static str),
}

impl<T> Decision<T> {
    /// The same decision with another result.
    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Decision<U> {
        match self {
            Self::Commit(change) => Decision::Commit(change.map(map)),
            Self::Keep(result) => Decision::Keep(map(result)),
            Self::Read(keys) => Decision::Read(keys),
            Self::Wait(reason) => Decision::Wait(reason),
        }
    }
}

impl<T> From<Change<T>> for Decision<T> {
    fn from(change: Change<T>) -> Self {
        Self::Commit(change)
    }
}

/// An action under its condition. The SDK's builders have these setters in common, but no trait for them; the table's
/// name is filled in on commit.
macro_rules! action {
    ($kind:ident, $condition:expr, [$($other:expr)?]) => {
        $kind::builder()
            .table_name("")
            .condition_expression(&$condition.text)
            .set_expression_attribute_names(Expression::names(&[$condition, $($other)?]))
            .set_expression_attribute_values(Expression::values(&[$condition, $($other)?]))
    };
}

impl<T> Change<T> {
    /// A change with its log entry.
    pub(crate) fn logged(result: T, organization: OrganizationId, entry: &Entry) -> Result<Self, StoreError> {
        Self::with_entry_item(result, entry.item(organization)?)
    }

    /// A change of one or more entries.
    pub(crate) fn logged_all(result: T, organization: OrganizationId, entries: &[Entry]) -> Result<Self, StoreError> {
        let (first, more) = entries.split_first().ok_or_else(|| StoreError::internal("a change without an entry"))?;
        more.iter()
            .try_fold(Self::logged(result, organization, first)?, |change, entry| change.and_log(organization, entry))
    }

    /// Bookkeeping after a logged change, without an entry.
    pub(crate) fn following(result: T) -> Self {
        Self { result, actions: Vec::new(), retention: Retention::Day }
    }

    /// A change whose entry is an item of its own: a movement.
    pub(crate) fn with_entry_item(result: T, entry: Item) -> Result<Self, StoreError> {
        let change = Self { result, actions: Vec::new(), retention: Retention::Day };
        change.put(entry, &absent())
    }

    pub(crate) fn and_log(self, organization: OrganizationId, entry: &Entry) -> Result<Self, StoreError> {
        let item = entry.item(organization)?;
        self.put(item, &absent())
    }

    /// The same change with another result.
    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Change<U> {
        Change { result: map(self.result), actions: self.actions, retention: self.retention }
    }

    /// Stores the response as long as the organization exists.
    pub(crate) fn stored_forever(self) -> Self {
        Self { retention: Retention::Forever, ..self }
    }

    /// Puts the whole item under `condition`.
    pub(crate) fn put(mut self, mut item: Item, condition: &Expression) -> Result<Self, StoreError> {
        schema::stamp(&mut item);
        let put = action!(Put, condition, []).set_item(Some(item)).build().map_err(StoreError::internal)?;
        self.actions.push(TransactWriteItem::builder().put(put).build());
        Ok(self)
    }

    pub(crate) fn update(mut self, key: &Key, update: &Expression, condition: &Expression) -> Result<Self, StoreError> {
        let update = action!(Update, condition, [update])
            .set_key(Some(key.attributes()))
            .update_expression(&update.text)
            .build()
            .map_err(StoreError::internal)?;
        self.actions.push(TransactWriteItem::builder().update(update).build());
        Ok(self)
    }

    pub(crate) fn delete(mut self, key: &Key, condition: &Expression) -> Result<Self, StoreError> {
        let delete = action!(Delete, condition, []).set_key(Some(key.attributes()));
        let delete = delete.build().map_err(StoreError::internal)?;
        self.actions.push(TransactWriteItem::builder().delete(delete).build());
        Ok(self)
    }

    /// Adds a condition on an item that does not change.
    pub(crate) fn check(mut self, key: &Key, condition: &Expression) -> Result<Self, StoreError> {
        let check = action!(ConditionCheck, condition, []).set_key(Some(key.attributes()));
        let check = check.build().map_err(StoreError::internal)?;
        self.actions.push(TransactWriteItem::builder().condition_check(check).build());
        Ok(self)
    }
}
