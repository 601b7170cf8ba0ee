//! The request body of a movement.

use stockroom_api::{FromBody, FromJson, Members, Node, describe};
use stockroom_domain::{
    fault::Fault,
    id::WarehouseId,
    quantity::Quantity,
    stock::{NewMovement, Operation, admit},
};

/// The types that a caller can record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    In,
    Out,
    Transfer,
    Adjustment,
    Count,
}

describe!(Kind: {"type": "string", "enum": ["IN", "OUT", "TRANSFER", "ADJUSTMENT", "COUNT"]});

impl FromJson for Kind {
    fn from_json(node: &Node) -> Result<Self, Fault> {
        Ok(match String::from_json(node)?.as_str() {
            "IN" => Self::In,
            "OUT" => Self::Out,
            "TRANSFER" => Self::Transfer,
            "ADJUSTMENT" => Self::Adjustment,
            "COUNT" => Self::Count,
            _ => return Err(Fault::new("unknown_value", "must be one of IN, OUT, TRANSFER, ADJUSTMENT, COUNT")),
        })
    }
}

pub(crate) struct MovementBody(pub(crate) NewMovement);

impl FromBody for MovementBody {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let kind = object.required::<Kind>("type");
        let product = object.required("product_id");
        let warehouse = object.required::<WarehouseId>("warehouse_id");
        let quantity = object.required::<Quantity>("quantity");
        let to = object.optional::<WarehouseId>("to_warehouse_id");
        let reference = object.optional("reference");
        let notes = object.optional("notes");
        let occurred_at = object.optional("occurred_at");

        check_destination(object, kind, warehouse, to);
        check_quantity(object, kind, quantity);
        Some(Self(NewMovement {
            operation: operation(kind?, quantity?, to?)?,
            product: product?,
            warehouse: warehouse?,
            reference: reference?,
            notes: notes?,
            occurred_at: occurred_at?,
        }))
    }
}

#[expect(clippy::option_option, reason = "the outer one says whether it could be read")]
fn check_destination(
    object: &mut impl Members,
    kind: Option<Kind>,
    warehouse: Option<WarehouseId>,
    to: Option<Option<WarehouseId>>,
) {
    let (Some(kind), Some(to)) = (kind, to) else { return };
    let fault = match (kind, to) {
        (Kind::Transfer, None) => Fault::new("required", "is required for a TRANSFER"),
        (Kind::Transfer, Some(_)) if warehouse == to => Fault::new("same_warehouse", "must differ from warehouse_id"),
        (Kind::In | Kind::Out | Kind::Adjustment | Kind::Count, Some(_)) => {
            Fault::new("unknown_member", "is allowed only for a TRANSFER")
        }
        (_, None) | (Kind::Transfer, Some(_)) => return,
    };
    object.report("to_warehouse_id", fault);
}

fn check_quantity(object: &mut impl Members, kind: Option<Kind>, quantity: Option<Quantity>) {
    let (Some(kind), Some(quantity)) = (kind, quantity) else { return };
    let operation = match kind {
        Kind::In => Operation::In(quantity),
        // A transfer is an out movement in `warehouse_id`.
        Kind::Out | Kind::Transfer => Operation::Out(quantity),
        Kind::Adjustment => Operation::Adjustment(quantity),
        Kind::Count => Operation::Count(quantity),
    };
    if let Err(fault) = admit(operation) {
        object.report("quantity", fault);
    }
}

fn operation(kind: Kind, quantity: Quantity, to: Option<WarehouseId>) -> Option<Operation> {
    Some(match kind {
        Kind::In => Operation::In(quantity),
        Kind::Out => Operation::Out(quantity),
        Kind::Transfer => Operation::Transfer(quantity, to?),
        Kind::Adjustment => Operation::Adjustment(quantity),
        Kind::Count => Operation::Count(quantity),
    })
}
