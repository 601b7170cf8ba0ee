//! Movements: recording them, and reading them back. A movement is its own log entry.

use serde::{Deserialize, Serialize};
use stockroom_domain::{
    id::{ChangeId, MovementId, ProductId, PurchaseRequestId, TransferId, UserId, WarehouseId},
    quantity::Quantity,
    stock::{Movement, MovementNames, MovementType, NewMovement, Operation, Posting, admit_occurred_at},
    text::{Notes, ProductName, Reference, Sku, Unit, WarehouseName},
    time::Timestamp,
    user::Person,
};

use crate::{
    dynamo::{
        expression::{Expression, expression},
        item::{Item, data, s, with_data},
        key::Index,
        merge::{Merge, share, text},
        page::{Page, PageRequest},
        query::{Query, Range},
    },
    error::{StoreError, unknown},
    keys::{OrganizationKeys, SHARDS, id_bounds, last_id, ledger_sort},
    stock::posting::{Goods, Place},
    write::{
        Attempt, Authority, Change, Decision, Outcome, access::Table, guard::Guards, log::OriginRecord,
        scope::TenantScope,
    },
};

/// A movement as it is stored, without the members of its key.
#[derive(Debug, Serialize, Deserialize)]
struct MovementRecord {
    #[serde(rename = "type")]
    kind: MovementType,
    product_id: ProductId,
    warehouse_id: WarehouseId,
    quantity: Quantity,
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_quantity: Option<Quantity>,
    balance_after: Quantity,
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<Notes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_id: Option<TransferId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purchase_request_id: Option<PurchaseRequestId>,
    /// Only if it differs from the time of recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred_at: Option<Timestamp>,
    created_at: Timestamp,
    created_by: Person,
    /// The minimum, only if the level fell below it with this movement.
    #[serde(skip_serializing_if = "Option::is_none")]
    fell_below: Option<Quantity>,
    /// Only if the change has other entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    change_id: Option<ChangeId>,
    /// All four of these, or none. Their names are short because each kilobyte of an item costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<Sku>,
    #[serde(rename = "name", skip_serializing_if = "Option::is_none")]
    product_name: Option<ProductName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<Unit>,
    #[serde(rename = "place", skip_serializing_if = "Option::is_none")]
    warehouse_name: Option<WarehouseName>,
    origin: OriginRecord,
}

/// A movement as an entry of the log.
#[derive(Debug)]
pub(crate) struct MovementEntry {
    pub(crate) movement: Movement,
    pub(crate) fell_below: Option<Quantity>,
    pub(crate) change_id: Option<ChangeId>,
    pub(crate) origin: OriginRecord,
}

/// The movement of an item, or of an index's view of it.
pub(crate) fn movement(item: &Item) -> Result<Movement, StoreError> {
    movement_entry(item).map(|entry| entry.movement)
}

/// The movement with the further members of an entry.
pub(crate) fn movement_entry(item: &Item) -> Result<MovementEntry, StoreError> {
    let id = item.get("sk").and_then(|sk| last_id(sk.as_s().ok()?));
    let record: MovementRecord = data(item)?;
    let names = match (record.sku, record.product_name, record.unit, record.warehouse_name) {
        (Some(sku), Some(product_name), Some(unit), Some(warehouse_name)) => {
            Some(MovementNames { sku, product_name, unit, warehouse_name })
        }
        _ => None,
    };
    let movement = Movement {
        id: id.ok_or_else(|| StoreError::internal("a movement has no id"))?,
        kind: record.kind,
        product_id: record.product_id,
        warehouse_id: record.warehouse_id,
        quantity: record.quantity,
        counted_quantity: record.counted_quantity,
        balance_after: record.balance_after,
        sequence: record.sequence,
        reference: record.reference,
        notes: record.notes,
        transfer_id: record.transfer_id,
        purchase_request_id: record.purchase_request_id,
        occurred_at: record.occurred_at.unwrap_or(record.created_at),
        created_at: record.created_at,
        created_by: record.created_by,
        names,
    };
    let MovementRecord { fell_below, change_id, origin, .. } = record;
    Ok(MovementEntry { movement, fell_below, change_id, origin })
}

