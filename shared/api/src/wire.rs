//! JSON forms of domain values that differ from the stored form.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::{Value, value::RawValue};
use stockroom_domain::{
    access::Role,
    id::{MovementId, OrganizationId, ProductId, PurchaseRequestId, TransferId, UserId, WarehouseId},
    quantity::Quantity,
    stock::{Movement, MovementNames, MovementType},
    text::{Email, FullName, Notes, ProductName, Reference, Sku, Unit, WarehouseName},
    time::Timestamp,
    user::{Person, User, UserStatus},
};
use stockroom_store::RecordedMovement;

/// A quantity as a JSON number, digit by digit and never through a binary float.
#[derive(Debug, Clone, Copy)]
pub struct Number(pub Quantity);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

describe!(Number: {"description": "An exact decimal.", "type": "number", "examples": [24]});
describe!(Kept<'_> as "Snapshot": {
    "description": "The members of a resource before or after a change, as its own operations show them.",
    "type": "object", "additionalProperties": true,
    "examples": [{"sku": "NW-0001", "name": "Chai", "unit": "box", "min_stock_level": 10}],
});

impl From<Quantity> for Number {
    fn from(quantity: Quantity) -> Self {
        Self(quantity)
    }
}

/// The user who performed an action, with the name at that time.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Person")]
pub struct PersonView<'a> {
    pub id: UserId,
    /// Full name of the user at the time of the action. It stays when the user is renamed or deleted.
    pub full_name: &'a FullName,
}

impl<'a> From<&'a Person> for PersonView<'a> {
    fn from(person: &'a Person) -> Self {
        Self { id: person.id, full_name: &person.full_name }
    }
}

/// A user of the organization.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub struct UserView<'a> {
    pub id: UserId,
    /// Id of the organization that owns the resource.
    pub org_id: OrganizationId,
    /// Starts at 1 and rises by 1 with every change. Send it in `If-Match` to prevent lost updates.
    #[schemars(example = 3)]
    pub version: u64,
    /// The address with which the user signs in, unique in the organization. Case is ignored.
    pub email: &'a Email,
    pub full_name: &'a FullName,
    /// What the user may do. A new role takes effect on the user's next request.
    #[schemars(with = "Role")]
    pub role: &'static str,
    /// Whether the user can sign in. Disabling a user ends all of the user's sessions.
    #[schemars(with = "UserStatus")]
    pub status: &'static str,
    /// Time of the last sign-in with a password. Null before the first one. A sign-in does not change `version`.
    pub last_login_at: Option<Timestamp>,
    /// Time when the user was created.
    #[schemars(example = &"2026-11-02T08:05:00.000Z")]
    pub created_at: Timestamp,
    /// Time of the last change of the user.
    pub updated_at: Timestamp,
}

