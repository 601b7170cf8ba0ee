//! The stored form of a level: one item for each product and warehouse, conditioned on its revision.

use serde::{Deserialize, Serialize};
use stockroom_domain::{
    id::{ProductId, WarehouseId},
    quantity::Quantity,
    stock::{Balance, Movement},
    time::Timestamp,
};

use crate::{
    dynamo::{
        expression::{Expression, absent, expression},
        item::{Item, attributes, n, s, with_attributes},
        key::{Index, Key},
    },
    error::StoreError,
    keys::{OrganizationKeys, level_sort, parse_level},
};

/// A level as its item stores it. No attribute is projected, so a movement writes to no index, except for the keys of
/// the low list when the level enters or leaves it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LevelRecord {
    on_hand: Quantity,
    sequence: u64,
    min_stock_level: Quantity,
    /// Increases with every write, with or without a movement.
    revision: u64,
    low_since: Option<Timestamp>,
    /// When the last movement was recorded.
    updated_at: Timestamp,
    /// The token of the deletion that fenced the empty level.
    #[serde(rename = "frozen")]
    fenced_by: Option<String>,
}

impl LevelRecord {
    pub(crate) fn balance(&self) -> Balance {
        Balance { on_hand: self.on_hand, sequence: self.sequence }
    }

    pub(crate) fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    pub(crate) fn minimum(&self) -> Quantity {
        self.min_stock_level
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.on_hand == Quantity::ZERO
    }

    /// Since when it is below its minimum.
    pub(crate) fn low_since(&self) -> Option<Timestamp> {
        self.low_since
    }

    pub(crate) fn is_low(&self) -> bool {
        self.low_since.is_some()
    }

    pub(crate) fn is_fenced(&self) -> bool {
        self.fenced_by.is_some()
    }

    pub(crate) fn is_fenced_by(&self, fence: &str) -> bool {
        self.fenced_by.as_deref() == Some(fence)
    }

    /// The record after a movement to `balance`, without a fence.
    pub(crate) fn moved(before: Option<&Self>, balance: Balance, minimum: Quantity, at: Timestamp) -> Self {
        let low_since = balance.is_below(minimum).then(|| before.and_then(|level| level.low_since).unwrap_or(at));
        Self {
            on_hand: balance.on_hand,
            sequence: balance.sequence,
            min_stock_level: minimum,
            revision: before.map_or(0, |level| level.revision).saturating_add(1),
            low_since,
            updated_at: at,
            fenced_by: None,
        }
    }

    /// The record after an earlier movement.
    pub(crate) fn before(last: &Self, movement: &Movement) -> Self {
        Self {
            on_hand: movement.balance_after,
            sequence: movement.sequence,
            updated_at: movement.created_at,
            low_since: None,
            ..last.clone()
        }
    }

    /// The record under another minimum.
    pub(crate) fn under(&self, minimum: Quantity, now: Timestamp) -> Self {
        let low_since = self.balance().is_below(minimum).then(|| self.low_since.unwrap_or(now));
        Self { min_stock_level: minimum, low_since, revision: self.revision.saturating_add(1), ..self.clone() }
    }

    pub(crate) fn item(
        &self,
        keys: OrganizationKeys,
        product: ProductId,
        warehouse: WarehouseId,
    ) -> Result<Item, StoreError> {
        let mut item = with_attributes(&keys.level(product, warehouse), self)?;
        let sort = level_sort(product, warehouse);
        if let Some(since) = self.low_since {
            Index::One.insert(&mut item, (keys.low(), format!("{since}#{sort}")));
        }
        Index::Two.insert(&mut item, (keys.levels(), sort));
        Ok(item)
    }

    /// The condition that the item is as `before`.
    pub(crate) fn as_read(before: Option<&Self>) -> Expression {
        before.map_or_else(absent, |level| expression("#revision = :revision").with("revision", n(level.revision)))
    }
}

/// The levels of a product, or in a warehouse.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Held {
    OfProduct(ProductId),
    InWarehouse(WarehouseId),
}

/// A level with its place.
#[derive(Debug, Clone)]
pub(crate) struct StoredLevel {
    pub(crate) key: Key,
    pub(crate) product: ProductId,
    pub(crate) warehouse: WarehouseId,
    pub(crate) record: LevelRecord,
}

impl StoredLevel {
    pub(crate) fn of(item: &Item) -> Result<Self, StoreError> {
        let key = Key::of(item).ok_or_else(|| StoreError::internal("a level has no key"))?;
        let (product, warehouse) =
            parse_level(&key).ok_or_else(|| StoreError::internal("a level's key names no place"))?;
        Ok(Self { key, product, warehouse, record: attributes(item)? })
    }

    pub(crate) fn as_read(&self) -> Expression {
        LevelRecord::as_read(Some(&self.record))
    }

    /// The update that fences it, under its condition.
    pub(crate) fn fence(&self, fence: &str) -> (Key, Expression, Expression) {
        let update = expression("SET #frozen = :fence, #revision = :next")
            .with("fence", s(fence))
            .with("next", n(self.record.revision.saturating_add(1)));
        (self.key.clone(), update, self.as_read())
    }

    /// The update that removes it from the list of low levels, under its condition.
    pub(crate) fn retire(&self) -> (Key, Expression, Expression) {
        let update = expression("SET #revision = :next REMOVE #i1pk, #i1sk")
            .with("next", n(self.record.revision.saturating_add(1)));
        (self.key.clone(), update, self.as_read())
    }
}