/// A movement's item: its line in the ledger, and its entry in the log.
pub(crate) fn item(
    keys: OrganizationKeys,
    movement: &Movement,
    fell_below: Option<Quantity>,
    change: Option<ChangeId>,
    origin: OriginRecord,
) -> Result<Item, StoreError> {
    let moved = movement.clone();
    let names = moved.names.as_ref();
    let record = MovementRecord {
        kind: moved.kind,
        product_id: moved.product_id,
        warehouse_id: moved.warehouse_id,
        quantity: moved.quantity,
        counted_quantity: moved.counted_quantity,
        balance_after: moved.balance_after,
        sequence: moved.sequence,
        reference: moved.reference,
        notes: moved.notes,
        transfer_id: moved.transfer_id,
        purchase_request_id: moved.purchase_request_id,
        occurred_at: (moved.occurred_at != moved.created_at).then_some(moved.occurred_at),
        created_at: moved.created_at,
        created_by: moved.created_by,
        fell_below,
        change_id: change,
        sku: names.map(|names| names.sku.clone()),
        product_name: names.map(|names| names.product_name.clone()),
        unit: names.map(|names| names.unit.clone()),
        warehouse_name: names.map(|names| names.warehouse_name.clone()),
        origin,
    };
    let mut item = with_data(&keys.movement(moved.id), &record)?;
    let line = ledger_sort(moved.warehouse_id, moved.created_at, moved.sequence);
    Index::One.insert(&mut item, (keys.ledger(moved.product_id), line));
    Index::Two.insert(&mut item, (keys.at(moved.warehouse_id), moved.id.to_string()));
    Ok(item)
}

/// A recorded movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedMovement {
    /// The movement; for a transfer, the out leg.
    pub movement: Movement,
    /// The in leg of a transfer.
    pub counterpart: Option<Movement>,
}

/// Filters of a list of movements.
#[derive(Debug, Clone, Default)]
pub struct MovementFilter {
    pub product: Option<ProductId>,
    pub warehouse: Option<WarehouseId>,
    /// Any of these types; all types if empty.
    pub kinds: Vec<MovementType>,
    pub reference: Option<Reference>,
    pub created_by: Option<UserId>,
    /// Recorded at this time or later.
    pub from: Option<Timestamp>,
    /// Recorded before this time.
    pub to: Option<Timestamp>,
}

/// See [`crate::Store::movements`].
#[derive(Debug, Clone, Copy)]
pub struct Movements<'a> {
    table: &'a Table,
    scope: &'a TenantScope,
}

impl<'a> Movements<'a> {
    pub(crate) fn new(table: &'a Table, scope: &'a TenantScope) -> Self {
        Self { table, scope }
    }

    fn keys(&self) -> OrganizationKeys {
        self.scope.keys()
    }

    /// Records a movement: the level and the ledger in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] for unknown references or too many decimals, [`crate::Conflict::InsufficientStock`].
    pub async fn record(
        &self,
        new: &NewMovement,
        present: impl Fn(&RecordedMovement) -> Vec<u8>,
    ) -> Result<Outcome<RecordedMovement>, StoreError> {
        let keys = self.keys();
        let mut wanted = vec![keys.product(new.product)];
        let mut places = vec![new.warehouse];
        if let Operation::Transfer(_, to) = new.operation {
            places.push(to);
        }
        for place in places {
            wanted.extend([keys.warehouse(place), keys.level(new.product, place)]);
        }
        self.table.write(Authority::Tenant(self.scope), &wanted, |attempt| self.decide(attempt, new), present).await
    }

