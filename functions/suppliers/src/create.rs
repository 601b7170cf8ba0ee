//! `POST /suppliers`: add a supplier.

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
    let outcome = store.suppliers(&scope).add(&details, |supplier| created(supplier).keep()).await?;
    Answer::of(outcome, created)
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Add a supplier")
        .member("lead_time_days", "From order to arrival.")
        .example(json!({"name": "Exotic Liquids", "contact_email": "orders@exotic.example", "lead_time_days": 7}))
        .creates::<SupplierView<'_>>()
        .versioned()
        .leads("suppliers_get", "id", "$response.body#/id")
        .leads("suppliers_patch", "id", "$response.body#/id")
        .leads("suppliers_delete", "id", "$response.body#/id");
}
