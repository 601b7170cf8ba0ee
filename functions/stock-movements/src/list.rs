//! `GET /stock-movements`: lists stock movements.
//!
//! Tests: `tests/api/stock/ledger.rs`. Publishes no event.

use stockroom_api::{
    Answer, ApiError, FromQuery, ListQuery, Listing, Operation, Parameters, RequestStore, Scope, describe,
    wire::MovementView,
};
use stockroom_domain::{fault::Fault, stock::MovementType};
use stockroom_store::MovementFilter;

pub(crate) struct Movements(MovementFilter);

/// The types that a filter accepts; `TRANSFER` selects both legs.
struct Kinds(Vec<MovementType>);

describe!(Kinds: {
    "description": "Only movements of this type. `TRANSFER` selects both movements of transfers, `ADJUSTMENT` also \
                    those that come from a `COUNT`.",
    "type": "string", "enum": ["IN", "OUT", "TRANSFER", "TRANSFER_OUT", "TRANSFER_IN", "ADJUSTMENT"],
    "examples": ["IN"],
});

impl std::str::FromStr for Kinds {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        Ok(Self(match text {
            "IN" => vec![MovementType::In],
            "OUT" => vec![MovementType::Out],
            "TRANSFER" => vec![MovementType::TransferOut, MovementType::TransferIn],
            "TRANSFER_OUT" => vec![MovementType::TransferOut],
            "TRANSFER_IN" => vec![MovementType::TransferIn],
            "ADJUSTMENT" => vec![MovementType::Adjustment],
            _ => {
                return Err(Fault::new(
                    "unknown_value",
                    "must be one of IN, OUT, TRANSFER, TRANSFER_OUT, TRANSFER_IN, ADJUSTMENT",
                ));
            }
        }))
    }
}

const FROM: &str = "Only movements recorded at this time or later (RFC 3339). Compared with `created_at`, not with \
                    `occurred_at`; inclusive.";
const TO: &str = "Only movements recorded before this time (RFC 3339). Compared with `created_at`, exclusive.";

impl FromQuery for Movements {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
        let product = params.optional("product_id");
        params.describe("product_id", "Only movements of this product.");
        let warehouse = params.optional("warehouse_id");
        params.describe("warehouse_id", "Only movements in this warehouse.");
        let kinds = params.optional::<Kinds>("type");
        let reference = params.optional("reference");
        params.describe("reference", "Only movements with exactly this reference. Case counts.");
        let created_by = params.optional("created_by");
        params.describe("created_by", "Only movements recorded by the user with this id.");
        let from = params.optional("from");
        params.describe("from", FROM);
        params.example("from", "2026-11-01T00:00:00Z");
        let to = params.optional("to");
        params.describe("to", TO);
        params.example("to", "2026-12-01T00:00:00Z");
        Some(Self(MovementFilter {
            product: product?,
            warehouse: warehouse?,
            kinds: kinds?.map(|Kinds(kinds)| kinds).unwrap_or_default(),
            reference: reference?,
            created_by: created_by?,
            from: from?,
            to: to?,
        }))
    }
}

impl ListQuery for Movements {}

pub(crate) async fn list(store: RequestStore, scope: Scope, listing: Listing<Movements>) -> Result<Answer, ApiError> {
    let Movements(filter) = &listing.filter;
    let page = store.movements(&scope).list(filter, &listing.page).await?;
    listing.answer(&page, MovementView::from)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List stock movements").pages::<MovementView<'_>>().link(
        "getMovement",
        "id",
        "$response.body#/items/0/id",
    );
}