    fn decide(&self, attempt: &Attempt<'_>, new: &NewMovement) -> Result<Decision<RecordedMovement>, StoreError> {
        let keys = self.keys();
        let destination = match new.operation {
            Operation::Transfer(quantity, to) => Some((quantity, to)),
            Operation::In(_) | Operation::Out(_) | Operation::Adjustment(_) | Operation::Count(_) => None,
        };
        let mut faults = Vec::new();
        let goods = Goods::read(attempt, keys, new.product)?;
        match &goods {
            None => faults.push(("product_id".into(), unknown("product"))),
            Some(goods) => {
                if let Err(fault) = goods.product.details.decimal_places.admit(new.operation.quantity()) {
                    faults.push(("quantity".into(), fault));
                }
            }
        }
        if let Some(Err(fault)) = new.occurred_at.map(|at| admit_occurred_at(at, attempt.now)) {
            faults.push(("occurred_at".into(), fault));
        }
        let from = Place::read(attempt, keys, new.product, new.warehouse)?;
        if from.is_none() {
            faults.push(("warehouse_id".into(), unknown("warehouse")));
        }
        let mut to = None;
        if let Some((quantity, warehouse)) = destination {
            to = Place::read(attempt, keys, new.product, warehouse)?.map(|place| (quantity, place));
            if to.is_none() {
                faults.push(("to_warehouse_id".into(), unknown("warehouse")));
            }
        }
        let (Some(goods), Some(from), []) = (goods, from, faults.as_slice()) else {
            return Err(StoreError::Rejected(faults));
        };
        let places = || [Some(&from), to.as_ref().map(|(_, place)| place)].into_iter().flatten();
        if goods.is_being_deleted(attempt.now) || places().any(|place| place.is_being_deleted(attempt.now)) {
            return Ok(Decision::Wait("the product or warehouse is being deleted"));
        }

        let created_at = places().map(Place::updated_at).fold(attempt.now, Timestamp::max);
        let transfer: Option<TransferId> = to.is_some().then(|| attempt.id());
        let by = Person::from(&attempt.caller()?.user);
        let leg = |place: &Place<'_>, posting: Posting| Movement {
            id: attempt.sources.id_in_order(created_at, posting.balance.sequence),
            kind: posting.kind,
            product_id: new.product,
            warehouse_id: place.warehouse.id,
            quantity: posting.quantity,
            counted_quantity: posting.counted,
            balance_after: posting.balance.on_hand,
            sequence: posting.balance.sequence,
            reference: new.reference.clone(),
            notes: new.notes.clone(),
            transfer_id: transfer,
            purchase_request_id: None,
            occurred_at: new.occurred_at.unwrap_or(created_at),
            created_at,
            created_by: by.clone(),
            names: Some(goods.names_in(place)),
        };
        let out = leg(&from, from.balance().apply(new.operation)?);
        let into = match &to {
            Some((quantity, place)) => Some((place, leg(place, place.balance().receive_transfer(*quantity)?))),
            None => None,
        };

        let change_id = into.is_some().then_some(attempt.change_id);
        let recorded =
            RecordedMovement { movement: out.clone(), counterpart: into.as_ref().map(|(_, leg)| leg.clone()) };
        let level = goods.level_after(&from, &out);
        let entry = item(keys, &out, from.fell_below(&level), change_id, attempt.origin())?;
        let mut change = Change::with_entry_item(recorded, entry)?.stored_forever();
        let mut guards = Guards::default();
        change = goods.settle(keys, change, &mut guards, &from, &level)?;
        if let Some((place, leg)) = &into {
            let level = goods.level_after(place, leg);
            let entry = item(keys, leg, place.fell_below(&level), change_id, attempt.origin())?;
            change = change.put(entry, &crate::dynamo::expression::absent())?;
            change = goods.settle(keys, change, &mut guards, place, &level)?;
        }
        Ok(guards.onto(change)?.into())
    }

    /// One movement.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, id: MovementId) -> Result<Movement, StoreError> {
        let key = self.keys().movement(id);
        let items = self.table.get_for(self.scope, std::slice::from_ref(&key)).await?;
        movement(items.get(&key).ok_or(StoreError::NotFound)?)
    }

    /// A page of movements, by the time of recording.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self, filter: &MovementFilter, page: &PageRequest) -> Result<Page<Movement>, StoreError> {
        let keys = self.keys();
        let (low, high) = id_bounds(filter.from, filter.to);
        let condition = conditions(filter);
        let found = match (filter.product, filter.warehouse) {
            (Some(product), Some(warehouse)) => {
                let line = Line { warehouse, from: filter.from, to: filter.to };
                let query = Query {
                    range: line.range(None, page.descending),
                    filter: condition,
                    ..Query::index(Index::One, keys.ledger(product), 0)
                };
                self.table.beside_check(self.scope, self.table.page(query, page)).await?
            }
            (None, Some(warehouse)) => {
                let query = Query {
                    range: Range::Between(low, high),
                    filter: condition,
                    ..Query::index(Index::Two, keys.at(warehouse), 0)
                };
                self.table.beside_check(self.scope, self.table.page(query, page)).await?
            }
            (Some(product), None) => self.of_product(product, filter, &condition, page).await?,
            (None, None) => {
                let reached = page.after.as_ref().and_then(|position| position.get("sk"));
                let (low, high) = match (reached, page.descending) {
                    (Some(reached), true) => (low, reached.to_owned()),
                    (Some(reached), false) => (reached.to_owned(), high),
                    (None, _) => (low, high),
                };
                let shard = |shard| Query {
                    range: Range::Between(low.clone(), high.clone()),
                    filter: condition.clone(),
                    ..Query::new(keys.movement_shard(shard), share(page))
                };
                let merge = Merge { order: |item| text(item, "sk"), name: "sk" };
                let merged = self.table.merged_page(merge, (0..SHARDS).map(shard).collect(), page);
                self.table.beside_check(self.scope, merged).await?
            }
        };
        found.try_map(|item| movement(&item))
    }

    /// A product's ledger is in order within each warehouse; the warehouses where it ever was are merged.
    async fn of_product(
        &self,
        product: ProductId,
        filter: &MovementFilter,
        condition: &Expression,
        page: &PageRequest,
    ) -> Result<Page<Item>, StoreError> {
        let keys = self.keys();
        let places = Query {
            range: Range::Prefix(format!("{product}#")),
            ..Query::index(Index::Two, keys.levels(), i32::MAX as usize)
        };
        let places = self.table.beside_check(self.scope, self.table.query_all(places)).await?;
        let warehouses = places.iter().filter_map(|item| last_id(item.get("pk")?.as_s().ok()?));
        let reached = page.after.as_ref().and_then(|position| position.get("line"));
        let ledger = |warehouse| {
            let line = Line { warehouse, from: filter.from, to: filter.to };
            Query {
                range: line.range(reached, page.descending),
                filter: condition.clone(),
                ..Query::index(Index::One, keys.ledger(product), page.limit.saturating_add(2))
            }
        };
        let order = |item: &Item| {
            let line = text(item, "i1sk")?;
            let mut parts = line.split('#');
            let (warehouse, at, sequence) = (parts.next()?, parts.next()?, parts.next()?);
            Some(format!("{at}#{warehouse}#{sequence}"))
        };
        self.table.merged_page(Merge { order, name: "line" }, warehouses.map(ledger).collect(), page).await
    }
}

