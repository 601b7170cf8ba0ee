//! JSON views of domain events.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::json;
use stockroom_api::wire::{Kept, MovementView, NamesView, Number, PersonView};
use stockroom_domain::{
    event::EventType,
    id::{ChangeId, EntityId, EventId, MovementId, ProductId, WarehouseId},
    log::Entity,
    quantity::Quantity,
    stock::Movement,
    time::Timestamp,
};
use stockroom_store::{DomainEvent, What};

/// The version of the schema of `data`. It increases when a member is removed or changes its meaning, not when a member
/// is added.
const VERSION: u8 = 1;

/// A domain event. `type` is its kind.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Event", transform = distinguish_by_type)]
pub(crate) enum EventView<'a> {
    Resource(Event<'a, Resource<'a>>),
    StockMoved(Event<'a, StockMoved<'a>>),
    StockLow(Box<Event<'a, StockLow<'a>>>),
}

/// A domain event: a change that is published to other programs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{D}Event")]
pub(crate) struct Event<'a, D: Subject> {
    id: EventId,
    #[serde(rename = "type")]
    #[schemars(schema_with = "types::<D>")]
    kind: String,
    /// The resource that the event is about; for `stock.moved` the movement, for `stock.low` the product.
    entity_id: EntityId,
    /// Time when the change was committed.
    #[schemars(example = &"2026-11-02T08:30:00.000Z")]
    occurred_at: Timestamp,
    /// The change. Its members depend on `type`.
    data: Data<'a, D>,
}

/// The data of an event.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{D}EventData")]
struct Data<'a, D> {
    /// Version of the form of `data`. It rises when a member is removed or changes its meaning, not when one is added.
    #[schemars(example = 1)]
    version: u8,
    /// Id that all events of one request share.
    change_id: ChangeId,
    /// The user who made the change. Null for changes by the system.
    actor: Option<PersonView<'a>>,
    #[serde(flatten)]
    subject: D,
}

/// The part of `data` that depends on the type of the event.
pub(crate) trait Subject {
    /// Whether events of this type have this part.
    fn is_of(kind: EventType) -> bool;
}

/// The schema of `type` for events with this subject. No two subjects share a type.
fn types<D: Subject>(_: &mut SchemaGenerator) -> Schema {
    let names: BTreeSet<_> = EventType::public().filter(|kind| D::is_of(*kind)).map(|kind| kind.to_string()).collect();
    let example = names.get("product.created").or(names.first());
    let about = "The kind of the resource and the change.";
    json_schema!({"description": about, "type": "string", "enum": names, "examples": [example]})
}

/// Adds the schema of each type to the schema of all events.
fn distinguish_by_type(schema: &mut Schema) {
    if let Some(options) = schema.remove("anyOf") {
        schema.insert("oneOf".to_owned(), options);
    }
    let mapping: BTreeMap<_, _> = EventType::public()
        .map(|kind| {
            let subject = match kind {
                _ if StockMoved::is_of(kind) => StockMoved::schema_name(),
                _ if StockLow::is_of(kind) => StockLow::schema_name(),
                _ => Resource::schema_name(),
            };
            (kind.to_string(), format!("#/components/schemas/{subject}Event"))
        })
        .collect();
    schema.insert("discriminator".to_owned(), json!({"propertyName": "type", "mapping": mapping}));
}

/// The change of a resource.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Resource<'a> {
    /// The values before the change. Null if the resource was created.
    #[schemars(example = ())]
    before: Option<Kept<'a>>,
    /// The values after the change. Null if the resource was deleted.
    after: Option<Kept<'a>>,
}

impl Subject for Resource<'_> {
    fn is_of(kind: EventType) -> bool {
        !StockMoved::is_of(kind) && !StockLow::is_of(kind)
    }
}

/// A stock movement.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StockMoved<'a> {
    /// The recorded movement.
    movement: Box<MovementView<'a>>,
}

impl Subject for StockMoved<'_> {
    fn is_of(kind: EventType) -> bool {
        kind.origins().any(|(entity, _)| entity == Entity::StockMovement)
    }
}

impl Subject for StockLow<'_> {
    fn is_of(kind: EventType) -> bool {
        kind == EventType::STOCK_LOW
    }
}

/// A stock level below its minimum.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StockLow<'a> {
    /// The product with the low level.
    product_id: ProductId,
    /// The warehouse with the low level.
    warehouse_id: WarehouseId,
    #[serde(flatten)]
    names: NamesView<'a>,
    /// The quantity on hand after the movement, in `unit`.
    #[schemars(example = 6)]
    on_hand: Number,
    /// The minimum of the product at that time.
    #[schemars(example = 10)]
    min_stock_level: Number,
    /// The minimum minus the quantity on hand. Null if it has more digits than a quantity can have.
    #[schemars(example = 4)]
    shortage: Option<Number>,
    /// The movement that took the level below its minimum.
    movement_id: MovementId,
}

impl<'a> StockLow<'a> {
    fn new(movement: &'a Movement, minimum: Quantity) -> Self {
        Self {
            product_id: movement.product_id,
            warehouse_id: movement.warehouse_id,
            names: NamesView::of(movement),
            on_hand: movement.balance_after.into(),
            min_stock_level: minimum.into(),
            shortage: minimum.minus(movement.balance_after).map(Number),
            movement_id: movement.id,
        }
    }
}

impl<'a, D: Subject> Event<'a, D> {
    fn new(event: &'a DomainEvent, subject: D) -> Self {
        let entry = &event.entry;
        let actor = entry.actor.as_ref().map(PersonView::from);
        Self {
            id: event.id,
            kind: event.kind.to_string(),
            entity_id: event.entity_id,
            occurred_at: entry.created_at,
            data: Data { version: VERSION, change_id: entry.change_id, actor, subject },
        }
    }
}

impl<'a> From<&'a DomainEvent> for EventView<'a> {
    fn from(event: &'a DomainEvent) -> Self {
        match &event.entry.what {
            What::Changed { before, after } => {
                let subject = Resource { before: before.as_ref().map(Kept), after: after.as_ref().map(Kept) };
                Self::Resource(Event::new(event, subject))
            }
            What::Moved { movement, fell_below: Some(minimum) } if event.kind == EventType::STOCK_LOW => {
                Self::StockLow(Box::new(Event::new(event, StockLow::new(movement, *minimum))))
            }
            What::Moved { movement, .. } => {
                let movement = Box::new(MovementView::from(&**movement));
                Self::StockMoved(Event::new(event, StockMoved { movement }))
            }
        }
    }
}
