//! The effect of a movement: the new level, and the guards on product and warehouse.

use stockroom_domain::{
    catalogue::{Product, Warehouse},
    id::{ProductId, WarehouseId},
    quantity::Quantity,
    stock::{Balance, Movement, MovementNames},
    time::Timestamp,
};

use crate::{
    dynamo::{
        item::{Item, attributes, data},
        key::Key,
    },
    error::StoreError,
    keys::OrganizationKeys,
    stock::level_records::LevelRecord,
    write::{
        Attempt, Change,
        fence::{DeletionFence, HAS_LEVELS, PLACES, PROPAGATING},
        guard::Guards,
    },
};

/// The product of a movement as it was read.
#[derive(Debug)]
pub(crate) struct Goods<'a> {
    key: Key,
    item: &'a Item,
    fence: Option<DeletionFence>,
    pub(crate) product: Product,
}

/// A place of a movement as it was read.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    key: Key,
    item: &'a Item,
    fence: Option<DeletionFence>,
    pub(crate) warehouse: Warehouse,
    level: Option<LevelRecord>,
}

impl<'a> Goods<'a> {
    pub(crate) fn read(
        attempt: &Attempt<'a>,
        keys: OrganizationKeys,
        product: ProductId,
    ) -> Result<Option<Self>, StoreError> {
        let key = keys.product(product);
        let found = attempt.find(&key);
        found.map(|item| Ok(Self { key, item, fence: DeletionFence::of(item)?, product: data(item)? })).transpose()
    }

    /// Whether it is being deleted.
    pub(crate) fn is_being_deleted(&self, now: Timestamp) -> bool {
        self.fence.as_ref().is_some_and(|fence| fence.is_active(now))
    }

    /// Holds it with one more line of an open request.
    pub(crate) fn hold(&self, guards: &mut Guards<'a>) {
        guards.hold(&self.key, self.item, self.product.version);
    }

    /// Requires it as it was read until the commit.
    pub(crate) fn keep(&self, guards: &mut Guards<'a>) {
        guards.keep(&self.key, self.item, self.product.version);
    }

    /// The level after a movement. Product and level may have been read at different times: a level keeps its own
    /// minimum, unless a new one is being propagated; then it takes it now.
    pub(crate) fn level_after(&self, place: &Place<'_>, movement: &Movement) -> LevelRecord {
        let balance = Balance { on_hand: movement.balance_after, sequence: movement.sequence };
        let minimum = match &place.level {
            Some(level) if !self.is_propagating() => level.minimum(),
            Some(_) | None => self.product.details.min_stock_level,
        };
        LevelRecord::moved(place.level.as_ref(), balance, minimum, movement.created_at)
    }

    fn is_propagating(&self) -> bool {
        self.item.contains_key(PROPAGATING)
    }

    /// The present names for a movement.
    pub(crate) fn names_in(&self, place: &Place<'_>) -> MovementNames {
        let details = &self.product.details;
        MovementNames {
            sku: details.sku.clone(),
            product_name: details.name.clone(),
            unit: details.unit.clone(),
            warehouse_name: place.warehouse.details.name.clone(),
        }
    }

    /// Writes the level after a movement, if the level is as read. The product's first level fixes its unit: the
    /// product then records that it has levels.
    pub(crate) fn settle<T>(
        &self,
        keys: OrganizationKeys,
        change: Change<T>,
        guards: &mut Guards<'a>,
        place: &Place<'a>,
        after: &LevelRecord,
    ) -> Result<Change<T>, StoreError> {
        if !self.item.contains_key(HAS_LEVELS) {
            guards.fix_unit(&self.key, self.item, self.product.version);
        } else if self.is_propagating() || place.needs_check() {
            guards.keep(&self.key, self.item, self.product.version);
        } else {
            guards.touch(&self.key, self.item, self.product.version);
        }
        place.guard(guards);
        let item = after.item(keys, self.product.id, place.warehouse.id)?;
        change.put(item, &LevelRecord::as_read(place.level.as_ref()))
    }
}

impl<'a> Place<'a> {
    pub(crate) fn read(
        attempt: &Attempt<'a>,
        keys: OrganizationKeys,
        product: ProductId,
        warehouse: WarehouseId,
    ) -> Result<Option<Self>, StoreError> {
        let key = keys.warehouse(warehouse);
        let Some(item) = attempt.find(&key) else {
            return Ok(None);
        };
        let level = attempt.find(&keys.level(product, warehouse)).map(attributes).transpose()?;
        Ok(Some(Self { key, item, fence: DeletionFence::of(item)?, warehouse: data(item)?, level }))
    }

    /// Whether it is being deleted.
    pub(crate) fn is_being_deleted(&self, now: Timestamp) -> bool {
        self.fence.as_ref().is_some_and(|fence| fence.is_active(now))
    }

    pub(crate) fn balance(&self) -> Balance {
        self.level.as_ref().map(LevelRecord::balance).unwrap_or_default()
    }

    /// The minimum that the level falls below, if it was not below it before.
    pub(crate) fn fell_below(&self, after: &LevelRecord) -> Option<Quantity> {
        let was_low = self.level.as_ref().is_some_and(LevelRecord::is_low);
        (after.is_low() && !was_low).then(|| after.minimum())
    }

    /// When its last movement was recorded.
    pub(crate) fn updated_at(&self) -> Timestamp {
        self.level.as_ref().map_or(Timestamp::EPOCH, LevelRecord::updated_at)
    }

    /// Whether the level's revision does not guard product and warehouse: the level is new, or a deletion fenced it,
    /// perhaps after product and warehouse were read without the fence.
    fn needs_check(&self) -> bool {
        self.level.as_ref().is_none_or(LevelRecord::is_fenced)
    }

    /// A warehouse counts its levels, so that a deletion knows how many to expect, including one that is being
    /// committed.
    fn guard(&self, guards: &mut Guards<'a>) {
        let version = self.warehouse.version;
        if self.level.is_none() {
            guards.count(&self.key, self.item, version, PLACES);
        } else if self.needs_check() {
            guards.keep(&self.key, self.item, version);
        } else {
            guards.touch(&self.key, self.item, version);
        }
    }
}
