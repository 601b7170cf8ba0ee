//! The `detail` of an event on the bus.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stockroom_domain::{
    event::EventType,
    id::{EntityId, EventId, OrganizationId},
    quantity::Quantity,
    stock::Movement,
    time::Timestamp,
};
use stockroom_store::{DomainEvent, LogEntry, What};

/// The version of [`Detail`]. It rises when a member is removed or changes its meaning, not when one is added.
pub const VERSION: u8 = 1;

/// The `detail` of an event on the bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// [`VERSION`].
    pub version: u8,
    /// The id of the event: the same in every copy that is delivered, unlike the `id` of the envelope.
    pub id: EventId,
    /// The organization of the event.
    pub organization_id: OrganizationId,
    /// The entity of the event.
    pub entity_id: EntityId,
    /// The time of its log entry.
    pub occurred_at: Timestamp,
    /// The data of the event. None in an event that would be too large for the bus: consumers read it by its `id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl Detail {
    /// The detail of an event. Quantities are decimal text, because many readers of JSON turn numbers into binary
    /// floats. The origin of the request stays in the audit log.
    ///
    /// # Errors
    /// A value without a form in JSON, which does not occur.
    pub fn of(organization: OrganizationId, event: &DomainEvent) -> Result<Self, serde_json::Error> {
        let DomainEvent { id, kind, entity_id, entry } = event;
        Ok(Self {
            version: VERSION,
            id: *id,
            organization_id: organization,
            entity_id: *entity_id,
            occurred_at: entry.created_at,
            data: Some(data(*kind, entry)?),
        })
    }

    /// The same detail without its data.
    #[must_use]
    pub fn into_reference(self) -> Self {
        Self { data: None, ..self }
    }
}

fn data(kind: EventType, entry: &LogEntry) -> Result<Value, serde_json::Error> {
    let mut data = match &entry.what {
        What::Changed { before, after } => json!({ "before": before, "after": after }),
        What::Moved { movement, fell_below: Some(minimum) } if kind == EventType::STOCK_LOW => low(movement, *minimum),
        What::Moved { movement, .. } => json!({ "movement": serde_json::to_value(movement)? }),
    };
    if let Value::Object(members) = &mut data {
        members.insert("change_id".to_owned(), serde_json::to_value(entry.change_id)?);
        members.insert("actor".to_owned(), serde_json::to_value(&entry.actor)?);
    }
    Ok(data)
}

/// A level below its minimum.
fn low(movement: &Movement, minimum: Quantity) -> Value {
    let names = movement.names.as_ref();
    json!({
        "sku": names.map(|names| &names.sku),
        "product_name": names.map(|names| &names.product_name),
        "unit": names.map(|names| &names.unit),
        "warehouse_name": names.map(|names| &names.warehouse_name),
        "product_id": movement.product_id,
        "warehouse_id": movement.warehouse_id,
        "on_hand": movement.balance_after,
        "min_stock_level": minimum,
        "shortage": minimum.minus(movement.balance_after),
        "movement_id": movement.id,
    })
}
