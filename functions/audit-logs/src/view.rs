//! JSON views of audit entries.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_api::wire::{Kept, NamesView, Number, PersonView};
use stockroom_domain::{
    id::{ChangeId, EntityId, EntryId, ProductId, PurchaseRequestId, TransferId, WarehouseId},
    log::{Action, Entity},
    stock::{Movement, MovementType},
    text::{Notes, Reference},
    time::Timestamp,
};
use stockroom_store::{LogEntry, What};

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
pub(crate) struct EntryView<'a> {
    id: EntryId,
    change_id: ChangeId,
    action: Action,
    entity: Entity,
    entity_id: Option<EntityId>,
    actor: Option<PersonView<'a>>,
    before: Option<Side<'a>>,
    after: Option<Side<'a>>,
    ip: Option<&'a str>,
    user_agent: Option<&'a str>,
    request_id: &'a str,
    created_at: Timestamp,
}

impl<'a> From<&'a LogEntry> for EntryView<'a> {
    fn from(entry: &'a LogEntry) -> Self {
        let (before, after) = match &entry.what {
            What::Changed { before, after } => {
                (before.as_ref().map(|it| Side::Thing(Kept(it))), after.as_ref().map(|it| Side::Thing(Kept(it))))
            }
            What::Moved { movement, .. } => {
                (level_before(movement), Some(Side::Movement(Box::new(Moved::from(&**movement)))))
            }
        };
        Self {
            id: entry.id,
            change_id: entry.change_id,
            action: entry.action,
            entity: entry.entity,
            entity_id: entry.entity_id,
            actor: entry.actor.as_ref().map(PersonView::from),
            before,
            after,
            ip: entry.origin.ip.as_deref(),
            user_agent: entry.origin.user_agent.as_deref(),
            request_id: &entry.origin.request_id,
            created_at: entry.created_at,
        }
    }
}

/// The state of a resource before or after a change.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "AuditSide")]
enum Side<'a> {
    // Clients try the schemas in this order, and the last one fits any object.
    Movement(Box<Moved<'a>>),
    Level(Level),
    Thing(Kept<'a>),
}

/// A stock level before a movement.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditLevel")]
struct Level {
    on_hand: Number,
}

/// The stock level before a movement.
fn level_before(movement: &Movement) -> Option<Side<'static>> {
    let met = movement.balance_after.minus(movement.kind.signed(movement.quantity))?;
    Some(Side::Level(Level { on_hand: met.into() }))
}

/// The stock level after a movement, with the data of the movement.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditMovement")]
struct Moved<'a> {
    on_hand: Number,
    sequence: u64,
    product_id: ProductId,
    warehouse_id: WarehouseId,
    #[serde(flatten)]
    names: NamesView<'a>,
    #[serde(rename = "type")]
    #[schemars(with = "MovementType")]
    kind: &'static str,
    quantity: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_quantity: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<&'a Notes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_id: Option<TransferId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purchase_request_id: Option<PurchaseRequestId>,
    occurred_at: Timestamp,
}

impl<'a> From<&'a Movement> for Moved<'a> {
    fn from(movement: &'a Movement) -> Self {
        Self {
            on_hand: movement.balance_after.into(),
            sequence: movement.sequence,
            product_id: movement.product_id,
            warehouse_id: movement.warehouse_id,
            names: NamesView::of(movement),
            kind: movement.kind.name(),
            quantity: movement.quantity.into(),
            counted_quantity: movement.counted_quantity.map(Number),
            reference: movement.reference.as_ref(),
            notes: movement.notes.as_ref(),
            transfer_id: movement.transfer_id,
            purchase_request_id: movement.purchase_request_id,
            occurred_at: movement.occurred_at,
        }
    }
}
