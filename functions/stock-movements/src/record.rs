//! `POST /stock-movements`: records a receipt, an issue, a transfer, an adjustment or a count.
//!
//! Tests: `tests/api/stock/recording.rs`, `tests/api/stock/races.rs`. Publishes `stock.moved` and `stock.low`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, RequestStore, Scope, wire::MovementView};
use stockroom_store::RecordedMovement;

use crate::body::MovementBody;

pub(crate) async fn record(
    store: RequestStore,
    scope: Scope,
    Body(MovementBody(new)): Body<MovementBody>,
) -> Result<Answer, ApiError> {
    let outcome = store.movements(&scope).record(&new, |recorded| created(recorded).stored()).await?;
    Answer::of(outcome, created)
}

fn created(recorded: &RecordedMovement) -> Answer {
    Answer::created(format!("/api/v1/stock-movements/{}", recorded.movement.id), &MovementView::from(recorded))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Record a stock movement")
        .note(
            "`IN`, `OUT` and `TRANSFER` require a quantity above 0, `ADJUSTMENT` a signed quantity other than 0. \
             `COUNT` takes the counted quantity and records the difference to the level as an `ADJUSTMENT`. A level \
             never falls below 0.",
        )
        .example(json!({
            "type": "IN", "product_id": "01a19b61-2f40-7d21-8a5e-3f1b2c4d5e6f",
            "warehouse_id": "01a19b4e-dfc0-7a10-9c7b-5a6d7e8f9a0b", "quantity": 4, "reference": "PO-1042",
        }))
        .creates::<MovementView<'_>>()
        .conflicts(&["insufficient_stock", "level_out_of_range"])
        .link("getMovement", "id", "$response.body#/id")
        .link("listStockLevels", "product_id", "$response.body#/product_id")
        .link("getProduct", "id", "$response.body#/product_id")
        .link("getWarehouse", "id", "$response.body#/warehouse_id");
}
