//! `PATCH /suppliers/{id}`: updates a supplier.
//!
//! Tests: `tests/api/catalogue/suppliers.rs`. Publishes `supplier.updated`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope};

use crate::{
    body::SupplierPatch,
    view::{SupplierView, shown},
};

pub(crate) async fn patch(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::SupplierId>,
    Precondition(version): Precondition,
    Body(patch): Body<SupplierPatch>,
) -> Result<Answer, ApiError> {
    let supplier = store.suppliers(&scope).change(id, version, |present| patch.apply(present)).await?;
    Ok(shown(scope.claim().organization, &supplier))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Update a supplier")
        .example(json!({"lead_time_days": 5, "address": null}))
        .shows::<SupplierView<'_>>()
        .versioned();
}
