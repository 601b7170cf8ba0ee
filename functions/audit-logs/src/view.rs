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

/// An entry of the audit log: who changed what, when, from where, and the values before and after.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditEntry")]
pub(crate) struct EntryView<'a> {
    id: EntryId,
    /// Id that all entries of one request share, for example of a receipt with several movements.
    change_id: ChangeId,
    /// What happened.
    action: Action,
    /// The kind of the changed resource.
    entity: Entity,
    /// The changed resource. Null if there is none, as in a failed sign-in with an unknown address.
    entity_id: Option<EntityId>,
    /// The user who made the change. Null for changes by the system or by a caller who was not signed in.
    actor: Option<PersonView<'a>>,
    /// The values before the change. Null if the resource was created.
    #[schemars(example = ())]
    before: Option<Side<'a>>,
    /// The values after the change. Null if the resource was deleted.
    after: Option<Side<'a>>,
    /// IP address of the request, as the gateway saw it. Null for changes by the system.
    #[schemars(example = &"203.0.113.7")]
    ip: Option<&'a str>,
    /// Header `User-Agent` of the request. Null if it had none.
    #[schemars(example = &"curl/8.5.0")]
    user_agent: Option<&'a str>,
    /// Header `X-Request-Id` of the response to the request.
    #[schemars(example = &"8f6b4a5e-7d3c-4f0e-9a1b-2c3d4e5f6a7b")]
    request_id: &'a str,
    /// Time of the change.
    #[schemars(example = &"2026-11-02T08:30:00.000Z")]
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

/// The values of a resource before or after a change. For a movement, `before` is the level before it, and `after` is
/// the movement with the new level.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "AuditSide")]
enum Side<'a> {
    // Clients try the schemas in this order, and the last one fits any object.
    Movement(Box<Moved<'a>>),
    Level(Level),
    Thing(Kept<'a>),
}

/// The stock level before a movement.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditLevel")]
struct Level {
    /// The level before the movement.
    #[schemars(example = 24)]
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
    /// The level after the movement, in `unit`.
    #[schemars(example = 28)]
    on_hand: Number,
    /// Number of the movement within the ledger of its product and warehouse: 1, 2, 3 and so on, without gaps.
    #[schemars(example = 12)]
    sequence: u64,
    /// The product that was moved.
    product_id: ProductId,
    /// The warehouse of the changed level.
    warehouse_id: WarehouseId,
    #[serde(flatten)]
    names: NamesView<'a>,
    /// The kind of the movement.
    #[serde(rename = "type")]
    #[schemars(with = "MovementType")]
    kind: &'static str,
    /// The moved quantity. Positive, except in an `ADJUSTMENT`, where it is signed.
    #[schemars(example = 4)]
    quantity: Number,
    /// The quantity that a `COUNT` found. Absent (never null) in other movements.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 28)]
    counted_quantity: Option<Number>,
    /// Number of the record outside Stockroom that caused the movement. Absent (never null) if none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a Reference>,
    /// Notes of the user who recorded the movement. Absent (never null) if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<&'a Notes>,
    /// Id that the two movements of a transfer share. Absent (never null) in other movements.
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_id: Option<TransferId>,
    /// The purchase request of the received goods. Absent (never null) in other movements.
    #[serde(skip_serializing_if = "Option::is_none")]
    purchase_request_id: Option<PurchaseRequestId>,
    /// Time when the goods moved, as the caller stated it.
    #[schemars(example = &"2026-11-23T02:50:00.000Z")]
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
