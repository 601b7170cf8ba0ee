//! `POST /products`: add a product to the catalogue.

use stockroom_api::{Answer, ApiError, Body, RequestStore, Scope};
use stockroom_domain::catalogue::Product;

use crate::{body::ProductBody, view::ProductView};

pub(crate) async fn create(
    store: RequestStore,
    scope: Scope,
    Body(ProductBody(details)): Body<ProductBody>,
) -> Result<Answer, ApiError> {
    let created = |product: &Product| {
        let view = ProductView::new(scope.claim().organization, product);
        Answer::created(format!("/api/v1/products/{}", product.id), &view).version(product.version)
    };
    let outcome = store.products(&scope).add(&details, |product| created(product).keep()).await?;
    Answer::of(outcome, created)
}
