//! `POST /suppliers`: add a supplier.

use stockroom_api::{Answer, ApiError, Body, RequestStore, Scope};
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
