//! `PUT /products/{id}`: replace what people set of a product.

use stockroom_api::{Answer, ApiError, Body, PathId, Precondition, RequestStore, Scope};

use crate::{body::ProductBody, view::shown};

pub(crate) async fn replace(
    store: RequestStore,
    scope: Scope,
    PathId(id): PathId<stockroom_domain::id::ProductId>,
    Precondition(version): Precondition,
    Body(ProductBody(details)): Body<ProductBody>,
) -> Result<Answer, ApiError> {
    let product = store.products(&scope).change(id, version, |_| details.clone()).await?;
    Ok(shown(scope.claim().organization, &product))
}
