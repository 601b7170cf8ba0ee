//! What a movement does to what it is about: the level it leaves, and what it needs of product and warehouse.

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
        fence::{HAS_LEVELS, Mark, PLACES, SPREADING},
        guard::Guards,
    },
};

/// The product of a movement as it was read.
#[derive(Debug)]
pub(crate) struct Goods<'a> {
    key: Key,
    item: &'a Item,
    mark: Option<Mark>,
    pub(crate) product: Product,
}

/// A place of a movement as it was read.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    key: Key,
    item: &'a Item,
    mark: Option<Mark>,
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
        found.map(|item| Ok(Self { key, item, mark: Mark::of(item)?, product: data(item)? })).transpose()
    }

    /// Whether it is being deleted.
    pub(crate) fn is_leaving(&self, now: Timestamp) -> bool {
        self.mark.as_ref().is_some_and(|mark| mark.holds(now))
    }

    /// One more line of an open purchase request holds it.
    pub(crate) fn hold(&self, guards: &mut Guards<'a>) {
        guards.hold(&self.key, self.item, self.product.version);
    }

    /// It must be as it was read until the change is committed.
    pub(crate) fn keep(&self, guards: &mut Guards<'a>) {
        guards.keep(&self.key, self.item, self.product.version);
    }

    /// The level that a movement leaves. What was read of product and level need not be of one moment: a level keeps its own
    /// minimum, unless levels have yet to follow a new one; then it follows now.
    pub(crate) fn level_after(&self, place: &Place<'_>, movement: &Movement) -> LevelRecord {
        let balance = Balance { on_hand: movement.balance_after, sequence: movement.sequence };
        let minimum = match &place.level {
            Some(level) if !self.is_spreading() => level.minimum(),
            Some(_) | None => self.product.details.min_stock_level,
        };
        LevelRecord::moved(place.level.as_ref(), balance, minimum, movement.created_at)
    }

    fn is_spreading(&self) -> bool {
        self.item.contains_key(SPREADING)
    }

    /// What a movement in a place is about, in the words of now.
    pub(crate) fn names_in(&self, place: &Place<'_>) -> MovementNames {
        let details = &self.product.details;
        MovementNames {
            sku: details.sku.clone(),
            product_name: details.name.clone(),
            unit: details.unit.clone(),
            warehouse_name: place.warehouse.details.name.clone(),
        }
    }

    /// Writes the level that a movement leaves, under the condition that it meets the one it was decided on. The product's
    /// first level fixes its unit: the product says from then on that it has levels.
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
        } else if self.is_spreading() || place.needs_check() {
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
        Ok(Some(Self { key, item, mark: Mark::of(item)?, warehouse: data(item)?, level }))
    }

    /// Whether it is being deleted.
    pub(crate) fn is_leaving(&self, now: Timestamp) -> bool {
        self.mark.as_ref().is_some_and(|mark| mark.holds(now))
    }

    pub(crate) fn balance(&self) -> Balance {
        self.level.as_ref().map(LevelRecord::balance).unwrap_or_default()
    }

    /// The minimum that the level falls below by becoming `after`, if it does and was not below it already.
    pub(crate) fn fell_below(&self, after: &LevelRecord) -> Option<Quantity> {
        let was_low = self.level.as_ref().is_some_and(LevelRecord::is_low);
        (after.is_low() && !was_low).then(|| after.minimum())
    }

    /// When its last movement was recorded.
    pub(crate) fn updated_at(&self) -> Timestamp {
        self.level.as_ref().map_or(Timestamp::EPOCH, LevelRecord::updated_at)
    }

    /// Whether the level's revision alone does not guard what it is of: there is no level yet, or a deletion has frozen
    /// it, perhaps after the product and the warehouse were read without its mark.
    fn needs_check(&self) -> bool {
        self.level.as_ref().is_none_or(LevelRecord::is_frozen)
    }

    /// A warehouse counts its levels, so that a deletion knows how many to look for, even while the newest is still being
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
