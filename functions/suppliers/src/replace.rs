//! `PUT /suppliers/{id}`: replace what people set of a supplier.

use stockroom_api::{Answer, ApiError, Body, PathId, Precondition, RequestStore, Scope};

use crate::{body::SupplierBody, view::shown};

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
