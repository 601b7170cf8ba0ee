//! `PUT /suppliers/{id}`: replaces the editable members of a supplier.
//!
//! Tests: `tests/api/catalogue/suppliers.rs`. Publishes `supplier.updated`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, PathId, Precondition, RequestStore, Scope};

use crate::{
    body::SupplierBody,
    view::{SupplierView, shown},
};

pub(crate) async fn replace(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::SupplierId>,
    Precondition(version): Precondition,
    Body(SupplierBody(details)): Body<SupplierBody>,
) -> Result<Answer, ApiError> {
    let supplier = store.suppliers(&scope).change(id, version, |_| details.clone()).await?;
    Ok(shown(scope.claim().organization, &supplier))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Replace a supplier")
        .example(json!({"name": "Exotic Liquids", "contact_email": "orders@exotic.example", "lead_time_days": 7}))
        .shows::<SupplierView<'_>>()
        .versioned();
}
