//! `GET /suppliers`: lists suppliers.
//!
//! Tests: `tests/api/catalogue/suppliers.rs`, `tests/api/conventions/lists.rs`. Publishes no event.

use stockroom_api::{Answer, ApiError, CatalogueList, Listing, Operation, RequestStore, Scope};

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

pub(crate) fn describe(op: &mut Operation) {
    op.summary("List suppliers")
        .pages::<SupplierView<'_>>()
        .link("getSupplier", "id", "$response.body#/items/0/id")
        .link("updateSupplier", "id", "$response.body#/items/0/id")
        .link("deleteSupplier", "id", "$response.body#/items/0/id");
}