/// The part of a ledger in one warehouse.
struct Line {
    warehouse: WarehouseId,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Line {
    /// The sort keys within the requested time, from `reached` on: the `time#warehouse#sequence` where the previous
    /// page ended. That line is included.
    fn range(&self, reached: Option<&str>, descending: bool) -> Range {
        let warehouse = self.warehouse.to_string();
        let low = self.from.map_or_else(|| format!("{warehouse}#"), |from| format!("{warehouse}#{from}"));
        let high = self.to.map_or_else(|| format!("{warehouse}~"), |to| format!("{warehouse}#{to}"));
        let Some((at, place, sequence)) = reached.and_then(|reached| {
            let mut parts = reached.split('#');
            Some((parts.next()?, parts.next()?, parts.next()?))
        }) else {
            return Range::Between(low, high);
        };
        // Lines of one moment are in order of their warehouses.
        let turn = match warehouse.as_str().cmp(place) {
            std::cmp::Ordering::Less => format!("{warehouse}#{at}#~"),
            std::cmp::Ordering::Equal => format!("{warehouse}#{at}#{sequence}"),
            std::cmp::Ordering::Greater => format!("{warehouse}#{at}"),
        };
        if descending { Range::Between(low, turn) } else { Range::Between(turn, high) }
    }
}

/// The conditions that no key expresses.
pub(crate) fn conditions(filter: &MovementFilter) -> Expression {
    let mut condition = Expression::default();
    if !filter.kinds.is_empty() {
        let names: Vec<String> = (0..filter.kinds.len()).map(|index| format!(":type{index}")).collect();
        let mut kinds = expression(format!("#data.#type IN ({})", names.join(", ")));
        for (index, kind) in filter.kinds.iter().enumerate() {
            kinds = kinds.with(&format!("type{index}"), s(kind.name()));
        }
        condition = condition.and(kinds);
    }
    if let Some(reference) = &filter.reference {
        condition = condition.and(expression("#data.#reference = :reference").with("reference", s(reference)));
    }
    if let Some(user) = filter.created_by {
        condition = condition.and(expression("#data.#created_by.#id = :user").with("user", s(user)));
    }
    condition
}
