//! `PATCH /products/{id}`: change some of what people set of a product.

use stockroom_api::{Answer, ApiError, Body, PathId, Precondition, RequestStore, Scope};

use crate::{body::ProductPatch, view::shown};

pub(crate) async fn patch(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::ProductId>,
    Precondition(version): Precondition,
    Body(patch): Body<ProductPatch>,
) -> Result<Answer, ApiError> {
    let product = store.products(&scope).change(id, version, |present| patch.apply(present)).await?;
    Ok(shown(scope.claim().organization, &product))
}
