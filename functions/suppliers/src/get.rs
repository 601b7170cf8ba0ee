//! `GET /suppliers/{id}`: gets a supplier.
//!
//! Tests: `tests/api/catalogue/suppliers.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, Operation, PathId, RequestStore, Scope};

use crate::view::{SupplierView, shown};

pub(crate) async fn get(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::SupplierId>,
) -> Result<Answer, ApiError> {
    Ok(shown(scope.claim().organization, &store.suppliers(&scope).get(id).await?))
}

pub(crate) fn describe(op: &mut Operation) {
    op.summary("Get a supplier").shows::<SupplierView<'_>>().versioned();
}