impl<'a> UserView<'a> {
    /// A user of an organization, and when it signed in last.
    #[must_use]
    pub fn new(organization: OrganizationId, user: &'a User, last_login_at: Option<Timestamp>) -> Self {
        Self {
            id: user.id,
            org_id: organization,
            version: user.version,
            email: &user.email,
            full_name: &user.full_name,
            role: user.role.name(),
            status: user.status.name(),
            last_login_at,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// The names of a movement's product and warehouse, and the unit of its quantities, at the time of recording. All null
/// for movements that were recorded before names were stored.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NamesView<'a> {
    /// SKU of the product when the movement was recorded. Null in old movements, which have no stored names.
    pub sku: Option<&'a Sku>,
    /// Name of the product when the movement was recorded. Null in old movements, which have no stored names.
    pub product_name: Option<&'a ProductName>,
    /// Unit of all quantities of the movement. Null in old movements, which have no stored names.
    pub unit: Option<&'a Unit>,
    /// Name of the warehouse when the movement was recorded. Null in old movements, which have no stored names.
    pub warehouse_name: Option<&'a WarehouseName>,
}

impl<'a> NamesView<'a> {
    /// The names of a movement.
    #[must_use]
    pub fn of(movement: &'a Movement) -> Self {
        match &movement.names {
            Some(MovementNames { sku, product_name, unit, warehouse_name }) => Self {
                sku: Some(sku),
                product_name: Some(product_name),
                unit: Some(unit),
                warehouse_name: Some(warehouse_name),
            },
            None => Self { sku: None, product_name: None, unit: None, warehouse_name: None },
        }
    }
}

/// A stock movement: one line of the ledger. It never changes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Movement")]
pub struct MovementView<'a> {
    pub id: MovementId,
    /// The kind of the movement. A `COUNT` is recorded as an `ADJUSTMENT`, a `TRANSFER` as two movements.
    #[serde(rename = "type")]
    #[schemars(with = "MovementType")]
    pub kind: &'static str,
    /// The product that was moved.
    pub product_id: ProductId,
    /// The warehouse of the changed level.
    pub warehouse_id: WarehouseId,
    #[serde(flatten)]
    pub names: NamesView<'a>,
    /// The moved quantity, in `unit`. Positive, except in an `ADJUSTMENT`, where it is signed.
    #[schemars(example = 4)]
    pub quantity: Number,
    /// The quantity that a `COUNT` found. Null for other movements.
    #[schemars(example = ())]
    #[schemars(example = 28)]
    pub counted_quantity: Option<Number>,
    /// The level after this movement.
    #[schemars(example = 28)]
    pub balance_after: Number,
    /// Number of the movement within the ledger of its product and warehouse: 1, 2, 3 and so on, without gaps.
    #[schemars(example = 12)]
    pub sequence: u64,
    /// Number of the record outside Stockroom that caused the movement. Null if none was given.
    pub reference: Option<&'a Reference>,
    /// Notes of the user who recorded the movement. Null if there are none.
    pub notes: Option<&'a Notes>,
    /// Id that the two movements of a transfer share. Null for other movements.
    #[schemars(example = ())]
    #[schemars(example = &"01a20655-dc60-7e08-8fd4-276b90ac3e51")]
    pub transfer_id: Option<TransferId>,
    /// The purchase request of the received goods. Null for other movements.
    #[schemars(example = ())]
    #[schemars(example = &"01a1f941-c700-7c85-a90e-61f3d72b8c40")]
    pub purchase_request_id: Option<PurchaseRequestId>,
    /// Time when the goods moved, as the caller stated it. By default the time of recording.
    #[schemars(example = &"2026-11-23T02:50:00.000Z")]
    pub occurred_at: Timestamp,
    /// Time of recording. Lists sort and filter by this time.
    pub created_at: Timestamp,
    /// The user who recorded the movement.
    pub created_by: PersonView<'a>,
    /// The other movement of a transfer. Present only in the response that records the transfer; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterpart: Option<Box<MovementView<'a>>>,
}

impl<'a> From<&'a Movement> for MovementView<'a> {
    fn from(movement: &'a Movement) -> Self {
        Self {
            id: movement.id,
            kind: movement.kind.name(),
            product_id: movement.product_id,
            warehouse_id: movement.warehouse_id,
            names: NamesView::of(movement),
            quantity: movement.quantity.into(),
            counted_quantity: movement.counted_quantity.map(Number),
            balance_after: movement.balance_after.into(),
            sequence: movement.sequence,
            reference: movement.reference.as_ref(),
            notes: movement.notes.as_ref(),
            transfer_id: movement.transfer_id,
            purchase_request_id: movement.purchase_request_id,
            occurred_at: movement.occurred_at,
            created_at: movement.created_at,
            created_by: PersonView::from(&movement.created_by),
            counterpart: None,
        }
    }
}

impl<'a> From<&'a RecordedMovement> for MovementView<'a> {
    fn from(recorded: &'a RecordedMovement) -> Self {
        let counterpart = recorded.counterpart.as_ref().map(|leg| Box::new(MovementView::from(leg)));
        Self { counterpart, ..Self::from(&recorded.movement) }
    }
}

/// The members that hold quantities, anywhere in a log entry.
const QUANTITIES: [&str; 7] = [
    "cancelled_quantity",
    "capacity",
    "min_stock_level",
    "on_hand",
    "quantity",
    "received_quantity",
    "reorder_quantity",
];

/// A state from the log as it is shown: quantities as numbers, members sorted by name.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a>(pub &'a Value);

impl Serialize for Kept<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => serializer.collect_map(members.iter().map(member).collect::<BTreeMap<_, _>>()),
            Value::Array(values) => serializer.collect_seq(values.iter().map(Kept)),
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain.serialize(serializer),
        }
    }
}

fn member<'a>((name, value): (&'a String, &'a Value)) -> (&'a String, Member<'a>) {
    let quantity = QUANTITIES.contains(&name.as_str()).then(|| value.as_str()?.parse().ok()).flatten();
    (name, quantity.map_or(Member::Kept(Kept(value)), |quantity| Member::Quantity(Number(quantity))))
}

#[derive(Serialize)]
#[serde(untagged)]
enum Member<'a> {
    Quantity(Number),
    Kept(Kept<'a>),
}
