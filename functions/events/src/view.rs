//! JSON views of domain events.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_api::wire::{Kept, MovementView, NamesView, Number, PersonView};
use stockroom_domain::{
    event::EventType,
    id::{ChangeId, EntityId, EventId, MovementId, ProductId, WarehouseId},
    quantity::Quantity,
    stock::Movement,
    time::Timestamp,
};
use stockroom_store::{DomainEvent, What};

/// The version of the schema of `data`. It increases when a member is removed or changes its meaning, not when a member
/// is added.
const VERSION: u8 = 1;

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Event")]
pub(crate) struct EventView<'a> {
    id: EventId,
    #[serde(rename = "type")]
    #[schemars(with = "EventType")]
    kind: String,
    entity_id: EntityId,
    occurred_at: Timestamp,
    data: Data<'a>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EventData")]
struct Data<'a> {
    version: u8,
    change_id: ChangeId,
    actor: Option<PersonView<'a>>,
    #[serde(flatten)]
    told: Told<'a>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "EventTold")]
enum Told<'a> {
    Changed { before: Option<Kept<'a>>, after: Option<Kept<'a>> },
    Moved { movement: Box<MovementView<'a>> },
    Low(Low<'a>),
}

/// A stock level below its minimum.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EventLow")]
struct Low<'a> {
    product_id: ProductId,
    warehouse_id: WarehouseId,
    #[serde(flatten)]
    names: NamesView<'a>,
    on_hand: Number,
    min_stock_level: Number,
    shortage: Option<Number>,
    /// Id of the movement after which the level was low.
    movement_id: MovementId,
}

impl<'a> Low<'a> {
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

impl<'a> From<&'a DomainEvent> for EventView<'a> {
    fn from(event: &'a DomainEvent) -> Self {
        let entry = &event.entry;
        let told = match &entry.what {
            What::Changed { before, after } => {
                Told::Changed { before: before.as_ref().map(Kept), after: after.as_ref().map(Kept) }
            }
            What::Moved { movement, fell_below: Some(minimum) } if event.kind == EventType::STOCK_LOW => {
                Told::Low(Low::new(movement, *minimum))
            }
            What::Moved { movement, .. } => Told::Moved { movement: Box::new(MovementView::from(&**movement)) },
        };
        let actor = entry.actor.as_ref().map(PersonView::from);
        let data = Data { version: VERSION, change_id: entry.change_id, actor, told };
        Self {
            id: event.id,
            kind: event.kind.to_string(),
            entity_id: event.entity_id,
            occurred_at: entry.created_at,
            data,
        }
    }
}
