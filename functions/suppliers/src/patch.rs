//! `PATCH /suppliers/{id}`: change some of what people set of a supplier.

use stockroom_api::{Answer, ApiError, Body, PathId, Precondition, RequestStore, Scope};

use crate::{body::SupplierPatch, view::shown};

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
