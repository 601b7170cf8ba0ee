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
    "type": "string", "enum": ["IN", "OUT", "TRANSFER", "TRANSFER_OUT", "TRANSFER_IN", "ADJUSTMENT"],
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

impl FromQuery for Movements {
    fn from_params<P: Parameters>(params: &mut P) -> Option<Self> {
        let product = params.optional("product_id");
        let warehouse = params.optional("warehouse_id");
        let kinds = params.optional::<Kinds>("type");
        let reference = params.optional("reference");
        let created_by = params.optional("created_by");
        let from = params.optional("from");
        let to = params.optional("to");
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
    op.summary("List stock movements")
        .about("type", "The type of the movement. `TRANSFER` selects both legs of transfers.")
        .about("created_by", "Id of the user who recorded the movement.")
        .about("from", "Recorded at this time or later.")
        .about("to", "Recorded before this time.")
        .pages::<MovementView<'_>>()
        .link("getMovement", "id", "$response.body#/items/0/id");
}
