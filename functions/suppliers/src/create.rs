//! `POST /suppliers`: creates a supplier.
//!
//! Tests: `tests/api/catalogue/suppliers.rs`. Publishes `supplier.created`.

use serde_json::json;
use stockroom_api::{Answer, ApiError, Body, Operation, RequestStore, Scope};
use stockroom_domain::catalogue::Supplier;

use crate::{body::SupplierBody, view::SupplierView};

pub(crate) async fn create(
    store: RequestStore,
    scope: Scope,
    Body(SupplierBody(details)): Body<SupplierBody>,
) -> Result<Answer, ApiError> {
    let created = |supplier: &Supplier| {
        let view = SupplierView::new(scope.claim().organization, supplier);
        Answer::created(format!("/api/v1/suppliers/{}", supplier.id), &view).version(supplier.version)
    };
    let outcome = store.suppliers(&scope).add(&details, |supplier| created(supplier).stored()).await?;
    Answer::of(outcome, created)
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Create a supplier")
        .example(json!({"name": "Exotic Liquids", "contact_email": "orders@exotic.example", "lead_time_days": 7}))
        .creates::<SupplierView<'_>>()
        .versioned()
        .link("getSupplier", "id", "$response.body#/id")
        .link("updateSupplier", "id", "$response.body#/id")
        .link("deleteSupplier", "id", "$response.body#/id");
}
