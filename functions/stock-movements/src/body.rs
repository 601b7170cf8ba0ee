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

describe!(Kind: {
    "description": "What happened: `IN` and `OUT` move goods in or out, `TRANSFER` moves them to another warehouse, \
                    `ADJUSTMENT` corrects the level, `COUNT` sets the level to a counted quantity.",
    "type": "string", "enum": ["IN", "OUT", "TRANSFER", "ADJUSTMENT", "COUNT"], "examples": ["IN"],
});

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

const QUANTITY: &str = "The quantity in the unit of the product, with at most its `decimal_places` decimals. Above 0 \
                        for `IN`, `OUT` and `TRANSFER`; signed and not 0 for `ADJUSTMENT`; the counted quantity, 0 or \
                        more, for `COUNT`.";
const OCCURRED_AT: &str = "Time when the goods moved (RFC 3339), at most one day in the future. By default now. It \
                           does not change the order of the ledger.";

impl FromBody for MovementBody {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        object.about("A stock movement to record.");
        let kind = object.required::<Kind>("type");
        let product = object.required("product_id");
        object.describe("product_id", "The product that is moved.");
        let warehouse = object.required::<WarehouseId>("warehouse_id");
        object.describe("warehouse_id", "The warehouse of the changed level; the origin of a `TRANSFER`.");
        let quantity = object.required::<Quantity>("quantity");
        object.describe("quantity", QUANTITY);
        object.example("quantity", 4);
        let to = object.optional::<WarehouseId>("to_warehouse_id");
        object.describe("to_warehouse_id", "The destination. Required for `TRANSFER`, not allowed otherwise.");
        object.example("to_warehouse_id", "01a19b4f-ca20-7a55-8b1e-c36d70f2a849");
        let reference = object.optional("reference");
        let notes = object.optional("notes");
        object.describe("notes", "Notes, such as the reason for an adjustment.");
        let occurred_at = object.optional("occurred_at");
        object.describe("occurred_at", OCCURRED_AT);
        object.example("occurred_at", "2026-11-23T02:50:00Z");

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
