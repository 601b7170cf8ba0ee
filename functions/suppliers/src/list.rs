//! `GET /suppliers`: all of them, page by page.

use stockroom_api::{Answer, ApiError, CatalogueList, Listing, RequestStore, Scope};

use crate::view::SupplierView;

pub(crate) async fn list(
    store: RequestStore,
    scope: Scope,
    listing: Listing<CatalogueList>,
) -> Result<Answer, ApiError> {
    let CatalogueList { filter, sort } = &listing.filter;
    let page = store.suppliers(&scope).list(filter, *sort, &listing.page).await?;
    let organization = scope.claim().organization;
    listing.answer(&page, |supplier| SupplierView::new(organization, supplier))
}
